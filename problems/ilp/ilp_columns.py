"""The columns of the slot ILP: one binary per device and choice, with its utility."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import numpy as np

from splitbench.problems.arrays import Floats, Ints
from splitbench.problems.errors import UnknownNameError
from splitbench.problems.formulation import UNSERVED_UTILITY
from splitbench.problems.outcome import HIBERNATE
from splitbench.problems.slot import SlotProblem

ColumnSet = Literal["best", "full"]


class Columns(NamedTuple):
    """Feasible choices of all devices, shape (M,) each, sorted by device.

    Device index n, partition l (−1: hibernation), threads k and f_n(l, k). The slot ILP is:
    maximise Σ utility·x over binary x, with one choice per device and Σ threads·x = K.
    """

    device: Ints
    partition: Ints
    threads: Ints
    utility: Floats


def slot_columns(
    problem: SlotProblem, columns: ColumnSet = "best", start: int = 0, stop: int | None = None
) -> Columns:
    """List the choices that break no constraint of their own device.

    Parameters
    ----------
    columns
        `best`: for each (device, k) the best l only, which loses no optimum. `full`: every
        (device, l, k), and hibernation at every k where it is allowed; many more columns, which
        rely on nothing but the utility table.
    start, stop
        Devices whose choices are wanted; all by default.

    Returns
    -------
    Columns
        Empty where K < N·k_min; a device without a feasible choice has no column.

    Raises
    ------
    UnknownNameError
        Another `columns`.
    """
    if columns not in get_args(ColumnSet):
        raise UnknownNameError("columns", str(columns), get_args(ColumnSet))
    if problem.spare_threads < 0:
        none = np.zeros(0, dtype=np.int64)
        return Columns(none, none, none, np.zeros(0))
    listed = _best if columns == "best" else _full
    return listed(problem, start, len(problem) if stop is None else min(stop, len(problem)))


def _best(problem: SlotProblem, start: int, stop: int) -> Columns:
    best = problem.best_by_threads(start, stop)
    device, extra = np.nonzero(best.utility > -np.inf)
    return Columns(
        start + device,
        best.partition[device, extra],
        extra + problem.min_threads,
        best.utility[device, extra],
    )


def _full(problem: SlotProblem, start: int, stop: int) -> Columns:
    table, rows = problem.utility_table(start, stop), np.arange(problem.fleet.width)
    if problem.formulation.hibernation_allowed:
        within = problem.thread_range <= problem.thread_caps[start:stop, None]
        asleep = np.where(within, UNSERVED_UTILITY, -np.inf)
        table = np.concatenate([table, asleep[:, None, :]], axis=1)
        rows = np.append(rows, HIBERNATE)
    device, row, extra = np.nonzero(table > -np.inf)
    return Columns(
        start + device, rows[row], extra + problem.min_threads, table[device, row, extra]
    )
