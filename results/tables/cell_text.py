"""Numbers and counts as the tables write them."""

from __future__ import annotations

from splitbench.results.rows import Row


def number(value: float | None, digits: int, factor: float = 1.0) -> str:
    """Write a number with fixed digits; an unknown one as a dash."""
    return "–" if value is None else f"{value * factor:.{digits}f}"


def gap_text(value: float | None) -> str:
    """Write a gap so that zero means zero and a tiny one does not look like it."""
    if value is None:
        return "–"
    if value == 0.0:
        return "0"
    return f"{value:.4f}" if abs(value) >= 5e-5 else f"{value:.0e}"


def counts(values: dict[str, int]) -> str:
    """Write {"queue": 3} as "queue 3"."""
    return ", ".join(f"{name} {count}" for name, count in values.items()) or "0"


def status_text(row: Row) -> str:
    """The one status of a row, or how many cells ended how; and whether a claim was refuted."""
    status = row.status if len(row.statuses) == 1 else counts(row.statuses)
    return f"{status}; claims refuted" if row.claims_refuted else status


def interval_text(low: float | None, high: float | None, digits: int = 4) -> str:
    """Write an interval as [low, high]; an unknown one as a dash."""
    if low is None or high is None:
        return "–"
    return f"[{low:.{digits}f}, {high:.{digits}f}]"


def probability_text(value: float | None) -> str:
    """Write a p-value; a dash where there is none."""
    if value is None:
        return "–"
    return f"{value:.3f}" if value >= 0.0005 else f"{value:.0e}"


def signed(value: float | None) -> str:
    """Write a difference with its sign, and zero as 0."""
    if value is None:
        return "–"
    return "0" if value == 0.0 else f"{value:+.4f}" if abs(value) >= 5e-5 else f"{value:+.0e}"
