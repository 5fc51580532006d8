"""Print the benchmark table in the requested format."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from splitbench.benchmark.console import emit, print_json, warn
from splitbench.benchmark.options import Format
from splitbench.results import CellRecord
from splitbench.results.frame import frame_of
from splitbench.results.rows import Row, row_objects, rows_of
from splitbench.results.tables import tables
from splitbench.results.tables.layout import View, failures_last
from splitbench.results.tables.terminal import print_rich


def print_table(records: Iterable[CellRecord], format: Format, out: Path | None) -> bool:
    """Print the table of these cells to stdout, or to the file `out`.

    Returns
    -------
    bool
        Whether every number is possible; impossible ones are reported on stderr (`sound`).
    """
    rows = row_objects(rows_of(frame_of(records)))
    print_rows(rows, format, out)
    return sound(rows)


def print_rows(
    rows: list[Row],
    format: Format,
    out: Path | None,
    view: View | None = None,
    caption: str = "",
    label: str = "",
) -> None:
    """Print rows of the table to stdout, or to the file `out`."""
    if format is Format.JSON:
        print_json(failures_last(rows), out)
    elif format is Format.RICH:
        print_rich(rows, out, view=view)
    elif format is Format.MARKDOWN:
        emit(tables.markdown(rows, view), out)
    elif format is Format.CSV:
        emit(tables.csv(rows), out)
    else:
        emit(tables.latex(rows, view, caption, label), out)


def sound(rows: list[Row]) -> bool:
    """Report rows with impossible numbers on stderr, in red; return whether there are none.

    No decision beats the optimum of its slot, and no episode beats the bound of its horizon. A
    gap that is negative by more than rounding is an error of the program or an attempt to cheat.
    """
    wrong = [row for row in rows if row["impossible"]]
    for row in wrong:
        more = f" and {len(row['impossible']) - 1} more cells" * (len(row["impossible"]) > 1)
        warn(
            f"IMPOSSIBLE: {row['suite']} {row['solver']}: {row['impossible'][0]}{more}; "
            "a gap cannot be negative: do not use these results",
            red=True,
        )
    return not wrong


def all_possible(records: Iterable[CellRecord]) -> bool:
    """Do the same as `sound` for cells without a table."""
    below = [one for one in records if min(one.slot_gap_min or 0.0, one.horizon_gap or 0.0) < 0.0]
    return not below or sound(row_objects(rows_of(frame_of(below))))  # pandas loads slowly
