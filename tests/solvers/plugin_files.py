"""Files of plug-ins, and the message with which a name is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from splitbench.problems import InputError
from splitbench.solvers import make

LOCAL_ONLY = """
from splitbench.solvers import Solution

class LocalOnly:                                # the whole of a new solver
    name = "local-only"
    def solve(self, problem):
        return Solution(partition=problem.layers, threads=problem.even_threads())
"""


def plugin_file(directory: Path, text: str, name: str = "mine.py") -> Path:
    """Write a user's file."""
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def refusal(name: str) -> str:
    """The one line with which `make` refuses a name."""
    with pytest.raises(InputError) as caught:
        make(name)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)
