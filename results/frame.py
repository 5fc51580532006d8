"""Cells as one tidy data frame: one row per cell, one column per number or text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from splitbench.results.bounds import with_horizon_gaps
from splitbench.results.notes import CLAIM_END
from splitbench.results.select_cells import GROUP, latest
from splitbench.results.shown_names import with_shown_names
from splitbench.results.store.record import IMPOSSIBLE, KEY_FIELDS, CellRecord
from splitbench.results.store.store import Store

if TYPE_CHECKING:
    from pandas import DataFrame

#: Constraints whose violations are counted, each in a column `violations_NAME`.
CONSTRAINTS = ("threads_sum", "threads_min", "threads_max", "partition_range", "queue", "battery")

_HALF = re.compile("[\ud800-\udfff]")
_WORDS = ("status", "note", "gap_against", "reference_status", "solver_version", "written")
_COUNTS = ("devices", "slots_run", "served", "slots_optimal")
_NUMBERS = (
    *("utility_mean", "latency_s_mean", "local_s_mean", "transmit_s_mean", "queue_s_mean"),
    *("server_s_mean", "energy_j_mean", "slot_gap_mean", "slot_gap_max", "slot_gap_min"),
    *("gap_relative_mean", "horizon_bound", "horizon_gap"),
    *("wall_s", "limit_s", "reference_cell_s", "reference_s", "player_s", "empty_round_trip_s"),
)


def results(store: str | Path = "splitbench.sqlite", *, older: bool = False) -> DataFrame:
    """Return the cells of a store as a data frame, one row per cell.

    Columns are the fields of `CellKey` and `CellRecord` (units stand in their names) and: `cells`
    (`episodes` or `instances`), `key` (under which the store has the cell; `suite` and `solver` are
    as tables show them), `slots_counted` (over how many slots the means are),
    `violations_NAME` (how often a constraint was broken), `seconds` (sum of the solve times),
    `solve_s` (the solve time of each slot, an array), `machine`, `versions` and `formulation` as
    JSON, `finished`, `failed`, `counted` (False: the instance is proved infeasible) and
    `impossible` (names an impossible number, such as a negative gap; "" otherwise).

    Parameters
    ----------
    older
        Keep the cells of older code too; by default only those of the latest code are kept.

    Raises
    ------
    InputError
        The file is no splitbench store, or is damaged.
    """
    with Store(store, write=False) as opened:
        frame = frame_of(opened.summaries())
    return frame if older else latest(frame).frame


def frame_of(records: Iterable[CellRecord]) -> DataFrame:
    """Return records as a data frame, as `results` describes it.

    Cells that hold a horizon's bound give no row; the bound is a column of the episodes' rows.
    """
    import pandas

    cells = with_horizon_gaps(records)
    stored = [cell.key for cell in cells]
    cells = with_shown_names(cells)
    columns: dict[str, Any] = {name: [] for name in KEY_FIELDS}
    if cells:
        keys = map(attrgetter(*KEY_FIELDS), (cell.key for cell in cells))
        columns = dict(zip(KEY_FIELDS, map(list, zip(*keys, strict=True)), strict=True))
    for name in ("slots", "instance"):
        columns[name] = pandas.array(columns[name], dtype="Int64")
    columns["cells"] = np.where(pandas.isna(columns["instance"]), "episodes", "instances")
    for name in _WORDS:
        columns[name] = [_text(text) for text in map(attrgetter(name), cells)]
    for name in ("suite", "solver", "code"):
        columns[name] = [_text(text) for text in columns[name]]
    for name in (*_COUNTS, "slots_counted"):
        columns[name] = np.array(list(map(attrgetter(name), cells)), dtype=np.int64)
    for name in _NUMBERS:
        columns[name] = np.array(list(map(attrgetter(name), cells)), dtype=np.float64)
    for name in ("finished", "failed"):
        columns[name] = np.array(list(map(attrgetter(name), cells)), dtype=bool)
    columns["relaxes"] = [", ".join(cell.relaxes) for cell in cells]
    columns["claims"] = [_text(CLAIM_END.join(cell.claims)) for cell in cells]
    for name in dict.fromkeys([*CONSTRAINTS, *(name for c in cells for name in c.violations)]):
        counts = [cell.violations.get(name, 0) for cell in cells]
        columns[f"violations_{name}"] = np.array(counts, dtype=np.int64)
    columns["solve_s"] = [np.asarray(cell.solve_s, dtype=np.float64) for cell in cells]
    columns["seconds"] = np.array([sum(cell.solve_s) for cell in cells], dtype=np.float64)
    columns |= _environments(cells)
    columns["key"] = stored
    frame = pandas.DataFrame(columns)
    frame["counted"] = _counted(frame)
    frame["impossible"] = _impossible(frame)
    return frame


def group_title(suite: str, cells: str, slots: Any) -> str:
    """Name a suite, and how much of it where that was asked for."""
    import pandas

    known = not pandas.isna(slots)
    return f"{suite}, {slots} {'slots' if cells == 'episodes' else cells}" if known else suite


def groups_of(frame: DataFrame) -> dict[tuple[str, str, Any], DataFrame]:
    """Return the cells of each table, in the order in which they first appear."""
    return {
        (str(suite), str(cells), slots): part
        for (suite, cells, slots), part in frame.groupby(list(GROUP), sort=False, dropna=False)
    }


def _text(text: str | None) -> str | None:
    """Return text that pandas can hold: lone surrogates, as in odd file names, are replaced."""
    if text is None or text.isascii():
        return text
    return _HALF.sub("\ufffd", text)


def _environments(cells: list[CellRecord]) -> dict[str, list[str]]:
    """Machine, versions and formulation as JSON, each distinct one written once."""
    known: dict[str, str] = {}

    def text(value: Any) -> str:
        shown = repr(value)
        if shown not in known:
            known[shown] = json.dumps(value, ensure_ascii=False)
        return known[shown]

    return {
        "machine": [text(cell.environment.get("machine", {})) for cell in cells],
        "versions": [text(cell.environment.get("versions", {})) for cell in cells],
        "formulation": [text(cell.formulation) for cell in cells],
    }


def _counted(frame: DataFrame) -> Any:
    """Whether a cell counts: an instance without any feasible decision counts for no solver.

    If the reference of one cell proves an instance infeasible, this holds for all its cells,
    including cells that were not run. Without any reference, an instance counts as infeasible if
    one solver says so and none has a valid decision.
    """
    proved = frame["reference_status"] == "infeasible"
    said = frame["status"] == "infeasible"
    if not (proved | said).any():
        return ~proved
    place = frame.groupby([*GROUP, "seed", "instance"], sort=False, dropna=False).ngroup()

    def anywhere(cells: Any) -> Any:
        return cells.groupby(place).transform("any")

    decided = frame["status"].isin(["optimal", "feasible"])
    known = anywhere(frame["reference_status"].notna())
    taken = (anywhere(proved) | (anywhere(said) & ~anywhere(decided) & ~known)).astype(bool)
    return ~(proved | (taken & frame["instance"].notna()))


def _impossible(frame: DataFrame) -> list[str]:
    """Name gaps that are negative by more than rounding: something is wrong with the run."""
    least = -IMPOSSIBLE * np.maximum(1.0, frame["utility_mean"].abs().fillna(0.0))
    lowest = frame["slot_gap_min"].fillna(frame["slot_gap_mean"])
    slot = (lowest < least) & (frame["gap_against"] != "best_known")
    horizon = frame["horizon_gap"] < least
    texts = [""] * len(frame)
    for place in np.flatnonzero(slot | horizon):
        found = [f"slot gap {lowest.iloc[place]:.6g}"] if slot.iloc[place] else []
        found += [f"horizon gap {frame['horizon_gap'].iloc[place]:.6g}"] * bool(horizon.iloc[place])
        texts[place] = ", ".join(found)
    return texts
