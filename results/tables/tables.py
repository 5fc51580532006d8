"""The benchmark table as Markdown, CSV and LaTeX; for the terminal see `terminal`."""

from __future__ import annotations

import csv as csv_module
import io
import json
import re
from collections.abc import Sequence
from typing import Any

from splitbench.results.rows import Row
from splitbench.results.tables import escape
from splitbench.results.tables.layout import Layout, View, failures_last, layout, tables_of
from splitbench.results.tables.table_columns import Column

#: Objects whose fields become columns of their own in CSV.
_NESTED = ("statistics", "comparison")


def markdown(rows: Sequence[Row], view: View | None = None) -> str:
    """Return GitHub-flavoured Markdown: one table per suite, with notes and explanations below."""
    parts = []
    for table in tables_of(rows):
        shown = layout(table, view or View())
        heads = [" ".join(filter(None, _words(column))) for column in shown.columns]
        lines = [f"### {escape.markdown(shown.title)}", "", _line(map(escape.markdown, heads))]
        lines.append("|" + "".join(":---|" if c.left else "---:|" for c in shown.columns))
        for row in (row for part in shown.sections for row in part):
            lines.append(_line(_markdown_cell(column, row, shown) for column in shown.columns))
        notes = [
            f"- {escape.markdown(name)}: {escape.markdown(note)}" for name, note in shown.notes
        ]
        about = [
            escape.markdown(line.replace("* best", "bold: best")) for line in shown.explanations
        ]
        lines += ["", *notes] if notes else []
        parts.append("\n".join([*lines, "", "\n\n".join(about)]).rstrip())
    return "\n\n".join(parts)


def csv(rows: Sequence[Row]) -> str:
    """Return CSV with every field at full precision; texts cannot become formulas.

    Rows with a failed cell (`failed`) are at the end of their table.
    """
    buffer = io.StringIO()
    writer = csv_module.writer(buffer, lineterminator="\n")
    objects = [_flat(row) for row in failures_last(rows)]
    names = list(dict.fromkeys(name for one in objects for name in one))
    writer.writerow(names)
    for one in objects:
        writer.writerow([csv_cell(one.get(name)) for name in names])
    return buffer.getvalue().rstrip("\n")


#: The default columns fit the text width of LaTeX's article class with it.
_NARROW = r"\smallskip\setlength{\tabcolsep}{4pt}\small"


def latex(rows: Sequence[Row], view: View | None = None, caption: str = "", label: str = "") -> str:
    """Return LaTeX tables, one per suite, the best of each column in bold; needs `booktabs`.

    Parameters
    ----------
    caption, label
        Text above each table and its label; with several suites the suite is added to both.
    """
    tables = tables_of(rows)
    parts = [r"% needs \usepackage{booktabs}"] if tables else []
    for table in tables:
        shown = layout(table, view or View())
        suite = f" {table[0]['suite']}" if len(tables) > 1 else ""
        words = f"{caption}{':' * bool(suite)}{suite}" if caption else _caption(shown)
        name = f"{label or 'tab:splitbench'}{'-' * bool(suite)}{_slug(suite)}"
        heads = [[escape.latex(text) for text in _words(column)] for column in shown.columns]
        lines = [r"\begin{table}[t]", r"\centering", f"\\caption{{{escape.latex(words)}}}"]
        lines += [f"\\label{{{_slug(name)}}}", _NARROW]
        lines.append(
            f"\\begin{{tabular}}{{@{{}}{''.join('lr'[not c.left] for c in shown.columns)}@{{}}}}"
        )
        lines += [r"\toprule", _latex_line([head[0] for head in heads])]
        lines += [_latex_line([" ".join(filter(None, head[1:])) for head in heads])]
        for part in shown.sections:
            lines.append(r"\midrule")
            lines += [
                _latex_line([_latex_cell(c, row, shown) for c in shown.columns]) for row in part
            ]
        lines += [r"\bottomrule", r"\end{tabular}", r"\end{table}"]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def csv_cell(value: Any) -> Any:
    """Return a value as a CSV cell: numbers unchanged, lists of texts joined, objects as JSON."""
    if isinstance(value, dict):
        return escape.csv(json.dumps(value, ensure_ascii=False)) if value else ""
    if isinstance(value, list | tuple):
        return "; ".join(escape.csv(str(one)) for one in value)
    return escape.csv(value) if isinstance(value, str) else value


def _words(column: Column) -> tuple[str, str, str]:
    return column.heading, column.unit, column.arrow


def _text(column: Column, row: Row, shown: Layout) -> str:
    return shown.name(row) if column.name == "solver" else column.cell(row)


def _markdown_cell(column: Column, row: Row, shown: Layout) -> str:
    text = escape.markdown(_text(column, row, shown))
    return f"**{text}**" if shown.is_best(column, row) else text


def _latex_cell(column: Column, row: Row, shown: Layout) -> str:
    text = _text(column, row, shown)
    if re.fullmatch(r"[-+]\d.*", text):  # a minus sign, not a hyphen
        text = text.replace("-", "−")
    written = escape.latex(text)
    return f"\\textbf{{{written}}}" if shown.is_best(column, row) else written


def _caption(shown: Layout) -> str:
    text = " ".join([f"{shown.title}.", *shown.explanations])
    return text.replace("* best of its column", "bold: best of its column")


def _slug(text: str) -> str:
    """Return text that is safe as a LaTeX label."""
    return re.sub(r"[^A-Za-z0-9:.-]+", "-", text).strip("-")


def _flat(one: Row) -> dict[str, Any]:
    """Move the statistics of a row to columns of their own."""
    flat: dict[str, Any] = {}
    for name, value in one.items():
        if name in _NESTED:
            flat |= {f"{name}_{inner}": child for inner, child in value.items()}
        else:
            flat[name] = value
    return flat


def _line(cells: Any) -> str:
    return "| " + " | ".join(cells) + " |"


def _latex_line(cells: Sequence[str]) -> str:
    line = " & ".join(cells)
    # A bracket or an asterisk at the start of a line would become an argument of the \\ before it.
    guard = "{}" if line.startswith(("[", "*")) else ""
    return f"{guard}{line} \\\\"
