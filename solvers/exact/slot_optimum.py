"""The best decision of a slot: cuts for each thread count, then the threads divided exactly."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np

from splitbench.problems import HIBERNATE, UNSERVED_UTILITY, SlotProblem
from splitbench.problems.arrays import Floats, Ints
from splitbench.solvers.exact.count_table import WIDER, CountTable
from splitbench.solvers.exact.cut_front import Front, best_cuts, utilities, write_cuts
from splitbench.solvers.exact.division import PROGRAMME, Division, divide, small
from splitbench.solvers.exact.knapsack import best_division

#: Rounding errors of the sums compared, relative.
_ROUNDING = 1e-12


class Optimum(NamedTuple):
    """A decision of a slot, and what is known of it.

    Attributes
    ----------
    partition, threads
        l_n and k_n, shape (N,); None where there is no decision.
    utility, bound
        What was maximised, and an upper bound on it. Without a decision −inf; the bound is then inf
        where none is known.
    proved
        Whether the decision is optimal, or, without one, that none is feasible.
    method
        How it was found, in words.
    """

    partition: Ints | None
    threads: Ints | None
    utility: float
    bound: float
    proved: bool
    method: str


def slot_optimum(
    problem: SlotProblem,
    front: Front,
    *,
    asleep: Floats | None = None,
    always_core: bool = False,
    ends: float = np.inf,
) -> Optimum:
    """Maximise Σ f_n(l_n, k_n), plus what each cut is worth later, over a front's cuts.

    Parameters
    ----------
    asleep
        Utility of each device if it hibernates, shape (N,), −inf where it may not; None: none may.
        Ties with a cut go to the cut.
    always_core
        Price and core for small slots too, which the plain programme solves otherwise.
    ends
        `time.monotonic()` at which the core is given up: the answer is then the best decision
        found, with the least bound.
    """
    if is_small(problem) and not always_core:
        return _small_optimum(problem, front, asleep)
    begun = time.monotonic()
    table = CountTable(problem, front, asleep)
    best, bound, price = None, np.inf, None
    while True:
        division = divide(table.value, problem.spare_threads, "core", ends, price)
        price, partly = division.price, table.partly_tabled()
        if division.extra is not None:
            best, gains = division, table.gains_beyond(division, partly)
            bound = min(bound, division.bound + float(np.maximum(gains, 0.0).sum()))
            if not division.proved:
                break
            lost = division.bound - division.utility + _ROUNDING * (1.0 + abs(division.utility))
            partly = partly[gains >= -lost]
            if len(partly) == 0:
                return _decided(problem, front, division, asleep)
        elif not division.proved:
            bound = min(bound, division.bound if len(partly) == 0 else np.inf)
            break
        elif len(partly) == 0 or table.has_no_division():
            return Optimum(None, None, -np.inf, -np.inf, True, division.method)
        # A table sees no clock: one that would take longer than is left is not begun.
        now = time.monotonic()
        share = len(partly) / len(problem)
        if now + (now - begun) * (1.0 + WIDER * share) > ends:
            break
        begun = now
        table.widen(partly)
    if best is None:
        return Optimum(None, None, -np.inf, bound, False, division.method)
    return _decided(problem, front, best._replace(bound=bound, proved=False), asleep)


def is_small(problem: SlotProblem) -> bool:
    """Whether the plain programme on all counts is the quicker."""
    return small(len(problem), problem.spare_threads)


def worth_asleep(problem: SlotProblem) -> Floats | None:
    """Return what hibernation scores, shape (N,), or None where it is not allowed."""
    if not problem.formulation.hibernation_allowed:
        return None
    return np.full(len(problem), UNSERVED_UTILITY)


def _small_optimum(problem: SlotProblem, front: Front, asleep: Floats | None) -> Optimum:
    """Table all counts at once, and run the plain programme."""
    fleet, least, columns = problem.fleet, problem.min_threads, problem.spare_threads + 1
    devices, begins = len(problem), front.begins()
    whole = fleet.curve_rows(slice(None), least - 1 + columns)[:, least - 1 :]
    worth = utilities(problem, front, whole[front.device])
    value = np.maximum.reduceat(worth, begins, axis=0) if len(begins) else worth
    if len(begins) < devices:  # some device has no feasible cut
        served, value = value, np.full((devices, columns), -np.inf)
        value[front.device[begins]] = served
    if asleep is not None:
        np.maximum(value, asleep[:, None], out=value)
    if fleet.least_cap < least - 1 + columns:
        value[np.arange(columns) > (problem.thread_caps - least)[:, None]] = -np.inf
    total, extra = best_division(value)
    if total == -np.inf:
        return Optimum(None, None, -np.inf, -np.inf, True, PROGRAMME)
    partition = np.full(devices, HIBERNATE)
    taken = worth[np.arange(len(worth)), extra[front.device]]
    write_cuts(front, taken, value[np.arange(devices), extra], partition)
    return Optimum(partition, least + extra, total, total, True, PROGRAMME)


def _decided(
    problem: SlotProblem, front: Front, division: Division, asleep: Floats | None
) -> Optimum:
    """Choose the cuts for the threads."""
    assert division.extra is not None
    threads = problem.min_threads + division.extra
    partition, utility = best_cuts(problem, front, threads)
    if asleep is not None:
        rests = asleep > utility
        partition[rests], utility[rests] = HIBERNATE, asleep[rests]
    total = float(utility.sum())
    bound = total if division.proved else max(division.bound, total)
    return Optimum(partition, threads, total, bound, division.proved, division.method)
