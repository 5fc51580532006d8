"""The (max, +) join against plain loops, for one pair of groups and for many at once."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbench.problems.arrays import Floats
from splitbench.solvers.exact.max_plus import joined, others_best


def values(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Random totals, a quarter of them infeasible (−inf)."""
    return np.where(rng.random(shape) < 0.25, -np.inf, rng.normal(size=shape))


@given(st.integers(0, 2**32 - 1), st.integers(1, 7))
def test_join_is_the_best_split_of_each_count(seed: int, columns: int) -> None:
    """For r threads together: the largest first[r − j] + second[j] over j = 0..r."""
    rng = np.random.default_rng(seed)
    first, second = values(rng, (columns,)), values(rng, (columns,))
    for r, best in enumerate(joined(first, second)):
        assert best == max(first[r - j] + second[j] for j in range(r + 1))


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_many_at_once_are_one_by_one(seed: int, columns: int) -> None:
    """Leading axes are independent, and may broadcast."""
    rng = np.random.default_rng(seed)
    first, second = values(rng, (3, 2, columns)), values(rng, (2, columns))
    together = joined(first, second)
    for place in itertools.product(range(3), range(2)):
        assert np.array_equal(together[place], joined(first[place], second[place[1]]))


@pytest.mark.parametrize("devices", [1, 2, 4])
def test_the_others_by_enumeration(devices: int) -> None:
    """Row n is the best total of all devices but n at each count, for every leading axis."""
    columns = 4
    value = values(np.random.default_rng(devices), (2, devices, columns))
    best = others_best(value)
    assert best.shape == value.shape
    for slot, left_out, r in itertools.product(range(2), range(devices), range(columns)):
        others = [n for n in range(devices) if n != left_out]
        totals = [
            sum(value[slot, n, k] for n, k in zip(others, counts, strict=True))
            for counts in itertools.product(range(columns), repeat=len(others))
            if sum(counts) == r
        ]
        assert best[slot, left_out, r] == pytest.approx(max(totals, default=-np.inf))
