"""Rows of the benchmark table: one solver on one suite, aggregated over its cells."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from splitbench.results.notes import notes_of
from splitbench.results.select_cells import GROUP
from splitbench.results.store.record import NOT_RUN, STATUS_ORDER

if TYPE_CHECKING:
    from pandas import DataFrame, Series

#: One row as an object; None where a number is unknown.
Row = dict[str, Any]

#: Columns that identify a row.
KEYS = (*GROUP, "solver")

#: Numbers of a row; all are missing if a cell was not run or left no numbers.
_NUMBERS = (
    *("utility_mean", "utility_per_device", "latency_s_mean", "energy_j_mean", "slot_gap_mean"),
    *("slot_gap_max", "slot_gap_per_device", "gap_relative", "gap_percent", "optimal_share"),
    *("horizon_bound", "horizon_gap", "availability"),
)


def rows_of(frame: DataFrame) -> DataFrame:
    """Return the rows of the table, in the order in which suites and solvers first appear.

    Every slot and every feasible instance that was asked for counts in every mean. Columns:

    - `suite`, `solver`, `cells` (`episodes` or `instances`), `slots` and `seeds` (asked for),
      `slots_asked` (`--slots`; missing: the suite's own number), `slots_run` (per seed);
    - `utility_mean` (sum over devices, mean over slots), `utility_per_device`;
    - `latency_s_mean` over the device-slots served, `served` of them; `energy_j_mean` over all
      `device_slots`; `availability`, the share that was served;
    - `slot_gap_mean`, `slot_gap_max`, `slot_gap_per_device`, `gap_relative` (mean over slots of
      gap / |reference|), `gap_percent` (100 · mean gap / |mean reference|), `gap_against`,
      `optimal_share` (of the slots with a gap);
    - `horizon_bound` and `horizon_gap`, means over slots;
    - `violations` and `statuses` (counts by name), `statuses_counted` (without the instances
      that are proved infeasible), `status` (the worst), `failed`,
      `solve_s_median` (over slots), `claims_refuted` (cells), `notes`, `impossible`;
      `cells_infeasible`, the instances that are proved infeasible and count for no solver.
    """
    import pandas

    if frame.empty:
        return pandas.DataFrame(columns=[*GROUP[:1], "solver", "cells", *_NUMBERS, "status"])
    row = frame.groupby(list(KEYS), sort=False, dropna=False).ngroup()
    first = frame.groupby(row, sort=False)
    rows = first[list(KEYS)].first().rename(columns={"slots": "slots_asked"})
    rows["seeds"] = first["seed"].nunique()
    rows = rows.join(_numbers(frame[frame["counted"]], row))
    rows = rows.join(_sizes(frame, row, rows))
    statuses = _statuses(frame, row)
    rows["violations"] = pandas.Series(_violations(frame, row, rows.index), index=rows.index)
    rows["solve_s_median"] = _medians(frame, row)
    rows["status"] = [max(statuses[index], key=STATUS_ORDER.index) for index in rows.index]
    rows["statuses"] = pandas.Series(statuses)
    rows["failed"] = first["failed"].any()
    rows["cells_infeasible"] = (~frame["counted"]).groupby(row).sum()
    counted = _statuses(frame[frame["counted"]], row)
    each = [counted.get(index, {}) for index in rows.index]
    rows["statuses_counted"] = pandas.Series(each, index=rows.index)
    rows["claims_refuted"] = (frame["claims"] != "").groupby(row).sum()
    rows["notes"] = _notes(frame, row, rows.index)
    impossible = frame[frame["impossible"] != ""]
    of_row = impossible.groupby(row[impossible.index])["impossible"].agg(list)
    rows["impossible"] = [of_row.get(index, []) for index in rows.index]
    left_out = _without_numbers(frame, row)
    rows.loc[left_out, list(_NUMBERS)] = np.nan
    rows.loc[left_out, "gap_against"] = None
    return rows.reset_index(drop=True)


def row_objects(rows: DataFrame) -> list[Row]:
    """Return rows as JSON objects; `statistics` and `comparison` only where they were made."""
    objects = []
    for one in rows.to_dict("records"):
        plain: Row = {str(name): _plain(value) for name, value in one.items()}
        for inner in ("statistics", "comparison"):
            prefix = f"{inner}_"
            found = {n.removeprefix(prefix): plain.pop(n) for n in [*plain] if n.startswith(prefix)}
            if any(value is not None for value in found.values()):
                plain[inner] = found
        objects.append(plain)
    return objects


def _plain(value: Any) -> Any:
    import pandas

    if isinstance(value, dict | list | str):
        return value
    if pandas.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value


def _numbers(frame: DataFrame, row: Series[int]) -> DataFrame:
    """Weighted means of the cells that count, for each row."""
    import pandas

    of = row[frame.index]
    slots, devices, served = frame["slots_counted"], frame["devices"], frame["served"]
    gap, utility = frame["slot_gap_mean"], frame["utility_mean"]
    reference = gap + utility
    with_gap = slots.where(gap.notna(), 0)
    each = devices.where(devices > 0)

    def mean(values: Series[Any], weight: Series[Any]) -> Series[Any]:
        weight = weight.where(values.notna(), 0)
        total = weight.groupby(of).sum()
        return (values * weight).groupby(of).sum() / total.where(total > 0)

    one = slots * 0 + 1
    numbers = {
        "utility_mean": mean(utility, slots),
        "utility_per_device": mean(utility / each, one),
        "latency_s_mean": mean(frame["latency_s_mean"], served),
        "energy_j_mean": mean(frame["energy_j_mean"], devices * slots),
        "slot_gap_mean": mean(gap, slots),
        "slot_gap_max": frame["slot_gap_max"].groupby(of).max(),
        "slot_gap_per_device": mean(gap / each, one),
        "gap_relative": mean(frame["gap_relative_mean"].where(gap.notna()), slots),
        "gap_percent": 100.0 * mean(gap, slots) / mean(reference, slots).abs().clip(lower=1e-10),
        "optimal_share": mean((frame["slots_optimal"] / slots).where(gap.notna()), with_gap),
        "horizon_bound": mean(frame["horizon_bound"], slots),
        "horizon_gap": mean(frame["horizon_gap"], slots),
        "availability": mean(served / (devices * slots), devices * slots),
        "served": served.groupby(of).sum(),
        "device_slots": (devices * slots).groupby(of).sum(),
    }
    numbers["gap_against"] = frame["gap_against"].groupby(of).agg(_joined)
    return pandas.DataFrame(numbers)


def _sizes(frame: DataFrame, row: Series[int], rows: DataFrame) -> DataFrame:
    """Slots (or instances) per seed: those run, and those asked for (equal in a whole table)."""
    import pandas

    run = frame["solve_s"].map(len)
    most = run.where(run > frame["slots_counted"], frame["slots_counted"])
    asked = most.groupby(row).sum() // rows["seeds"]
    of_table = asked.groupby(
        [rows[name] for name in ("suite", "cells", "slots_asked")], dropna=False
    )
    slots = rows["slots_asked"].fillna(of_table.transform("max").astype("Int64"))
    return pandas.DataFrame(
        {"slots": slots.astype("int64"), "slots_run": run.groupby(row).sum() // rows["seeds"]}
    )


def _without_numbers(frame: DataFrame, row: Series[int]) -> Any:
    """Whether a row has a cell that counts but was not run: its means would be over fewer."""
    silent = frame["counted"] & (frame["utility_mean"].isna() | frame["status"].isin(NOT_RUN))
    return silent.groupby(row).any().to_numpy()


def _statuses(frame: DataFrame, row: Series[int]) -> dict[Any, dict[str, int]]:
    """Count the cells of each status, for each row."""
    of_row = frame["status"].groupby(row[frame.index], sort=False)
    return {index: dict(Counter(statuses)) for index, statuses in of_row}


def _violations(frame: DataFrame, row: Series[int], index: Any) -> list[dict[str, int]]:
    names = [name for name in frame.columns if name.startswith("violations_")]
    sums = frame[names].groupby(row[frame.index]).sum().reindex(index, fill_value=0)
    return [
        {str(name).removeprefix("violations_"): int(count) for name, count in of.items() if count}
        for of in sums.to_dict("records")
    ]


def _medians(frame: DataFrame, row: Series[int]) -> Series[float]:
    """Median over all slots of a row, not of its cells' medians."""
    import pandas

    times = np.concatenate(frame["solve_s"].to_list())
    owner = np.repeat(row.to_numpy(), frame["solve_s"].map(len))
    return pandas.Series(times).groupby(owner).median()


def _notes(frame: DataFrame, row: Series[int], index: Any) -> list[list[str]]:
    """The cells' notes, except proofs of infeasibility, which the table's title counts."""
    matters = frame["counted"] | frame["failed"] | (frame["claims"] != "")
    told = frame[matters & ((frame["note"] != "") | (frame["claims"] != ""))]
    said = dict(iter(told.groupby(row[told.index])))
    return [notes_of(said[one]) if one in said else [] for one in index]


def _joined(values: Series[str]) -> str | None:
    """Return the one value, or several joined, so that a gap always names its reference."""
    known = sorted(set(values.dropna()))
    return "/".join(known) if known else None
