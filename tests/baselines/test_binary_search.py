"""Allocator `bs`: the rule in the paper, and each case that the paper leaves open.

`served` makes devices that send almost nothing and whose whole DNN runs on the server in D(k), from
a table; the default deadline is 0.6 s, and there are nearly no tasks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from splitbench.baselines.binary_search import BinarySearch, fewest_threads
from splitbench.problems import Device, Fleet, Formulation, SlotProblem, TableCurve
from splitbench.solvers import make, solve_slot
from splitbench.solvers.contract import Solution
from splitbench.solvers.threads.feasible_counts import feasible_start
from tests.strategies import SEEDS, problems

FALLING = [0.9, 0.7, 0.5, 0.4, 0.3, 0.2]


def served(
    tables: list[list[float]],
    threads: int,
    deadline_s: float = 0.6,
    max_threads: list[int | None] | None = None,
    **changes: Any,
) -> SlotProblem:
    """Devices of one layer with D(k) from `tables`; see the module."""
    count = len(tables)
    caps = max_threads or [None] * count
    devices = [
        Device(
            name=f"d{index}",
            deadline_s=deadline_s,
            battery_max_j=1000.0,
            compute_power_w=1.0,
            transmit_power_w=1.0,
            cut_bits=(1.0, 0.0),
            local_s=(0.0, 5.0),
            server_share=(1.0, 0.0),
            curve=TableCurve(tuple(table)),
            max_threads=cap,
        )
        for index, (table, cap) in enumerate(zip(tables, caps, strict=True))
    ]
    numbers: dict[str, Any] = {
        "arrival_rate_hz": np.full(count, 1e-9),
        "uplink_bps": np.full(count, 1e9),
        "battery_j": np.full(count, 500.0),
        "harvest_j": np.zeros(count),
    } | changes
    return SlotProblem(fleet=Fleet(devices), threads=threads, **numbers)


def allocate(problem: SlotProblem, partition: Any = None, **parameters: Any) -> Solution:
    """Run BS on a partition; everything on the server where none is given."""
    if partition is None:
        partition = np.zeros(len(problem), dtype=np.int64)
    return BinarySearch(**parameters).allocate(problem, partition)


def idle_threads(problem: SlotProblem) -> list[int]:
    """Threads of BS before leftovers are given out."""
    return np.asarray(allocate(problem, leftover="idle").threads).tolist()


def test_the_fewest_threads_that_meet_the_deadline() -> None:
    """0.9, 0.7, 0.5: the third thread is the first within 0.6 s; D(1) = 0.5 needs one."""
    assert idle_threads(served([FALLING, [0.5] * 6], threads=9)) == [3, 1]


def test_a_latency_of_exactly_the_deadline_meets_it() -> None:
    """D_e2e = D_max is within the deadline."""
    latency = np.array([[0.9, 0.6, 0.3]])
    assert fewest_threads(latency, np.array([0.6])).tolist() == [1]


def test_where_no_count_meets_the_deadline_the_smallest_of_least_latency() -> None:
    """A deadline of 0.1 s is out of reach: least latency 0.5, first reached with 2 threads."""
    assert idle_threads(served([[0.9, 0.5, 0.5, 0.7]], threads=4, deadline_s=0.1)) == [2]


def test_curves_that_rise_again() -> None:
    """0.9, 0.5, 0.8, 0.7, 0.65: a bisection of the raw curve would look at 0.8 and miss k = 2."""
    assert idle_threads(served([[0.9, 0.5, 0.8, 0.7, 0.65]], threads=5)) == [2]
    assert idle_threads(served([[0.9, 0.8, 0.5, 0.8, 0.55]], threads=5)) == [3]


def test_wants_beyond_the_server_are_taken_from_whoever_has_most() -> None:
    """Wants 4, 4, 2 of K = 7: one from d0 (tie: first), one from d1, one from d0: 2, 3, 2."""
    four, two = [0.9, 0.8, 0.7, 0.5] + [0.4] * 3, [0.9, 0.5] + [0.4] * 5
    problem = served([four, four, two], threads=7)
    for leftover in ("even", "idle"):
        solution = allocate(problem, leftover=leftover)
        assert np.array_equal(solution.threads, [2, 3, 2])
        assert solution.relaxes == ()


def test_nobody_falls_below_the_smallest_feasible_count() -> None:
    """d0 wants 5 and its queue (λ = 1) needs 4; d1 wants 3: of K = 6 d1 is left with 2."""
    tables = [[1.5, 1.4, 1.3, 0.59, 0.3] + [0.2] * 2, [0.9, 0.7, 0.5] + [0.4] * 4]
    problem = served(tables, threads=6, arrival_rate_hz=np.array([1.0, 1e-9]))
    assert np.array_equal(allocate(problem).threads, [4, 2])
    wide = replace(problem, threads=8)
    assert np.array_equal(allocate(wide).threads, [5, 3])


def test_leftovers_go_to_whoever_has_fewest() -> None:
    """Wants 3, 1, 1 of K = 9: d1, d2, d1, d2 (ties: first): 3, 3, 3."""
    problem = served([FALLING * 2, [0.5] * 12, [0.5] * 12], threads=9)
    assert np.array_equal(allocate(problem).threads, [3, 3, 3])
    assert np.array_equal(allocate(replace(problem, threads=8)).threads, [3, 3, 2])
    assert np.array_equal(allocate(replace(problem, threads=10)).threads, [4, 3, 3])


def test_leftovers_stop_at_the_caps() -> None:
    """The cap of d1 is 2: the threads beyond it go to the others."""
    problem = served([[0.5] * 12] * 3, threads=9, max_threads=[None, 2, None])
    assert np.array_equal(allocate(problem).threads, [4, 2, 3])


def test_caps_that_cannot_hold_the_server_relax_nothing() -> None:
    """K above the sum of the caps: with `even` the sum is broken, and evaluation says so."""
    problem = served([[0.5] * 2, [0.5] * 2], threads=6)
    solution = allocate(problem)
    assert np.array_equal(solution.threads, [2, 2])
    assert solution.relaxes == ()
    outcome = problem.evaluate(solution.partition, solution.threads, solution.relaxes)
    assert [violation.constraint for violation in outcome.violations] == ["threads_sum"]


def test_idle_leaves_threads_and_says_so() -> None:
    """`leftover=idle` relaxes Eq. 13 where threads are left, and only there."""
    problem = served([FALLING, [0.5] * 6], threads=9)
    solution = allocate(problem, leftover="idle")
    assert solution.relaxes == ("threads_sum",)
    outcome = problem.evaluate(solution.partition, solution.threads, solution.relaxes)
    assert outcome.feasible
    assert [violation.amount for violation in outcome.relaxed] == [5.0]
    exact_fit = allocate(replace(problem, threads=4), leftover="idle")
    assert np.array_equal(exact_fit.threads, [3, 1])
    assert exact_fit.relaxes == ()


def test_local_only_and_hibernating_devices_want_the_minimum() -> None:
    """Local-only gains nothing by threads, nor does a hibernating device: k_min each."""
    formulation = Formulation(hibernation="allowed")
    problem = served(
        [FALLING, FALLING, FALLING], threads=12, min_threads=2, formulation=formulation,
        deadline_s=10.0,
    )  # fmt: skip
    solution = allocate(problem, np.array([1, -1, 0]), leftover="idle")
    assert np.array_equal(solution.threads, [2, 2, 2])
    assert np.array_equal(solution.partition, [1, -1, 0])


def test_without_a_feasible_count() -> None:
    """λ·D ≥ 1 at every k: hibernated where allowed, else an even division that is named invalid."""
    tables = [[1.5, 1.2, 1.1], [0.5] * 3]
    problem = served(tables, threads=4, arrival_rate_hz=np.array([1.0, 0.1]))
    assert np.array_equal(allocate(problem).threads, [2, 2])
    outcome = problem.evaluate([0, 0], [2, 2])
    assert [(v.constraint, v.device) for v in outcome.violations] == [("queue", "d0")]
    allowed = replace(problem, formulation=Formulation(hibernation="allowed"))
    assert np.array_equal(allocate(allowed).partition, [-1, 0])


def test_a_leftover_that_makes_a_queue_unstable_hibernates_the_device() -> None:
    """D rises from 0.5 to 1.2 s at λ = 1: the second thread, which must go somewhere, ruins d0."""
    formulation = Formulation(hibernation="allowed")
    problem = served([[0.5, 1.2]], 2, arrival_rate_hz=np.array([1.0]), formulation=formulation)
    solution = allocate(problem)
    assert np.array_equal(solution.threads, [2])
    assert np.array_equal(solution.partition, [-1])
    assert np.array_equal(allocate(problem, leftover="idle").partition, [0])


def scalar_rule(problem: SlotProblem, partition: Any, leftover: str) -> list[int]:
    """The rule as MODEL.md states it, in plain Python, from latencies that `evaluate` reports."""
    wants, least = [], []
    for n in range(len(problem)):
        latency = {}
        for k in range(problem.min_threads, int(problem.thread_range[-1]) + 1):
            held = np.full(len(problem), problem.min_threads)
            held[n] = k
            outcome = problem.evaluate(partition, held, relax=("threads_sum",))
            mine = [v for v in outcome.violations if v.device == problem.fleet.names[n]]
            if not mine:
                latency[k] = 0.0 if partition[n] == -1 else float(outcome.end_to_end_s[n])
        in_time = [k for k, value in latency.items() if value <= problem.fleet.deadline_s[n]]
        fastest = [k for k, value in latency.items() if value == min(latency.values())]
        wants.append(min(in_time or fastest))
        least.append(min(latency))
    held_threads = list(wants)
    while sum(held_threads) > problem.threads:
        can_give = [n for n, k in enumerate(held_threads) if k > least[n]]
        giver = max(can_give, key=lambda n: (held_threads[n], -n))
        held_threads[giver] -= 1
    while leftover == "even" and sum(held_threads) < problem.threads:
        can_take = [n for n, k in enumerate(held_threads) if k < problem.thread_caps[n]]
        if not can_take:
            break
        taker = min(can_take, key=lambda n: (held_threads[n], n))
        held_threads[taker] += 1
    return held_threads


@given(problems(spare=st.integers(0, 8)), SEEDS, st.sampled_from(["even", "idle"]))
def test_bs_is_the_rule(problem: SlotProblem, seed: int, leftover: str) -> None:
    """On any slot, D(k) monotone or not, `bs` gives the threads of the plain rule above."""
    partition = np.random.default_rng(seed).integers(0, problem.layers + 1)
    start = feasible_start(problem, partition)
    assume(start is not None)
    assert start is not None
    solution = allocate(problem, partition, leftover=leftover)
    assert np.asarray(solution.threads).tolist() == scalar_rule(problem, start.partition, leftover)
    assert bool(solution.relaxes) == (
        leftover == "idle" and sum(np.asarray(solution.threads)) < problem.threads
    )


@given(
    problems(spare=st.integers(0, 8), formulation=Formulation(hibernation="allowed")),
    SEEDS,
    st.sampled_from(["bs", "bs[leftover=idle]", "even", "exact", "ta"]),
)
def test_every_allocator_is_feasible_where_hibernation_is_allowed(
    problem: SlotProblem, seed: int, allocator: str
) -> None:
    """For any partition the decision is feasible where the caps allow k_min each and K in all."""
    caps = problem.thread_caps
    assume(np.all(caps >= problem.min_threads) and caps.sum() >= problem.threads)
    scheme = make(f"random+{allocator}")
    scheme.partitioner.partition = lambda problem: np.random.default_rng(seed).integers(
        0, problem.layers + 1
    )
    solution = solve_slot(scheme, problem)
    outcome = problem.evaluate(solution.partition, solution.threads, solution.relaxes)
    assert outcome.feasible


def test_parameters_are_checked() -> None:
    """`leftover` is even or idle."""
    with pytest.raises(ValueError, match=r"bs\[leftover\]: got 'odd'; expected even or idle"):
        make("eo+bs[leftover=odd]")
