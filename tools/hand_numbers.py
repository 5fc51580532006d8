"""List numbers that a page states in hand-written text and no reference result has.

What `tools.result_pages` fills in is left out, and so is code. A number counts as known if some
result, or some constant of the model or of `ddp`, is written in the same way; this finds numbers
left behind by new results, and does not prove that one stands for what the page says.
"""

from __future__ import annotations

import re
from pathlib import Path

#: A number with decimals, or a whole one with a unit of measurement.
_NUMBER = re.compile(r"(?<![\w.])\d+\.\d+(?![\w.]*\d)|(?<![\w.,])\d+(?= (?:%|s|ms|points)\b| %)")
_GENERATED = re.compile(r"<!-- begin \w+ -->.*?<!-- end -->|```.*?```|`[^`]*`|\{\w+\}", re.DOTALL)
_LINK = re.compile(r"\]\([^)]*\)")


def hand_numbers(text: str) -> list[str]:
    """Return the numbers of a page, or of its template, outside generated parts and code."""
    return list(dict.fromkeys(_NUMBER.findall(_LINK.sub("]", _GENERATED.sub(" ", text)))))


def known_numbers(files: list[Path]) -> set[str]:
    """Return the numbers written in these files."""
    return {number for path in files
            for number in re.findall(r"\d+(?:\.\d+)?", path.read_text("utf-8"))}  # fmt: skip
