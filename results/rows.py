"""Rows of the benchmark table: the cells of one solver on one suite, taken together."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from splitbench.results.bounds import with_horizon_gaps
from splitbench.results.store.record import STATUS_ORDER, CellKey, CellRecord
from splitbench.results.tables.note_merging import notes_of

if TYPE_CHECKING:
    from splitbench.results.statistics.paired import Comparison
    from splitbench.results.statistics.statistics import RowStatistics


@dataclass
class Row:
    """One solver on one suite; utilities are summed over devices, gaps absolute.

    Attributes
    ----------
    cells
        What the row is made of: `episodes` of a horizon, or independent `instances`.
    slots, slots_asked
        Slots (or instances) a seed that were run, and `--slots`; None: the suite's own number.
    claims_refuted
        Cells in which something that the solver claimed is not so.
    statistics, comparison
        What `splitbench.results.statistics.statistics` adds.
    """

    suite: str
    solver: str
    cells: str
    slots: int
    slots_asked: int | None
    seeds: int
    utility_mean: float | None
    utility_per_device: float | None
    latency_s_mean: float | None
    energy_j_mean: float | None
    slot_gap_mean: float | None
    slot_gap_max: float | None
    slot_gap_per_device: float | None
    gap_relative: float | None
    gap_against: str | None
    optimal_share: float | None
    horizon_gap: float | None
    availability: float | None
    violations: dict[str, int]
    solve_s_median: float | None
    status: str
    statuses: dict[str, int]
    claims_refuted: int = 0
    notes: list[str] = field(default_factory=list)
    statistics: RowStatistics | None = None
    comparison: Comparison | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the row as a JSON object; statistics only where they were asked for."""
        one = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        for name in ("statistics", "comparison"):
            found = one.pop(name)
            if found is not None:
                one[name] = asdict(found)
        return one


#: What rows of one table share: suite, kind of cells, slots asked for.
Group = tuple[str, str, int | None]


def group_of(key: CellKey) -> Group:
    """Return the table that a cell belongs to: what is not the same problem stays apart."""
    return key.suite, "episodes" if key.instance is None else "instances", key.slots


def rows_of(records: Iterable[CellRecord]) -> list[Row]:
    """Group records into rows, in the order in which suites and solvers first appear."""
    groups: dict[tuple[Group, str], list[CellRecord]] = {}
    for record in with_horizon_gaps(records):
        groups.setdefault((group_of(record.key), record.key.solver), []).append(record)
    return [_row(group, solver, cells) for (group, solver), cells in groups.items()]


_NUMBERS = (
    "devices",
    "slots_run",
    "served",
    "slots_optimal",
    "utility_mean",
    "latency_s_mean",
    "energy_j_mean",
    "slot_gap_mean",
    "slot_gap_max",
    "gap_relative_mean",
    "horizon_gap",
)
_numbers_of = attrgetter(*_NUMBERS)

Column = NDArray[np.float64]


def _columns(cells: Sequence[CellRecord]) -> dict[str, Column]:
    """Return the cells' numbers by field, shape (cells,), NaN where there is none."""
    table = np.array([_numbers_of(cell) for cell in cells], dtype=np.float64)
    return dict(zip(_NUMBERS, table.reshape(-1, len(_NUMBERS)).T, strict=True))


def _row(group: Group, solver: str, cells: list[CellRecord]) -> Row:
    # An instance without any feasible decision has no utility for anybody.
    feasible = [cell for cell in cells if cell.reference_status != "infeasible"]
    number = _columns(feasible)
    scored = ~np.isnan(number["utility_mean"])
    number = {name: column[scored] for name, column in number.items()}
    gaps = ~np.isnan(number["slot_gap_mean"])
    slots, devices = number["slots_run"], number["devices"]
    gap_slots, gap_max = slots[gaps].sum(), number["slot_gap_max"][gaps]
    times = _all_times(cells)
    seeds = {cell.key.seed for cell in cells}
    return Row(
        suite=group[0],
        solver=solver,
        cells=group[1],
        slots=len(times) // max(len(seeds), 1),
        slots_asked=group[2],
        seeds=len(seeds),
        utility_mean=_mean(number["utility_mean"], slots),
        utility_per_device=_mean(_shared(number["utility_mean"], devices)),
        latency_s_mean=_mean(number["latency_s_mean"], number["served"]),
        energy_j_mean=_mean(number["energy_j_mean"], devices * slots),
        slot_gap_mean=_mean(number["slot_gap_mean"], slots),
        slot_gap_max=float(np.nan_to_num(gap_max).max()) if len(gap_max) else None,
        slot_gap_per_device=_mean(_shared(number["slot_gap_mean"], devices)),
        gap_relative=_mean(number["gap_relative_mean"][gaps], slots[gaps]),
        gap_against=_common([cell.gap_against for cell in feasible]),
        optimal_share=(
            float(number["slots_optimal"][gaps].sum() / gap_slots) if gap_slots else None
        ),
        horizon_gap=_mean(number["horizon_gap"], slots),
        availability=_share(number["served"].sum(), (devices * slots).sum()),
        violations=_total(cell.violations for cell in cells if cell.violations),
        solve_s_median=_median(times),
        status=max({cell.status for cell in cells}, key=STATUS_ORDER.index),
        statuses=dict(Counter(cell.status for cell in cells)),
        claims_refuted=sum(bool(cell.claims) for cell in cells),
        notes=notes_of(cells),
    )


def _all_times(cells: Sequence[CellRecord]) -> Column:
    parts = (cell.solve_s for cell in cells)
    arrays = (part if isinstance(part, array) else array("d", part) for part in parts)
    return np.frombuffer(b"".join(arrays))


def _median(values: Column) -> float | None:
    """Return the median; `numpy.median` would load numpy's masked arrays first."""
    if not len(values):
        return None
    middle = (len(values) - 1) // 2, len(values) // 2
    return float(np.partition(values, middle)[list(middle)].mean())


def _mean(values: Column, weights: Column | None = None) -> float | None:
    """Return the weighted mean of what is known, None where nothing is."""
    known = ~np.isnan(values)
    weight = np.ones_like(values) if weights is None else weights
    total = weight[known].sum()
    return float((values[known] * weight[known]).sum() / total) if total else None


def _shared(values: Column, devices: Column) -> Column:
    """Divide by the number of devices; NaN where there are none."""
    return values / np.where(devices > 0, devices, np.nan)


def _share(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None


def _total(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(total)


def _common(values: Iterable[str | None]) -> str | None:
    """Return the one value, or several joined: a gap never hides what it is against."""
    known = sorted({value for value in values if value})
    return "/".join(known) if known else None
