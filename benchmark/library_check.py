"""`splitbench library`: list the named instances, and prove their optima and bounds again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from splitbench.problems import load_horizon, load_instance
from splitbench.problems.suites.library import LibraryEntry, library
from splitbench.solvers import make
from splitbench.solvers.calling import solve_slot
from splitbench.solvers.horizon.bound import horizon_bound

#: Relative difference that counts as rounding.
TOLERANCE = 1e-9
#: Solvers that must agree on a slot's optimum; they share only the model.
PROVERS = ("exact", "ilp-highs")


@dataclass(frozen=True)
class Verification:
    """Result of checking one entry; `problem` is empty if it holds."""

    entry: LibraryEntry
    problem: str


def verify_library() -> Iterator[Verification]:
    """Check every entry: its checksum, and its optimum or bound computed again."""
    for entry in library().values():
        if not entry.unchanged:
            yield Verification(entry, "the file is not the one of the index (checksum)")
        elif entry.kind == "slot":
            yield Verification(entry, _slot_problem(entry))
        else:
            yield Verification(entry, _horizon_problem(entry))


def _slot_problem(entry: LibraryEntry) -> str:
    problem = load_instance(entry.path)
    for name in PROVERS:
        solution = solve_slot(make(name), problem)
        if not solution.decided:
            if solution.status != "infeasible" or entry.optimum is not None:
                return f"{name}: {solution.status} ({solution.note})"
            continue
        assert solution.partition is not None
        assert solution.threads is not None
        utility = problem.evaluate(solution.partition, solution.threads).utility
        if entry.optimum is None or _differ(utility, entry.optimum):
            return f"{name} reaches {utility:.12g}; the index says {entry.optimum}"
    return ""


def _horizon_problem(entry: LibraryEntry) -> str:
    bound = horizon_bound(load_horizon(entry.path)).per_slot
    if bound is None or entry.bound is None or entry.best_known is None:
        return "no bound"
    if abs(bound - entry.bound) > 1e-6 * max(1.0, abs(bound)):  # the LP solver's own tolerance
        return f"the bound is {bound:.9g}; the index says {entry.bound:.9g}"
    if bound < entry.best_known - TOLERANCE * max(1.0, abs(bound)):
        return f"the bound {bound:.9g} is below the best known utility {entry.best_known:.9g}"
    return ""


def _differ(first: float, second: float) -> bool:
    return abs(first - second) > TOLERANCE * max(1.0, abs(second))
