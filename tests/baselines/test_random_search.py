"""Random search: it returns its best draw, publishes incumbents and keeps its time limit."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings

from splitbench.baselines.random_decision import DecisionDraws
from splitbench.problems import InputError, SlotProblem
from splitbench.solvers import Context, Solution, Status, make, solve_slot
from splitbench.solvers.exact.exact import Exact
from tests.strategies import problems, random_problem


def utility(problem: SlotProblem, solution: Solution) -> float:
    """U of a decision that must be feasible."""
    outcome = problem.evaluate(solution.partition, solution.threads)
    assert outcome.feasible
    return outcome.utility


def search(problem: SlotProblem, budget: int, seed: int = 0) -> tuple[Solution, list[Solution]]:
    """The answer and what was published."""
    published: list[Solution] = []
    context = Context(seed=seed, publish=published.append)
    return solve_slot(make(f"random-search[budget={budget}]"), problem, context), published


@settings(max_examples=80, deadline=None)
@given(problems())
def test_it_is_the_best_of_its_draws(problem: SlotProblem) -> None:
    """Drawn again from the seed and evaluated by the model; infeasible where the optimum is."""
    solution, published = search(problem, 20, seed=3)
    if not Exact().solve(problem).decided:
        assert (solution.status, solution.decided) == (Status.INFEASIBLE, False)
        assert published == []
        return
    draws, rng = DecisionDraws(problem), Context(seed=3).rng
    drawn = [utility(problem, draws.draw(rng)) for _ in range(20)]
    assert utility(problem, solution) == pytest.approx(max(drawn), rel=1e-12)
    incumbents = [utility(problem, one) for one in published]
    assert incumbents == sorted(set(incumbents))
    assert published[-1] is solution


def slot(seed: int = 0) -> SlotProblem:
    """A slot with many feasible decisions."""
    rng = np.random.default_rng(seed)
    return random_problem(rng, devices=3, spare=6, load="light", battery="full", caps=False)


@pytest.mark.parametrize("seed", range(5))
def test_more_budget_is_never_worse_and_one_draw_is_random(seed: int) -> None:
    """A smaller budget's draws come first; the first of all is the decision of `random`."""
    problem = slot(seed)
    found = [search(problem, budget, seed)[0] for budget in (1, 10, 100)]
    first = solve_slot(make("random"), problem, Context(seed=seed))
    assert np.array_equal(np.asarray(first.partition), np.asarray(found[0].partition))
    assert np.array_equal(np.asarray(first.threads), np.asarray(found[0].threads))
    values = [utility(problem, one) for one in found]
    assert values == sorted(values)
    assert values[0] < values[2]


def test_it_stops_when_the_time_is_up() -> None:
    """With no time left the first draw is the answer, of whatever budget."""
    problem, late = slot(), Context(deadline=time.monotonic() - 1.0)
    solution = solve_slot(make("random-search[budget=1000000000]"), problem, late)
    assert utility(problem, solution) == utility(problem, search(problem, 1)[0])


def test_a_budget_below_one_is_refused() -> None:
    """The message says what would be accepted."""
    with pytest.raises(InputError, match="budget: got 0; expected at least 1"):
        make("random-search[budget=0]")
