"""The exact optimum of a slot, and the exact thread allocator."""

from __future__ import annotations

import numpy as np

from splitbench.problems import SlotProblem
from splitbench.problems.arrays import Ints
from splitbench.problems.status import Status
from splitbench.solvers.contract import Solution, no_decision
from splitbench.solvers.exact.knapsack import best_division


class Exact:
    """Proven optimum of the slot: best l for each k, then a dynamic programme over threads.

    P1 is separable but for Σ k = K (Eq. 13): g_n(k) = max_l f_n(l, k), and what remains is a
    multiple-choice knapsack. Any D(k), monotone or not; O(N·S·C + N·C²) with C = K − N·k_min + 1
    (the paper calls the problem exponential; per slot it is not).
    """

    name = "exact"

    def solve(self, problem: SlotProblem) -> Solution:
        """Return the optimum, or `infeasible` where there is proved to be no decision."""
        if problem.spare_threads < 0:
            return no_decision(Status.INFEASIBLE, too_few_threads(problem))
        best = problem.best_by_threads()
        utility, extra = best_division(best.utility)
        if utility == -np.inf:
            return no_decision(Status.INFEASIBLE, why_infeasible(problem))
        partition = best.partition[np.arange(len(problem)), extra]
        return Solution(
            partition, problem.min_threads + extra, Status.OPTIMAL, bound=utility, utility=utility
        )


class ExactThreads:
    """Allocator `exact`: the threads that maximise U for the partition given.

    Over a horizon a device is hibernated where that is worth more, as where it has no feasible
    k. Without hibernation a partition that no allocation makes feasible is answered with an even
    division, whose violations the evaluation names.
    """

    name = "exact"

    def allocate(self, problem: SlotProblem, partition: Ints) -> Solution:
        """Return the best threads for `partition`, by the dynamic programme of `exact`."""
        if problem.spare_threads < 0:
            return Solution(partition, problem.even_threads())
        value = problem.utility_by_threads(partition)
        asleep = np.full_like(value, -np.inf)
        if problem.formulation.hibernation_allowed:
            asleep = problem.utility_by_threads(np.full(len(problem), -1))
        utility, extra = best_division(np.maximum(value, asleep))
        if utility == -np.inf:
            return Solution(partition, problem.even_threads())
        device = np.arange(len(problem))
        hibernates = asleep[device, extra] > value[device, extra]
        return Solution(np.where(hibernates, -1, partition), problem.min_threads + extra)


def why_infeasible(problem: SlotProblem) -> str:
    """Say why no decision of a slot is feasible, as far as one constraint alone explains it."""
    most = sum(int(cap) for cap in problem.fleet.thread_caps)  # a cap may be the largest int64
    if problem.threads > most:
        return (
            f"{problem.threads} threads are more than the devices take together, {most} "
            "(max_threads, or the length of a server_s table)"
        )
    return "no decision meets every constraint"


def too_few_threads(problem: SlotProblem) -> str:
    """Say why K < N·k_min leaves no decision."""
    return (
        f"{problem.threads} threads are fewer than {problem.min_threads} "
        f"for each of {len(problem)} devices"
    )
