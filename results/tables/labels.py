"""Long solver names: broken over lines or explained below the table, never truncated."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len

from splitbench.results.tables import escape

#: Where a name may be broken: after these characters.
_BREAK = re.compile(r"(?<=[\[\]+,=/:])")


def short_names(names: Sequence[str], room: int) -> tuple[dict[str, str], list[str]]:
    """Return what to write for each name in `room` columns, and lines that explain.

    A name that does not fit is written as `#3`, and a line says in full what #3 is.
    """
    shown: dict[str, str] = {}
    lines = []
    for number, name in enumerate(dict.fromkeys(names), start=1):
        text = escape.printable(name)
        shown[name] = text if cell_len(text) <= room else f"#{number}"
        if shown[name] != text:
            lines.append(f"#{number} = {text}")
    return shown, lines


def folded(name: str, width: int = 26) -> str:
    """Return a name for a figure, broken into lines of at most `width` characters."""
    return "\n".join(map(escape.figure, broken(escape.printable(name), width)))


def broken(name: str, width: int) -> list[str]:
    """Break a name into lines of at most `width` characters, after brackets and signs if it can."""
    lines = [""]
    for part in _BREAK.split(name):
        pieces = [part[start : start + width] for start in range(0, len(part), width)]
        for piece in pieces:
            if len(lines[-1]) + len(piece) > width:
                lines.append("")
            lines[-1] += piece
    return lines
