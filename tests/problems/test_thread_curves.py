"""Thread curves D(k): Eq. 7 and tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splitbench.problems import (
    Exp2Curve,
    TableCurve,
)
from tests.problems.paper_device import PAPER, paper_slot


def test_eq7_by_hand() -> None:
    """0.2·exp(−k·ln 2) + 0.05: 0.15 s on one thread, 0.1 s on two, 0.075 s on three."""
    curve = Exp2Curve(0.2, -np.log(2.0), 0.05, 0.0)
    assert curve.seconds(np.array([1, 2, 3])) == pytest.approx([0.15, 0.1, 0.075])
    assert curve.max_threads is None
    problem = paper_slot(threads=2, device={"curve": curve})
    assert problem.evaluate([1], [2]).server_s[0] == pytest.approx(0.025)


def test_table_curve_ends_with_its_table() -> None:
    """A table gives NaN outside 1..its length, which is the device's cap."""
    seconds = TableCurve((0.4, 0.3)).seconds(np.array([0, 1, 2, 3, -1]))
    assert np.array_equal(seconds, [np.nan, 0.4, 0.3, np.nan, np.nan], equal_nan=True)
    assert replace(PAPER, max_threads=2).thread_cap == 2
    assert replace(PAPER, max_threads=9).thread_cap == 3
