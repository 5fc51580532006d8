"""Refinement: never worse than its start, and never shown alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from splitbench.benchmark.runs.plan import Request, cells_of
from splitbench.problems import SlotProblem
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers import make, solve_slot
from splitbench.solvers.ddp.actions import ActionSet
from splitbench.solvers.ddp.refine import Refine
from splitbench.solvers.registry import beside
from splitbench.solvers.threads.thread_allocation import ThreadAllocation
from tests.strategies import problems


def worth(problem: SlotProblem, partition: np.ndarray) -> float:
    """U of a partition with TA's threads; −inf where a constraint is broken."""
    decision = ThreadAllocation(objective="utility").allocate(problem, partition)
    outcome = problem.evaluate(decision.partition, decision.threads)  # type: ignore[arg-type]
    return outcome.utility if outcome.feasible else -np.inf


@given(problems(caps=False))
def test_it_ends_where_no_neighbour_is_better(problem: SlotProblem) -> None:
    """With rounds enough, no device's next merged cut up or down raises U; and U never falls."""
    start = np.zeros(len(problem), dtype=np.int64)
    refined = Refine(rounds=50).allocate(problem, start)
    outcome = problem.evaluate(refined.partition, refined.threads)  # type: ignore[arg-type]
    earned = outcome.utility if outcome.feasible else -np.inf
    assert earned >= worth(problem, start)
    held, actions = np.asarray(refined.partition), ActionSet.of(problem.fleet)
    for device in range(len(problem)):
        for choice in actions.neighbours(held, device):
            moved = held.copy()
            moved[device] = choice
            assert not worth(problem, moved) > earned


def test_a_refined_scheme_is_never_shown_alone() -> None:
    """A run of `x+refine` has the unrefined scheme and constant starts refined beside it."""
    cells = cells_of(Request(["hetero"], ["random+refine", "exact"], [0]))
    names = list(dict.fromkeys(cell.solver for cell in cells))
    assert names[:4] == [
        "random+refine",
        "random+ta[objective=utility]",
        "eo+refine",
        "local+refine",
    ]
    assert "exact" in names
    assert beside("eo+refine[rounds=2]") == ["eo+ta[objective=utility]", "local+refine[rounds=2]"]
    assert beside("eo+ta") == []


def test_refinement_alone_is_strong() -> None:
    """What the docstring warns of: from a constant start, most of edge-only's loss is gone."""
    problem = (
        make_suite("hetero").horizon(0, 1).slot(0, make_suite("hetero").horizon(0).battery_start_j)
    )
    exact = solve_slot(make("exact"), problem)
    best = problem.evaluate(exact.partition, exact.threads).utility  # type: ignore[arg-type]
    refined = solve_slot(make("eo+refine"), problem)
    reached = problem.evaluate(refined.partition, refined.threads).utility  # type: ignore[arg-type]
    start = worth(problem, np.zeros(len(problem), dtype=np.int64))
    assert best - reached < 0.1 * (best - start)


def test_no_round_is_no_refinement() -> None:
    """`rounds` below 1 is refused."""
    with pytest.raises(ValueError, match="expected at least 1"):
        Refine(rounds=0)
