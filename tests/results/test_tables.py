"""The table in every format: complete, honest about failures, and the same numbers everywhere."""

from __future__ import annotations

import csv as csv_module
import io
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from splitbench.problems.errors import InputError
from splitbench.results import CellRecord
from splitbench.results.frame import frame_of
from splitbench.results.rows import Row, row_objects, rows_of
from splitbench.results.statistics.beside_rows import with_comparison, with_statistics
from splitbench.results.tables import tables
from splitbench.results.tables.cell_text import gap_text, number, percent_text, status_text
from splitbench.results.tables.layout import View, layout
from splitbench.results.tables.table_columns import COLUMNS, column_names
from splitbench.results.tables.terminal import print_rich
from tests.results.records import bound, failed, record

LONG = "ddp[checkpoint=models/seed3.safetensors]+ta[objective=utility,start=random]"
SOLVERS = ["exact", "ilp-cbc[time_limit=10]", "dads[load=heavy]+ta[start=random]", LONG]
ALL = View(columns=list(COLUMNS))


def plain(cells: list[CellRecord]) -> list[Row]:
    """Rows of these cells, without statistics."""
    return row_objects(rows_of(frame_of(cells)))


@pytest.fixture
def rows() -> list[Row]:
    """Four solvers on two suites; one cell failed."""
    cells = [
        record(name, seed, utility=1.0 - place / 7 + seed, suite=suite, slot_gap_mean=place / 7)
        for suite in ("hetero[devices=2]", "paper-wifi")
        for place, name in enumerate(SOLVERS)
        for seed in range(6)
    ]
    cells.append(record(LONG, 6, utility=-20.0, status="timeout", note="killed after 60 s"))
    frame = frame_of(cells)
    return row_objects(with_comparison(with_statistics(rows_of(frame), frame), frame, "exact"))


def printed(rows: list[Row], width: int | None, tmp_path: Path, view: View | None = None) -> str:
    """What the terminal shows."""
    print_rich(rows, tmp_path / "table.txt", width=width, view=view)
    return (tmp_path / "table.txt").read_text(encoding="utf-8")


def table_lines(text: str) -> list[str]:
    """Lines of the tables alone: from a heading to the empty line or note after it."""
    lines = text.splitlines()
    starts = [at for at, line in enumerate(lines) if line.startswith("solver")]
    near = [line for at in starts for line in lines[at - 1 : at + 9]]
    return [line for line in near if not line.startswith("  #")]


@pytest.mark.parametrize("width", [60, 80, 100, 160, 400, None])
def test_terminal_shows_full_names(rows: list[Row], width: int | None, tmp_path: Path) -> None:
    """At any width no letter of a name is lost, and no column is missing."""
    text = printed(rows, width, tmp_path, ALL)
    for name in SOLVERS[:3]:
        pieces = re.split(r"(?<=[\[\]+,=/:])", name)
        assert all(piece in text for piece in pieces)
    assert LONG in text
    for column in COLUMNS.values():
        assert column.heading in text
    for row in rows:
        assert number(row["utility_mean"], 4) in text
    assert "killed after 60 s" in text
    assert "…" not in text


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("view", [View(), View(wide=True)])
def test_terminal_keeps_to_its_width(
    rows: list[Row], width: int, view: View, tmp_path: Path
) -> None:
    """No line of a table is wider than the terminal, so that none is wrapped."""
    drawn = table_lines(printed(rows, width, tmp_path, view))
    assert drawn
    assert max(cell_len(line.rstrip()) for line in drawn) <= width


@pytest.mark.parametrize("width", [80, 100, None])
def test_the_default_table_is_one_block(width: int | None, tmp_path: Path) -> None:
    """The default columns stand side by side at 80 columns, and in a file at 100."""
    names = ["exact", "ddp-shared+ta", "dads[load=heavy]+bs", "ddp+ta[objective=utility]"]
    text = printed(plain([record(name) for name in names]), width, tmp_path)
    (heading,) = [line for line in text.splitlines() if line.startswith("solver")]
    assert heading.split()[-1] == "status"
    assert max(map(cell_len, text.splitlines())) <= (width or 100)


def test_wide_in_a_file_is_side_by_side(rows: list[Row], tmp_path: Path) -> None:
    """The wide form is not broken for a terminal that is not there."""
    lines = printed(rows, None, tmp_path, View(wide=True)).splitlines()
    assert len([line for line in lines if line.startswith("solver")]) == 2


class TestLayout:
    def test_baselines_then_solvers_by_utility_then_failures(self) -> None:
        """The bound and `exact` stand apart, what failed stands last however good it looks."""
        cells = [record(n, utility=u) for n, u in (("a", 1.0), ("exact", 3.0), ("b", 2.0))]
        cells += [record("crashed", utility=9.0, status="error")]
        cells += [bound(4.0)]
        cells = [cell for cell in cells if cell.key.solver != "@horizon-bound"] + [bound(4.0)]
        for cell in cells:
            cell.slots_asked = 3
        shown = layout(plain(cells), View())
        names = [[row["solver"] for row in part] for part in shown.sections]
        assert names == [["bound", "exact"], ["b", "a"], ["crashed"]]
        assert shown.baselines[0]["utility_mean"] == 4.0
        assert shown.name(shown.failed[0]) == "† crashed"
        assert any("bound: no policy can earn more" in line for line in shown.explanations)
        assert any(line.startswith("† a cell failed") for line in shown.explanations)

    def test_best_of_each_column(self) -> None:
        """More utility and less latency are marked; baselines and failures do not compete."""
        cells = [
            record("exact", utility=9.0, latency_s_mean=0.01),
            record("a", utility=1.0, latency_s_mean=0.2),
            record("b", utility=2.0, latency_s_mean=0.3),
            record("c", utility=99.0, latency_s_mean=0.001, status="timeout"),
        ]
        shown = layout(plain(cells), View())
        best = {
            column.name: [row["solver"] for row in shown.solvers if shown.is_best(column, row)]
            for column in shown.columns
        }
        assert best["utility"] == ["b"]
        assert best["latency"] == ["a"]
        assert best["served"] == []  # all the same: nothing to mark

    def test_ties_are_marked_as_they_are_read(self) -> None:
        """Numbers that look the same are marked the same."""
        cells = [record("a", utility=1.0), record("b", utility=1.0 + 1e-9), record("c", utility=0)]
        shown = layout(plain(cells), View())
        assert [shown.is_best(COLUMNS["utility"], row) for row in shown.solvers] == [1, 1, 0]

    def test_sort(self) -> None:
        """Another column sorts by its better direction, unknown values last."""
        cells = [record("a", latency_s_mean=0.3), record("b", latency_s_mean=0.1)]
        cells += [record("c", latency_s_mean=None)]
        order = [row["solver"] for row in layout(plain(cells), View(sort="latency")).solvers]
        assert order == ["b", "a", "c"]
        with pytest.raises(InputError, match="--sort: got speed; expected one of solver, utility"):
            View(sort="speed")

    def test_columns(self) -> None:
        """Columns are chosen by name; the solver is always there; a wrong name is asked about."""
        assert column_names("gap, at-optimum") == ["solver", "gap", "at_optimum"]
        with pytest.raises(InputError, match="did you mean latency"):
            column_names("latenci")

    def test_every_gap_says_what_it_is_against(self) -> None:
        """Heading and explanation name it, for one reference and for several."""
        for against, said in (
            ("optimum", "% opt."),
            ("bound", "% bound"),
            ("best_known", "% best"),
        ):
            shown = layout(plain([record("a", gap_against=against)]), View())
            assert next(c.unit for c in shown.columns if c.name == "gap") == said
            assert against.replace("_", " ") in shown.explanations[0]
        both = [record("a"), record("b", gap_against="bound")]
        shown = layout(plain(both), View())
        assert next(c.unit for c in shown.columns if c.name == "gap") == "% bound/opt."

    def test_one_size(self) -> None:
        """The title has the requested size, even if a solver ran less of it."""
        cells = [record("a", s, solve_s=(0.1,) * 8, slots_asked=8, slots=8) for s in (0, 1)]
        cells += [record("b", 0, solve_s=(0.1,), slots_asked=8, slots=8, status="timeout")]
        assert layout(plain(cells), View()).title == "hetero[devices=2] (8 slots × 2 seeds)"
        assert ("b", "1 of 2 seeds") in layout(plain(cells), View()).notes

    def test_like_notes_are_said_once(self) -> None:
        """Solvers that say the same share a line."""
        shown = layout(plain([record(n, note="clairvoyant") for n in "ab"]), View())
        assert shown.notes == [("a, b", "clairvoyant")]


def failed_rows() -> list[Row]:
    """A solver that crashed on its second instance beside one that did not."""
    cells: list[CellRecord] = []
    for name, status in (("exact", "optimal"), ("crashes", "error")):
        cells.append(record(name, instance=0, slots_asked=1, solve_s=(0.1,)))
        cells.append(record(name, instance=1, slots_asked=1, solve_s=(0.1,), status=status))
    return plain([*cells[2:], *cells[:2]])


def test_failures_are_last_and_marked_everywhere(tmp_path: Path) -> None:
    """In the terminal, Markdown, LaTeX and CSV the failed row is the last, and says so."""
    rows = failed_rows()
    body = printed(rows, 100, tmp_path).splitlines()
    assert body.index(next(x for x in body if "† crashes" in x)) > body.index(
        next(x for x in body if x.startswith("exact "))
    )
    assert "error 1/2" in next(x for x in body if "† crashes" in x)
    lines = [line for line in tables.markdown(rows).splitlines() if line.startswith("|")]
    assert "† crashes" in lines[-1]
    latex = tables.latex(rows)
    assert latex.index("$\\dagger$ crashes") > latex.index("exact &")
    read = list(csv_module.DictReader(io.StringIO(tables.csv(rows))))
    assert [(line["solver"], line["failed"]) for line in read] == [
        ("exact", "False"), ("crashes", "True"),
    ]  # fmt: skip


def test_markdown_is_a_table(rows: list[Row]) -> None:
    """Each line of a table has as many cells as its heading, with the full name first."""
    lines = tables.markdown(rows).splitlines()
    assert sum(line.startswith("### ") for line in lines) == 2
    table = [line for line in lines if line.startswith("|")]
    assert len({line.count("|") for line in table}) == 1
    first = [line.split("|")[1].strip() for line in table]
    assert [name.removeprefix("† ") for name in first if name not in ("solver", ":---")] == [
        *SOLVERS, *SOLVERS,
    ]  # fmt: skip
    assert "**0.8571**" not in lines  # the best is bold, and only it
    assert any("**" in line for line in table)


class TestLatex:
    def test_is_a_table(self, rows: list[Row]) -> None:
        """Each row has as many ampersands as the columns declared, names escaped."""
        text = tables.latex(rows)
        parts = text.split("\\begin{table}[t]")[1:]
        assert len(parts) == 2
        for part in parts:
            declared = part.split("\\begin{tabular}{@{}")[1].split("@{}}")[0]
            body = part.split("\\toprule\n")[1].split("\n\\bottomrule")[0]
            lines = [line for line in body.splitlines() if line != "\\midrule"]
            assert len(lines) == 2 + len(SOLVERS)
            for line in lines:
                assert line.replace("\\&", "").count("&") == len(declared) - 1
                assert line.endswith(" \\\\")
        assert "ilp-cbc[time\\_limit=10]" in text
        assert "\\textbf{" in text

    def test_caption_and_label(self, rows: list[Row]) -> None:
        """They are the user's, escaped; several suites have a label each."""
        text = tables.latex(rows, None, "Ours_vs. 100 %", "tab:main")
        assert "\\caption{Ours\\_vs. 100 \\%: paper-wifi}" in text
        assert "\\label{tab:main-paper-wifi}" in text
        assert "\\label{tab:main-hetero-devices-2}" in text
        assert "optimum of each slot" in tables.latex(rows)

    def test_chosen_columns(self, rows: list[Row]) -> None:
        """Only the columns asked for are printed."""
        text = tables.latex(rows, View(columns=["solver", "gap"]))
        assert "solver & gap \\\\" in text
        assert "utility &" not in text

    @pytest.mark.slow
    @pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
    def test_compiles(self, rows: list[Row], tmp_path: Path) -> None:
        """PdfLaTeX compiles the tables, odd names included; the default ones fit a page."""
        odd = plain(
            [
                record("\\input{x} $a_b$ 日本 é ~^ <|>", note="$"),
                record("[x]"),
                record("*"),
                record('"ÐðÞþßøÿ" #%&'),
            ]
        )
        text = "\n".join([tables.latex(rows, ALL), tables.latex(odd)])
        document = "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n%s\n"
        (tmp_path / "x.tex").write_text(document % text + "\\end{document}\n", encoding="utf-8")
        done = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "x.tex"],
            cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-2000:]
        usual = plain([record("exact"), record("lookahead"), record("dads+ta")])
        (tmp_path / "x.tex").write_text(document % tables.latex(usual) + "\\end{document}\n")
        done = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "x.tex"],
            cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert "Overfull" not in done.stdout


def test_csv_has_full_precision(rows: list[Row]) -> None:
    """CSV read back gives each number to the last bit, statistics in columns of their own."""
    read = {
        (x["suite"], x["solver"]): x for x in csv_module.DictReader(io.StringIO(tables.csv(rows)))
    }
    assert len(read) == len(rows)
    for row in rows:
        assert float(read[row["suite"], row["solver"]]["utility_mean"]) == row["utility_mean"]
    long, exact, other = (read["hetero[devices=2]", SOLVERS[at]] for at in (3, 0, 1))
    assert json.loads(long["statuses"]) == {"feasible": 6, "timeout": 1}
    assert exact["comparison_pairs"] == ""
    assert other["comparison_pairs"] == "6"
    assert float(other["statistics_utility_low"]) < float(other["statistics_utility_high"])


def test_json_is_json(rows: list[Row]) -> None:
    """Row objects survive JSON, statistics and comparison among them; counts are whole numbers."""
    objects = json.loads(json.dumps(rows))
    assert [one["solver"] for one in objects] == SOLVERS * 2
    assert objects[1]["comparison"]["against"] == "exact"
    assert "comparison" not in objects[0]
    assert objects[0]["statistics"]["rank"] == 1
    counts: list[Any] = [objects[0]["seeds"], objects[0]["statistics"]["seeds"]]
    counts += [objects[1]["comparison"]["pairs"], objects[0]["slots"]]
    assert all(type(count) is int for count in counts)


def test_no_rows(tmp_path: Path) -> None:
    """An empty store gives empty tables."""
    assert printed([], 80, tmp_path) == ""
    assert tables.markdown([]) == tables.latex([]) == tables.csv([]) == ""


def test_gap_is_never_rounded_to_zero() -> None:
    """Only an exact zero is written as 0."""
    assert gap_text(0.0) == percent_text(0.0) == "0"
    assert (gap_text(1e-7), percent_text(1e-7)) == ("1e-07", "<0.01")
    assert (gap_text(-1e-7), percent_text(-1e-7)) == ("-1e-07", ">-0.01")
    assert (gap_text(0.12345), percent_text(12.345)) == ("0.1235", "12.35")
    assert gap_text(None) == percent_text(None) == "–"


def test_status_counts_what_counts() -> None:
    """An infeasible instance is no failure; the worst status shows its number of cells."""
    cells = [record("a", instance=0, status="optimal"), record("a", instance=1, status="optimal")]
    (row,) = plain(
        [*cells, failed("a", status="infeasible", instance=2, reference_status="infeasible")]
    )
    assert status_text(row) == "optimal"
    (row,) = plain([*cells, record("a", instance=2, status="invalid")])
    assert status_text(row) == "invalid 1/3"


def test_unwritable_file(tmp_path: Path) -> None:
    """A place that cannot be written is refused in one line."""
    with pytest.raises(InputError, match="expected a file to write"):
        print_rich([], tmp_path)
