"""Deduplicate the notes of cells: notes that differ only in a number are shown once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame

_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(\.\d+)?(e[-+]?\d+)?")
#: Separates several claims in one text.
CLAIM_END = "\n"


def without_numbers(text: str) -> str:
    """Return a text with each number replaced by a placeholder."""
    return _NUMBER.sub("#", text)


def notes_of(frame: DataFrame) -> list[str]:
    """Return notes and refuted claims of cells, one of each kind, with the number of the others."""
    kinds: dict[str, list[str]] = {}
    for note, claims in zip(frame["note"], frame["claims"], strict=True):
        for text in dict.fromkeys(filter(None, (note, *claims.split(CLAIM_END)))):
            kinds.setdefault(without_numbers(text), []).append(text)
    return [_first(texts) for texts in kinds.values()]


def _first(texts: list[str]) -> str:
    if len(set(texts)) == 1:
        return texts[0]
    more = len(texts) - 1
    return f"{texts[0]} [{more} cell{'s' * (more != 1)} more like it]"
