"""The reference cell: a fixed small exact solve, timed regularly, to detect a drifting machine."""

from __future__ import annotations

import time

import numpy as np

from splitbench.problems import (
    Device,
    Exp2Curve,
    Fleet,
    SlotProblem,
    linear_local_s,
    linear_server_share,
)
from splitbench.solvers.exact.exact import Exact

#: Solves per timing; about 30 ms in total, so that one interrupt does not look like drift.
REPEATS = 60
#: Seconds between timings of the reference cell.
EVERY_S = 60.0

_DEVICES, _THREADS, _LAYERS = 10, 60, 20


class ReferenceCell:
    """Time of a fixed piece of work, measured once a minute between cells."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._due = 0.0

    def latest_s(self) -> float:
        """Return the latest time of the reference cell, s; at most one minute and one cell old."""
        if time.monotonic() >= self._due:
            self._seconds = reference_cell_seconds()
            self._due = time.monotonic() + EVERY_S
        return self._seconds


def reference_cell_seconds(repeats: int = REPEATS) -> float:
    """Time the reference cell: the mean seconds of some exact solves of one fixed slot.

    The mean, not the median: other processes delay a short solve by nothing or by very much. Each
    solve builds a new problem, so that nothing is cached; a first solve is not timed. The plain
    programme, which changes least: times stored by older versions stay comparable.
    """
    solver = Exact("dp")
    solver.solve(_reference_problem())
    start = time.perf_counter()
    for _ in range(repeats):
        if not solver.solve(_reference_problem()).decided:
            raise AssertionError("the reference cell has no decision")
    return (time.perf_counter() - start) / repeats


def _reference_problem() -> SlotProblem:
    """Fixed numbers, written here so that no change of a suite changes them."""
    share = linear_server_share(_LAYERS)
    cut_bits = [4.8e6 * 0.8**layer for layer in range(_LAYERS)]
    fleet = Fleet(
        [
            Device(
                name=f"d{index}",
                deadline_s=0.4 + 0.01 * index,
                battery_max_j=2000.0,
                compute_power_w=8.6,
                transmit_power_w=6.5,
                cut_bits=(*cut_bits, 0.0),
                local_s=linear_local_s(0.3 + 0.02 * index, _LAYERS),
                server_share=share,
                curve=Exp2Curve(0.17, -0.5 + 0.02 * index, 0.02, 0.0),
            )
            for index in range(_DEVICES)
        ]
    )
    return SlotProblem(
        fleet=fleet,
        threads=_THREADS,
        arrival_rate_hz=np.full(_DEVICES, 0.8),
        uplink_bps=np.linspace(1e7, 2e7, _DEVICES),
        battery_j=np.full(_DEVICES, 1500.0),
        harvest_j=np.full(_DEVICES, 60.0),
    )
