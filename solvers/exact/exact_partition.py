"""Partitioner `exact-partition`: the partition of the joint optimum, for another allocator."""

from __future__ import annotations

import numpy as np

from splitbench.problems import SlotProblem
from splitbench.problems.arrays import Ints
from splitbench.solvers.contract import Solution
from splitbench.solvers.exact.exact import Exact


class ExactPartition:
    """The partition of the joint optimum; the scheme's allocator divides the threads again.

    `exact-partition+bs` against `exact` shows what BS loses.
    """

    name = "exact-partition"

    def partition(self, problem: SlotProblem) -> Ints | Solution:
        """Return the optimum's l, shape (N,), or the proof that there is no decision."""
        solution = Exact().solve(problem)
        return solution if solution.partition is None else np.asarray(solution.partition)
