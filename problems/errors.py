"""Errors that a user can cause.

SplitbenchError
 └── InputError (also a ValueError)   unusable file, argument or name; one line, exit status 2
      └── UnknownNameError            an unknown name, with the nearest known ones
"""

from collections.abc import Iterable
from difflib import get_close_matches


class SplitbenchError(Exception):
    """Base of all errors that splitbench reports to its user in one line."""


class InputError(SplitbenchError, ValueError):
    """Input that cannot be used: the message says what, where and what would be accepted."""


class UnknownNameError(InputError):
    """An unknown name; the message suggests the nearest known ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str]):
        names = sorted(known)
        super().__init__(f"unknown {kind} {name!r}{did_you_mean(name, names)}")
        self.name = name


def did_you_mean(name: str, known: Iterable[str], most: int = 30) -> str:
    """Return "; did you mean …?" where something is close, else what is known."""
    names = sorted(known)
    close = get_close_matches(name, names, n=3, cutoff=0.6)
    if close:
        return "; did you mean " + " or ".join(close) + "?"
    shown = ", ".join(names[:most]) + (", …" if len(names) > most else "")
    return f"; accepted: {shown}" if names else ""
