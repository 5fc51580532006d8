"""The numbers of a table equal those of the implementation before data frames."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from splitbench.results import CellKey, CellRecord
from splitbench.results.frame import frame_of
from splitbench.results.rows import row_objects, rows_of
from splitbench.results.statistics.beside_rows import with_comparison, with_statistics
from splitbench.results.statistics.performance import profiles_by_suite

DATA = Path(__file__).parent / "data"


def cells() -> list[CellRecord]:
    """The committed records."""
    found = json.loads((DATA / "cells.json").read_text("utf-8"))
    return [
        CellRecord(**one | {"key": CellKey(*one["key"]), "relaxes": tuple(one.get("relaxes", ()))})
        for one in found
    ]


def expected() -> Any:
    """Rows and profiles of the old implementation."""
    return json.loads((DATA / "expected.json").read_text("utf-8"))


def differences(mine: Any, theirs: Any, place: str = "") -> list[str]:
    """Places in which two JSON values differ, numbers up to rounding; keys of `theirs` only."""
    if isinstance(theirs, dict) and isinstance(mine, dict):
        return [
            line
            for name, value in theirs.items()
            for line in differences(mine.get(name, "missing"), value, f"{place}.{name}")
        ]
    if isinstance(theirs, float) and isinstance(mine, float):
        same = math.isclose(mine, theirs, rel_tol=1e-9, abs_tol=1e-12)
    else:
        same = mine == theirs
    return [] if same else [f"{place}: {mine!r} instead of {theirs!r}"]


def test_rows() -> None:
    """Each mean, count, interval, rank and p-value of each row is what it was.

    Rows of schemes that were not run on some instances have no numbers any more.
    """
    frame = frame_of(cells())
    rows = with_comparison(with_statistics(rows_of(frame), frame), frame, "dads+ta")
    mine = row_objects(rows)
    theirs = {(one["suite"], one["solver"]): one for one in expected()["rows"]}
    assert [(row["suite"], row["solver"]) for row in mine] == list(theirs)
    wrong = [
        line
        for row in mine
        if "unsupported" not in row["statuses"]
        for line in differences(row, theirs[row["suite"], row["solver"]], row["solver"])
    ]
    assert not wrong


def test_profiles() -> None:
    """Performance profiles have the same shares at each factor."""
    profiles = dict(profiles_by_suite(frame_of(cells())))
    assert list(profiles) == list(expected()["profiles"])
    for title, theirs in expected()["profiles"].items():
        mine = profiles[title]
        assert (mine.cells, mine.left_out) == (theirs["cells"], theirs["left_out"])
        for factor, shares in theirs["shares"].items():
            found = dict(zip(mine.solvers, mine.share(float(factor)).tolist(), strict=True))
            assert not differences(found, shares, factor)
