"""Printing rows in the format asked for."""

from __future__ import annotations

from pathlib import Path

from splitbench.benchmark.console import emit, print_json
from splitbench.benchmark.options import Format
from splitbench.results.rows import Row


def print_rows(rows: list[Row], format: Format, out: Path | None) -> None:
    """Print the benchmark table to stdout, or to the file `out`."""
    from splitbench.results.tables import tables

    if format is Format.JSON:
        print_json([row.to_json() for row in rows], out)
    elif format is Format.RICH:
        tables.print_rich(rows, out)
    else:
        writer = {
            Format.MARKDOWN: tables.markdown,
            Format.CSV: tables.csv,
            Format.LATEX: tables.latex,
        }
        emit(writer[format](rows), out)
