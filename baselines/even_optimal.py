"""Solver `even-threads`: an even division of the threads, and the best partition for it."""

from __future__ import annotations

import numpy as np

from splitbench.problems import HIBERNATE, UNSERVED_UTILITY, SlotProblem
from splitbench.problems.status import Status
from splitbench.solvers.contract import Solution, no_decision
from splitbench.solvers.threads.feasible_counts import can_hold_minimum


class EvenThreadsBestPartition:
    """Split K evenly and take the best cut for it; shows the value of thread allocation."""

    name = "even-threads"

    def solve(self, problem: SlotProblem) -> Solution:
        """Return the best l at the even k; hibernation where nothing is feasible or better."""
        if not can_hold_minimum(problem):
            return no_decision(Status.INFEASIBLE, "K or a cap is below what k_min asks for")
        threads = problem.even_threads()
        device = np.arange(len(problem))
        value = problem.utility_table()[device, :, threads - problem.min_threads]
        partition = value.argmax(axis=1)
        if problem.formulation.hibernation_allowed:
            partition = np.where(value.max(axis=1) < UNSERVED_UTILITY, HIBERNATE, partition)
        return Solution(partition, threads)
