"""The slot's optimum with one device's choice forced: which choices some optimum makes."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike

from splitbench.problems import SlotProblem
from splitbench.problems.arrays import Floats


def best_with_partition(problem: SlotProblem, partition: ArrayLike) -> Floats:
    """Return, for each device alone, the best U where it has that l and all else is free.

    Parameters
    ----------
    partition
        l_n, integers of shape (N,); −1 hibernates where that is allowed.

    Returns
    -------
    Floats
        Shape (N,); equal to the slot's optimum where some optimal decision has that l_n, −inf
        where no feasible decision has it.
    """
    forced = problem.utility_by_threads(partition)
    totals: Floats = (forced + others_best(problem.best_by_threads().utility)[:, ::-1]).max(axis=1)
    return totals


def best_with_threads(problem: SlotProblem, threads: ArrayLike) -> Floats:
    """Return, for each device alone, the best U where it has that k and all else is free.

    `threads` are k_n of shape (N,), each within `thread_range`; see `best_with_partition`.
    """
    value = problem.best_by_threads().utility
    totals = value + others_best(value)[:, ::-1]
    device = np.arange(len(problem))
    chosen: Floats = totals[device, np.asarray(threads) - problem.min_threads]
    return chosen


def others_best(value: Floats) -> Floats:
    """Best sum of all rows but one that share out exactly r = 0..C−1 extra threads.

    Parameters
    ----------
    value
        Shape (N, C), as in `splitbench.solvers.exact.knapsack.best_division`.

    Returns
    -------
    Floats
        Shape (N, C): row n leaves out device n. From the best of all devices before n and of all
        behind it, in O(N·C²).
    """
    devices, columns = value.shape
    nobody = np.full(columns, -np.inf)
    nobody[0] = 0.0
    before, behind = [nobody], [nobody]
    for row in value[:-1]:
        before.append(_shared(before[-1], row))
    for row in value[:0:-1]:
        behind.append(_shared(behind[-1], row))
    rests = [_shared(*pair) for pair in zip(before, reversed(behind), strict=True)]
    return np.stack(rests).reshape(devices, columns)


def _shared(first: Floats, second: Floats) -> Floats:
    """Return max over j of first[r − j] + second[j], for r = 0..C−1."""
    columns = len(first)
    padded = np.concatenate([np.full(columns - 1, -np.inf), first])
    best: Floats = (sliding_window_view(padded, columns) + second[::-1]).max(axis=1)
    return best
