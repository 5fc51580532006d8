"""Solver `local`: everything on the device."""

from __future__ import annotations

from splitbench.problems import SlotProblem
from splitbench.solvers.contract import Solution


class Local:
    """l = S for every device; threads are divided evenly, since Eq. 13 wants them given out."""

    name = "local"

    def solve(self, problem: SlotProblem) -> Solution:
        """Return local-only with an even division of the threads."""
        return Solution(problem.layers, problem.even_threads())
