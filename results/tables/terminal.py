"""The benchmark table in a terminal: nothing is shortened, whatever the width."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from splitbench.problems.errors import InputError
from splitbench.results.rows import Row
from splitbench.results.tables import escape
from splitbench.results.tables.labels import short_names
from splitbench.results.tables.table_columns import Column, columns_of, legend, tables_of, title

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

#: Width of the lines below a table where there is no terminal.
_TEXT_WIDTH = 100
#: What a column takes beside its text: a space on each side and a line.
_FRAME = 3


def print_rich(rows: Sequence[Row], out: Path | None = None, *, width: int | None = None) -> None:
    """Print one table a suite, and below it what its cells had to say.

    Where the columns do not fit side by side the table goes on below, solvers named again: no
    name and no number is cut or folded. A name of more than half the width stands below the
    table, in full. A file or a pipe takes all columns side by side.

    Parameters
    ----------
    width
        Columns of the terminal; found out by default.
    """
    if out is None:
        _print(rows, _console(sys.stdout, width))
    else:
        try:
            with out.open("w", encoding="utf-8") as stream:
                _print(rows, _console(stream, width))
        except OSError as error:
            raise InputError(f"{out}: {error.strerror}; expected a file to write") from None


def _console(stream: object, width: int | None) -> Console:
    from rich.console import Console

    console = Console(file=stream, highlight=False, width=width)  # type: ignore[arg-type]
    if width is None and not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(file=stream, highlight=False, width=10_000)  # type: ignore[arg-type]
    return console


def _print(rows: Sequence[Row], console: Console) -> None:
    from rich.text import Text

    text_width = min(console.width, _TEXT_WIDTH) if console.width > 1000 else console.width
    for table in tables_of(rows):
        heading = Text(escape.printable(title(table)), style="italic")
        console.print(heading, soft_wrap=True)
        shown, explained = short_names([row.solver for row in table], console.width // 2)
        columns = [_solver_column(shown), *columns_of(table)[1:]]
        for block in _blocks(columns, table, console.width):
            console.print(_drawn(block, table), crop=False)
        for line in explained:
            console.print(Text(f"  {line}"), soft_wrap=True)
        for row in table:
            for note in row.notes:
                said = Text(f"  {escape.printable(row.solver)}: {escape.printable(note)}")
                console.print(said, width=text_width, overflow="fold")
    if rows:
        console.print(Text(escape.printable(legend(rows))), width=text_width)


def _solver_column(shown: dict[str, str]) -> Column:
    return Column("solver", lambda row: shown[row.solver], left=True)


def _blocks(columns: list[Column], rows: Sequence[Row], width: int) -> list[list[Column]]:
    """Divide the columns into blocks that fit the width, the first column in each."""
    first, *rest = columns
    left = width - _width(first, rows) - 1
    blocks: list[list[Column]] = []
    room = 0
    for column in rest:
        wide = _width(column, rows)
        if not blocks or wide > room:
            blocks.append([first])
            room = left
        blocks[-1].append(column)
        room -= wide
    return blocks


def _width(column: Column, rows: Sequence[Row]) -> int:
    from rich.cells import cell_len

    texts = [column.heading, *(escape.printable(column.cell(row)) for row in rows)]
    return max(map(cell_len, texts)) + _FRAME


def _drawn(columns: list[Column], rows: Sequence[Row]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for column in columns:
        justify = "left" if column.left else "right"
        table.add_column(Text(column.heading), justify=justify, overflow="fold")  # type: ignore[arg-type]
    for row in rows:
        # Text, not str: a name such as ilp-cbc[time_limit=10] must not vanish as markup.
        table.add_row(*(Text(escape.printable(column.cell(row))) for column in columns))
    return table
