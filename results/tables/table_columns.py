"""The columns of the benchmark table, and the sentences that explain them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from splitbench.problems.errors import UnknownNameError
from splitbench.results.rows import Row
from splitbench.results.statistics.inference import FEWEST, FEWEST_PAIRS, SHIFT_S
from splitbench.results.tables.cell_text import (
    UNKNOWN,
    counts,
    gap_text,
    interval_text,
    milliseconds,
    number,
    percent_text,
    probability_text,
    signed,
    status_text,
)


class Column(NamedTuple):
    """A column: its name for `--columns`, heading, unit, and the text for a row.

    `better` is 1 where more is better, −1 where less is, 0 where neither; `value` is the number
    that rows are sorted and compared by. `about` explains the column below the table.
    """

    name: str
    heading: str
    unit: str
    cell: Callable[[Row], str]
    value: Callable[[Row], float | None] = lambda row: None
    better: int = 0
    left: bool = False
    about: str = ""

    @property
    def arrow(self) -> str:
        """Which direction is better."""
        return {1: "↑", 0: "", -1: "↓"}[self.better]


def _key(name: str) -> Callable[[Row], Any]:
    return lambda row: row.get(name)


def _statistic(name: str) -> Callable[[Row], Any]:
    return lambda row: row.get("statistics", {}).get(name)


def _paired(name: str) -> Callable[[Row], Any]:
    return lambda row: row.get("comparison", {}).get(name)


def _numeric(
    name: str, heading: str, unit: str, write: Callable[[Any], str], better: int,
    about: str, value: Callable[[Row], Any] | None = None,
) -> Column:  # fmt: skip
    value = value or _key(name)
    return Column(name, heading, unit, lambda row: write(value(row)), value, better, False, about)


def _mean_rank(row: Row) -> str:
    """Write the mean rank with the number of suites."""
    found = row.get("statistics", {})
    if found.get("mean_rank") is None:
        return UNKNOWN
    of = "" if found["rank_suites"] == found["suites"] else f" of {found['suites']}"
    return f"{found['mean_rank']:.4g} ({found['rank_suites']}{of})"


_GAP = "{against} of each slot, at the state the policy is in, − utility"
_ALL = (
    Column("solver", "solver", "", _key("solver"), left=True),
    _numeric(
        "utility", "utility", "", lambda v: number(v, 4), 1,
        "utility: U summed over devices, mean over all slots asked for", _key("utility_mean"),
    ),
    _numeric(
        "per_device", "utility", "a device", lambda v: number(v, 4), 1, "",
        _key("utility_per_device"),
    ),
    _numeric(
        "gap", "gap", "% {short}", percent_text, -1,
        f"gap: {_GAP}; its mean in % of the mean |{{against}}|", _key("gap_percent"),
    ),
    _numeric(
        "slot_gap", "slot gap", "{short}", gap_text, -1, f"slot gap: {_GAP}, mean over slots",
        _key("slot_gap_mean"),
    ),
    _numeric(
        "worst", "worst gap", "{short}", gap_text, -1, "worst gap: in one slot",
        _key("slot_gap_max"),
    ),
    _numeric(
        "at_optimum", "at opt.", "%", lambda v: number(v, 0, 100.0), 1,
        "at opt.: share of slots in which the utility is the reference's, to 1e-9",
        _key("optimal_share"),
    ),
    _numeric(
        "horizon_gap", "horizon gap", "bound", gap_text, -1,
        "horizon gap: proven upper bound on the whole horizon, all arrivals and sun known, − "
        "utility", _key("horizon_gap"),
    ),
    _numeric(
        "latency", "latency", "ms", lambda v: number(v, 1, 1e3), -1,
        "latency: mean over the device-slots served", _key("latency_s_mean"),
    ),
    _numeric(
        "energy", "energy", "J", lambda v: number(v, 2), -1,
        "energy: of a device in a slot, mean over all", _key("energy_j_mean"),
    ),
    _numeric(
        "served", "served", "%", lambda v: number(v, 1, 100.0), 1,
        "served: share of all device-slots asked for", _key("availability"),
    ),
    Column("violations", "violations", "", lambda row: counts(row["violations"])),
    _numeric(
        "time", "time", "ms", milliseconds, -1, "time: median of a slot", _key("solve_s_median"),
    ),
    Column(
        "interval", "utility", "95 % interval",
        lambda row: interval_text(_statistic("utility_low")(row), _statistic("utility_high")(row)),
        about="interval: percentile bootstrap of the mean over seeds (files, where those are the "
        f"instances), from {FEWEST} on",
    ),
    _numeric(
        "mean_time", "time", "s/cell", lambda v: UNKNOWN if v is None else f"{v:.3g}", -1,
        f"s/cell: shifted geometric mean of the solve time of a cell, shift {SHIFT_S:g} s, "
        "failures charged their limit", _statistic("time_s"),
    ),
    _numeric(
        "rank", "rank", "", lambda v: UNKNOWN if v is None else f"{v:g}", -1,
        "rank: by mean utility over common seeds, failures last, ties averaged; mean rank (over "
        "how many suites)", _statistic("rank"),
    ),
    Column("mean_rank", "mean rank", "", _mean_rank, _statistic("mean_rank"), -1),
    Column(
        "difference", "Δ utility", "{compared}", lambda row: signed(_paired("difference")(row)),
        _paired("difference"), 1,
        about="Δ: mean of U − U({compared}) over seeds (files) that both have, with its 95 % "
        "bootstrap interval; p: Wilcoxon signed-rank, two-sided, (Holm) over the solvers of the "
        f"suite, from {FEWEST_PAIRS} pairs on",
    ),
    Column(
        "difference_interval", "Δ utility", "95 % interval",
        lambda row: interval_text(_paired("low")(row), _paired("high")(row)),
    ),
    Column(
        "p", "p", "(Holm)",
        lambda row: _paired("note")(row) or probability_text(_paired("p_holm")(row)),
        _paired("p_holm"),
    ),
    Column("status", "status", "", status_text, left=True),
    Column("statuses", "status", "of cells", lambda row: counts(row["statuses"]), left=True),
)  # fmt: skip
COLUMNS = {column.name: column for column in _ALL}

DEFAULT = ("solver", "utility", "gap", "latency", "energy", "served", "time", "status")
WIDE = (
    *("solver", "utility", "per_device", "gap", "slot_gap", "worst", "horizon_gap", "at_optimum"),
    *("latency", "energy", "served", "violations", "time", "statuses"),
)
STATISTICS = ("interval", "mean_time", "rank", "mean_rank")
COMPARISON = ("difference", "difference_interval", "p")
_SHORT = {"optimum": "opt.", "bound": "bound", "best_known": "best"}


def column_names(text: str) -> list[str]:
    """Return the columns that `--columns a,b,c` names; the solver is always the first.

    Raises
    ------
    UnknownNameError
        No such column.
    """
    names = [part.strip().replace("-", "_") for part in text.split(",") if part.strip()]
    for name in names:
        if name not in COLUMNS:
            raise UnknownNameError("column", name, COLUMNS)
    return list(dict.fromkeys(["solver", *names]))


def columns_for(rows: Sequence[Row], names: Sequence[str] | None, wide: bool) -> list[Column]:
    """Return the columns of a table, their headings filled in.

    Without `names`: the default or the wide form, with the statistics that the rows have.
    """
    chosen = list(names or (WIDE if wide else DEFAULT))
    if names is None:
        extra = [*STATISTICS] * any("statistics" in row for row in rows)
        extra += [*COMPARISON] * any("comparison" in row for row in rows)
        chosen[-1:-1] = extra
        if not any(row["horizon_gap"] is not None for row in rows):
            chosen = [name for name in chosen if name != "horizon_gap"]
    return [_filled(COLUMNS[name], rows) for name in chosen]


def about(columns: Sequence[Column]) -> str:
    """Explain columns in one paragraph."""
    sentences = dict.fromkeys(column.about for column in columns if column.about)
    return ". ".join(sentences) + "." if sentences else ""


def _filled(column: Column, rows: Sequence[Row]) -> Column:
    """Fill in the reference of these rows' gap, in heading and explanation."""
    against = sorted(
        {name for row in rows for name in (row["gap_against"] or "").split("/")} - {""}
    )
    words = {
        "against": "/".join(against).replace("_", " ") or "reference (none was computed)",
        "short": "/".join(_SHORT.get(name, name) for name in against) or "none",
        "compared": " / ".join(
            sorted({row["comparison"]["against"] for row in rows if "comparison" in row})
        ),
    }

    def fill(text: str) -> str:
        for name, value in words.items():
            text = text.replace("{" + name + "}", value)
        return text

    return column._replace(unit=fill(column.unit), about=fill(column.about))
