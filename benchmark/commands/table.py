"""`splitbench table`: print the table of a store, with statistics, or export its cells."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from splitbench.benchmark import options
from splitbench.benchmark.console import emit, print_json, verbosity, warn
from splitbench.benchmark.durations import seconds
from splitbench.benchmark.output import print_rows, sound
from splitbench.benchmark.runs.drift import drifts
from splitbench.benchmark.store_cells import chosen
from splitbench.problems.errors import InputError
from splitbench.results import Store
from splitbench.results.frame import frame_of
from splitbench.results.rows import Row, row_objects, rows_of
from splitbench.results.select_cells import latest
from splitbench.results.statistics.beside_rows import with_comparison, with_statistics
from splitbench.results.tables import export
from splitbench.results.tables.error_list import error_list
from splitbench.results.tables.layout import View
from splitbench.results.tables.table_columns import column_names
from splitbench.solvers.solver_spec import parse_solver

if TYPE_CHECKING:
    from pandas import DataFrame

    from splitbench.results.store.record import CellKey, CellRecord


class TableFormat(StrEnum):
    """Ways to print a table, and to write cells."""

    RICH = "rich"
    MARKDOWN = "markdown"
    CSV = "csv"
    LATEX = "latex"
    JSON = "json"
    PARQUET = "parquet"


def table(
    store: options.StorePath = options.DEFAULT_STORE,
    suites: options.OnlySuites = None,
    solvers: options.OnlySolvers = None,
    wide: Annotated[bool, typer.Option("--wide", help="All columns.")] = False,
    columns: Annotated[
        str | None, typer.Option("--columns", metavar="a,b,c", help="These columns.")
    ] = None,
    sort: Annotated[
        str, typer.Option("--sort", metavar="COLUMN", help="Sort by it, best first.")
    ] = "utility",
    as_json: options.JsonFlag = False,
    format: Annotated[
        TableFormat | None,
        typer.Option("--format", help="How to print; default: by the name of --out, else rich."),
    ] = None,
    out: options.Out = None,
    caption: Annotated[
        str, typer.Option("--caption", metavar="TEXT", help="Caption of a LaTeX table.")
    ] = "",
    label: Annotated[
        str, typer.Option("--label", metavar="NAME", help="Label of a LaTeX table.")
    ] = "",
    stats: Annotated[
        bool, typer.Option("--stats", help="Add intervals over seeds, mean times and ranks.")
    ] = False,
    compare: Annotated[
        str | None,
        typer.Option(
            "--compare", metavar="SOLVER", help="Compare every solver with this one, by seed."
        ),
    ] = None,
    limit: Annotated[
        str, typer.Option("--limit", metavar="10s|5m", help="Time charged to failures without one.")
    ] = "none",
    cells: Annotated[
        bool, typer.Option("--cells", help="Write the cells, a row each: csv, parquet or json.")
    ] = False,
    slots_out: Annotated[
        Path | None,
        typer.Option("--slots-out", metavar="FILE", help="Write their slots: .csv or .parquet."),
    ] = None,
    errors: Annotated[
        bool, typer.Option("--errors", help="Print what failed, with its traceback.")
    ] = False,
) -> None:
    """Print the table of everything a store has; runs nothing.

    Exit status 1 where a number is impossible, such as a gap below zero.
    """
    chosen = options.format_of(TableFormat, as_json, format, out, TableFormat.RICH)
    view = View(wide, None if columns is None else column_names(columns), sort.replace("-", "_"))
    if cells or slots_out or errors:
        if stats or compare is not None:
            raise InputError("--cells: are raw; expected no --stats and no --compare beside it")
        if out is not None and not (cells or errors):
            raise InputError(f"--out: got {out} beside --slots-out; expected --cells as well")
        _print_cells(store, suites, solvers, chosen if cells else None, out, slots_out, errors)
        return
    if chosen is TableFormat.PARQUET:
        raise InputError("--format parquet: is for raw cells; expected --cells beside it")
    limit_s = seconds(limit, "--limit")
    frame = _frame(store, suites, solvers)
    rows = rows_of(frame)
    if stats or compare is not None:
        rows = _with_statistics(rows, frame, stats, compare, limit_s)
    objects: list[Row] = row_objects(rows)
    print_rows(objects, options.Format(chosen), out, view, caption, label)
    if verbosity() > 0:
        _say_drift(store)
    if not sound(objects):
        raise typer.Exit(1)


def _frame(store: Path, suites: list[str] | None, solvers: list[str] | None) -> DataFrame:
    """Return the requested cells of the latest code; say what is left out."""
    with Store(store, write=False) as opened:
        found = latest(frame_of(opened.summaries()))
    for remark in found.remarks:
        warn(remark)
    return chosen(found.frame, suites, solvers)


def _with_statistics(
    rows: DataFrame, frame: DataFrame, stats: bool, compare: str | None, limit_s: float | None
) -> DataFrame:
    if stats:
        rows = with_statistics(rows, frame, limit_s)
    if compare is not None:
        known = set(frame["solver"])
        name = compare if compare in known else "+".join(map(str, parse_solver(compare)))
        rows = with_comparison(rows, frame, name)
    return rows


def _print_cells(
    store: Path,
    suites: list[str] | None,
    solvers: list[str] | None,
    format: TableFormat | None,
    out: Path | None,
    slots_out: Path | None,
    errors: bool,
) -> None:
    if format not in (None, TableFormat.CSV, TableFormat.JSON, TableFormat.PARQUET):
        raise InputError(f"--cells: got --format {format}; expected csv, json or parquet")
    if slots_out and slots_out.suffix not in (".csv", ".parquet"):
        raise InputError(f"--slots-out: got {slots_out}; expected a name in .csv or .parquet")
    with Store(store, write=False) as opened:
        frame = chosen(frame_of(opened.summaries()), suites, solvers)
        if errors:
            failed = opened.get(frame.loc[frame["failed"], "key"]).values()
            emit(error_list(failed), None if format else out)
        if format is TableFormat.JSON:
            found = opened.get(frame["key"])
            print_json([export.cell_object(record) for record in found.values()], out)
        elif format is not None:
            export.write_cells(frame, out, parquet=format is TableFormat.PARQUET)
        if slots_out:
            shown = _as_shown(frame, opened.get(frame["key"]))
            export.write_slots(shown, slots_out, parquet=slots_out.suffix == ".parquet")


def _as_shown(frame: DataFrame, found: dict[CellKey, CellRecord]) -> list[CellRecord]:
    """Return records under the names that their rows have among the cells, so that both join."""
    shown = zip(frame["suite"], frame["solver"], frame["instance"], strict=True)
    return [
        replace(
            found[key],
            key=replace(
                key,
                suite=suite,
                solver=solver,
                instance=None if key.instance is None else int(instance),
            ),
        )
        for key, (suite, solver, instance) in zip(frame["key"], shown, strict=True)
    ]


def _say_drift(store: Path) -> None:
    with Store(store, write=False) as opened:
        for drift in drifts(opened.reference_times()):
            warn(str(drift))
