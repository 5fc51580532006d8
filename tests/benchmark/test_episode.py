"""Stepping a solver through a horizon: how slots without a decision are scored."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import splitbench.solvers.ddp
from splitbench.benchmark.isolation.limits import Limits
from splitbench.benchmark.planning.code import code_of, world_code
from splitbench.benchmark.referee.cell import run_cell
from splitbench.benchmark.referee.cell_record import record_of
from splitbench.benchmark.referee.episode import run_episode
from splitbench.benchmark.referee.player import PlugIn
from splitbench.benchmark.referee.verify import Reference
from splitbench.benchmark.runs.campaign import Again, Campaign
from splitbench.benchmark.runs.plan import Request, cells_of
from splitbench.problems import SlotProblem
from splitbench.problems.latency.profiles.profile_file import save_profile
from splitbench.problems.suites.named_suites import make_suite
from splitbench.results.bounds import with_horizon_gaps
from splitbench.solvers import Solution, Status, make
from splitbench.solvers.contract import no_decision
from splitbench.solvers.exact.batch import solve_batch
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
    episode = run_episode(PlugIn.of(Silent(1, 2, 4)), horizon)
    assert len(episode.runs) == 6
    assert episode.ended is None
    run = episode.runs[1]
    assert run.outcome is not None
    assert run.reference is not None
    assert run.outcome.utility == -10.0 * 3
    assert not run.outcome.energy_j.any()
    assert run.verdict.gap == pytest.approx(run.reference.utility + 30.0)
    assert episode.runs[3].outcome is not None
    assert episode.runs[3].outcome.served.all()


def test_three_slots_in_a_row_end_the_episode() -> None:
    """After three slots without a decision in a row the rest is not run, but counts."""
    horizon = make_suite("paper-wifi").horizon(0, 9)
    episode = run_episode(PlugIn.of(Silent(0, 2, 3, 4)), horizon)
    assert episode.ended is not None
    assert [run.seconds is not None for run in episode.runs] == [True] * 5 + [False] * 4
    for run in episode.runs[2:]:
        assert run.outcome.utility == -30.0
        assert run.reference is not None
        assert run.reference.utility is not None
        assert run.verdict.gap == pytest.approx(run.reference.utility + 30.0)
    assert episode.runs[8].problem.battery_j.tolist() == pytest.approx(
        np.minimum(
            episode.runs[7].problem.battery_j + episode.runs[7].problem.harvest_j,
            horizon.fleet.battery_max_j,
        )
    )


def test_every_slot_asked_for_is_in_every_mean() -> None:
    """Also those after the end: −10 a device, served 0, energy 0, and their gap."""
    key, _ = cells_of(Request(["paper-wifi"], ["exact"], [0], 9))
    horizon = make_suite("paper-wifi").horizon(0, 9)
    episode = run_episode(PlugIn.of(Silent(0, 2, 3, 4)), horizon)
    kept = record_of(key, episode, {})
    assert (kept.slots_asked, kept.slots_run, len(kept.solve_s)) == (9, 5, 5)
    decided = episode.runs[1].outcome
    assert kept.utility_mean == pytest.approx((decided.utility - 8 * 30.0) / 9)
    assert kept.energy_j_mean == pytest.approx(decided.energy_j.sum() / 27)
    assert kept.served == 3
    assert kept.latency_s_mean == pytest.approx(decided.end_to_end_s.mean())
    gaps = [run.verdict.gap for run in episode.runs]
    assert kept.slot_gap_mean == pytest.approx(np.mean(gaps))
    assert kept.status == "timeout"
    assert [one["served"] for one in kept.per_device] == [1, 1, 1]


def test_an_instance_without_a_decision_counts_as_hibernation() -> None:
    """−10 a device with its gap although the instance has no hibernation, and no violation."""
    problem = next(
        one for one in make_suite("small").instances(0, 40)
        if not one.formulation.hibernation_allowed and make("exact").solve(one).decided
    )  # fmt: skip
    (run,) = run_episode(PlugIn.of(Silent(0)), problem).runs
    best = make("exact").solve(problem).bound
    assert run.outcome.utility == -10.0 * len(problem)
    assert run.outcome.violations == ()
    assert run.verdict.gap == pytest.approx(best + 10.0 * len(problem))
    assert not run.verdict.reached_optimum


def test_a_false_claim_of_infeasibility_counts_without_a_reference_too() -> None:
    """Only a proof takes an instance out of the means, so the claim is checked."""

    class Denies(Silent):
        def solve(self, problem: SlotProblem, context: Any) -> Solution:
            return no_decision(Status.INFEASIBLE, "nothing to be had")

    problem = make_suite("paper-wifi").horizon(0, 1).slot(0, np.full(3, 100.0))
    (run,) = run_episode(PlugIn.of(Denies()), problem, reference=False).runs
    assert run.verdict.status is Status.ERROR
    assert run.verdict.claims == ("claimed infeasible, but a feasible decision exists",)


def test_unsupported_has_no_numbers_unless_slots_were_decided() -> None:
    """A solver that stops supporting the devices it decided for has failed."""

    class Refuses(Silent):
        def solve(self, problem: SlotProblem, context: Any) -> Solution:
            if context.slot in self.slots:
                return no_decision(Status.UNSUPPORTED, "not these devices")
            return Solution(problem.layers, problem.even_threads())

    key, _ = cells_of(Request(["paper-wifi"], ["exact"], [0], 4))
    horizon = make_suite("paper-wifi").horizon(0, 4)
    never = record_of(key, run_episode(PlugIn.of(Refuses(0, 1, 2, 3)), horizon), {})
    assert (never.status, never.utility_mean, never.slots_asked) == ("unsupported", None, 0)
    later = record_of(key, run_episode(PlugIn.of(Refuses(2, 3)), horizon), {})
    assert (later.status, later.slots_asked) == ("error", 4)
    assert later.utility_mean is not None


def test_start_that_raises_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy whose start fails runs no slot and says why."""

    class Broken(Silent):
        def start(self, horizon: object) -> None:
            raise RuntimeError("no policy here")

    episode = run_episode(PlugIn.of(Broken()), make_suite("paper-wifi").horizon(0, 3))
    assert [run.seconds for run in episode.runs] == [None] * 3
    assert "no policy here" in episode.runs[0].verdict.note
    assert episode.runs[0].verdict.status is Status.ERROR


def test_start_that_leaves_is_a_row() -> None:
    """A policy whose start calls sys.exit fails, but the run continues."""

    class Leaving(Silent):
        def start(self, horizon: object) -> None:
            raise SystemExit(7)

    episode = run_episode(PlugIn.of(Leaving()), make_suite("paper-wifi").horizon(0, 3))
    assert {run.verdict.status for run in episode.runs} == {Status.ERROR}
    assert "SystemExit: 7" in episode.runs[0].verdict.note


def test_a_reference_without_memory_is_not_the_solvers_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The decision stands and is scored; there is no gap, and the note says why."""

    def fails(problems: object) -> None:
        raise MemoryError

    monkeypatch.setattr("splitbench.benchmark.referee.episode.references", fails)
    episode = run_episode(PlugIn.of(Silent()), make_suite("paper-wifi").horizon(0, 3))
    assert len(episode.runs) == 3
    for run in episode.runs:
        assert run.verdict.status is Status.FEASIBLE
        assert run.verdict.gap is None
        assert "no gap: the exact reference ran out of memory" in run.verdict.note


def test_the_future_is_kept_from_a_policy() -> None:
    """The view that a policy is started with has no arrivals, uplinks or sun of later slots."""
    seen: dict[str, Any] = {}

    class Curious(Silent):
        def start(self, horizon: Any) -> None:
            seen.update(vars(horizon))

    horizon = make_suite("paper-wifi").horizon(0, 4)
    episode = run_episode(PlugIn.of(Curious()), horizon)
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
    episode = run_episode(PlugIn.of(make("eo+even")), horizon)
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
    horizon = make_suite("paper-wifi").horizon(0, 2)
    (key, _) = cells_of(Request(["paper-wifi"], ["exact"], [0], 2))
    for hopeless, expected in ((2, "infeasible"), (1, None)):
        episode = run_episode(PlugIn.of(Silent()), horizon)
        for run in episode.runs[:hopeless]:
            run.reference = Reference(None, Status.INFEASIBLE)
        assert record_of(key, episode, {}).reference_status == expected


def test_the_key_of_a_cell_knows_every_file(
    tmp_path: Path,
) -> None:
    """If the content of a solver's, a suite's or a policy's file changes, so does the cell."""
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
    """Exactly the cells that determine a run's exit status."""
    assert Again.FAILED.wants(record(status=status)) is again


def test_the_worst_case_counts_a_round_that_is_not_full() -> None:
    """Three cells on two workers take two rounds."""
    keys = cells_of(Request(["small"], ["greedy"], [0], 3))
    assert Campaign(keys, {}).worst_case_s(Limits(10.0, None), 2) == 20.0


def test_references_are_worked_out_together_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """All slots of an episode in one batch, of one that broke off too; of an instance once."""
    asked: list[int] = []

    def counted(problems: Sequence[SlotProblem]) -> list[Solution]:
        asked.append(len(problems))
        return solve_batch(problems)

    monkeypatch.setattr("splitbench.benchmark.referee.episode.solve_batch", counted)
    horizon = make_suite("hetero").horizon(0, 7)
    episode = run_episode(PlugIn.of(Silent(2, 3, 4)), horizon)
    assert asked == [7]
    for run in episode.runs:
        assert run.reference == Reference(make("exact").solve(run.problem).bound, Status.OPTIMAL)
    problem = make_suite("small").instances(0, 1)[0]
    for name in ("exact", "greedy"):
        assert run_episode(PlugIn.of(make(name)), problem).runs[0].reference is not None
    assert asked == [7, 1, 0]
