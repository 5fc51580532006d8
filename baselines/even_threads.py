"""Allocator `even`: ⌊K/N⌋ threads each, the remainder one by one to the first devices."""

from __future__ import annotations

from splitbench.problems import SlotProblem
from splitbench.problems.arrays import Ints
from splitbench.solvers.contract import Solution
from splitbench.solvers.threads.feasible_counts import hibernate_infeasible


class EvenThreads:
    """Split K threads evenly between devices.

    It does not search for a feasible k: a device whose queue is unstable at its even share
    hibernates where that is allowed; elsewhere evaluation names the violation.
    """

    name = "even"

    def allocate(self, problem: SlotProblem, partition: Ints) -> Solution:
        """Return `partition` with an even split."""
        threads = problem.even_threads()
        return Solution(hibernate_infeasible(problem, partition, threads), threads)
