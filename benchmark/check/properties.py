"""The properties that a solver's answers must have: one function each, returning None if it holds.

Every function judges by the model and the exact optimum, never by the solver's claims.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from splitbench.benchmark.check.askers import Answer, Asker
from splitbench.benchmark.check.instances import Case, reordered, rescaled
from splitbench.benchmark.referee.verify import CLAIM_TOLERANCE, TOLERANCE
from splitbench.problems import Horizon, SlotProblem
from splitbench.solvers import Solution, Status
from splitbench.solvers.exact.exact import Exact

#: Share of its time limit that a solver may overrun, plus so many seconds.
OVERRUN_SHARE, OVERRUN_S = 0.2, 0.2
#: The time limit that a solver is given, s.
LIMIT_S = 1.0

#: Statuses by which a solver says that it has no decision for a slot, and why.
_WITHOUT_DECISION = (Status.INFEASIBLE, Status.UNSUPPORTED, Status.TIMEOUT, Status.MEMORY)


@dataclass(frozen=True)
class Property:
    """A property: its statement, and how it is checked on one case."""

    name: str
    says: str
    check: Callable[[Asker, Case], str | None]


def answers(asker: Asker, case: Case) -> str | None:
    """The solver returns a Solution of N integers each, on every instance, and never raises."""
    answer = asker.ask(case.problem)
    found = answer.solution
    if found is None:
        return f"it raised an error:\n{answer.error}"
    if not found.decided:
        if Status(found.status) in _WITHOUT_DECISION:
            return None
        return f"it returned no decision and the status {found.status}"
    return _not_integers(found, len(case.problem))


def feasible(asker: Asker, case: Case) -> str | None:
    """The decision meets every constraint where every partition can be served."""
    if not case.served:
        return None
    found = asker.ask(case.problem).solution
    if found is None or found.status == Status.UNSUPPORTED:
        return None
    if not found.decided:
        return f"it returned no decision ({found.status}: {found.note})"
    if _not_integers(found, len(case.problem)):
        return None
    assert found.partition is not None
    assert found.threads is not None
    outcome = case.problem.evaluate(found.partition, found.threads, found.relaxes)
    broken = [f"{one.constraint} by {one.amount:g}" for one in outcome.violations]
    return f"it breaks {', '.join(broken)}" if broken else None


def objective(asker: Asker, case: Case) -> str | None:
    """The utility that the solver states is the one that the model gives its decision."""
    found = _usable(asker.ask(case.problem), case.problem)
    if found is None or found.utility is None:
        return None
    utility = _utility(case.problem, found)
    off = abs(found.utility - utility)
    if off <= CLAIM_TOLERANCE * max(1.0, abs(utility)):
        return None
    return f"it states U = {found.utility:.9g}; the model gives {utility:.9g}"


def claims(asker: Asker, case: Case) -> str | None:
    """`optimal` is claimed only of an optimum, `infeasible` only where no decision is feasible."""
    answer = asker.ask(case.problem)
    found, best = answer.solution, optimum(case.problem)
    if found is None:
        return None
    if found.status == Status.INFEASIBLE and best is not None:
        return f"it claims infeasible; a decision with U = {best:.9g} is feasible"
    if found.status != Status.OPTIMAL or _usable(answer, case.problem) is None:
        return None
    assert found.partition is not None
    assert found.threads is not None
    outcome = case.problem.evaluate(found.partition, found.threads)
    if not outcome.feasible:
        broken = ", ".join(one.constraint for one in outcome.violations)
        return f"it claims optimal of a decision that breaks {broken}"
    if best is not None and outcome.utility < best - _tolerance(best):
        return f"it claims optimal with U = {outcome.utility:.9g}; the optimum is {best:.9g}"
    return None


def bound(asker: Asker, case: Case) -> str | None:
    """A stated upper bound is not below the optimum."""
    found, best = asker.ask(case.problem).solution, optimum(case.problem)
    if found is None or found.bound is None or best is None:
        return None
    if found.bound >= best - _tolerance(best):
        return None
    return f"it states the upper bound {found.bound:.9g}; the optimum is {best:.9g}"


def unchanged(asker: Asker, case: Case) -> str | None:
    """The instance is the same after the call."""
    return "it changed the instance that it was given" if asker.ask(case.problem).changed else None


def reproducible(asker: Asker, case: Case) -> str | None:
    """The same seed gives the same decision: again, in another process, under another hash seed."""
    first = asker.ask(case.problem, seed=3, hash_seed=1)
    second = asker.ask(case.problem, seed=3, hash_seed=2)
    if first.solution is None or first.decision == second.decision:
        return None
    where = "in another process" if asker.separate_processes else "when it is asked again"
    return f"with the same seed it answers {_brief(first)}, and {_brief(second)} {where}"


def order(asker: Asker, case: Case) -> str | None:
    """Listing the devices in another order changes no utility, ties between devices aside.

    Solvers whose decision depends on the seed are exempt: their draws follow the order.
    """
    problem = case.problem
    if len(problem) < 2 or not case.served or len({*_cut_kinds(problem)}) < len(problem):
        return None
    first = asker.ask(problem, seed=1)
    if first.decision != asker.ask(problem, seed=2).decision:
        return None
    other = reordered(problem, range(len(problem) - 1, -1, -1))
    one, two = _usable(first, problem), _usable(asker.ask(other, seed=1), other)
    if one is None or two is None or _one_thread_apart(one, two):
        return None
    utility, again = _utility(problem, one), _utility(other, two)
    if abs(utility - again) <= _tolerance(utility):
        return None
    return f"U is {utility:.9g} in the order given and {again:.9g} in reverse order"


def units(asker: Asker, case: Case) -> str | None:
    """Counting time in other units, or energy in other units, changes no utility."""
    if not case.served:
        return None
    problem = case.problem
    first = _usable(asker.ask(problem), problem)
    if first is None:
        return None
    utility = _utility(problem, first)
    for what, time, energy in (("times", 2.0**10, 1.0), ("energies", 1.0, 2.0**10)):
        other = rescaled(problem, time, energy)
        second = _usable(asker.ask(other), other)
        again = None if second is None else _utility(other, second)
        if again is None or abs(utility - again) > 1e-6 * max(1.0, abs(utility)):
            shown = "no decision" if again is None else f"U = {again:.9g}"
            return f"U is {utility:.9g}; with all {what} multiplied by 1024 it gives {shown}"
    return None


def time_limit(asker: Asker, case: Case) -> str | None:
    """A limit that the context states is kept, to 20 % and 0.2 s."""
    answer = asker.ask(case.problem, limit_s=LIMIT_S)
    most = LIMIT_S * (1.0 + OVERRUN_SHARE) + OVERRUN_S
    if answer.seconds <= most:
        return None
    return f"given {LIMIT_S:g} s it took {answer.seconds:.2f} s on {len(case.problem)} devices"


def episode(asker: Asker, horizon: Horizon) -> str | None:
    """Over a horizon every slot gets a decision, and a second episode is like the first."""
    first, second = asker.play(horizon, seed=5, episodes=2)
    for index, answer in enumerate(first):
        if answer.solution is None:
            return f"slot {index} of a horizon: it raised an error:\n{answer.error}"
        if answer.solution.status == Status.UNSUPPORTED:
            return None
        if answer.decision is None:
            return f"in slot {index} of a horizon it gave no decision ({answer.solution.note})"
    if [answer.decision for answer in first] == [answer.decision for answer in second]:
        return None
    slot = next(n for n, (a, b) in enumerate(zip(first, second, strict=True)) if _differ(a, b))
    return (
        f"asked to run the same horizon twice with the same seed, slot {slot} got "
        f"{_brief(first[slot])} first and {_brief(second[slot])} then; "
        "start(horizon) must forget the episode before"
    )


PROPERTIES = (
    Property(
        "answers", "It answers every instance with N integers each, and never raises", answers
    ),
    Property("feasible", "Its decisions meet every constraint", feasible),
    Property("objective", "The utility that it states is the model's", objective),
    Property("claims", "Its claims of optimality and infeasibility are true", claims),
    Property("bound", "Its bounds are upper bounds", bound),
    Property("unchanged", "It leaves the instance as it was", unchanged),
    Property("reproducible", "The same seed gives the same decision", reproducible),
    Property("order", "The order of the devices does not matter", order),
    Property("units", "Units of time and energy do not matter", units),
)
TIME_LIMIT = Property("time_limit", "It keeps its time limit", time_limit)
#: Name and words of the one property that is checked on a horizon.
EPISODE = ("episode", "It runs a horizon, and a second one like the first")


def optimum(problem: SlotProblem) -> float | None:
    """U* of a slot, None where it is infeasible."""
    found = Exact().solve(problem)
    if found.partition is None or found.threads is None:
        return None
    return problem.evaluate(found.partition, found.threads).utility


def _usable(answer: Answer, problem: SlotProblem) -> Solution | None:
    found = answer.solution
    if found is None or not found.decided or _not_integers(found, len(problem)):
        return None
    return found


def _not_integers(found: Solution, devices: int) -> str | None:
    for name, values in (("partition", found.partition), ("threads", found.threads)):
        array = np.asarray(values)
        if array.shape != (devices,) or array.dtype.kind not in "iu":
            return (
                f"{name} is an array of {array.dtype} with shape {array.shape}; "
                f"expected {devices} integers"
            )
    return None


def _utility(problem: SlotProblem, found: Solution) -> float:
    assert found.partition is not None
    assert found.threads is not None
    return problem.evaluate(found.partition, found.threads, found.relaxes).utility


def _one_thread_apart(first: Solution, second: Solution) -> bool:
    """Whether two answers to opposite orders differ only by single threads, as ties do."""
    same = np.array_equal(np.asarray(first.partition), np.asarray(second.partition)[::-1])
    apart = np.abs(np.asarray(first.threads) - np.asarray(second.threads)[::-1])
    return same and bool((apart <= 1).all())


def _cut_kinds(problem: SlotProblem) -> list[tuple[float, ...]]:
    return [device.cut_bits for device in problem.fleet.devices]


def _differ(first: Answer, second: Answer) -> bool:
    return first.decision != second.decision


def _brief(answer: Answer) -> str:
    if answer.decision is None:
        return "no decision"
    return f"l = {list(answer.decision[0])}, k = {list(answer.decision[1])}"


def _tolerance(utility: float) -> float:
    return TOLERANCE * max(1.0, abs(utility))
