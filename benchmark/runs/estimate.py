"""Estimate the time of cells from the times of similar cells."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from statistics import median
from typing import Any, NamedTuple

from splitbench.benchmark.planning.sources import source_of
from splitbench.results import CellKey, CellRecord
from splitbench.results.bounds import BOUND

#: Seconds per slot before any cell has ended: the mean of the default run on a laptop's core.
TYPICAL_SLOT_S = 0.006


class Kind(NamedTuple):
    """Cells that are expected to take the same time; an instance is one slot."""

    suite: str
    solver: str
    slots: int


def kinds_of(keys: Iterable[CellKey]) -> Counter[Kind]:
    """Count the cells of each kind."""
    return Counter(_kind(key) for key in keys)


class Estimator:
    """Estimates the seconds per slot of each solver on each suite from finished cells."""

    def __init__(self) -> None:
        self._seconds: dict[tuple[str, str], list[float]] = defaultdict(list)
        self._own: dict[tuple[str, str], list[float]] = defaultdict(list)
        self._start: dict[tuple[str, str], list[float]] = defaultdict(list)
        self._medians: dict[tuple[str, str], float] = {}

    def learn(self, record: CellRecord) -> None:
        """Take a cell into account, by its wall-clock time or else its solver's time.

        It counts for its solver on its suite, for its solver, for its suite, and for all.
        """
        seconds = sum(record.solve_s) if record.wall_s is None else record.wall_s
        suite, solver = record.key.suite, _solver(record.key)
        slots = record.key.slots or max(1, record.slots_counted)
        slots = slots if record.key.instance is None else 1
        own_s = sum(record.solve_s) + (record.reference_s or 0.0)
        for like in ((suite, solver), ("", solver), (suite, ""), ("", "")):
            self._seconds[like].append(seconds / slots)
            self._own[like].append(min(own_s, seconds) / slots)
            self._start[like].append(max(0.0, seconds - own_s))
            self._medians.pop(like, None)

    def cell_s(self, kind: Kind) -> float | None:
        """Return the seconds of a cell from the median per slot; None if none like it has ended."""
        return self._like(kind, (kind.suite, kind.solver))

    def likely_s(self, kind: Kind) -> tuple[float, str]:
        """Return the seconds of a cell from the most similar known cells, and name these."""
        seconds = self.cell_s(kind)
        if seconds is not None:
            return seconds, "like cells"
        for like, basis in (
            (("", kind.solver), "other suites"),
            ((kind.suite, ""), "other solvers"),
            (("", ""), "all cells"),
        ):
            if like in self._own:  # the start of a cell takes the same time for any number of slots
                return median(self._start[like]) + kind.slots * median(self._own[like]), basis
        return TYPICAL_SLOT_S * kind.slots, "a guess"

    def left_s(self, left: Counter[Kind], jobs: int) -> float | None:
        """Return the seconds that `left` will take on `jobs` workers; None if nothing is known.

        Cells without similar finished ones are estimated from the most similar ones.
        """
        counts = {kind: count for kind, count in left.items() if count > 0}
        if counts and ("", "") not in self._seconds:
            return None
        each = {kind: self.likely_s(kind)[0] for kind in counts}
        total = sum(each[kind] * count for kind, count in counts.items())
        return max(total / jobs, *each.values()) if each else 0.0

    def _like(self, kind: Kind, like: tuple[str, str]) -> float | None:
        if like not in self._seconds:
            return None
        if like not in self._medians:
            self._medians[like] = median(self._seconds[like])
        return self._medians[like] * kind.slots


@dataclass(frozen=True)
class ForecastRow:
    """The cells of one solver on one suite, and the estimated seconds of those left."""

    suite: str
    solver: str
    cells: int
    cached: int
    left: int
    likely_s: float
    basis: str


@dataclass(frozen=True)
class Forecast:
    """Forecast of a run.

    Attributes
    ----------
    worst_case_s
        Upper limit of the time: every cell left runs into its limit; None without a limit.
    likely_s
        Estimate from the most similar known cells, with all workers together.
    estimated
        Cells left that have similar finished cells.
    """

    cells: int
    cached: int
    left: int
    worst_case_s: float | None
    likely_s: float
    estimated: int
    rows: tuple[ForecastRow, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the object that `--dry-run --json` prints."""
        return asdict(self)


def forecast_of(
    keys: Sequence[CellKey],
    left: Sequence[CellKey],
    estimator: Estimator,
    jobs: int,
    worst_case_s: float | None,
) -> Forecast:
    """Forecast the time of the cells `left` of `keys` on `jobs` workers."""
    of_kind, left_of_kind = kinds_of(keys), kinds_of(left)
    rows = []
    for kind, count in of_kind.items():
        seconds, basis = estimator.likely_s(kind)
        waiting = left_of_kind[kind]
        rows.append(
            ForecastRow(
                kind.suite, kind.solver, count, count - waiting, waiting, seconds * waiting,
                basis if waiting else "",
            )
        )  # fmt: skip
    each = [row.likely_s / row.left for row in rows if row.left]
    total = sum(row.likely_s for row in rows) / jobs
    known = sum(row.left for row in rows if row.basis == "like cells")
    likely = max(total, *each) if each else 0.0
    if worst_case_s is not None:
        likely = min(likely, worst_case_s)
    return Forecast(
        len(keys), len(keys) - len(left), len(left), worst_case_s, likely, known, tuple(rows)
    )


def _kind(key: CellKey) -> Kind:
    slots = 1 if key.instance is not None else key.slots or _slots_of_suite(key.suite)
    return Kind(key.suite, _solver(key), slots)


def _solver(key: CellKey) -> str:
    return "horizon bound" if key.solver == BOUND else key.solver


@cache
def _slots_of_suite(suite: str) -> int:
    return source_of(suite).slots
