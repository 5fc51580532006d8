"""Medians with intervals that assume no distribution: between two ranks of the sample."""

from __future__ import annotations

from math import comb

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

COVERAGE = 0.95


def rank_of_interval(count: int) -> int:
    """Return r ≥ 1 such that the r-th smallest and r-th largest hold the median to `COVERAGE`.

    Of a sample of fewer than six no two ranks do; then r = 1, the smallest and the largest.
    """
    rank, outside = 1, 2 * 0.5**count
    while rank + 1 <= (count + 1) // 2:
        outside += 2 * comb(count, rank) * 0.5**count
        if outside > 1 - COVERAGE:
            break
        rank += 1
    return rank


def band(rounds: Floats) -> tuple[Floats, Floats, Floats]:
    """Return median and interval ends over the rounds, axis 0 of (R, …)."""
    ordered = np.sort(np.asarray(rounds, dtype=np.float64), axis=0)
    rank = rank_of_interval(len(ordered))
    return np.median(ordered, axis=0), ordered[rank - 1], ordered[-rank]
