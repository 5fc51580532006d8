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

from splitbench.problems import (
    Device,
    Exp2Curve,
    Fleet,
    SlotProblem,
    linear_local_s,
    linear_server_share,
)
from splitbench.results.store.documents import ReferenceTime
from splitbench.solvers.exact.exact import Exact

#: A reference cell that takes this many times its least so far counts as drift.
TOLERATED = 1.25
#: Solves a timing; about 30 ms together, so that one interrupt does not look like drift.
REPEATS = 60

_DEVICES, _THREADS, _LAYERS = 10, 60, 20


def reference_cell_seconds(repeats: int = REPEATS) -> float:
    """Time the reference cell: the mean seconds of some exact solves of one fixed slot.

    The mean, not the median: others on the machine cost a short solve nothing or very much. Each
    solve builds its problem anew, so that nothing is cached; one solve before is not timed.
    """
    Exact().solve(_reference_problem())
    start = time.perf_counter()
    for _ in range(repeats):
        if not Exact().solve(_reference_problem()).decided:
            raise AssertionError("the reference cell has no decision")
    return (time.perf_counter() - start) / repeats


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
    slow_from, slow_to
        When the first and the last of the slow cells were written; "" without any.
    """

    machine: str
    least_s: float
    median_s: float
    most_s: float
    slow_cells: int
    cells: int
    slow_from: str = ""
    slow_to: str = ""

    @property
    def drifted(self) -> bool:
        """Whether times measured on this machine are not comparable with each other."""
        return self.slow_cells > 0

    def __str__(self) -> str:
        verdict = (
            f"{self.slow_cells} of {self.cells} cells ran while it was over {TOLERATED:g}×, from "
            f"{_to_the_second(self.slow_from)} to {_to_the_second(self.slow_to)}"
        )
        return (
            f"{self.machine}: reference cell {self.least_s * 1e3:.2f}–{self.most_s * 1e3:.2f} ms "
            f"(median {self.median_s * 1e3:.2f}); {verdict if self.drifted else 'no drift'}"
        )


def drifts(times: Iterable[ReferenceTime]) -> list[Drift]:
    """Summarise the reference times of stored cells, machine by machine.

    Parameters
    ----------
    times
        In the order of time, as `Store.reference_times` gives them.
    """
    by_machine: dict[str, list[ReferenceTime]] = {}
    for time_ in times:
        by_machine.setdefault(_machine(time_.environment), []).append(time_)
    return [_drift(machine, of_machine) for machine, of_machine in by_machine.items()]


def _drift(machine: str, times: list[ReferenceTime]) -> Drift:
    seconds = [time_.seconds for time_ in times]
    least = min(seconds)
    slow = [time_.written for time_ in times if time_.seconds > TOLERATED * least]
    return Drift(
        machine,
        least,
        median(seconds),
        max(seconds),
        len(slow),
        len(times),
        *((slow[0], slow[-1]) if slow else ()),
    )


def _to_the_second(written: str) -> str:
    return written[:19].replace("T", " ") or "?"


def _machine(environment: dict[str, Any]) -> str:
    machine = environment.get("machine")
    if not isinstance(machine, dict):
        return "unknown machine"
    parts = (str(machine.get(name, "?")) for name in ("processor", "cores", "system"))
    name = f"{machine['name']}: " if "name" in machine else ""
    return name + "{}, {} cores, {}".format(*parts)


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
