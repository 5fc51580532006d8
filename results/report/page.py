"""The report's HTML: one file with its style, its script and its figures inside."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Any

from splitbench.results.rows import Row
from splitbench.results.tables.escape import html, printable
from splitbench.results.tables.layout import Layout
from splitbench.results.tables.table_columns import Column


def page(title: str, sections: Iterable[tuple[str, str, str]]) -> str:
    """Return the page; sections are (anchor, heading, HTML).

    The content security policy names the digest of the page's script, so a browser runs no other
    script, even if text from a plug-in were not escaped.
    """
    style, script = _asset("style.css"), _asset("script.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    listed = list(sections)
    links = " ".join(f'<a href="#{html(a)}">{html(heading)}</a>' for a, heading, _ in listed)
    body = "\n".join(
        f'<section id="{html(a)}"><h2>{html(heading)}</h2>\n{content}</section>'
        for a, heading, content in listed
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{html(title)}</title>\n<style>{style}</style></head>\n"
        f"<body><h1>{html(title)}</h1>\n<nav>{links}</nav>\n{body}\n"
        f"<script>{script}</script></body></html>\n"
    )


def table(shown: Layout) -> str:
    """Return one table with sortable columns, its notes and explanations."""
    heads = "".join(_head(column) for column in shown.columns)
    rows = "\n".join(_row(row, shown) for part in shown.sections for row in part)
    notes = "".join(f"<li>{html(name)}: {html(note)}</li>" for name, note in shown.notes)
    about = "".join(
        f'<p class="dim">{html(line.replace("* best", "bold: best"))}</p>'
        for line in shown.explanations
    )
    return (
        f'<div class="scroll"><table><thead><tr>{heads}</tr></thead>\n<tbody>{rows}</tbody></table>'
        f"</div>{about}"
        + (f"<details><summary>Notes</summary><ul>{notes}</ul></details>" * bool(notes))
    )


def figure(svg: bytes, caption: str) -> str:
    """Return a figure as an image inside the page."""
    data = base64.b64encode(svg).decode()
    return (
        f'<figure><img alt="{html(caption)}" src="data:image/svg+xml;base64,{data}">'
        f"<figcaption>{html(caption)}</figcaption></figure>"
    )


def definitions(pairs: Iterable[tuple[str, object]]) -> str:
    """Return names with their values."""
    return f"<dl>{''.join(f'<dt>{html(n)}</dt><dd>{html(str(v))}</dd>' for n, v in pairs)}</dl>"


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph, of a class if given."""
    return f'<p class="{kind}">{html(text)}</p>' if kind else f"<p>{html(text)}</p>"


def folded(summary: str, text: str) -> str:
    """Return preformatted text, shown when its summary is clicked."""
    lines = "\n".join(html(line) for line in text.splitlines())
    return f"<details><summary>{html(summary)}</summary><pre>{lines}</pre></details>"


def plain_list(items: Sequence[str]) -> str:
    """Return a list."""
    return f"<ul>{''.join(f'<li>{html(item)}</li>' for item in items)}</ul>"


def _head(column: Column) -> str:
    unit = f"{column.unit} {column.arrow}".strip()
    side = ' class="left"' if column.left else ""
    name = html(column.heading)
    return (
        f'<th scope="col"{side} data-better="{column.better}"><button type="button">{name}</button>'
        f"<small>{html(unit) or '&nbsp;'}</small></th>"
    )


def _row(row: Row, shown: Layout) -> str:
    kinds = {id(one): "baseline" for one in shown.baselines}
    kinds |= {id(one): "failed" for one in shown.failed}
    kind = f' class="{kinds[id(row)]}"' if id(row) in kinds else ""
    return f"<tr{kind}>{''.join(_cell(column, row, shown) for column in shown.columns)}</tr>"


def _cell(column: Column, row: Row, shown: Layout) -> str:
    text = shown.name(row) if column.name == "solver" else column.cell(row)
    value: Any = column.value(row)
    if not column.better:
        value = printable(str(row["solver"]) if column.name == "solver" else text)
    names = ["left"] * column.left + ["best"] * shown.is_best(column, row)
    kind = f' class="{" ".join(names)}"' if names else ""
    return f'<td{kind} data-v="{"" if value is None else html(str(value))}">{html(text)}</td>'


def _asset(name: str) -> str:
    return (files("splitbench.results.report") / "data" / name).read_text("utf-8")
