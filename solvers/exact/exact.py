"""The exact optimum of a slot, and the exact thread allocator."""

from __future__ import annotations

import time
from typing import get_args

import numpy as np

from splitbench.problems import HIBERNATE, InputError, SlotProblem, UnknownNameError
from splitbench.problems.arrays import Ints
from splitbench.problems.status import Status
from splitbench.solvers.contract import ALONE, Context, Solution, no_decision
from splitbench.solvers.exact.cut_front import cut_front, given_cuts
from splitbench.solvers.exact.division import PROGRAMME, Method
from splitbench.solvers.exact.knapsack import best_division
from splitbench.solvers.exact.max_plus import widened
from splitbench.solvers.exact.slot_optimum import Optimum, slot_optimum, worth_asleep


class Exact:
    """Proven optimum of the slot, for three devices or a million.

    P1 is separable but for Σ k = K (Eq. 13): g_n(k) = max_l f_n(l, k), and what remains is a
    multiple-choice knapsack (the paper calls the problem exponential; per slot it is not). Only
    cuts that can be best at some k are tabled (`splitbench.solvers.exact.cut_front`). Small slots
    are solved by the dynamic programme over threads, in O(N·S + P·C + N·C²) for P such cuts and
    C = K − N·k_min + 1. Larger ones by a price on threads and a dynamic programme over the few
    devices that still have a choice (`splitbench.solvers.exact.core`), in about O(N·S + P·C) for
    the few counts C that matter. Any D(k), monotone or not. The note says which it was.

    Parameters
    ----------
    method
        `dp`: the dynamic programme on the model's own utility table, whatever the size, as a
        check. `core`: price and core, whatever the size. `auto` takes the quicker way.
    time_limit
        Seconds for the core; the context's limit holds too. When time is up the answer is the
        best decision found, as `feasible`, with the bound proved, or `timeout`.

    Raises
    ------
    InputError
        An unknown method, or a time limit that is not positive.
    """

    name = "exact"

    def __init__(self, method: Method = "auto", time_limit: float | None = None):
        if method not in get_args(Method):
            raise UnknownNameError("method", str(method), get_args(Method))
        if time_limit is not None and not time_limit > 0:
            raise InputError(f"exact[time_limit]: got {time_limit}; expected seconds > 0")
        self.method = method
        self.time_limit = time_limit

    def solve(self, problem: SlotProblem, context: Context = ALONE) -> Solution:
        """Return the optimum, or `infeasible` where there is proved to be no decision."""
        if problem.spare_threads < 0:
            return no_decision(Status.INFEASIBLE, too_few_threads(problem))
        if self.method == "dp":
            return _by_whole_table(problem)
        ends = time.monotonic() + self.time_limit if self.time_limit else np.inf
        if context.deadline is not None:
            ends = min(ends, context.deadline)
        front = cut_front(problem)
        asleep = worth_asleep(problem)
        always_core = self.method == "core"
        found = slot_optimum(problem, front, asleep=asleep, always_core=always_core, ends=ends)
        return _solution(problem, found)


class ExactThreads:
    """Allocator `exact`: the threads that maximise U for the partition given.

    Over a horizon a device is hibernated where that is worth more, as where it has no feasible
    k. Without hibernation a partition that no allocation makes feasible is answered with an even
    division, whose violations the evaluation names.
    """

    name = "exact"

    def allocate(self, problem: SlotProblem, partition: Ints, context: Context = ALONE) -> Solution:
        """Return the best threads for `partition`, by the method of `exact`."""
        if problem.spare_threads < 0:
            return Solution(partition, problem.even_threads())
        ends = np.inf if context.deadline is None else context.deadline
        asleep = worth_asleep(problem)
        found = slot_optimum(problem, given_cuts(problem, partition), asleep=asleep, ends=ends)
        if found.partition is None:
            return Solution(partition, problem.even_threads())
        if asleep is None:
            return Solution(partition, found.threads)
        rests = found.partition == HIBERNATE
        return Solution(np.where(rests, HIBERNATE, partition), found.threads)


def why_infeasible(problem: SlotProblem) -> str:
    """Say why no decision of a slot is feasible, as far as one constraint alone explains it."""
    most = problem.fleet.threads_taken
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


def _by_whole_table(problem: SlotProblem) -> Solution:
    """Run the plain programme on the model's own table, with no front and no price."""
    best = problem.best_by_threads()
    utility, extra = best_division(widened(best.utility, problem.spare_threads))
    if utility == -np.inf:
        return no_decision(Status.INFEASIBLE, why_infeasible(problem))
    partition = best.partition[np.arange(len(problem)), extra]
    return Solution(
        partition,
        problem.min_threads + extra,
        Status.OPTIMAL,
        bound=utility,
        utility=utility,
        note=PROGRAMME,
    )


def _solution(problem: SlotProblem, found: Optimum) -> Solution:
    if found.partition is None and found.proved:
        return no_decision(Status.INFEASIBLE, why_infeasible(problem))
    bound = found.bound if found.bound < np.inf else None
    if found.partition is None:
        return no_decision(Status.TIMEOUT, f"{found.method}: nothing found in time", bound=bound)
    status, note = Status.OPTIMAL, found.method
    if not found.proved:
        status, note = Status.FEASIBLE, f"{found.method}: not proved in time"
    return Solution(
        found.partition, found.threads, status, bound=bound, utility=found.utility, note=note
    )
