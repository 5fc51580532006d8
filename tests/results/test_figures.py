"""Figures: they show the store's numbers; empty stores give a message."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from splitbench.benchmark.cli import main
from splitbench.problems.errors import InputError
from splitbench.results import CellRecord
from splitbench.results.bounds import BOUND
from splitbench.results.figures import episode_figure as day
from splitbench.results.figures import figures, panels
from splitbench.results.figures.panels import Paper
from splitbench.results.frame import frame_of
from splitbench.results.tables.labels import folded, short_names
from tests.results.records import DECISION, bound, failed, record, write_store

CELLS = [
    record(name, seed, utility=2.0 - place, suite=suite, solve_s=(0.1 + place,) * 3, devices=count)
    for suite, count in (("hetero[devices=3]", 3), ("hetero[devices=9]", 9))
    for place, name in enumerate(("exact", "greedy"))
    for seed in range(6)
] + [
    bound(2.5, seed, suite)
    for suite in ("hetero[devices=3]", "hetero[devices=9]")
    for seed in (0, 1)
]


def drawn(kind: str) -> Figure:
    """The figure before it is written."""
    figure = Figure()
    figures.KINDS[kind](figure, frame_of(CELLS), Paper.SCREEN)
    return figure


def draw_day(figure: Figure, cells: list[CellRecord]) -> None:
    """Draw the day of the cells that `plot day` would choose."""
    chosen = day.episodes_to_draw(frame_of(cells))
    found = {cell.key: cell for cell in cells}
    day.day_by_suite(figure, [found[key] for key in chosen if key in found], Paper.SCREEN)


@pytest.mark.parametrize("kind", figures.KINDS)
@pytest.mark.parametrize("suffix", figures.SUFFIXES)
def test_written_in_every_format(kind: str, suffix: str, tmp_path: Path) -> None:
    """Each kind is written in each format, and the same data give the same SVG."""
    out = tmp_path / f"one{suffix}"
    figures.save_figure(kind, frame_of(CELLS), out)
    starts = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}
    assert out.read_bytes().startswith(starts[suffix])
    if suffix == ".svg":
        figures.save_figure(kind, frame_of(CELLS), tmp_path / "two.svg")
        assert out.read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_a_panel_a_suite() -> None:
    """Gaps and utilities have a panel for each suite, profiles one more for all together."""
    assert [axes.get_title(loc="center") for axes in drawn("gap").axes] == [
        "hetero[devices=3]",
        "hetero[devices=9]",
    ]
    assert len(drawn("utility").axes) == 2
    assert len(drawn("performance-profile").axes) == 3
    assert len(drawn("time").axes) == 1


def test_profile_shows_the_ratios() -> None:
    """`greedy` takes 11 times as long as `exact` on every cell: one step, at 11."""
    fast, slow = drawn("performance-profile").axes[0].lines
    assert list(fast.get_ydata()) == [1.0] * len(fast.get_ydata())
    assert list(slow.get_xdata()) == pytest.approx([1.0, 11.0])
    assert list(slow.get_ydata()) == [0.0, 1.0]


def test_horizon_gap_is_bound_minus_utility_per_device() -> None:
    """One dot per seed that has a bound, and their mean, one panel per suite."""
    three, nine = drawn("horizon-gap").axes
    for axes, devices in ((three, 3), (nine, 9)):
        seeds, mean, *_ = axes.lines
        assert list(seeds.get_xdata()) == pytest.approx([0.5 / devices] * 2)
        assert list(mean.get_xdata()) == pytest.approx([0.5 / devices])


def test_day_shows_what_the_record_says() -> None:
    """Means over devices, slot by slot, of one seed; the bound's price in hindsight is dotted."""
    figure = Figure()
    draw_day(figure, [cell for cell in CELLS if "=3" in cell.key.suite])
    sun, charge, price, utility = figure.axes
    (filled,) = sun.collections
    assert filled.get_paths()[0].vertices[:, 1].max() == pytest.approx(30.0)
    assert [list(line.get_ydata()) for line in charge.lines] == [[1000.0] * 3] * 2
    assert [list(line.get_ydata()) for line in price.lines] == [
        pytest.approx([2.0] * 3), pytest.approx([2.0] * 3), pytest.approx([3.0] * 3),
    ]  # fmt: skip
    assert price.lines[2].get_linestyle() == ":"
    assert [list(line.get_ydata()) for line in utility.lines] == [
        pytest.approx([2.0 / 3] * 3), pytest.approx([1.0 / 3] * 3),
    ]  # fmt: skip


def test_a_day_is_of_the_seed_that_most_ran() -> None:
    """Policies of one suite are drawn on one episode, not each on its own."""
    cells = [record("exact", 0), record("exact", 3), record("greedy", 3), bound(2.0, 3)]
    chosen = day.episodes_to_draw(frame_of(cells))
    assert [(key.solver, key.seed) for key in chosen] == [("exact", 3), ("greedy", 3), (BOUND, 3)]


def test_a_day_leaves_older_records_out() -> None:
    """Records from before the sun was kept have no day; beside newer ones they are left out."""
    old = [{name: DECISION[name] for name in ("partition", "threads")} | {"utility": 1.0}] * 2
    with pytest.raises(InputError, match="day: no episode"):
        draw_day(Figure(), [record("greedy", decisions=old)])
    figure = Figure()
    draw_day(figure, [record("greedy", decisions=old), record("exact")])
    assert len(figure.axes[1].lines) == 1


def test_a_day_of_too_many_suites() -> None:
    """More suites than fit beside each other are refused, with the option that chooses."""
    cells = [record("exact", suite=f"hetero[devices={count}]") for count in range(2, 9)]
    with pytest.raises(InputError, match="--suite"):
        draw_day(Figure(), cells)


def test_time_shows_the_medians() -> None:
    """One point per number of devices, at the median seconds per slot."""
    lines = [line for line in drawn("time").axes[0].lines if line.get_marker() == "o"]
    for line in lines:
        assert list(line.get_xdata()) == pytest.approx([3, 9], rel=0.01)
    assert [line.get_ydata()[0] for line in lines] == pytest.approx([0.1, 1.1])


def test_failures_are_drawn_last_and_marked() -> None:
    """A failed solver is not dropped: it is shown below the others, with its utility."""
    cells = [record("bad", s, utility=u, status="error") for s, u in ((0, 9.0), (1, -20.0))]
    cells += [record("good", s, utility=1.0) for s in (0, 1)]
    cells += [failed("none", s, status="unsupported") for s in (0, 1)]
    figure = Figure()
    figures.KINDS["utility"](figure, frame_of(cells), Paper.SCREEN)
    (axes,) = figure.axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["good", "† bad", "† none"]
    drawn_values = sorted(float(x) for line in axes.lines for x in line.get_xdata())
    assert drawn_values == [-20.0, -5.5, 1.0, 1.0, 1.0, 9.0]
    assert [text.get_text() for text in axes.texts] == ["no numbers"]


def test_a_legend_of_many_solvers_is_whole() -> None:
    """The figure is as high as the names of thirty solvers need."""
    cells = [record(f"solver-{n}", s, utility=float(n)) for n in range(30) for s in (0, 1)]
    figure = Figure(layout="constrained")
    figures.KINDS["quality"](figure, frame_of(cells), Paper.SCREEN)
    figure.canvas.draw()
    box = figure.legends[0].get_window_extent()
    assert box.y0 >= 0
    assert box.y1 <= figure.bbox.height


def test_quality_is_gap_in_percent_against_time() -> None:
    """One point per solver: milliseconds per slot, gap in % of the mean reference."""
    cells = [record("a", s, utility=1.0, slot_gap_mean=1.0, solve_s=(0.002,) * 3) for s in (0, 1)]
    figure = Figure()
    figures.KINDS["quality"](figure, frame_of(cells), Paper.SCREEN)
    (point,) = figure.axes[0].lines
    assert list(point.get_xdata()) == pytest.approx([2.0])
    assert list(point.get_ydata()) == pytest.approx([50.0])


@pytest.mark.parametrize("paper", [Paper.ONE_COLUMN, Paper.TWO_COLUMNS])
@pytest.mark.parametrize("kind", figures.KINDS)
def test_width_on_paper(kind: str, paper: Paper) -> None:
    """A figure for a paper has exactly the width of its columns."""
    figure = Figure(layout="constrained")
    figures.KINDS[kind](figure, frame_of(CELLS), paper)
    assert figure.get_figwidth() == paper.value


@pytest.mark.parametrize("kind", figures.KINDS)
def test_nothing_to_draw(kind: str, tmp_path: Path) -> None:
    """A store without what the figure shows is refused, and no file is made."""
    cells = [failed("exact", solve_s=()), failed("greedy", 1, solve_s=())]
    with pytest.raises(InputError, match=f"{kind}: .*; expected"):
        figures.save_figure(kind, frame_of(cells), tmp_path / "x.png")
    assert not list(tmp_path.iterdir())


class TestCommand:
    @pytest.fixture
    def store(self, tmp_path: Path) -> str:
        return str(write_store(tmp_path / "s.sqlite", *CELLS))

    def test_profile_in_the_terminal(self, store: str, capsys: pytest.CaptureFixture[str]) -> None:
        """Without --out the profile of each suite is on stdout; with --ascii only ASCII."""
        assert main(["plot", "performance-profile", "--store", store, "--ascii"]) == 0
        shown = capsys.readouterr().out
        assert shown.isascii()
        assert shown.count("performance profile of solve times") == 3

    def test_profile_as_json(self, store: str, capsys: pytest.CaptureFixture[str]) -> None:
        """--json prints the steps of each suite and nothing else."""
        assert main(["plot", "performance-profile", "--store", store, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert [one["suite"] for one in found][-1] == "all suites"
        assert found[0]["factors"] == pytest.approx([1.0, 11.0])
        assert found[0]["shares"] == {"exact": [1.0, 1.0], "greedy": [0.0, 1.0]}

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            (["gap"], "expected --out FILE.png"),
            (["gap", "--json", "--out", "x.png"], "table --json"),
            (["gap", "--out", "x.jpg"], ".png, .svg, .pdf"),
            (["gap", "--out", "/nowhere/at/all/x.png"], "expected a file"),
            (["gaps", "--out", "x.png"], "performance-profile"),
            (["gap", "--out", "x.png", "--suite", "hetero"], "accepted: hetero[devices=3]"),
            (["gap", "--out", "x.png", "-s", "local"], "accepted: exact, greedy"),
            (["gap", "--out", "x.png", "--seed", "9"], "accepted: 0, 1"),
        ],
    )
    def test_bad_arguments(
        self, store: str, arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """One line on stderr, exit status 2."""
        assert main(["plot", *arguments, "--store", store]) == 2
        said = capsys.readouterr().err
        assert expected in said
        assert said.count("\n") == 1

    def test_day_of_chosen_cells(self, store: str, tmp_path: Path) -> None:
        """A day is drawn from the decisions in the store, of the cells that are asked for."""
        out = tmp_path / "day.svg"
        chosen = ["--suite", "hetero[devices=3]", "-s", "greedy", "--seed", "1"]
        assert main(["plot", "day", "--store", store, "--out", str(out), *chosen]) == 0
        assert out.read_bytes().startswith(b"<?xml")

    def test_empty_store(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A store without cells is refused."""
        empty = write_store(tmp_path / "empty.sqlite")
        assert main(["plot", "performance-profile", "--store", str(empty)]) == 2
        assert "has no cells" in capsys.readouterr().err


def test_long_names_are_explained() -> None:
    """A name without room is numbered and stands in full in the lines."""
    shown, lines = short_names(["exact", "a" * 50, "exact"], 20)
    assert shown == {"exact": "exact", "a" * 50: "#2"}
    assert lines == [f"#2 = {'a' * 50}"]


def test_names_are_folded_whole() -> None:
    """Folding loses no character, and no line is too long."""
    name = "dads[load=heavy]+ta[objective=utility,start=random]" + "x" * 40
    lines = folded(name, 20).split("\n")
    assert "".join(lines) == name
    assert max(map(len, lines)) <= 20


def test_styles_differ() -> None:
    """Up to 28 solvers look different."""
    looks = [tuple(style.values()) for style in panels.styles_of(map(str, range(28))).values()]
    assert len(set(looks)) == 28
