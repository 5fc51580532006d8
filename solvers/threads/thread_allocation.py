"""Algorithm 1 of the paper, thread allocation (TA): corrected, and as printed."""

from __future__ import annotations

from typing import Literal

import numpy as np

from splitbench.problems import HIBERNATE, SlotProblem
from splitbench.problems.arrays import Floats, Ints
from splitbench.problems.even_split import even_split
from splitbench.solvers.contract import ALONE, Context, Solution
from splitbench.solvers.threads.feasible_counts import feasible_start, hibernate_infeasible


class ThreadAllocation:
    """TA: move one thread at a time to where it lowers latency most (Algorithm 1).

    Parameters
    ----------
    ta
        `corrected` moves a thread from the device that loses least to the one that gains most,
        as the text says; `printed` follows the lines as they stand: line 9 allows a drop only
        to k_min − 1 and line 17 compares latencies instead of their changes.
    objective
        `latency`: Σ D_e2e, the paper's; `utility`: Σ D_e2e/D_max, which is what U rewards.
    start
        How threads beyond the smallest feasible counts are given out first: `even`, or
        `random` (line 3) from the seed.
    """

    name = "ta"

    def __init__(
        self,
        ta: Literal["corrected", "printed"] = "corrected",
        objective: Literal["latency", "utility"] = "latency",
        start: Literal["even", "random"] = "even",
    ):
        self.ta = ta
        self.objective = objective
        self.start_rule = start

    def allocate(self, problem: SlotProblem, partition: Ints, context: Context = ALONE) -> Solution:
        """Allocate threads for `partition`; unserved devices hibernate where that is allowed."""
        start = feasible_start(problem, partition)
        if start is None:  # no feasible start: evaluation names the violation
            return Solution(partition, problem.even_threads())
        threads = start.least + self._spread(problem, start.least, context)
        cost = self._cost(problem, start.partition)
        if self.ta == "corrected":
            threads = improve(cost, threads, problem.min_threads)
        else:
            threads = printed_rule(self._printed_cost(problem, start.partition), threads, problem)
            if threads.min() < problem.min_threads:  # the printed rule breaks Eq. 14: left as it is
                return Solution(start.partition, threads)
        return Solution(hibernate_infeasible(problem, start.partition, threads), threads)

    def _spread(self, problem: SlotProblem, least: Ints, context: Context) -> Ints:
        rest = problem.threads - int(least.sum())
        room = problem.thread_caps - least
        if self.start_rule == "even":
            return even_split(rest, room)
        extra = np.zeros(len(least), dtype=np.int64)
        rng = context.rng
        for _ in range(min(rest, int(room.sum()))):
            extra[rng.choice(np.flatnonzero(extra < room))] += 1
        return extra

    def _cost(self, problem: SlotProblem, partition: Ints) -> Floats:
        cost = problem.latency_by_threads(partition)
        if self.objective == "utility":
            cost = cost / problem.fleet.deadline_s[:, None]
        return cost

    def _printed_cost(self, problem: SlotProblem, partition: Ints) -> Floats:
        """Cost at k = 0 (undefined, inf), 1, 2, …: the printed rule looks below k_min.

        Others may have dropped below k_min, so it goes on to what they leave at one thread each.
        """
        count = len(problem)
        weight = problem.fleet.deadline_s if self.objective == "utility" else np.ones(count)
        columns = [np.full(count, np.inf)]
        for k in range(1, problem.threads - count + 2):
            terms = problem.terms_at(partition, np.full(count, k))
            cost = np.where(terms.powered & terms.steady, terms.end_to_end_s / weight, np.inf)
            cost = np.where(partition == HIBERNATE, 0.0, cost)
            columns.append(np.where(k <= problem.thread_caps, cost, np.inf))
        return np.stack(columns, axis=1)


def improve(cost: Floats, threads: Ints, min_threads: int) -> Ints:
    """Algorithm 1, corrected: exchange single threads while the total cost falls.

    Each round finds, over all devices, the largest decrement δ_down = cost(k) − cost(k + 1) and,
    over the others, the smallest increment δ_up = cost(k − 1) − cost(k), and moves the thread if
    δ_down > δ_up (line 17 with n_down ≠ n_up, ε = 0). The total strictly falls, so it stops. For
    a cost convex in k the result is optimal, as greedy exchange is for separable convex
    allocation; otherwise it is a local optimum.

    Parameters
    ----------
    cost
        Shape (N, C): cost at min_threads, min_threads + 1, …; +inf where infeasible.
    threads
        The start, shape (N,).

    Returns
    -------
    Ints
        Threads, shape (N,), with the same sum.
    """
    device = np.arange(len(threads))
    padded = np.pad(cost, ((0, 0), (1, 1)), constant_values=np.inf)  # drop and gain off the ends
    position = threads - min_threads + 1
    while len(threads) > 1:
        here = padded[device, position]
        increment = gained(padded[device, position - 1], here, np.inf)
        decrement = gained(here, padded[device, position + 1], -np.inf)
        giver, taker = _best_pair(increment, decrement)
        # The comparison of sums, not of differences, is what guarantees a strict fall.
        before = here[giver] + here[taker]
        after = padded[giver, position[giver] - 1] + padded[taker, position[taker] + 1]
        if not after < before:
            break
        position[giver] -= 1
        position[taker] += 1
    return position + min_threads - 1


def _best_pair(increment: Floats, decrement: Floats) -> tuple[int, int]:
    """Return (giver, taker), different devices, of the largest δ_down − δ_up; ties: first."""
    first_giver, first_taker = int(increment.argmin()), int(decrement.argmax())
    if first_giver != first_taker:
        return first_giver, first_taker
    others = np.delete(np.arange(len(increment)), first_giver)
    second_giver = int(others[increment[others].argmin()])
    second_taker = int(others[decrement[others].argmax()])
    with_second_giver = gained(decrement[first_taker], increment[second_giver], -np.inf)
    with_second_taker = gained(decrement[second_taker], increment[first_giver], -np.inf)
    if with_second_giver >= with_second_taker:
        return second_giver, first_taker
    return first_giver, second_taker


def gained(first: Floats, second: Floats, undefined: float) -> Floats:
    """Return first − second, and `undefined` for ∞ − ∞, a move between infeasible counts."""
    with np.errstate(invalid="ignore"):
        difference = first - second
    return np.where(np.isnan(difference), undefined, difference)


def printed_rule(cost: Floats, threads: Ints, problem: SlotProblem) -> Ints:
    """Algorithm 1 as printed; `cost` has a column for each k from 0 (undefined, +inf).

    Line 9: a drop counts only if k − 1 ≤ k_min − 1. Line 17: compares the latencies D_down of
    the device that gains most and D_up of the one that loses least. Lines 16–19 are read as
    standing after the loop over n, ε as 0, a gain beyond a cap as none at all, and a device's
    exchange with itself as none. A move that raises the total is kept, and is the last.
    """
    held = threads.copy()
    device = np.arange(len(held))
    padded = np.pad(cost, ((0, 0), (0, 1)), constant_values=np.inf)
    while True:
        here = padded[device, held]
        up = np.where(held - 1 <= problem.min_threads - 1, padded[device, held - 1], np.inf)
        down = padded[device, held + 1]
        loses = gained(up, here, np.inf)
        gains = gained(here, down, -np.inf)
        giver, taker = int(loses.argmin()), int(gains.argmax())
        if gains[taker] > -np.inf and down[taker] > up[giver] and giver != taker:
            held[taker] += 1
            held[giver] -= 1
        if not padded[device, held].sum() < here.sum():
            return held
