"""Stepping a solver through a horizon: what becomes of slots without a decision."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import splitbench.solvers.ddp
from splitbench.benchmark.isolation.limits import Limits
from splitbench.benchmark.planning.code import code_of, world_code
from splitbench.benchmark.referee.episode import Episode, SlotRun, record_of, run_episode
from splitbench.benchmark.referee.verify import Reference, Verdict
from splitbench.benchmark.runs.campaign import Again, Campaign
from splitbench.benchmark.runs.execute import run_cell
from splitbench.benchmark.runs.plan import Request, cells_of
from splitbench.problems import SlotProblem
from splitbench.problems.latency.profiles.profile_file import save_profile
from splitbench.problems.suites.named_suites import make_suite
from splitbench.results.bounds import with_horizon_gaps
from splitbench.solvers import Solution, Status, make
from splitbench.solvers.contract import no_decision
from tests.profile_data import profile_object
from tests.results.records import record


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

    monkeypatch.setattr("splitbench.benchmark.referee.episode.solve_reference", fails)
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
    kept = run_cell(key)
    (judged,) = with_horizon_gaps([kept, run_cell(bound)])
    assert judged.horizon_gap is judged.horizon_bound is None
    assert "relaxes threads_sum" in kept.note
    assert kept.violations == {}
    assert kept.status == "feasible"
    assert kept.slot_gap_mean is None
    assert kept.utility_mean is not None


def test_a_record_sums_up_its_slots() -> None:
    """Means over slots, devices and served device-slots, worked out again from the outcomes."""
    horizon = make_suite("congested").horizon(0, 4)
    episode = run_episode(make("eo+even"), horizon, 0)
    (key, _) = cells_of(Request(["congested"], ["eo+even"], [0], 4))
    kept = run_cell(key)
    outcomes = [run.outcome for run in episode.runs if run.outcome is not None]
    assert len(outcomes) == 4
    energy = np.concatenate([outcome.energy_j for outcome in outcomes])
    assert kept.energy_j_mean == pytest.approx(energy.mean())
    ends = np.concatenate([outcome.end_to_end_s[outcome.served] for outcome in outcomes])
    assert kept.latency_s_mean == pytest.approx(ends.mean())
    relative = [
        (run.verdict.gap or 0.0) / abs(run.reference.utility or 0.0)
        for run in episode.runs
        if run.reference is not None
    ]
    assert len(relative) == 4
    assert kept.gap_relative_mean == pytest.approx(np.mean(relative))


def test_slots_at_the_optimum_are_those_without_a_gap() -> None:
    """Whatever a solver claims: greedy claims nothing and reaches it often."""
    (key, _) = cells_of(Request(["paper-wifi"], ["greedy"], [0], 10))
    kept = run_cell(key)
    reached = sum(one["gap"] == 0.0 for one in kept.decisions)
    assert kept.slots_optimal == reached > 0


def test_a_reference_of_both_kinds_is_no_reference_status() -> None:
    """`infeasible` is said of a cell only where every slot of it is."""
    (hopeless, fine) = (
        SlotRun(Verdict(Status.FEASIBLE, None, None), None, Reference(utility, status), 0.0,
                no_decision(Status.FEASIBLE, ""))
        for utility, status in ((None, Status.INFEASIBLE), (1.0, Status.OPTIMAL))
    )  # fmt: skip
    (key, _) = cells_of(Request(["paper-wifi"], ["exact"], [0], 2))
    for runs, expected in (([hopeless], "infeasible"), ([hopeless, fine], None)):
        assert record_of(key, Episode(3, runs), {}).reference_status == expected


def test_the_key_of_a_cell_knows_every_file(
    tmp_path: Path,
) -> None:
    """Another content of a solver's, a suite's or a policy's file is another cell."""
    suite = make_suite("hetero[devices=3]")
    mine = tmp_path / "mine.py"
    codes = set()
    for text in ("first", "second"):
        mine.write_text(f"# {text}", encoding="utf-8")
        codes.add(code_of(suite, f"{mine}:Mine", [mine]))
    for whole_s in (0.1, 0.2):
        path = tmp_path / "server.json"
        save_profile(profile_object(threads=(1, 2), whole_s=lambda k, s=whole_s: s / k), path)
        codes.add(world_code(make_suite(f"paper-wifi[server={path},dnn=mobilenet_v2]")))
    policies = Path(splitbench.solvers.ddp.__path__[0]) / "data" / "policies"
    shipped = sorted(policies.glob("*.safetensors"))[:2]
    for file in shipped:
        (tmp_path / "p.safetensors").write_bytes(file.read_bytes())
        codes.add(code_of(suite, f"ddp[policy={tmp_path / 'p.safetensors'}]+ta"))
    assert len(codes) == 6


@pytest.mark.parametrize(
    ("status", "again"),
    [("timeout", True), ("memory", True), ("unsupported", True), ("not_installed", True),
     ("error", True), ("invalid", True), ("feasible", False), ("optimal", False),
     ("infeasible", False)],
)  # fmt: skip
def test_what_rerun_failed_runs_again(status: str, again: bool) -> None:
    """Every cell that a run's exit status speaks of, and no other."""
    assert Again.FAILED.wants(record(status=status)) is again


def test_the_worst_case_counts_a_round_that_is_not_full() -> None:
    """Three cells on two workers take two rounds."""
    keys = cells_of(Request(["small"], ["greedy"], [0], 3))
    assert Campaign(keys, {}).worst_case_s(Limits(10.0, None), 2) == 20.0
