"""How long cells will take, by what cells like them took."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cache
from statistics import median
from typing import NamedTuple

from splitbench.problems.suites.named_suites import make_suite
from splitbench.results import CellKey, CellRecord


class Kind(NamedTuple):
    """Cells that are expected to take the same time; an instance is one slot."""

    suite: str
    solver: str
    slots: int


def kinds_of(keys: Iterable[CellKey]) -> Counter[Kind]:
    """Count the cells of each kind."""
    return Counter(_kind(key) for key in keys)


class Estimator:
    """Knows the seconds a slot of each solver on each suite, from cells that have ended."""

    def __init__(self) -> None:
        self._seconds: dict[tuple[str, str], list[float]] = defaultdict(list)
        self._medians: dict[tuple[str, str], float] = {}
        self._total_s, self._cells = 0.0, 0

    def learn(self, record: CellRecord) -> None:
        """Take a cell into account; of one without a wall-clock time, the solver's."""
        seconds = sum(record.solve_s) if record.wall_s is None else record.wall_s
        suite, solver, slots = _kind(record.key)
        self._total_s += seconds
        self._cells += 1
        self._seconds[suite, solver].append(seconds / slots)
        self._medians.pop((suite, solver), None)

    def cell_s(self, kind: Kind) -> float | None:
        """Return the seconds of a cell: the median by slot; None where none like it has ended."""
        like = kind.suite, kind.solver
        if like not in self._seconds:
            return None
        if like not in self._medians:
            self._medians[like] = median(self._seconds[like])
        return self._medians[like] * kind.slots

    def left_s(
        self, left: Counter[Kind], jobs: int, unknown_s: float | None = None
    ) -> float | None:
        """Return the seconds that `left` will take on `jobs` workers, None while nothing is known.

        Parameters
        ----------
        unknown_s
            Seconds of a cell like none that has ended; None: the mean of all that have.
        """
        counts = {kind: count for kind, count in left.items() if count > 0}
        known = {kind: seconds for kind in counts if (seconds := self.cell_s(kind)) is not None}
        if counts and not self._cells:
            return None
        other = self._total_s / max(self._cells, 1) if unknown_s is None else unknown_s
        each = {kind: known.get(kind, other) for kind in counts}
        total = sum(each[kind] * count for kind, count in counts.items())
        return max(total / jobs, *each.values()) if each else 0.0


def _kind(key: CellKey) -> Kind:
    slots = 1 if key.instance is not None else key.slots or _slots_of_suite(key.suite)
    return Kind(key.suite, key.solver, slots)


@cache
def _slots_of_suite(suite: str) -> int:
    return make_suite(suite).slots
