"""The slot's optimum with one device's choice forced: which choices some optimum makes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from splitbench.problems import SlotProblem
from splitbench.problems.arrays import Floats
from splitbench.solvers.exact.max_plus import others_best, widened


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
    spare = problem.spare_threads
    forced = widened(problem.utility_by_threads(partition), spare)
    value = widened(problem.best_by_threads().utility, spare)
    totals: Floats = (forced + others_best(value)[:, ::-1]).max(axis=1)
    return totals


def best_with_threads(problem: SlotProblem, threads: ArrayLike) -> Floats:
    """Return, for each device alone, the best U where it has that k and all else is free.

    `threads` are k_n of shape (N,), each within `thread_range`; see `best_with_partition`.
    """
    value = widened(problem.best_by_threads().utility, problem.spare_threads)
    totals = value + others_best(value)[:, ::-1]
    device = np.arange(len(problem))
    chosen: Floats = totals[device, np.asarray(threads) - problem.min_threads]
    return chosen
