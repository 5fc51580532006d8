"""The best decision of a slot: cuts for each thread count, then the threads divided exactly."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from splitbench.problems import HIBERNATE, UNSERVED_UTILITY, SlotProblem
from splitbench.problems.arrays import Floats, Ints
from splitbench.solvers.exact.cut_front import Front, best_cuts, thread_table
from splitbench.solvers.exact.division import Division, Method, divide

#: Counts in the first table of a large server; more are computed only if they may matter.
_NARROW = 64
#: The same, in average numbers of threads beyond the minimum.
_TIMES_AVERAGE = 8
#: Rounding errors of the sums compared, relative.
_ROUNDING = 1e-12


class Optimum(NamedTuple):
    """A decision of a slot, and what is known of it.

    Attributes
    ----------
    partition, threads
        l_n and k_n, shape (N,); None where there is no decision.
    utility, bound
        What was maximised, and an upper bound on it; −inf where there is none, or none is known.
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
    later: Floats | None = None,
    method: Method = "auto",
    ends: float = np.inf,
) -> Optimum:
    """Maximise Σ f_n(l_n, k_n), plus what each cut is worth `later`, over a front's cuts.

    Parameters
    ----------
    front
        Cuts in play, for the same `later`, shape (N, L).
    asleep
        Utility of each device if it hibernates, shape (N,), −inf where it may not; None: none may.
        Ties with a cut go to the cut.
    method, ends
        See `divide`. `dp` makes the whole table.
    """
    total = problem.spare_threads
    columns = total + 1 if method == "dp" else _first_width(problem)
    caps = problem.thread_caps - problem.min_threads
    while True:
        value = thread_table(problem, front, columns, later)
        if asleep is not None:
            rests = np.where(np.arange(columns) <= caps[:, None], asleep[:, None], -np.inf)
            np.maximum(value, rests, out=value)
        division = divide(value, total, method, ends)
        beyond = np.flatnonzero(caps >= columns)
        if columns > total or len(beyond) == 0:
            break
        ceiling = front.ceiling if asleep is None else np.maximum(front.ceiling, asleep)
        gained = _gained_beyond(value, division, beyond, ceiling[beyond])
        if gained == 0.0:
            break
        if not division.proved and division.extra is not None:  # no time for more
            division = division._replace(bound=division.bound + gained)
            break
        columns = min(total + 1, 4 * columns)
    return _decided(problem, front, division, asleep, later)


def worth_asleep(problem: SlotProblem) -> Floats | None:
    """Return what hibernation scores, shape (N,), or None where it is not allowed."""
    if not problem.formulation.hibernation_allowed:
        return None
    return np.full(len(problem), UNSERVED_UTILITY)


def _first_width(problem: SlotProblem) -> int:
    columns = problem.spare_threads + 1
    if columns <= _NARROW:
        return columns
    average = -(-problem.spare_threads // len(problem))
    return min(columns, max(_NARROW, _TIMES_AVERAGE * average))


def _gained_beyond(value: Floats, division: Division, beyond: Ints, ceiling: Floats) -> float:
    """Bound what counts behind the table's end could add to `division.bound`.

    0 where no division with such a count is as good as this one: at a price μ ≥ 0, a device that
    holds C or more is worth at most its ceiling less μ·C.
    """
    price, extra, columns = division.price, division.extra, value.shape[1]
    if price is None or price <= 0.0 or extra is None:
        return np.inf
    held = value[beyond, extra[beyond]] - price * extra[beyond]
    gains = ceiling - price * columns - held
    lost = division.bound - division.utility + _ROUNDING * (1.0 + abs(division.utility))
    if division.proved and bool((gains < -lost).all()):
        return 0.0
    return float(np.maximum(gains, 0.0).sum())


def _decided(
    problem: SlotProblem,
    front: Front,
    division: Division,
    asleep: Floats | None,
    later: Floats | None,
) -> Optimum:
    """Choose the cuts for the threads."""
    if division.extra is None:
        return Optimum(None, None, -np.inf, division.bound, division.proved, division.method)
    threads = problem.min_threads + division.extra
    partition, utility = best_cuts(problem, front, threads, later)
    if asleep is not None:
        rests = asleep > utility
        partition[rests], utility[rests] = HIBERNATE, asleep[rests]
    total = float(utility.sum())
    bound = total if division.proved else max(division.bound, total)
    return Optimum(partition, threads, total, bound, division.proved, division.method)
