"""The result of an item with its verdicts, and the files that keep it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from splitbench.benchmark.paper.cells import Cells
from splitbench.benchmark.paper.items import PaperRequest, PaperResult
from splitbench.benchmark.paper.verdicts import Verdict, overall


def figure_result(
    request: PaperRequest,
    item: str,
    title: str,
    rows: list[dict[str, Any]],
    verdicts: Sequence[Verdict],
    notes: Sequence[str],
    figures: list[Path],
    cells: Cells | None = None,
) -> PaperResult:
    """Return an item with an overall verdict for each reading first among its notes."""
    readings = dict.fromkeys(verdict.reading for verdict in verdicts)
    words = [
        f"{reading}: {overall([one for one in verdicts if one.reading == reading])}"
        for reading in readings
    ]
    result = PaperResult(item, title, rows, [*words, *notes], figures)
    result.verdicts = [verdict.row() for verdict in verdicts]
    result.cells = [cell.row() for cell in cells.cells] if cells else []
    result.command = request.command(item)
    return result


def write_tables(result: PaperResult, out: Path) -> list[Path]:
    """Write an item's table with its verdicts (Markdown) and its cells (CSV)."""
    text = [f"# {result.title}", "", f"`{result.command}`", ""] if result.command else []
    text += [f"- {note}" for note in result.notes]
    text += ["", *markdown(result.verdicts)] if result.verdicts else []
    text += ["", *markdown(result.rows)]
    for title, rows in result.more.items():
        text += ["", f"## {title}", "", *markdown(rows)]
    page = out / f"{result.item}.md"
    page.write_text("\n".join(text) + "\n", encoding="utf-8")
    written = [page]
    if result.cells:
        path = out / f"{result.item}-cells.csv"
        columns = list(dict.fromkeys(name for row in result.cells for name in row))
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(result.cells)
        written.append(path)
    return written


def markdown(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return rows of one set of columns as a Markdown table."""
    if not rows:
        return []
    names = list(rows[0])
    lines = [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
    lines += [f"| {' | '.join(_text(row.get(name)) for name in names)} |" for row in rows]
    return lines


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value).replace("|", "\\|")
