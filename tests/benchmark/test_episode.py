"""Stepping a solver through a horizon: what becomes of slots without a decision."""

from typing import Any

import numpy as np
import pytest

from benchmark.episode import run_episode
from benchmark.execute import run_cell
from benchmark.plan import Request, cells_of
from problems import SlotProblem
from problems.suites import make_suite
from results.bounds import with_horizon_gaps
from solvers import Solution, Status
from solvers.solution import no_decision


class Silent:
    """Gives no decision in the slots named, local-only in the others."""

    name = "silent"

    def __init__(self, *slots: int):
        self.slots = slots

    def solve(self, problem: SlotProblem, context: Any) -> Solution:
        if context.slot in self.slots:
            return no_decision(Status.TIMEOUT, "no answer")
        return Solution(problem.layers, problem.even_threads())


def test_a_slot_without_a_decision_hibernates_everybody() -> None:
    """It scores −10 for each device, draws nothing, has its gap, and the episode goes on."""
    horizon = make_suite("paper-wifi").horizon(0, 6)
    episode = run_episode(Silent(1, 2, 4), horizon, 0)
    assert len(episode.runs) == 6
    assert not episode.stopped
    run = episode.runs[1]
    assert run.outcome is not None
    assert run.reference is not None
    assert run.outcome.utility == -10.0 * 3
    assert not run.outcome.energy_j.any()
    assert run.verdict.gap == pytest.approx(run.reference.utility + 30.0)
    assert episode.runs[3].outcome is not None
    assert episode.runs[3].outcome.served.all()


def test_three_slots_in_a_row_end_the_episode() -> None:
    """After three slots without a decision in a row the rest is not run."""
    horizon = make_suite("paper-wifi").horizon(0, 9)
    episode = run_episode(Silent(0, 2, 3, 4), horizon, 0)
    assert len(episode.runs) == 5
    assert episode.stopped


def test_start_that_raises_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy whose start fails runs no slot and says why."""

    class Broken(Silent):
        def start(self, horizon: object) -> None:
            raise RuntimeError("no policy here")

    episode = run_episode(Broken(), make_suite("paper-wifi").horizon(0, 3), 0)
    assert episode.stopped
    assert "no policy here" in episode.runs[0].verdict.note
    assert episode.runs[0].verdict.status is Status.ERROR


def test_start_that_leaves_is_a_row() -> None:
    """A policy whose start calls sys.exit ends itself, not the run."""

    class Leaving(Silent):
        def start(self, horizon: object) -> None:
            raise SystemExit(7)

    episode = run_episode(Leaving(), make_suite("paper-wifi").horizon(0, 3), 0)
    assert (episode.runs[0].verdict.status, episode.stopped) == (Status.ERROR, True)
    assert "SystemExit: 7" in episode.runs[0].verdict.note


def test_a_reference_without_memory_is_not_the_solvers_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The decision stands and is scored; there is no gap, and the note says why."""

    def fails(problem: SlotProblem) -> None:
        raise MemoryError

    monkeypatch.setattr("benchmark.episode.solve_reference", fails)
    episode = run_episode(Silent(), make_suite("paper-wifi").horizon(0, 3), 0)
    assert len(episode.runs) == 3
    for run in episode.runs:
        assert run.verdict.status is Status.FEASIBLE
        assert run.verdict.gap is None
        assert "no gap: the exact reference ran out of memory" in run.verdict.note


def test_the_future_is_kept_from_a_policy() -> None:
    """What a policy is started with holds no arrivals, uplinks or sun of slots to come."""
    seen: dict[str, Any] = {}

    class Curious(Silent):
        def start(self, horizon: Any) -> None:
            seen.update(vars(horizon))

    horizon = make_suite("paper-wifi").horizon(0, 4)
    episode = run_episode(Curious(), horizon, 0)
    arrays = [v for v in seen.values() if isinstance(v, np.ndarray)]
    for secret in (horizon.arrival_rate_hz, horizon.uplink_bps, horizon.harvest_j):
        assert not any(np.array_equal(secret, array) for array in arrays)
    assert not episode.clairvoyant


def test_idle_threads_are_marked_and_have_no_gap() -> None:
    """`bs[leftover=idle]` is scored as it is, marked as relaxing Eq. 13, and has no gap.

    Neither to the slots' optima nor to the horizon's bound.
    """
    (key, bound) = cells_of(Request(["paper-5g"], ["dads+bs[leftover=idle]"], [0], 5))
    record = run_cell(key)
    (judged,) = with_horizon_gaps([record, run_cell(bound)])
    assert judged.horizon_gap is judged.horizon_bound is None
    assert "relaxes threads_sum" in record.note
    assert record.violations == {}
    assert record.status == "feasible"
    assert record.slot_gap_mean is None
    assert record.utility_mean is not None
