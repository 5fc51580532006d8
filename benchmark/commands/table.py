"""`splitbench table`: the table again, from the store, with statistics; or its raw cells."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from splitbench.benchmark import options
from splitbench.problems.errors import InputError

if TYPE_CHECKING:
    from splitbench.results import CellRecord, Row


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
    as_json: options.JsonFlag = False,
    format: Annotated[
        TableFormat, typer.Option("--format", help="How to print; parquet: with --cells.")
    ] = TableFormat.RICH,
    out: options.Out = None,
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
        bool, typer.Option("--cells", help="Write the raw cells: csv, json or parquet.")
    ] = False,
) -> None:
    """Print the table of everything a store has; runs nothing."""
    from splitbench.benchmark.durations import seconds
    from splitbench.results import Store

    chosen = TableFormat.JSON if as_json else format
    if cells:
        if stats or compare is not None:
            raise InputError("--cells: are raw; expected no --stats and no --compare beside it")
        with Store(store, write=False) as opened:
            _write_cells(opened, chosen, out)
        return
    if chosen is TableFormat.PARQUET:
        raise InputError("--format parquet: is for raw cells; expected --cells beside it")
    limit_s = seconds(limit, "--limit")
    with Store(store, write=False) as opened:
        records = opened.summaries()
        reference_times = opened.reference_times() if stats else []
    _print_table(records, options.Format(chosen), out, stats, compare, limit_s)
    if stats:
        from splitbench.benchmark.console import warn
        from splitbench.benchmark.runs.drift import drifts

        for drift in drifts(reference_times):
            warn(str(drift))


def _print_table(
    records: list[CellRecord],
    format: options.Format,
    out: Path | None,
    stats: bool,
    compare: str | None,
    limit_s: float | None,
) -> None:
    from splitbench.benchmark.console import warn
    from splitbench.benchmark.output import print_rows
    from splitbench.results import rows_of
    from splitbench.results.select_cells import latest

    found = latest(records)
    rows = rows_of(found.records)
    if stats or compare is not None:
        rows = _with_statistics(rows, found.records, stats, compare, limit_s)
    print_rows(rows, format, out)
    for remark in found.remarks:
        warn(remark)


def _with_statistics(
    rows: list[Row],
    records: list[CellRecord],
    stats: bool,
    compare: str | None,
    limit_s: float | None,
) -> list[Row]:
    from splitbench.results.statistics.samples import samples_of
    from splitbench.results.statistics.statistics import with_comparison, with_statistics
    from splitbench.solvers.solver_spec import parse_solver

    samples = samples_of(records)
    if stats:
        rows = with_statistics(rows, samples, limit_s)
    if compare is not None:
        known = {row.solver for row in rows}
        name = compare if compare in known else "+".join(map(str, parse_solver(compare)))
        rows = with_comparison(rows, samples, name)
    return rows


def _write_cells(store: object, format: TableFormat, out: Path | None) -> None:
    from splitbench.benchmark.console import print_json
    from splitbench.results import Store
    from splitbench.results.tables import export

    assert isinstance(store, Store)
    if format is TableFormat.PARQUET:
        if out is None:
            raise InputError("--format parquet: is no text; expected --out FILE.parquet")
        export.write_parquet(store.each(), out)
    elif format is TableFormat.CSV:
        export.write_csv_to(store.each(), out)
    elif format is TableFormat.JSON:
        print_json([export.cell_object(record) for record in store.each()], out)
    else:
        raise InputError(f"--cells: got --format {format}; expected csv, json or parquet")
