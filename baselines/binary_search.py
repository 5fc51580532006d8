"""Allocator `bs`: each device gets the fewest threads that meet its deadline."""

from __future__ import annotations

from typing import Literal

import numpy as np

from splitbench.problems import SlotProblem
from splitbench.problems.arrays import Floats, Ints
from splitbench.solvers.contract import Solution
from splitbench.solvers.threads.feasible_counts import feasible_start, hibernate_infeasible


class BinarySearch:
    """The paper's BS: "binary search to find the minimum number of threads".

    The paper leaves the following choices open. The search runs over the running minimum of
    D_e2e(k), so it is right where D(k) is not monotone. A device that meets its deadline at no k
    asks for the smallest k of least latency. While the requests exceed K, one thread is taken from
    the device with most threads (ties: first), never below its smallest feasible k. Leftover
    threads go one by one to the device with fewest.

    Parameters
    ----------
    leftover
        `even` hands leftover threads out, so that Σ k = K (Eq. 13). `idle` leaves them unused, as
        the paper's text reads; the result is reported as relaxing `threads_sum`.
    """

    name = "bs"

    def __init__(self, leftover: Literal["even", "idle"] = "even"):
        self.leftover = leftover

    def allocate(self, problem: SlotProblem, partition: Ints) -> Solution:
        """Allocate threads for `partition`; unserved devices hibernate where that is allowed."""
        start = feasible_start(problem, partition)
        if start is None:
            return Solution(partition, problem.even_threads())
        latency = problem.latency_by_threads(start.partition)
        wanted = problem.min_threads + fewest_threads(latency, problem.fleet.deadline_s)
        threads = _shrink(np.maximum(wanted, start.least), start.least, problem.threads)
        if self.leftover == "even":
            threads = _give_out(threads, problem)
        idle = self.leftover == "idle" and threads.sum() < problem.threads
        relaxes = ("threads_sum",) if idle else ()
        served = hibernate_infeasible(problem, start.partition, threads)
        return Solution(served, threads, relaxes=relaxes)


def fewest_threads(latency_s: Floats, deadline_s: Floats) -> Ints:
    """Index of the smallest k within the deadline, else of the smallest k of least latency.

    Binary search over the running minimum, which falls with k whatever D(k) does. Shapes (N, C)
    and (N,), result (N,).
    """
    lowest = np.minimum.accumulate(latency_s, axis=1)
    reachable = np.maximum(deadline_s, lowest[:, -1])
    return np.array(
        [
            np.searchsorted(-row, -target, side="left")
            for row, target in zip(lowest, reachable, strict=True)
        ]
    )


def _shrink(wanted: Ints, least: Ints, total: int) -> Ints:
    """Take threads from the device with most until the sum fits, never below `least`."""
    threads = wanted.copy()
    while threads.sum() > total:
        can_give = np.where(threads > least, threads, -1)
        threads[int(can_give.argmax())] -= 1
    return threads


def _give_out(threads: Ints, problem: SlotProblem) -> Ints:
    """Give leftover threads one by one to the device with fewest, within the caps."""
    given, caps = threads.copy(), problem.thread_caps
    for _ in range(problem.threads - int(given.sum())):
        takers = np.where(given < caps, given, np.iinfo(np.int64).max)
        taker = int(takers.argmin())
        if given[taker] >= caps[taker]:
            break
        given[taker] += 1
    return given
