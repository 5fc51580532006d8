"""Even division of threads, and `even_threads` of a slot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbench.problems import (
    Fleet,
)
from splitbench.problems.even_split import even_split
from tests.problems.paper_device import PAPER, paper_slot


@pytest.mark.parametrize(
    ("total", "caps", "expected"),
    [
        (7, [9, 9, 9], [3, 2, 2]),
        (7, [1, 9, 9], [1, 3, 3]),
        (8, [9, 1, 9], [4, 1, 3]),
        (9, [1, 2, 3], [1, 2, 3]),
        (2, [9, 9, 9], [1, 1, 0]),
        (0, [9, 9], [0, 0]),
    ],
)
def test_even_split_by_hand(total: int, caps: list[int], expected: list[int]) -> None:
    """⌊K/N⌋ each, the remainder one by one to the first, passed on where a cap binds."""
    assert even_split(total, np.array(caps)).tolist() == expected


@given(st.integers(0, 60), st.lists(st.integers(0, 12), min_size=1, max_size=6))
def test_even_split_is_even(total: int, caps: list[int]) -> None:
    """All threads are out or all caps bind; who is below the cap has no more than 1 less."""
    threads = even_split(total, np.array(caps))
    assert threads.sum() == min(total, sum(caps))
    for first in range(len(caps)):
        assert 0 <= threads[first] <= caps[first]
        for second in range(len(caps)):
            if threads[second] < caps[second]:
                assert threads[first] <= threads[second] + (first < second)


def test_even_threads_honours_caps_and_tables() -> None:
    """`even_threads` divides K under max_threads and the length of the table."""
    problem = paper_slot(3, threads=8)
    assert problem.even_threads().tolist() == [3, 3, 2]
    capped = Fleet([replace(PAPER, name="a", max_threads=1), replace(PAPER, name="b")])
    problem = replace(paper_slot(2, threads=4), fleet=capped)
    assert problem.even_threads().tolist() == [1, 3]
    assert problem.thread_caps.tolist() == [1, 3]
