"""`splitbench.run` from Python."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

import splitbench as sb

MINE = """
from splitbench import Solution

class Mine:
    def solve(self, problem):
        return Solution(problem.layers, problem.even_threads())
"""


def test_run_returns_a_frame_of_cells(tmp_path: Path) -> None:
    """One row per cell, from the store the second time; the same numbers as `sb.results`."""
    store = tmp_path / "s.sqlite"
    frame = sb.run(["paper-wifi", "small"], ["exact", "eo+ta"], seeds=2, slots=3, store=store)
    assert len(frame) == 2 * 2 + 2 * 2 * 3
    assert set(frame["solver"]) == {"exact", "eo+ta"}
    assert frame["utility_mean"].notna().all()
    again = sb.run("small", "exact", seeds=2, slots=3, store=store)
    assert len(again) == 6
    kept = sb.results(store)
    assert sorted(kept["utility_mean"]) == sorted(frame["utility_mean"])


def test_a_class_in_a_file(tmp_path: Path) -> None:
    """A class of a module is run from its file; one of no file is refused."""
    (tmp_path / "mine.py").write_text(MINE, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("mine_for_api", tmp_path / "mine.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mine_for_api"] = module
    spec.loader.exec_module(module)
    frame = sb.run("small", module.Mine, seeds=1, slots=2, store=tmp_path / "s.sqlite")
    assert set(frame["solver"]) == {"Mine"}

    class Nowhere: ...

    with pytest.raises(sb.InputError, match="is not defined in a file"):
        sb.run("small", Nowhere, store=tmp_path / "s.sqlite")


def test_bad_arguments(tmp_path: Path) -> None:
    """One line each, as from the command line."""
    for wrong in ({"seeds": 0}, {"jobs": 0}, {"executor": "nowhere"}, {"timeout": "soon"}):
        with pytest.raises(sb.InputError):
            sb.run("small", "exact", store=tmp_path / "s.sqlite", **wrong)
    with pytest.raises(sb.InputError, match="did you mean small"):
        sb.run("smal", "exact", store=tmp_path / "s.sqlite")
