"""The result of an item with its verdicts, and the files that keep it."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from splitbench.benchmark.paper.cells import Cells
from splitbench.benchmark.paper.items import ITEMS, PaperRequest, PaperResult
from splitbench.benchmark.paper.verdicts import Verdict, Word, overall
from splitbench.benchmark.referee.environment import environment


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
    words = [_overall([one for one in verdicts if one.reading == name]) for name in readings]
    result = PaperResult(item, title, rows, [*words, *notes], figures)
    result.verdicts = [verdict.row() for verdict in verdicts]
    result.cells = [cell.row() for cell in cells.cells] if cells else []
    result.command = request.command(item)
    return result


def _overall(verdicts: Sequence[Verdict]) -> str:
    """Return the verdict on all claims of one reading, with the number that hold."""
    count = {word: sum(one.word is word for one in verdicts) for word in Word}
    stand = f"{count[Word.HOLDS]} of {len(verdicts)} claims hold, {count[Word.PARTLY]} partly"
    return f"{verdicts[0].reading}: {overall(verdicts)} ({stand})"


def write_tables(result: PaperResult, out: Path) -> list[Path]:
    """Write an item's table with its verdicts (Markdown, JSON) and its cells (CSV).

    Each row of the CSV is a row of the store, without its slots; `digest` is its key there.
    """
    text = [f"# {result.title}", ""]
    text += [f"`{result.command}`", ""] if result.command else []
    text += [f"![{path.stem}]({path.name})" for path in result.figures if path.suffix == ".png"]
    text += [""] if result.figures else []
    text += [f"- {note}" for note in result.notes]
    text += ["", *markdown(result.verdicts)] if result.verdicts else []
    text += ["", *markdown(result.rows)]
    for title, rows in result.more.items():
        text += ["", f"## {title}", "", *markdown(rows)]
    page = out / f"{result.item}.md"
    page.write_text("\n".join(text) + "\n", encoding="utf-8")
    whole = out / f"{result.item}.json"
    made = environment()
    machine = {key: value for key, value in made["machine"].items() if key != "name"}
    kept = result.to_json() | {"environment": made | {"machine": machine}}
    whole.write_text(json.dumps(plain(kept), indent=1) + "\n", encoding="utf-8")
    written = [page, whole]
    if result.cells:
        path = out / f"{result.item}-cells.csv"
        columns = list(dict.fromkeys(name for row in result.cells for name in row))
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(result.cells)
        written.append(path)
    return written


def write_index(out: Path) -> Path:
    """Write an index page of all items in a directory: verdicts, links, commands and machines."""
    text = ["# The paper's figures, and a verdict on each claim", ""]
    versions: dict[str, list[str]] = {}
    for path in sorted(out.glob("*.json"), key=_in_order):
        item = json.loads(path.read_text(encoding="utf-8"))
        if item.get("item") != path.stem:
            continue
        text += [f"## [{item['title']}]({path.stem}.md)", ""]
        readings = {verdict["reading"] for verdict in item["verdicts"]}
        text += [f"- {note}" for note in item["notes"][: len(readings) or 2]]
        text += ["", f"Made by `{item['command']}`.", ""] if item["command"] else [""]
        used = item["environment"]["versions"] | {"machine": item["environment"]["machine"]}
        versions.setdefault(json.dumps(used), []).append(path.stem)
    for used, items in versions.items():
        made = json.loads(used)
        machine = made.pop("machine")
        names = ", ".join(f"{name} {version}" for name, version in made.items())
        text.append(
            f"{', '.join(items)}: {names}; {machine['processor']}, {machine['cores']} cores"
        )
    page = out / "README.md"
    page.write_text("\n".join(text) + "\n", encoding="utf-8")
    return page


def _in_order(path: Path) -> int:
    return list(ITEMS).index(path.stem) if path.stem in ITEMS else len(ITEMS)


def plain(value: Any) -> Any:
    """Return a value with null in place of NaN, which JSON lacks."""
    if isinstance(value, dict):
        return {key: plain(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [plain(child) for child in value]
    return None if isinstance(value, float) and not isfinite(value) else value


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
