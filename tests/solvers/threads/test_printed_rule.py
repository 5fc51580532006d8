"""Algorithm 1 as printed: it is not optimal, and may break the minimum of threads."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from splitbench.problems import (
    SlotProblem,
)
from splitbench.solvers.contract import Context
from splitbench.solvers.threads.feasible_counts import feasible_start
from splitbench.solvers.threads.thread_allocation import ThreadAllocation
from tests.solvers.threads.light_fleet import allocate, light_fleet
from tests.strategies import SEEDS, problems


def test_printed_rule_moves_nothing_at_one_thread_minimum() -> None:
    """Line 9 allows a drop only to k ≤ k_min − 1 = 0, where D is undefined: TA is its start."""
    problem = light_fleet([[0.9, 0.5, 0.3, 0.2, 0.1], [0.1] * 5], threads=6)
    solution = allocate(problem, [0, 0], ta="printed")
    assert np.array_equal(solution.threads, [3, 3])
    assert np.array_equal(allocate(problem, [0, 0]).threads, [5, 1])


@given(problems(min_threads=1, devices=st.integers(2, 3), spare=st.integers(0, 6)), SEEDS)
def test_printed_rule_never_moves_at_one_thread_minimum(problem: SlotProblem, seed: int) -> None:
    """With k_min = 1 the printed rule returns its start: an even spread, or the seed's draw."""
    partition = np.random.default_rng(seed).integers(0, problem.layers + 1)
    start = feasible_start(problem, partition)
    assume(start is not None)
    assert start is not None
    for rule in ("even", "random"):
        printed = ThreadAllocation(ta="printed", start=rule)
        first = start.least + printed._spread(problem, start.least, Context(seed=seed))
        solution = printed.allocate(problem, partition, Context(seed=seed))
        assert np.array_equal(solution.threads, first)


def test_printed_rule_breaks_the_minimum_of_two() -> None:
    """k_min = 2, from (2, 2): d1 at k_min may drop to 1, and D_down of d0, 1.9, exceeds D_up, 0.1.

    The total falls from 2.05 s to 2.0 s, Eq. 14 is broken and evaluation says so.
    """
    problem = light_fleet([[4.0, 2.0, 1.9], [0.1, 0.05, 0.04]], threads=4, min_threads=2)
    solution = allocate(problem, [0, 0], ta="printed")
    assert np.array_equal(solution.threads, [3, 1])
    outcome = problem.evaluate(solution.partition, solution.threads)
    assert [(v.constraint, v.device, v.amount) for v in outcome.violations] == [
        ("threads_min", "d1", 1.0)
    ]
    assert np.array_equal(allocate(problem, [0, 0]).threads, [2, 2])


def literally(problem: SlotProblem, partition: np.ndarray, threads: list[int]) -> list[int]:
    """Lines 5–20 of Algorithm 1 as they stand, a device and a thread count at a time."""
    count, minimum = len(problem), problem.min_threads

    def cost(device: int, k: int) -> float:
        if not 1 <= k <= problem.thread_caps[device]:
            return np.inf
        if partition[device] == -1:
            return 0.0
        asked = np.full(count, 1)
        asked[device] = k
        terms = problem.terms_at(np.maximum(partition, 0), asked)
        possible = terms.charge_j[device] > 0 and terms.queue_s[device] < np.inf
        return float(terms.end_to_end_s[device]) if possible else np.inf

    while True:
        here = [cost(n, threads[n]) for n in range(count)]
        best_drop, best_gain, giver, taker = np.inf, -np.inf, None, None
        for n in range(count):
            up = cost(n, threads[n] - 1) if threads[n] - 1 <= minimum - 1 else np.inf
            if up < np.inf and up - here[n] < best_drop:
                best_drop, giver = up - here[n], n
            down = cost(n, threads[n] + 1)
            if down < np.inf and here[n] - down > best_gain:
                best_gain, taker = here[n] - down, n
        moved = list(threads)
        defined = giver is not None and taker is not None and giver != taker
        if defined and cost(taker, threads[taker] + 1) > cost(giver, threads[giver] - 1):
            moved[giver] -= 1
            moved[taker] += 1
        after = sum(cost(n, moved[n]) for n in range(count))
        threads, before = moved, sum(here)
        if not after < before:
            return threads


@given(problems(min_threads=2, devices=st.integers(2, 4), spare=st.integers(0, 6)), SEEDS)
def test_printed_rule_is_the_printed_lines(problem: SlotProblem, seed: int) -> None:
    """Above one thread minimum the rule does what the lines, read one by one, do: caps are never
    passed, and what others leave below k_min may be taken.
    """
    partition = np.random.default_rng(seed).integers(0, problem.layers + 1)
    start = feasible_start(problem, partition)
    assume(start is not None)
    assert start is not None
    printed = ThreadAllocation(ta="printed")
    first = start.least + printed._spread(problem, start.least, Context(seed=seed))
    expected = literally(problem, start.partition, first.tolist())
    solution = printed.allocate(problem, partition, Context(seed=seed))
    assert np.asarray(solution.threads).tolist() == expected


def test_printed_rule_moves_nothing_where_nobody_gains() -> None:
    """All at their caps: no thread can be taken, so none is given."""
    tables = [[0.5, 0.3], [0.3, 0.2]]
    solution = allocate(light_fleet(tables, threads=4, min_threads=2), [0, 0], ta="printed")
    assert np.asarray(solution.threads).tolist() == [2, 2]
