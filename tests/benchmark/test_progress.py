"""Progress: what is left, how long it takes, and what each worker runs."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from splitbench.benchmark.cli import main
from splitbench.benchmark.durations import duration
from splitbench.benchmark.runs import progress as module
from splitbench.benchmark.runs.estimate import TYPICAL_SLOT_S, Estimator, Kind, kinds_of
from splitbench.benchmark.runs.progress import Progress, at_work, shown
from tests.results.records import failed, key, record


def timed(solver: str, wall_s: float | None, slots: int = 10, **fields: Any) -> Any:
    """A cell of `paper-wifi` that took so long by the clock."""
    return record(solver, suite="paper-wifi", slots=slots, wall_s=wall_s, **fields)


def left(solver: str, count: int, slots: int | None = 10) -> list[Any]:
    """Keys of cells that are to be run."""
    return [key(solver, seed, "paper-wifi", slots) for seed in range(count)]


def test_time_left_goes_by_cells_of_the_same_solver_and_suite() -> None:
    """The median by slot, times slots and cells, shared by the workers."""
    estimator = Estimator()
    for seconds in (1.0, 2.0, 9.0):
        estimator.learn(timed("exact", seconds))
    assert estimator.left_s(kinds_of(left("exact", 6)), 2) == pytest.approx(6.0)
    assert estimator.left_s(kinds_of(left("exact", 6, 20)), 2) == pytest.approx(12.0)
    assert estimator.left_s(kinds_of(left("exact", 6, None)), 1) == pytest.approx(6 * 24.0)


def test_no_estimate_is_below_its_longest_cell() -> None:
    """Many workers do not make one cell faster."""
    estimator = Estimator()
    estimator.learn(timed("exact", 30.0))
    assert estimator.left_s(kinds_of(left("exact", 3)), 64) == pytest.approx(30.0)


def test_unknown_cells_go_by_the_nearest_known() -> None:
    """The same solver elsewhere, then other solvers there, then all; nothing known: None."""
    estimator = Estimator()
    both = kinds_of(left("exact", 1) + left("greedy", 1))
    assert estimator.left_s(both, 1) is None
    assert estimator.likely_s(Kind("small", "exact", 10)) == (10 * TYPICAL_SLOT_S, "a guess")
    estimator.learn(timed("exact", 4.0))
    assert estimator.left_s(both, 1) == pytest.approx(8.0)
    near = pytest.approx(4.0, abs=0.1)  # nearly all of it passed before and after the solver
    assert estimator.likely_s(Kind("small", "exact", 5)) == (near, "other suites")
    assert estimator.likely_s(Kind("paper-wifi", "x", 5)) == (near, "other solvers")
    assert estimator.likely_s(Kind("small", "x", 5)) == (near, "all cells")
    assert estimator.left_s(kinds_of([]), 1) == 0.0


def test_cells_of_older_stores_count_with_their_solve_time() -> None:
    """Without a wall-clock time the solver's is the best that is known."""
    estimator = Estimator()
    estimator.learn(timed("exact", None, solve_s=(1.0, 2.0)))
    assert estimator.left_s(kinds_of(left("exact", 2)), 1) == pytest.approx(6.0)


def test_known_cells_are_no_work() -> None:
    """Stored cells are shown but not counted as done; failures are counted."""
    progress = Progress(left("exact", 4), 7, 1, Estimator(), list)
    assert str(progress) == "0/4 cells, 7 known, time left unknown"
    progress.advance(timed("exact", 2.0))
    assert str(progress) == "1/4 cells, 7 known, 6 s left"
    progress.advance(failed("exact", suite="paper-wifi", slots=10, wall_s=2.0))
    assert str(progress) == "2/4 cells, 7 known, 1 failed, 4 s left"


def test_lines_without_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Plain lines on stderr, each whole; between cells that take long one says what is going on."""
    monkeypatch.setattr(module, "LINE_EVERY_S", 0.2)
    running = at_work([(key("[red]x\x1b[2J"), time.monotonic() - 75.0), None])
    progress = Progress(left("exact", 20), 0, 1, Estimator(), lambda: running)
    with shown(progress) as advance:
        advance(timed("exact", 1.0))
        advance(timed("exact", 1.0, seed=1))
        time.sleep(0.5)
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert lines[0] == "2/20 cells, 18 s left (last: paper-wifi exact seed 1)"
    assert "(now: hetero[devices=2] [red]x seed 0, 1 min 15 s | idle)" in lines[1]
    assert "\x1b" not in captured.err


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_line_a_worker_in_a_terminal(width: int) -> None:
    """Bar, counts and workers fit the width; names are no markup; many workers are summed up."""
    running = [f"hetero ilp-cbc[time_limit=10] seed {seed}, 3 s" for seed in range(40)]
    progress = Progress(left("exact", 4), 2, 1, Estimator(), lambda: running)
    screen = io.StringIO()
    console = Console(file=screen, width=width, force_terminal=True, color_system=None)
    console.print(module._drawn(progress, width, 24))
    lines = screen.getvalue().splitlines()
    assert len(lines) < 24
    assert all(len(line) <= width for line in lines)
    assert "0/4 cells, 2 known" in lines[0]
    assert "[time_limit=10]" in lines[1]
    assert lines[-1].strip() == "and 20 workers more"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "0 s"), (59.6, "1 min"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (187_200, "2 d 4 h")],
)
def test_durations(seconds: float, said: str) -> None:
    """The two largest units, and no zero ones."""
    assert duration(seconds) == said


def test_a_dry_run_knows_what_the_store_knows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Estimates use similar cells; the upper limit is separate; people get a table."""
    common = ["small", "--slots", "3", "--seeds", "1", "--store", str(tmp_path / "s.sqlite")]
    main(["run", *common, "-s", "greedy"])
    capsys.readouterr()
    arguments = ["run", *common, "-s", "greedy", "-s", "exact", "--rerun", "--dry-run"]
    main([*arguments, "--timeout", "10s", "--json"])
    plan = json.loads(capsys.readouterr().out)
    assert (plan["cells"], plan["left"], plan["estimated"]) == (6, 6, 3)
    assert 0.0 < plan["likely_s"] < 3.0
    assert plan["worst_case_s"] == 60.0
    main([*arguments, "--timeout", "10s"])
    table = capsys.readouterr().out
    assert "greedy" in table
    assert "other solvers" in table
    assert "6 cells, 0 in the store, 6 to run" in table
    assert "at most 1 min (every cell runs into --timeout)" in table
