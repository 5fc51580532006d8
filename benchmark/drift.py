"""A reference cell: the same small exact solve, timed now and then, shows the machine drifting.

A week of computing on a laptop that throttles, or beside somebody else's job, is several
experiments. The time of work that never changes tells them apart.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from problems import Device, Exp2Curve, Fleet, SlotProblem, linear_local_s, linear_server_share
from solvers.exact import Exact

#: A reference cell that takes this many times its least so far counts as drift.
TOLERATED = 1.25
#: Solves a timing; about 10 ms together.
REPEATS = 15

_DEVICES, _THREADS, _LAYERS = 10, 60, 20


def reference_cell_seconds(repeats: int = REPEATS) -> float:
    """Time the reference cell: the median seconds of some exact solves of one fixed slot.

    Each solve builds its problem anew, so that nothing is cached; one solve before is not timed.
    """
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        solution = Exact().solve(_reference_problem())
        times.append(time.perf_counter() - start)
        if not solution.decided:
            raise AssertionError("the reference cell has no decision")
    return median(times[1:])


@dataclass(frozen=True)
class Drift:
    """Times of the reference cell on one machine, in the order of time.

    Attributes
    ----------
    machine
        What the records say of the machine.
    least_s, median_s, most_s
        Seconds of the reference cell.
    slow_cells, cells
        Cells run while the reference cell took more than `TOLERATED` times its least; all that
        have a reference time.
    """

    machine: str
    least_s: float
    median_s: float
    most_s: float
    slow_cells: int
    cells: int

    @property
    def drifted(self) -> bool:
        """Whether times measured on this machine are not comparable with each other."""
        return self.slow_cells > 0

    def __str__(self) -> str:
        verdict = f"{self.slow_cells} of {self.cells} cells ran while it was over {TOLERATED:g}×"
        return (
            f"{self.machine}: reference cell {self.least_s * 1e3:.2f}–{self.most_s * 1e3:.2f} ms "
            f"(median {self.median_s * 1e3:.2f}); {verdict if self.drifted else 'no drift'}"
        )


def drifts(times: Iterable[tuple[dict[str, Any], float]]) -> list[Drift]:
    """Summarise the reference times of stored cells, machine by machine.

    Parameters
    ----------
    times
        Environment and `reference_cell_s` of each cell, in the order of time, as
        `Store.reference_times` gives them.
    """
    by_machine: dict[str, list[float]] = {}
    for environment, seconds in times:
        by_machine.setdefault(_machine(environment), []).append(seconds)
    return [_drift(machine, times) for machine, times in by_machine.items()]


def _drift(machine: str, times: list[float]) -> Drift:
    least = min(times)
    slow = sum(seconds > TOLERATED * least for seconds in times)
    return Drift(machine, least, median(times), max(times), slow, len(times))


def _machine(environment: dict[str, Any]) -> str:
    machine = environment.get("machine")
    if not isinstance(machine, dict):
        return "unknown machine"
    parts = (str(machine.get(name, "?")) for name in ("processor", "cores", "system"))
    return "{}, {} cores, {}".format(*parts)


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
