"""`run --truth`: solvers plan with the fit, outcomes are computed with the table."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splitbench.benchmark.cli import main
from splitbench.benchmark.referee.episode import run_episode
from splitbench.benchmark.referee.player import PlugIn
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers import Solution, Status, make


def _run(tmp_path: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[Any]:
    shared = ["--seeds", "1", "--slots", "6", "--store", str(tmp_path / "s.sqlite"), "--json"]
    assert main(["run", *arguments, *shared]) == 0
    rows: list[Any] = json.loads(capsys.readouterr().out)
    return rows


def test_the_gap_is_what_the_models_error_costs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Planned exactly on the fit: a gap > 0 under the table, none where plan and world agree."""
    (wrong,) = _run(tmp_path, capsys, "hetero", "--truth", "table", "-s", "exact")
    assert wrong["suite"] == "hetero[truth=table]"
    assert wrong["slot_gap_mean"] > 0
    assert wrong["status"] == "feasible"
    (right,) = _run(tmp_path, capsys, "hetero", "--truth", "exp2", "-s", "exact")
    assert right["slot_gap_mean"] == 0


def test_a_slot_is_shown_as_planned_and_judged_as_it_is() -> None:
    """The solver gets Eq. 7, the outcome is the table's, and no claim is held against it."""
    horizon = make_suite("hetero[truth=table]").horizon(0, 1)
    problem = horizon.slot(0, horizon.battery_start_j)
    shown = []

    class Spy:
        name = "spy"

        def solve(self, seen: Any) -> Solution:
            shown.append(seen)
            return make("exact").solve(seen)

    run = run_episode(PlugIn.of(Spy()), problem).runs[0]
    planned = problem.as_planned()
    assert shown[0].fleet is planned.fleet
    assert run.outcome is not None
    decision = run.outcome.partition, run.outcome.threads
    assert run.outcome.utility == problem.evaluate(*decision).utility
    assert run.outcome.utility != planned.evaluate(*decision).utility
    assert run.verdict.status is Status.FEASIBLE
    assert run.verdict.claims == ()
    best = make("exact").solve(problem)
    assert best.bound is not None
    assert run.verdict.gap == pytest.approx(best.bound - run.outcome.utility, abs=1e-9)
    assert np.all(run.outcome.threads <= problem.thread_caps)


def test_an_unknown_truth_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2, with the nearest kind."""
    assert main(["run", "--truth", "tabel", "--store", str(tmp_path / "s.sqlite")]) == 2
    assert "did you mean table" in capsys.readouterr().err
