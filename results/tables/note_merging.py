"""What cells had to say, gathered: a hundred lines that differ in a number are one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from splitbench.results.store.record import CellRecord

_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(\.\d+)?(e[-+]?\d+)?")


def without_numbers(text: str) -> str:
    """Return a text with a sign in the place of each number."""
    return _NUMBER.sub("#", text)


def notes_of(cells: Sequence[CellRecord]) -> list[str]:
    """Return notes and refuted claims of cells, one of each kind, and how many are like it."""
    kinds: dict[str, list[str]] = {}
    for cell in cells:
        for said in _each(cell):
            kinds.setdefault(without_numbers(said), []).append(said)
    return [_first(said) for said in kinds.values()]


def _each(cell: CellRecord) -> Iterable[str]:
    return dict.fromkeys(filter(None, (cell.note, *cell.claims)))


def _first(said: list[str]) -> str:
    if len(set(said)) == 1:
        return said[0]
    more = len(said) - 1
    return f"{said[0]} [{more} cell{'s' * (more != 1)} more like it]"
