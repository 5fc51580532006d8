"""The layout of a table, independent of the format: order, sections, marks, remarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from splitbench.problems.errors import InputError
from splitbench.results.rows import Row
from splitbench.results.tables.table_columns import COLUMNS, Column, about, columns_for

#: Solvers that do not compete: listed apart and explained.
EXACT, BOUND_ROW = "exact", "bound"
_EXPLAINED = {
    BOUND_ROW: "bound: no policy can earn more over the horizon (all arrivals and sun known)",
    EXACT: "exact: the optimum of each slot by itself, which need not be the best over the horizon",
}
_EXPLAINED_INSTANCES = {EXACT: "exact: the optimum of each instance"}
FAILED_MARK = "†"
FAILED = f"{FAILED_MARK} a cell failed (see status); a slot without a decision counts −10 a device"
MARKS = "↑ more is better, ↓ less is better; * best of its column, baselines left out"
_MOST_NOTES = 2


@dataclass(frozen=True)
class View:
    """How a table is to be shown.

    Attributes
    ----------
    columns
        Names of columns; None: the default form, or the wide one.
    sort
        Column that rows are sorted by, best first.
    """

    wide: bool = False
    columns: Sequence[str] | None = None
    sort: str = "utility"

    def __post_init__(self) -> None:
        if self.sort not in COLUMNS or self.sort not in ("solver", *_sortable()):
            names = ", ".join(["solver", *_sortable()])
            raise InputError(f"--sort: got {self.sort}; expected one of {names}")


@dataclass
class Layout:
    """One table: title, columns, rows by section, the best of each column, explanations."""

    title: str
    columns: list[Column]
    baselines: list[Row] = field(default_factory=list)
    solvers: list[Row] = field(default_factory=list)
    failed: list[Row] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    _best: dict[str, set[int]] = field(default_factory=dict)

    @property
    def sections(self) -> list[list[Row]]:
        """The non-empty sections among baselines, solvers and failures."""
        return [part for part in (self.baselines, self.solvers, self.failed) if part]

    def is_best(self, column: Column, row: Row) -> bool:
        """Whether a row shows the best value of a column among the solvers that did not fail."""
        if column.name not in self._best:
            self._best[column.name] = self._best_of(column)
        return id(row) in self._best[column.name]

    def _best_of(self, column: Column) -> set[int]:
        """Return the ids of the rows that show the best text; none if all rows are equal."""
        values = [value for one in self.solvers if (value := column.value(one)) is not None]
        texts = {id(one): column.cell(one) for one in self.solvers}
        if not column.better or not values or len(set(texts.values())) < 2:
            return set()
        best = max(values) if column.better > 0 else min(values)
        shown = {texts[id(one)] for one in self.solvers if column.value(one) == best}
        return {place for place, text in texts.items() if text in shown}

    def name(self, row: Row) -> str:
        """Return the solver's name, marked where a cell failed."""
        return f"{FAILED_MARK} {row['solver']}" if row in self.failed else str(row["solver"])

    @property
    def explanations(self) -> list[str]:
        """Lines that explain columns, baselines and marks."""
        episodes = any(row["cells"] == "episodes" for part in self.sections for row in part)
        words = _EXPLAINED if episodes else _EXPLAINED_INSTANCES
        lines = [about(self.columns)]
        lines += ["; ".join(words[row["solver"]] for row in self.baselines) + "."]
        marked = any(self.is_best(c, row) for c in self.columns for row in self.solvers)
        lines += [MARKS + "."] if marked else []
        lines += [FAILED + "."] if self.failed else []
        return [line for line in lines if line not in ("", ".")]


def tables_of(rows: Sequence[Row]) -> list[list[Row]]:
    """Divide rows into tables: one per suite, separate for episodes and instances."""
    tables: dict[tuple[str, str, int | None], list[Row]] = {}
    for row in rows:
        tables.setdefault((row["suite"], row["cells"], row["slots_asked"]), []).append(row)
    return list(tables.values())


def failures_last(rows: Sequence[Row]) -> list[Row]:
    """Keep the order of tables and rows, but put failed rows at the end of their table."""
    tables = (sorted(table, key=lambda row: bool(row["failed"])) for table in tables_of(rows))
    return [row for table in tables for row in table]


def layout(rows: Sequence[Row], view: View) -> Layout:
    """Lay out the rows of one table: baselines, then solvers by `view.sort`, then failures."""
    columns = columns_for(rows, view.columns, view.wide)
    rows = sort_rows(rows, view.sort)
    baselines = [row for row in rows if row["solver"] == EXACT and not row["failed"]]
    bound = next((row["horizon_bound"] for row in rows if row["horizon_bound"] is not None), None)
    if bound is not None:
        baselines.insert(0, _bound_row(rows[0], bound))
    return Layout(
        title(rows),
        columns,
        baselines,
        [row for row in rows if row not in baselines and not row["failed"]],
        [row for row in rows if row["failed"]],
        _notes(rows, view.wide),
    )


def sort_rows(rows: Sequence[Row], column: str) -> list[Row]:
    """Sort rows, the best first, unknown values last; by name where the column is the solver."""
    if column == "solver":
        return sorted(rows, key=lambda row: str(row["solver"]))
    chosen = COLUMNS[column]

    def place(row: Row) -> tuple[bool, float]:
        value = chosen.value(row)
        return value is None, -(chosen.better or 1) * (value or 0.0)

    return sorted(rows, key=place)


def title(rows: Sequence[Row]) -> str:
    """Return the title: the suite of a table's rows, and their common size."""
    unit = "slot" if rows[0]["cells"] == "episodes" else "instance"
    slots, seeds = rows[0]["slots"], max(row["seeds"] for row in rows)
    count = f"{slots} {unit}{'s' * (slots != 1)} × {seeds} seed{'s' * (seeds != 1)}"
    infeasible = max(row["cells_infeasible"] or 0 for row in rows)
    without = f", {infeasible} proved infeasible and left out" if infeasible else ""
    return f"{rows[0]['suite']} ({count}{without})"


def _notes(rows: Sequence[Row], wide: bool) -> list[tuple[str, str]]:
    """Return the rows' notes, each with the names of the solvers that share it."""
    seeds = max(row["seeds"] for row in rows)
    found: dict[str, list[str]] = {}
    for row in rows:
        few = [f"{row['seeds']} of {seeds} seeds"] * (row["seeds"] < seeds)
        notes = [*few, *row["notes"]]
        shown = notes if wide else notes[:_MOST_NOTES]
        if len(shown) < len(notes):
            shown = [*shown, f"{len(notes) - len(shown)} more notes: --wide"]
        for note in shown:
            found.setdefault(note, []).append(row["solver"])
    return [(", ".join(solvers), note) for note, solvers in found.items()]


def _bound_row(like: Row, bound: float) -> Row:
    """Return the bound of the horizon as a row of the table."""
    empty: Row = dict.fromkeys(like)
    return empty | {
        **{name: like[name] for name in ("suite", "cells", "slots", "slots_asked", "seeds")},
        **{"solver": BOUND_ROW, "utility_mean": bound, "failed": False, "claims_refuted": 0},
        **{
            "statuses": {},
            "statuses_counted": {"proved": 1},
            "status": "proved",
            "violations": {},
            "notes": [],
        },
        **{"statistics": {}, "comparison": {}},
    }


def _sortable() -> list[str]:
    return [name for name, column in COLUMNS.items() if column.better]
