"""Solver names as text: `dads[load=heavy]+ta[start=random]`; see `problems.bracket_parameters`."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from splitbench.problems.bracket_parameters import (
    Spec,
    bind,
    convert,
    parameters_of,
    parse_parameters,
    parse_spec,
)

__all__ = [
    "Spec",
    "absolute",
    "bind",
    "convert",
    "parameters_of",
    "parse_parameters",
    "parse_solver",
    "parse_spec",
    "split_label",
]

_EXPECTED = "name, name[key=value,…] or partitioner+allocator"
_SEPARATOR = re.compile(r"\+(?![^\[]*\])")  # a + outside brackets
_CLASS_IN_FILE = re.compile(r"(?P<path>.+\.py)(?::\w+)?\s*(?:\[[^\[\]]*\])?")
_LABEL = re.compile(r"\s*(?P<label>[^=\[\]+:/\\]+?)\s*=(?P<rest>.+)", re.S)


def parse_solver(text: str) -> list[Spec]:
    """Split `a[x=1]+b[y=2]` into its halves.

    Raises
    ------
    InputError
        Brackets or parameters that do not parse.
    """
    return [parse_spec(half, text, _EXPECTED) for half in _halves(text.strip())]


def split_label(text: str) -> tuple[str, str]:
    """Split `label=solver` into the name tables are to show ("" where none is given) and the rest.

    A path may hold a `=`: what names a file as it stands has no label.
    """
    match = _LABEL.fullmatch(text)
    if match is None or _names_a_file(text):
        return "", text
    return match["label"], match["rest"]


def absolute(spec: Spec) -> Spec:
    """Return the one spelling of a name: the path of a file that exists is made absolute."""
    path = Path(spec.path)
    return replace(spec, path=str(path.resolve())) if spec.path and path.is_file() else spec


def _halves(text: str) -> list[str]:
    """Split at the + between two names; directories may have a + in theirs (c++/mine.py:Cut)."""
    if _names_a_file(text):
        return [text]
    for plus in _SEPARATOR.finditer(text):
        halves = [text[: plus.start()], text[plus.end() :]]
        if all(_names_a_file(half) or not {"+", "/"} & set(half) for half in halves):
            return halves
    return [text] if _CLASS_IN_FILE.fullmatch(text) else _SEPARATOR.split(text)


def _names_a_file(text: str) -> bool:
    match = _CLASS_IN_FILE.fullmatch(text.strip())
    return match is not None and Path(match["path"]).is_file()
