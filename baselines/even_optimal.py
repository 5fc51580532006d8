"""Solver `even-threads`: an even division of the threads, and the best partition for it."""

from __future__ import annotations

import numpy as np

from splitbench.problems import HIBERNATE, UNSERVED_UTILITY, SlotProblem
from splitbench.solvers.contract import Solution


class EvenThreadsBestPartition:
    """Split K evenly and cut each DNN where that is best: what a thread allocation is worth."""

    name = "even-threads"

    def solve(self, problem: SlotProblem) -> Solution:
        """Return the best l at the even k; hibernation where nothing is feasible or better."""
        threads = problem.even_threads()
        device = np.arange(len(problem))
        value = problem.utility_table()[device, :, threads - problem.min_threads]
        partition = value.argmax(axis=1)
        if problem.formulation.hibernation_allowed:
            partition = np.where(value.max(axis=1) < UNSERVED_UTILITY, HIBERNATE, partition)
        return Solution(partition, threads)
