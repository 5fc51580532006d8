"""Medians with distribution-free intervals, between two order statistics of the sample."""

from __future__ import annotations

from math import comb

import numpy as np

from splitbench.problems.arrays import Floats

COVERAGE = 0.95


def rank_of_interval(count: int) -> int:
    """Return r ≥ 1 such that the r-th smallest and r-th largest hold the median to `COVERAGE`.

    Samples of fewer than six have no such ranks; then r = 1, the smallest and the largest.
    """
    rank = 1
    while rank + 1 <= (count + 1) // 2 and _inside(count, rank + 1) >= COVERAGE:
        rank += 1
    return rank


def coverage(count: int) -> float:
    """Return the probability that the interval of `count` values contains the median."""
    return _inside(count, rank_of_interval(count))


def _inside(count: int, rank: int) -> float:
    return 1 - 2 * sum(comb(count, below) for below in range(rank)) * 0.5**count


def band(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Return median and interval ends over the processes, axis 0 of (P, …)."""
    ordered = np.sort(np.asarray(values, dtype=np.float64), axis=0)
    rank = rank_of_interval(len(ordered))
    return np.median(ordered, axis=0), ordered[rank - 1], ordered[-rank]


def chance_to_meet(one: int, other: int) -> float:
    """Return the probability that the intervals of two samples of one distribution overlap.

    All orders of the pooled sample are equally likely. The intervals are disjoint if the upper end
    of one comes before the lower end of the other.
    """
    return 1 - _passed(one, other) - _passed(other, one)


def _passed(one: int, other: int) -> float:
    top, low = one - rank_of_interval(one) + 1, rank_of_interval(other)
    orders = sum(
        comb(before + low - 1, before) * comb(one - before + other - low, one - before)
        for before in range(top, one + 1)
    )
    return orders / comb(one + other, one)
