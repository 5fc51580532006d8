"""Solver `random-search`: the best of many random feasible decisions."""

from __future__ import annotations

import numpy as np

from splitbench.baselines.random_decision import DecisionDraws
from splitbench.problems import HIBERNATE, UNSERVED_UTILITY, InputError, SlotProblem
from splitbench.problems.arrays import Floats
from splitbench.problems.status import Status
from splitbench.solvers.contract import ALONE, Context, Solution, no_decision
from splitbench.solvers.threads.feasible_counts import can_hold_minimum


class RandomSearch:
    """Keep the best of `budget` draws of `random`: a floor for any search.

    A larger budget repeats the draws of a smaller one, and the first draw is the decision of
    `random`, so more is never worse. Every better decision is published, and the search stops at
    the time limit.

    Parameters
    ----------
    budget
        Decisions drawn in a slot.
    """

    name = "random-search"

    def __init__(self, budget: int = 200):
        if budget < 1:
            raise InputError(f"budget: got {budget}; expected at least 1")
        self.budget = budget

    def solve(self, problem: SlotProblem, context: Context = ALONE) -> Solution:
        """Return the best draw, or `infeasible` where there is nothing to draw from."""
        if not can_hold_minimum(problem):
            return no_decision(Status.INFEASIBLE, "K or a cap is below what k_min asks for")
        draws, rng = DecisionDraws(problem), context.rng
        if not draws.possible:
            return no_decision(Status.INFEASIBLE, "no decision meets every constraint")
        best = draws.draw(rng)
        utility = _utility(problem, draws.table, best)
        context.publish(best)
        for _ in range(self.budget - 1):
            if context.time_left_s() <= 0.0:
                break
            drawn = draws.draw(rng)
            if (value := _utility(problem, draws.table, drawn)) > utility:
                best, utility = drawn, value
                context.publish(best)
        return best


def _utility(problem: SlotProblem, table: Floats, drawn: Solution) -> float:
    """U of a feasible decision, from the table of utilities."""
    partition, threads = np.asarray(drawn.partition), np.asarray(drawn.threads)
    earned = table[np.arange(len(problem)), partition, threads - problem.min_threads]
    return float(np.where(partition == HIBERNATE, UNSERVED_UTILITY, earned).sum())
