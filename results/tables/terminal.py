"""The benchmark table in a terminal; names and numbers are never truncated."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from splitbench.problems.errors import InputError
from splitbench.results.rows import Row
from splitbench.results.tables import escape
from splitbench.results.tables.labels import broken, short_names
from splitbench.results.tables.layout import Layout, View, layout, tables_of
from splitbench.results.tables.table_columns import Column

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

#: Width of the default form where there is no terminal.
_TEXT_WIDTH = 100
#: Longest name that is broken over lines; a longer one is written once, below the table.
_LONGEST_NAME = 60
#: A name is not broken into pieces shorter than this.
_SHORTEST_PIECE = 12


def print_rich(
    rows: Sequence[Row],
    out: Path | None = None,
    *,
    view: View | None = None,
    width: int | None = None,
) -> None:
    """Print one table per suite, with notes and explanations below.

    If the columns do not fit, long names are broken over lines. If that is not enough, the
    remaining columns follow below, with the solvers repeated. In a file or a pipe the default form
    has 100 columns, and the wide form is not divided.

    Parameters
    ----------
    width
        Columns of the terminal; detected by default.
    """
    view = view or View()
    if out is None:
        _print(rows, _console(sys.stdout, width, view), view)
        return
    try:
        with out.open("w", encoding="utf-8") as stream:
            _print(rows, _console(stream, width, view), view)
    except OSError as error:
        raise InputError(f"{out}: {error.strerror}; expected a file to write") from None


def _console(stream: object, width: int | None, view: View) -> Console:
    from rich.console import Console

    console = Console(file=stream, highlight=False, width=width)  # type: ignore[arg-type]
    if width is None and not console.is_terminal and "COLUMNS" not in os.environ:
        wide = view.wide or view.columns is not None
        columns = 10_000 if wide else _TEXT_WIDTH
        console = Console(file=stream, highlight=False, width=columns)  # type: ignore[arg-type]
    return console


def _print(rows: Sequence[Row], console: Console, view: View) -> None:
    from rich.text import Text

    text_width = min(console.width, _TEXT_WIDTH)
    said: list[str] = []
    for table in tables_of(rows):
        shown = layout(table, view)
        console.print(Text(escape.printable(shown.title), style="bold"), soft_wrap=True)
        names = [shown.name(row) for part in shown.sections for row in part]
        names_shown, explained = short_names(names, _LONGEST_NAME)
        for block, gap in _blocks(shown, names_shown, console.width):
            console.print(_drawn(block, shown, names_shown, console.width, gap), crop=False)
        for line in explained:
            console.print(Text(f"  {line}"), soft_wrap=True)
        for solver, note in shown.notes:
            line = f"  {escape.printable(solver)}: {escape.printable(note)}"
            console.print(Text(line), width=text_width, overflow="fold")
        new = [line for line in shown.explanations if line not in said]
        for line in new:
            text = Text(escape.printable(line), style="dim")
            console.print(text, width=text_width, overflow="fold")
        said += new
        console.print()


def _blocks(shown: Layout, names: dict[str, str], width: int) -> list[tuple[list[Column], int]]:
    """Divide the columns into blocks that fit the width, the solver in each, and their gap.

    The gap between columns is 2, or 1 where that saves a block.
    """
    solver, *rest = shown.columns
    longest = max(map(_width, names.values()))
    wides = [max(map(_width, _column_texts(column, shown))) for column in rest]
    found = []
    for gap, least in ((2, longest), (2, max(_SHORTEST_PIECE, width // 4)), (1, _SHORTEST_PIECE)):
        blocks: list[list[Column]] = []
        room = 0
        for column, wide in zip(rest, wides, strict=True):
            if not blocks or wide + gap > room:
                blocks.append([solver])
                room = width - min(longest, least)
            blocks[-1].append(column)
            room -= wide + gap
        found.append([(block, gap) for block in blocks])
    return min(found, key=len)


def _column_texts(column: Column, shown: Layout) -> list[str]:
    rows = [row for part in shown.sections for row in part]
    return [*_heading(column).split("\n"), *(_cell(column, row, shown) for row in rows)]


def _heading(column: Column) -> str:
    return f"{column.heading}\n{column.unit} {column.arrow}".rstrip()


def _cell(column: Column, row: Row, shown: Layout) -> str:
    """Write a cell; a star after the best, and a space after others so that digits line up."""
    text = escape.printable(column.cell(row))
    if not column.better or column.left:
        return text
    return text + ("*" if shown.is_best(column, row) else " ")


def _drawn(
    columns: list[Column], shown: Layout, names: dict[str, str], width: int, gap: int
) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE, show_edge=False, padding=(0, gap - 1, 0, 0), pad_edge=False)
    others = sum(gap + max(map(_width, _column_texts(column, shown))) for column in columns[1:])
    room = max(_SHORTEST_PIECE, width - others)
    for column in columns:
        justify = "left" if column.left else "right"
        heading = Text(_heading(column))
        table.add_column(heading, justify=justify, no_wrap=True, vertical="bottom")  # type: ignore[arg-type]
    for part in shown.sections:
        for row in part:
            # Text, not str: a name such as ilp-cbc[time_limit=10] must not vanish as markup.
            cells = [Text("\n".join(broken(names[shown.name(row)], room)))]
            for column in columns[1:]:
                best = shown.is_best(column, row)
                failed = column.name == "status" and row in shown.failed
                style = "bold" if best else "red" if failed else ""
                cells.append(Text(_cell(column, row, shown), style=style))
            table.add_row(*cells)
        table.add_section()
    return table


def _width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)
