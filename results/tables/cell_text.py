"""Format numbers, counts and statuses for the tables."""

from __future__ import annotations

from splitbench.results.rows import Row
from splitbench.results.store.record import STATUS_ORDER

UNKNOWN = "–"


def number(value: float | None, digits: int, factor: float = 1.0) -> str:
    """Write a number with fixed digits; an unknown one as a dash."""
    return UNKNOWN if value is None else f"{value * factor:.{digits}f}"


def gap_text(value: float | None) -> str:
    """Write a gap; only an exact zero is written as 0."""
    if value is None:
        return UNKNOWN
    if value == 0.0:
        return "0"
    return f"{value:.4f}" if abs(value) >= 5e-5 else f"{value:.0e}"


def percent_text(value: float | None) -> str:
    """Write a gap in percent, with two digits below 100; only an exact zero is written as 0."""
    if value is None or value == 0.0:
        return UNKNOWN if value is None else "0"
    if abs(value) < 0.005:
        return "<0.01" if value > 0 else ">-0.01"
    return f"{value:.2f}" if abs(value) < 100.0 else f"{value:.0f}"


def milliseconds(value_s: float | None) -> str:
    """Write seconds as milliseconds, with fewer decimals for large numbers."""
    if value_s is None:
        return UNKNOWN
    value = value_s * 1e3
    return f"{value:.2f}" if value < 100.0 else f"{value:.0f}"


def counts(values: dict[str, int]) -> str:
    """Write {"queue": 3} as "queue 3"."""
    return ", ".join(f"{name} {count}" for name, count in values.items()) or "0"


def status_text(row: Row) -> str:
    """Write the worst status of the cells that count, and its count unless all have it."""
    statuses = row["statuses_counted"] or row["statuses"]
    if len(statuses) == 1:
        (status,) = statuses
    else:
        worst = max(statuses, key=STATUS_ORDER.index)
        status = f"{worst} {statuses[worst]}/{sum(statuses.values())}"
    return f"{status}, claims refuted" if row["claims_refuted"] else str(status)


def interval_text(low: float | None, high: float | None, digits: int = 4) -> str:
    """Write an interval as [low, high]; an unknown one as a dash."""
    if low is None or high is None:
        return UNKNOWN
    return f"[{low:.{digits}f}, {high:.{digits}f}]"


def probability_text(value: float | None) -> str:
    """Write a p-value; a dash where there is none."""
    if value is None:
        return UNKNOWN
    return f"{value:.3f}" if value >= 0.0005 else f"{value:.0e}"


def signed(value: float | None) -> str:
    """Write a difference with its sign, and zero as 0."""
    if value is None:
        return UNKNOWN
    return "0" if value == 0.0 else f"{value:+.4f}" if abs(value) >= 5e-5 else f"{value:+.0e}"
