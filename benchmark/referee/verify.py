"""Judge an answer to one slot: recompute feasibility, utility, optimality and bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from splitbench.benchmark.referee.answer_validation import plain_or_error
from splitbench.problems import Outcome, SlotProblem
from splitbench.results.notes import without_numbers
from splitbench.solvers import Solution, Status

#: Two utilities this close, relative to the larger of 1 and the reference, are the same.
TOLERANCE = 1e-9
#: Tolerance of a solver's stated U, whose sum may be less accurate.
CLAIM_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Reference:
    """The exact optimum of a slot; `utility` is None where it is proved infeasible."""

    utility: float | None
    status: Status


@dataclass(frozen=True)
class Verdict:
    """Result of recomputing a solver's answer to one slot.

    Attributes
    ----------
    status
        The claim if it holds, `invalid` where a constraint is broken, else what went wrong.
    outcome
        The model applied to the decision; None without a decision.
    gap
        Reference − U. None without a reference, where a constraint is relaxed, where the
        instance has no feasible decision, and where a broken constraint scores more than U*.
    claims
        Claims that did not hold, in words.
    """

    status: Status
    outcome: Outcome | None
    gap: float | None
    note: str = ""
    claims: tuple[str, ...] = ()

    @property
    def reached_optimum(self) -> bool:
        """Whether the decision is feasible and as good as the optimum."""
        decided = self.outcome is not None
        return decided and self.gap == 0.0 and self.status is not Status.INVALID


def judge(
    problem: SlotProblem,
    solution: Solution,
    reference: Reference | None,
    outcome: Outcome | None = None,
) -> Verdict:
    """Evaluate a solution with the model and check its claims against the reference.

    If the solver was shown devices other than the true ones (`SlotProblem.planning`), it cannot
    prove anything about the true slot: its claims are dropped, not refuted.

    Parameters
    ----------
    outcome
        The outcome of the slot if already computed; without a decision, that of hibernating every
        device.
    """
    if outcome is None:
        solution = plain_or_error(solution, len(problem))
    if problem.planning is not None:
        proved = solution.status == Status.OPTIMAL
        kept = Status.FEASIBLE if proved else Status(solution.status)
        solution = replace(solution, status=kept, bound=None, utility=None)
    if solution.partition is None or solution.threads is None:
        gap = None if outcome is None else gap_to(outcome, reference)
        if gap is not None and gap < 0.0 and not problem.formulation.hibernation_allowed:
            gap = None
        return replace(_without_decision(solution, reference), gap=gap)
    if outcome is None:
        outcome = problem.evaluate(solution.partition, solution.threads, solution.relaxes)
    gap = gap_to(outcome, reference)
    claims = _false_claims(solution, outcome, gap, reference)
    status = Status(solution.status)
    if not outcome.feasible:
        status = Status.INVALID
    elif (claims and status is Status.OPTIMAL) or status not in (Status.OPTIMAL, Status.FEASIBLE):
        status = Status.FEASIBLE
    return Verdict(status, outcome, gap, solution.note, claims)


def _without_decision(solution: Solution, reference: Reference | None) -> Verdict:
    status = Status(solution.status)
    if status is Status.INFEASIBLE and reference is not None and reference.utility is not None:
        claim = "claimed infeasible, but a feasible decision exists"
        return Verdict(Status.ERROR, None, None, solution.note, (claim,))
    if status in (Status.OPTIMAL, Status.FEASIBLE, Status.INVALID):
        return Verdict(Status.ERROR, None, None, f"claimed {status} without a decision")
    return Verdict(status, None, None, solution.note)


def gap_to(outcome: Outcome, reference: Reference | None) -> float | None:
    """Return reference − U, with rounding errors set to 0; None if there is nothing to compare.

    Without hibernation the optimum can be below the −10 of a broken constraint or of no decision.
    These then have no gap, since the optimum is over feasible decisions only.
    """
    if reference is None or reference.utility is None or outcome.relaxed:
        return None
    gap = reference.utility - outcome.utility
    if abs(gap) <= _tolerance(reference.utility):
        gap = 0.0
    return None if gap < 0.0 and not outcome.feasible else gap


def _false_claims(
    solution: Solution, outcome: Outcome, gap: float | None, reference: Reference | None
) -> tuple[str, ...]:
    claims = []
    if solution.status == Status.OPTIMAL and not outcome.feasible:
        claims.append("claimed optimal, but the decision breaks a constraint")
    elif solution.status == Status.OPTIMAL and gap is not None and gap > 0.0:
        claims.append(f"claimed optimal, but the optimum is {gap:.3g} better")
    elif solution.status == Status.OPTIMAL and outcome.relaxed:
        relaxed = ", ".join(one.constraint for one in outcome.relaxed)
        claims.append(f"claimed optimal, but relaxes {relaxed}")
    elif solution.status == Status.INFEASIBLE and outcome.feasible and not outcome.relaxed:
        claims.append("claimed infeasible, but its own decision is feasible")
    if solution.bound is not None and outcome.feasible and not outcome.relaxed:
        best = outcome.utility
        if reference is not None and reference.utility is not None:
            best = max(best, reference.utility)
        if solution.bound < best - _tolerance(best):
            claims.append(f"claimed the bound {solution.bound:.9g}, but {best:.9g} is reached")
    if solution.utility is not None and outcome.feasible:
        off = abs(solution.utility - outcome.utility)
        if not off <= CLAIM_TOLERANCE * max(1.0, abs(outcome.utility)):  # infinity is off, too
            claims.append(f"claimed U = {solution.utility:.9g}, but U is {outcome.utility:.9g}")
    if gap is not None and gap < 0.0 and outcome.feasible:
        claims.append(f"beats the reference by {-gap:.3g}: the reference is not optimal")
    return tuple(claims)


def refuted_claims(verdicts: Sequence[Verdict]) -> list[str]:
    """Deduplicate refuted claims: claims that differ only in a number are one, with a count."""
    slots: dict[str, list[str]] = {}
    for verdict in verdicts:
        for claim in verdict.claims:
            slots.setdefault(without_numbers(claim), []).append(claim)
    if len(verdicts) == 1:
        return [said[0] for said in slots.values()]
    return [f"{said[0]} (in {len(said)} of {len(verdicts)} slots)" for said in slots.values()]


def _tolerance(utility: float) -> float:
    return TOLERANCE * max(1.0, abs(utility))
