"""Detect drift of a machine from the times of the reference cell, a fixed small exact solve.

On a laptop that throttles, or next to another job, times measured in one week are not comparable.
The time of a fixed piece of work shows this.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

from splitbench.results.store.documents import ReferenceTime

#: A reference cell that takes this many times its minimum counts as drift.
TOLERATED = 1.25


@dataclass(frozen=True)
class Drift:
    """Times of the reference cell on one machine, in the order of time.

    Attributes
    ----------
    machine
        Description of the machine from the records.
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
