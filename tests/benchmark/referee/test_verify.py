"""The judge recomputes every claim of a solver."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from splitbench.benchmark.referee.episode import run_episode, solve_reference
from splitbench.benchmark.referee.player import PlugIn
from splitbench.benchmark.referee.verify import Reference, gap_to, judge
from splitbench.problems import Formulation, SlotProblem
from splitbench.solvers import Solution, Status
from tests.benchmark.referee.judging import Decision, slot, verdict
from tests.strategies import problems


class TestHonest:
    def test_optimum(
        self, problem: SlotProblem, decisions: list[tuple[float, Decision]], reference: Reference
    ) -> None:
        """The best of all decisions, found by enumeration, is at the reference, with gap 0."""
        utility, best = decisions[0]
        assert reference.utility == pytest.approx(utility, rel=1e-12)
        found = verdict(problem, best, status=Status.OPTIMAL, bound=utility)
        assert (found.status, found.gap, found.claims) == (Status.OPTIMAL, 0.0, ())
        assert found.reached_optimum

    def test_feasible(self, problem: SlotProblem, decisions: list[tuple[float, Decision]]) -> None:
        """Any other decision has its distance to the best as gap."""
        for utility, decision in decisions[1 :: len(decisions) // 7]:
            found = verdict(problem, decision)
            assert found.status is Status.FEASIBLE
            assert found.gap == pytest.approx(decisions[0][0] - utility, abs=1e-9)
            assert found.claims == ()
            assert found.reached_optimum == (found.gap == 0.0)

    def test_loose_bound_is_no_lie(
        self, problem: SlotProblem, decisions: list[tuple[float, Decision]]
    ) -> None:
        """An upper bound may be as loose as it likes, and rounding does not make it false."""
        utility, best = decisions[0]
        for bound in (utility, utility + 100.0, float("inf"), utility - 1e-12):
            found = verdict(problem, best, status=Status.OPTIMAL, bound=bound)
            assert (found.status, found.claims) == (Status.OPTIMAL, ())

    def test_infeasible(self) -> None:
        """A proof of infeasibility that the reference shares stands."""
        hopeless = slot(spare=-1)
        found = judge(hopeless, Solution(None, None, Status.INFEASIBLE), solve_reference(hopeless))
        assert (found.status, found.claims, found.gap) == (Status.INFEASIBLE, (), None)

    def test_without_reference(
        self, problem: SlotProblem, decisions: list[tuple[float, Decision]]
    ) -> None:
        """Without a reference there is no gap, and feasibility is recomputed all the same."""
        found = judge(problem, Solution(*decisions[5][1]), None)
        assert (found.status, found.gap) == (Status.FEASIBLE, None)
        found = judge(problem, Solution([0, 0], [1, 1], Status.OPTIMAL), None)
        assert found.status is Status.INVALID

    @settings(deadline=None, max_examples=40)
    @given(problems())
    def test_exact_is_believed(self, problem: SlotProblem) -> None:
        """On any slot, the claims of `exact` are confirmed."""
        from splitbench.solvers import make

        run = run_episode(PlugIn.of(make("exact")), problem).runs[0]
        assert run.verdict.status in (Status.OPTIMAL, Status.INFEASIBLE)
        assert run.verdict.claims == ()


class TestLies:
    def test_optimal_but_is_not(
        self, problem: SlotProblem, decisions: list[tuple[float, Decision]]
    ) -> None:
        """A false claim of optimality changes the status and is reported with the amount."""
        utility, decision = decisions[-1]
        found = verdict(problem, decision, status=Status.OPTIMAL)
        assert found.status is Status.FEASIBLE
        gap = decisions[0][0] - utility
        assert found.claims == (f"claimed optimal, but the optimum is {gap:.3g} better",)
        assert not found.reached_optimum

    def test_bound_below_the_optimum(
        self, problem: SlotProblem, decisions: list[tuple[float, Decision]]
    ) -> None:
        """A bound that the optimum exceeds is refuted, even where the decision is below it."""
        utility, decision = decisions[-1]
        middle = (utility + decisions[0][0]) / 2
        (claim,) = verdict(problem, decision, bound=middle).claims
        assert claim.startswith("claimed the bound")
        assert claim.endswith("is reached")

    def test_bound_below_its_own_decision(
        self, problem: SlotProblem, decisions: list[tuple[float, Decision]]
    ) -> None:
        """Without a reference the decision itself refutes a bound below it."""
        utility, best = decisions[0]
        found = judge(problem, Solution(*best, Status.OPTIMAL, bound=utility - 0.01), None)
        assert len(found.claims) == 1
        assert found.status is Status.FEASIBLE

    def test_infeasible_although_feasible(self, problem: SlotProblem, reference: Reference) -> None:
        """A claim of infeasibility is an error where a decision exists."""
        found = judge(problem, Solution(None, None, Status.INFEASIBLE), reference)
        assert found.status is Status.ERROR
        assert found.claims == ("claimed infeasible, but a feasible decision exists",)

    def test_infeasible_beside_a_decision(
        self, problem: SlotProblem, decisions: list[tuple[float, Decision]]
    ) -> None:
        """A solver that calls the slot infeasible and answers it contradicts itself."""
        for reference in (solve_reference(problem), None):
            solution = Solution(*decisions[0][1], Status.INFEASIBLE)
            found = judge(problem, solution, reference)
            assert found.status is Status.FEASIBLE
            assert found.claims == ("claimed infeasible, but its own decision is feasible",)

    def test_optimal_with_a_violation(self, problem: SlotProblem) -> None:
        """A decision that breaks a constraint is invalid whatever it claims."""
        found = verdict(problem, ([0, 0], [1, 1]), status=Status.OPTIMAL, bound=99.0)
        assert found.status is Status.INVALID
        assert found.claims == ("claimed optimal, but the decision breaks a constraint",)
        assert found.outcome is not None
        assert [broken.constraint for broken in found.outcome.violations] == ["threads_sum"]
        assert found.gap is not None
        assert found.gap > 10.0

    @pytest.mark.parametrize(
        ("decision", "constraint"),
        [
            (([0, 0], [7, 7]), "threads_sum"),
            (([0, 0], [0, 7]), "threads_min"),
            (([-1, 0], [3, 4]), "partition_range"),
            (([99, 0], [3, 4]), "partition_range"),
        ],
    )
    def test_every_violation_is_found(
        self, problem: SlotProblem, decision: Decision, constraint: str
    ) -> None:
        """Constraints are recomputed, also where the solver says `feasible`."""
        found = verdict(problem, decision)
        assert found.status is Status.INVALID
        assert found.outcome is not None
        assert constraint in {broken.constraint for broken in found.outcome.violations}

    def test_a_claim_of_invalid_is_recomputed_too(
        self, problem: SlotProblem, decisions: list[tuple[float, Decision]]
    ) -> None:
        """`invalid` is never taken from a solver."""
        assert verdict(problem, decisions[0][1], status=Status.INVALID).status is Status.FEASIBLE

    def test_better_than_the_reference(
        self, problem: SlotProblem, decisions: list[tuple[float, Decision]]
    ) -> None:
        """A decision that beats the reference is reported as an error of the reference."""
        utility, best = decisions[0]
        found = judge(problem, Solution(*best), Reference(utility - 0.5, Status.OPTIMAL))
        assert found.gap == pytest.approx(-0.5)
        assert found.claims == ("beats the reference by 0.5: the reference is not optimal",)


class TestRelaxing:
    def idle(self, problem: SlotProblem) -> Decision:
        return [0, 0], [1, problem.threads - 2]

    def test_idle_threads(self, problem: SlotProblem) -> None:
        """A scheme that leaves threads idle by design is scored as it is, without a gap."""
        found = verdict(problem, self.idle(problem), relaxes=("threads_sum",))
        assert (found.status, found.gap, found.claims) == (Status.FEASIBLE, None, ())
        assert found.outcome is not None
        assert [one.constraint for one in found.outcome.relaxed] == ["threads_sum"]

    def test_too_many_threads(self, problem: SlotProblem) -> None:
        """Handing out more threads than there are cannot be relaxed."""
        found = verdict(problem, ([0, 0], [4, problem.threads - 3]), relaxes=("threads_sum",))
        assert found.status is Status.INVALID
        assert found.outcome is not None
        assert found.outcome.relaxed == ()

    @pytest.mark.parametrize("constraint", ["threads_min", "queue", "everything", ""])
    def test_nothing_else_can_be_relaxed(self, problem: SlotProblem, constraint: str) -> None:
        """Only `threads_sum` is a constraint that a scheme may give up."""
        found = verdict(problem, ([0, 0], [0, problem.threads]), relaxes=(constraint,))
        assert found.status is Status.INVALID

    def test_relaxed_is_not_optimal(self, problem: SlotProblem) -> None:
        """A decision outside the problem is no optimum of it."""
        found = verdict(
            problem, self.idle(problem), relaxes=("threads_sum",), status=Status.OPTIMAL
        )
        assert found.status is Status.FEASIBLE
        assert found.claims == ("claimed optimal, but relaxes threads_sum",)


def test_hibernation_is_a_choice_where_allowed() -> None:
    """Partition −1 is feasible, and scored −10, only where the formulation allows it."""
    allowed = slot(formulation=Formulation(hibernation="allowed"))
    found = verdict(allowed, ([-1, 0], [3, allowed.threads - 3]))
    assert found.status is Status.FEASIBLE
    assert found.outcome is not None
    assert found.outcome.device_utility[0] == -10.0
    assert verdict(slot(), ([-1, 0], [3, 4])).status is Status.INVALID


class TestTolerances:
    @pytest.mark.parametrize(("off", "refuted"), [(1e-8, False), (1e-4, True), (np.inf, True)])
    def test_a_claimed_utility_is_held_to_a_millionth(
        self, problem: SlotProblem, decisions: list[tuple[float, Decision]], off: float,
        refuted: bool,
    ) -> None:  # fmt: skip
        """A rounding difference in a stated U is accepted, a wrong fourth digit is refuted."""
        utility, best = decisions[0]
        found = verdict(problem, best, utility=utility + off)
        assert bool(found.claims) is refuted

    def test_gaps_are_relative_to_the_reference(self, problem: SlotProblem) -> None:
        """At U = −20 rounding is twenty times as coarse as at 1."""
        outcome = problem.evaluate([0, 0], [1, 1])  # one thread short of K: each scores −10
        assert outcome.utility == -20.0
        assert gap_to(outcome, Reference(-20.0 + 1e-8, Status.OPTIMAL)) == 0.0
        assert gap_to(outcome, Reference(-20.0 + 1e-6, Status.OPTIMAL)) == pytest.approx(1e-6)

    def test_a_violation_is_never_at_the_optimum(self, problem: SlotProblem) -> None:
        """Even where it scores what the best decision does."""
        solution = Solution([0, 0], [1, 1])
        found = judge(problem, solution, Reference(-20.0, Status.OPTIMAL))
        assert found.gap == 0.0
        assert not found.reached_optimum

    def test_a_bound_of_the_planning_model_is_dropped(self, problem: SlotProblem) -> None:
        """The bound of a solver that was shown other than the true devices is not judged."""
        shown = replace(problem, planning=problem.fleet)
        found = judge(shown, Solution([0, 0], [3, problem.threads - 3], bound=-99.0), None)
        assert found.claims == ()

    def test_infeasible_beside_a_broken_decision_is_no_lie(self, problem: SlotProblem) -> None:
        """A claim of infeasibility is refuted by the solver's own feasible decision."""
        solution = Solution([0, 0], [1, 1], Status.INFEASIBLE)
        assert judge(problem, solution, None).claims == ()
