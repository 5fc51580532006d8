"""Solver `local`: everything on the device."""

from __future__ import annotations

from splitbench.problems import SlotProblem
from splitbench.solvers.contract import Solution


class Local:
    """l = S for every device; threads are split evenly, since Eq. 13 asks that all are used."""

    name = "local"

    def solve(self, problem: SlotProblem) -> Solution:
        """Return local-only with an even division of the threads."""
        return Solution(problem.layers, problem.even_threads())
