"""Solver `random`: a feasible decision drawn from the seed."""

from __future__ import annotations

import numpy as np

from problems import HIBERNATE, SlotProblem
from solvers.base import Context
from solvers.solution import Solution, Status, no_decision


class RandomDecision:
    """Draw threads, then a feasible l at those threads; draw again where there is none.

    Threads are a uniform composition of K into parts ≥ k_min; l is uniform over what is feasible
    at that k. A device without a feasible l hibernates where that is allowed.

    Parameters
    ----------
    tries
        Compositions drawn before giving up.
    """

    name = "random"

    def __init__(self, tries: int = 200):
        self.tries = tries

    def solve(self, problem: SlotProblem, context: Context) -> Solution:
        """Return the first feasible draw, else no decision (which proves nothing)."""
        if problem.spare_threads < 0:
            return no_decision(Status.INFEASIBLE, "fewer threads than N·k_min")
        rng, devices = context.rng, len(problem)
        feasible = np.isfinite(problem.utility_table())
        for _ in range(self.tries):
            dividers = rng.choice(problem.spare_threads + devices - 1, devices - 1, replace=False)
            ends = np.concatenate([[-1], np.sort(dividers), [problem.spare_threads + devices - 1]])
            extra = np.diff(ends) - 1
            if (problem.min_threads + extra > problem.thread_caps).any():
                continue
            options = feasible[np.arange(devices), :, extra]  # (N, L)
            if not (options.any(axis=1) | problem.formulation.hibernation_allowed).all():
                continue
            partition = [
                int(rng.choice(np.flatnonzero(row))) if row.any() else HIBERNATE for row in options
            ]
            return Solution(np.array(partition), problem.min_threads + extra)
        return no_decision(Status.ERROR, f"no feasible decision in {self.tries} draws")
