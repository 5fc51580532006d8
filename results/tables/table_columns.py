"""The columns of the benchmark table, and the words that explain them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from splitbench.results.rows import Row
from splitbench.results.tables.cell_text import (
    counts,
    gap_text,
    interval_text,
    number,
    probability_text,
    signed,
    status_text,
)


class Column(NamedTuple):
    """A heading and what a row writes under it."""

    heading: str
    cell: Callable[[Row], str]
    left: bool = False


COLUMNS = (
    Column("solver", lambda row: row.solver, left=True),
    Column("utility", lambda row: number(row.utility_mean, 4)),
    Column("per device", lambda row: number(row.utility_per_device, 4)),
    Column("latency ms", lambda row: number(row.latency_s_mean, 1, 1e3)),
    Column("energy J", lambda row: number(row.energy_j_mean, 2)),
    Column("slot gap", lambda row: gap_text(row.slot_gap_mean)),
    Column("worst", lambda row: gap_text(row.slot_gap_max)),
    Column("at optimum %", lambda row: number(row.optimal_share, 0, 100.0)),
    Column("served %", lambda row: number(row.availability, 1, 100.0)),
    Column("violations", lambda row: counts(row.violations)),
    Column("ms/slot", lambda row: number(row.solve_s_median, 2, 1e3)),
    Column("status", status_text, left=True),
)

LEGEND = (
    "utility: mean over slots of U summed over devices; latency over device-slots served; energy "
    "over all device-slots. {gap} Charge carries over, so a slot gap of 0 is not the best horizon."
)

GAP_LEGEND = "slot gap: {against} of each slot at the state the policy is in − U (mean, worst)."
NO_GAP_LEGEND = "slot gap: none, no reference was computed."

HORIZON_LEGEND = (
    "horizon gap: a proven upper bound on the whole horizon, all arrivals and sun known, − utility."
)


def columns_of(rows: Sequence[Row]) -> list[Column]:
    """Return the columns that these rows have something for; status stays last."""
    columns = list(COLUMNS[:-1])
    if any(row.horizon_gap is not None for row in rows):
        columns.insert(7, Column("horizon gap", lambda row: gap_text(row.horizon_gap)))
    if any(row.statistics for row in rows):
        columns += STATISTICS
    against = {row.comparison.against for row in rows if row.comparison}
    if against:
        columns += comparison_columns(" / ".join(sorted(against)))
    return [*columns, COLUMNS[-1]]


def legend(rows: Sequence[Row]) -> str:
    """Explain the columns, and what the gap is against."""
    against = sorted({row.gap_against for row in rows if row.gap_against})
    gap = GAP_LEGEND.format(against="/".join(against)) if against else NO_GAP_LEGEND
    parts = [LEGEND.format(gap=gap)]
    if any(row.horizon_gap is not None for row in rows):
        parts.append(HORIZON_LEGEND)
    parts += dict.fromkeys(row.statistics.legend for row in rows if row.statistics)
    parts += dict.fromkeys(row.comparison.legend for row in rows if row.comparison)
    return " ".join(parts)


def title(rows: Sequence[Row]) -> str:
    """Name the suite of a table's rows and the size of what was run."""
    sizes = sorted({(row.slots, row.seeds) for row in rows})
    unit = "slot" if rows[0].cells == "episodes" else "instance"
    described = ", ".join(
        f"{slots} {unit}{'s' * (slots != 1)} × {seeds} seed{'s' * (seeds != 1)}"
        for slots, seeds in sizes
    )
    return f"{rows[0].suite} ({described})"


def tables_of(rows: Sequence[Row]) -> list[list[Row]]:
    """Divide rows into tables: a suite each, its episodes and its instances apart."""
    tables: dict[tuple[str, str, int | None], list[Row]] = {}
    for row in rows:
        tables.setdefault((row.suite, row.cells, row.slots_asked), []).append(row)
    return list(tables.values())


def _statistics_cell(write: Callable[..., str]) -> Callable[[Row], str]:
    return lambda row: write(row.statistics) if row.statistics else "–"


STATISTICS = (
    Column(
        "95 % interval", _statistics_cell(lambda s: interval_text(s.utility_low, s.utility_high))
    ),
    Column("s/cell", _statistics_cell(lambda s: "–" if s.time_s is None else f"{s.time_s:.3g}")),
    Column("rank", _statistics_cell(lambda s: "–" if s.rank is None else f"{s.rank:g}")),
    Column("mean rank", _statistics_cell(lambda s: s.mean_rank_text)),
)


def comparison_columns(against: str) -> list[Column]:
    """Return the columns of a paired comparison with `against`."""

    def cell(write: Callable[..., str]) -> Callable[[Row], str]:
        return lambda row: write(row.comparison) if row.comparison else "–"

    return [
        Column(f"Δ {against}", cell(lambda c: signed(c.difference))),
        Column("95 % of Δ", cell(lambda c: interval_text(c.low, c.high))),
        Column("p (Holm)", cell(lambda c: c.note or probability_text(c.p_holm))),
    ]
