"""The benchmark table for papers and programs: Markdown, CSV, LaTeX; for people see `terminal`."""

from __future__ import annotations

import csv as csv_module
import io
import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from splitbench.results.rows import Row
from splitbench.results.tables import escape
from splitbench.results.tables.cell_text import counts, gap_text, number
from splitbench.results.tables.table_columns import COLUMNS, columns_of, legend, tables_of, title
from splitbench.results.tables.terminal import print_rich

__all__ = [
    "COLUMNS",
    "counts",
    "csv",
    "gap_text",
    "latex",
    "legend",
    "markdown",
    "number",
    "print_rich",
]


def markdown(rows: Sequence[Row]) -> str:
    """Return GitHub-flavoured Markdown, one table a suite, what cells had to say below it."""
    parts = []
    for table in tables_of(rows):
        columns = columns_of(table)
        lines = [f"### {escape.markdown(title(table))}", ""]
        lines.append(_line(column.heading for column in columns))
        lines.append("|" + "".join(":---|" if column.left else "---:|" for column in columns))
        lines += [_line(column.cell(row) for column in columns) for row in table]
        notes = [(row.solver, note) for row in table for note in row.notes]
        lines += [""] * bool(notes)
        lines += [f"- {escape.markdown(name)}: {escape.markdown(note)}" for name, note in notes]
        parts.append("\n".join(lines))
    return "\n\n".join([*parts, *([escape.markdown(legend(rows))] if rows else [])])


def csv(rows: Sequence[Row]) -> str:
    """Return CSV with every field at full precision; texts cannot become formulas."""
    buffer = io.StringIO()
    writer = csv_module.writer(buffer, lineterminator="\n")
    objects = [_flat(row.to_json()) for row in rows]
    names = list(dict.fromkeys(name for one in objects for name in one)) or _field_names()
    writer.writerow(names)
    for one in objects:
        writer.writerow([csv_cell(one.get(name)) for name in names])
    return buffer.getvalue().rstrip("\n")


def latex(rows: Sequence[Row]) -> str:
    """Return LaTeX tabulars (booktabs), one a suite; needs `textcomp` for a few signs."""
    parts = []
    for table in tables_of(rows):
        columns = columns_of(table)
        lines = [f"% {escape.printable(title(table))}"]
        lines.append(f"\\begin{{tabular}}{{{''.join('l' if c.left else 'r' for c in columns)}}}")
        lines += ["\\toprule", _latex_line([column.heading for column in columns]), "\\midrule"]
        lines += [_latex_line([column.cell(row) for column in columns]) for row in table]
        lines += ["\\bottomrule", "\\end{tabular}"]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def csv_cell(value: Any) -> Any:
    """Return a value as a CSV cell: numbers as they are, lists of texts joined, objects as JSON."""
    if isinstance(value, dict):
        return escape.csv(json.dumps(value, ensure_ascii=False)) if value else ""
    if isinstance(value, list | tuple):
        return "; ".join(escape.csv(str(one)) for one in value)
    return escape.csv(value) if isinstance(value, str) else value


def _flat(one: dict[str, Any]) -> dict[str, Any]:
    """Lift the statistics of a row to columns of their own."""
    flat: dict[str, Any] = {}
    for name, value in one.items():
        if name in ("statistics", "comparison"):
            flat |= {f"{name}_{inner}": child for inner, child in value.items()}
        else:
            flat[name] = value
    return flat


def _field_names() -> list[str]:
    names = [entry.name for entry in fields(Row)]
    return [name for name in names if name not in ("statistics", "comparison")]


def _line(cells: Any) -> str:
    return "| " + " | ".join(escape.markdown(cell) for cell in cells) + " |"


def _latex_line(cells: Sequence[str]) -> str:
    line = " & ".join(escape.latex(cell) for cell in cells)
    # After \\ of the line before, a bracket or an asterisk would be taken for its argument.
    guard = "{}" if line.startswith(("[", "*")) else ""
    return f"{guard}{line} \\\\"
