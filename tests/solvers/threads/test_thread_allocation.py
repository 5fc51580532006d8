"""Thread allocation (Algorithm 1), corrected: it is optimal for convex D(k)."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from splitbench.problems import (
    Exp2Curve,
    Fleet,
    Formulation,
    InputError,
    SlotProblem,
)
from splitbench.solvers.contract import Context, Solution
from splitbench.solvers.exact.exact import ExactThreads
from splitbench.solvers.threads.thread_allocation import ThreadAllocation, improve
from tests.solvers.threads.light_fleet import ALLOWED, allocate, light_fleet
from tests.strategies import SEEDS, problems, random_problem


def divisions(problem: SlotProblem) -> np.ndarray:
    """All divisions of K over `thread_range`, as extra threads; shape (M, N)."""
    extra = np.array(list(product(range(len(problem.thread_range)), repeat=len(problem))))
    return extra[extra.sum(axis=1) == problem.spare_threads]


def least_cost(problem: SlotProblem, cost: np.ndarray) -> float:
    """Minimum of Σ cost[n, k_n] over all divisions of K, by enumeration."""
    extra = divisions(problem)
    costs = (cost[np.arange(len(problem)), row].sum() for row in extra)
    return float(min(costs, default=np.inf))


def total(problem: SlotProblem, cost: np.ndarray, solution: Solution) -> float:
    """Σ cost[n, k_n] of a solution."""
    column = np.asarray(solution.threads) - problem.min_threads
    return float(cost[np.arange(len(problem)), column].sum())


@st.composite
def convex_problems(draw: st.DrawFn) -> tuple[SlotProblem, np.ndarray]:
    """A problem with falling convex D(k) and distinct deadlines, and a partition of it."""
    rng = np.random.default_rng(draw(SEEDS))
    load = draw(st.sampled_from(["light", "tight"]))
    problem = random_problem(
        rng,
        devices=draw(st.integers(2, 3)),
        spare=draw(st.integers(0, 7)),
        curve="exp2",
        caps=draw(st.booleans()),
        load=load,
        battery="full",
        formulation=Formulation(),
        utility_weight=0.3,
    )
    constants = rng.uniform([0.05, -1.2, 0.0, -0.1], [0.8, -0.1, 0.2, 0.0], (len(problem), 4))
    devices = [
        replace(device, curve=Exp2Curve(*row.tolist()))
        for device, row in zip(problem.fleet.devices, constants, strict=True)
    ]
    problem = replace(problem, fleet=Fleet(devices))
    return problem, rng.integers(0, problem.layers + 1)


@given(convex_problems())
def test_curves_are_convex(drawn: tuple[SlotProblem, np.ndarray]) -> None:
    """The premise: D_e2e of a fixed l is finite from some k on, and convex there."""
    problem, partition = drawn
    for row, cap in zip(problem.latency_by_threads(partition), problem.thread_caps, strict=True):
        within = row[problem.thread_range <= cap]
        finite = np.isfinite(within)
        assert np.all(np.diff(finite.astype(int)) >= 0)
        assert np.all(np.diff(within[finite], 2) >= -1e-9 * np.abs(within[finite]).max(initial=0))


@given(convex_problems(), st.sampled_from(["even", "random"]))
def test_corrected_is_optimal_for_latency(
    drawn: tuple[SlotProblem, np.ndarray], start: str
) -> None:
    """For convex D(k), Σ D_e2e of TA is the least over all divisions, wherever it starts."""
    problem, partition = drawn
    cost = problem.latency_by_threads(partition)
    best = least_cost(problem, cost)
    solution = allocate(problem, partition, start=start)
    if np.isfinite(best):
        assert total(problem, cost, solution) == pytest.approx(best, rel=1e-9)
        assert problem.evaluate(solution.partition, solution.threads).feasible
    else:
        assert not problem.evaluate(solution.partition, solution.threads).feasible


@given(convex_problems())
def test_corrected_is_optimal_for_utility(drawn: tuple[SlotProblem, np.ndarray]) -> None:
    """For convex D(k) and `objective=utility`, U of TA is that of the exact allocator."""
    problem, partition = drawn
    assume(np.isfinite(least_cost(problem, problem.latency_by_threads(partition))))
    ours = allocate(problem, partition, objective="utility")
    exact = ExactThreads().allocate(problem, partition)
    utility = problem.evaluate(ours.partition, ours.threads).utility
    assert utility == pytest.approx(
        problem.evaluate(exact.partition, exact.threads).utility, rel=1e-9
    )
    assert np.array_equal(ours.partition, partition)


def test_the_objectives_differ() -> None:
    """A second saved counts the same by latency, but more where the deadline is short, by utility.

    One spare thread saves d0 0.30 s and d1 0.25 s; their deadlines are 3 s and 1 s.
    """
    problem = light_fleet([[0.9, 0.6], [0.9, 0.65]], threads=3)
    patient = replace(problem.fleet.devices[0], deadline_s=3.0)
    problem = replace(problem, fleet=Fleet([patient, problem.fleet.devices[1]]))
    assert np.array_equal(allocate(problem, [0, 0]).threads, [2, 1])
    assert np.array_equal(allocate(problem, [0, 0], objective="utility").threads, [1, 2])


def test_a_non_convex_table_is_where_it_stops_short() -> None:
    """D = 0.6, 0.5, 0.4, 0.39, 0.01 for both, K = 6: from (3, 3), 0.8 s, each single exchange costs
    ((4, 2): 0.89 s), while (5, 1) would take 0.61 s.
    """
    table = [0.6, 0.5, 0.4, 0.39, 0.01]
    problem = light_fleet([table, table], threads=6)
    solution = allocate(problem, [0, 0])
    assert np.array_equal(solution.threads, [3, 3])
    best = least_cost(problem, problem.latency_by_threads([0, 0]))
    assert best == pytest.approx(0.61 + 0.002)
    assert total(problem, problem.latency_by_threads([0, 0]), solution) == pytest.approx(0.802)


def test_starting_at_the_smallest_feasible_counts_matters() -> None:
    """d0 needs 4 threads (λ·D = 1.2, 1.1, 1.05, 0.5); an even start (2, 2, 2) is stuck at once.

    One thread more leaves d0 unstable, so no single exchange lowers the (infinite) total.
    """
    tables = [[1.2, 1.1, 1.05, 0.5], [0.3, 0.2, 0.1, 0.05], [0.3, 0.2, 0.1, 0.05]]
    problem = light_fleet(tables, threads=6, rate_hz=[1.0, 0.01, 0.01])
    cost = problem.latency_by_threads([0, 0, 0])
    assert improve(cost, np.array([2, 2, 2]), 1).tolist() == [2, 2, 2]
    solution = allocate(problem, [0, 0, 0])
    assert np.array_equal(solution.threads, [4, 1, 1])
    assert problem.evaluate(solution.partition, solution.threads).feasible


@given(
    problems(spare=st.integers(0, 6)),
    SEEDS,
    st.sampled_from(["corrected", "printed"]),
    st.sampled_from(["latency", "utility"]),
    st.sampled_from(["even", "random"]),
)
def test_what_every_variant_keeps(
    problem: SlotProblem, seed: int, ta: str, objective: str, start: str
) -> None:
    """Σ k = K where the caps hold it, caps honoured; corrected and with hibernation: feasible."""
    partition = np.random.default_rng(seed).integers(0, problem.layers + 1)
    solution = allocate(problem, partition, seed, ta=ta, objective=objective, start=start)
    threads = np.asarray(solution.threads)
    assert threads.sum() == min(problem.threads, problem.thread_caps.sum())
    room = (problem.thread_caps >= problem.min_threads).all()
    assert np.all(threads <= problem.thread_caps)
    outcome = problem.evaluate(solution.partition, threads)
    named = {violation.constraint for violation in outcome.violations}
    assert named <= {"threads_min", "threads_sum", "queue", "battery"}
    holds = room and problem.thread_caps.sum() >= problem.threads
    if holds and ta == "corrected" and problem.formulation.hibernation_allowed:
        assert outcome.feasible
    changed = np.asarray(solution.partition) != partition
    assert np.all(np.asarray(solution.partition)[changed] == -1)


def test_devices_without_a_feasible_count_hibernate() -> None:
    """d0's queue is unstable at every k: hibernated where allowed, else named by evaluation."""
    tables = [[1.2, 1.1, 1.05], [0.3, 0.2, 0.1]]
    problem = light_fleet(tables, threads=4, rate_hz=[1.0, 0.01], formulation=ALLOWED)
    solution = allocate(problem, [0, 0])
    assert np.array_equal(solution.partition, [-1, 0])
    assert np.array_equal(solution.threads, [1, 3])
    forbidden = replace(problem, formulation=Formulation())
    solution = allocate(forbidden, [0, 0])
    assert np.array_equal(solution.partition, [0, 0])
    outcome = forbidden.evaluate(solution.partition, solution.threads)
    assert [(v.constraint, v.device) for v in outcome.violations] == [("queue", "d0")]


def test_when_the_smallest_counts_exceed_the_server_the_greediest_hibernates() -> None:
    """Needs 3, 4 and 2 of K = 6 threads: d1, which asks for most, hibernates; the others run."""
    needs = [[1.5] * (need - 1) + [0.5] * (7 - need) for need in (3, 4, 2)]
    problem = light_fleet(needs, threads=6, rate_hz=1.0, formulation=ALLOWED)
    solution = allocate(problem, [0, 0, 0])
    assert np.array_equal(solution.partition, [0, -1, 0])
    assert problem.evaluate(solution.partition, solution.threads).feasible


def test_caps_below_the_minimum_are_infeasible_not_an_error() -> None:
    """A table of one entry and k_min = 2: no decision exists; what is returned is named invalid."""
    problem = light_fleet([[0.3], [0.3] * 9], threads=10, min_threads=2, formulation=ALLOWED)
    solution = allocate(problem, [0, 0])
    outcome = problem.evaluate(solution.partition, solution.threads)
    assert {v.constraint for v in outcome.violations} == {"threads_min"}


def test_random_start_depends_on_the_seed_only() -> None:
    """The same seed gives the same threads, another seed others; the slot counts as well."""
    flat = light_fleet([[0.3] * 20] * 3, threads=20)
    drawn = [allocate(flat, [0, 0, 0], seed, start="random").threads for seed in range(6)]
    again = [allocate(flat, [0, 0, 0], seed, start="random").threads for seed in range(6)]
    assert np.array_equal(drawn, again)
    assert len({tuple(row) for row in np.asarray(drawn).tolist()}) > 1
    partition = np.zeros(3, dtype=int)
    slots = [
        ThreadAllocation(start="random").allocate(flat, partition, Context(seed=0, slot=slot))
        for slot in range(6)
    ]
    assert len({tuple(np.asarray(solution.threads).tolist()) for solution in slots}) > 1


def test_random_start_is_the_same_in_another_process() -> None:
    """No hash of a string, no global generator: a new interpreter draws the same threads."""
    code = (
        "from tests.solvers.threads.light_fleet import allocate, light_fleet\n"
        "problem = light_fleet([[0.3] * 20] * 3, threads=20)\n"
        "print(allocate(problem, [0, 0, 0], 7, start='random').threads.tolist())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    flat = light_fleet([[0.3] * 20] * 3, threads=20)
    here = allocate(flat, [0, 0, 0], 7, start="random").threads
    assert done.stdout.strip() == str(np.asarray(here).tolist())


def test_partitions_that_are_no_integers_are_refused() -> None:
    """A partitioner's 0.7 is not cut down to 0 in silence."""
    problem = light_fleet([[0.3] * 3] * 2, threads=4)
    with pytest.raises(InputError, match="partition: got float64"):
        allocate(problem, [0.7, 0.0])


@given(SEEDS, st.integers(1, 4), st.integers(1, 7), st.booleans())
def test_improve_ends_where_no_exchange_helps(
    seed: int, devices: int, columns: int, holes: bool
) -> None:
    """Any cost, any start: the sum of threads stays, the total never rises, no exchange is left."""
    rng = np.random.default_rng(seed)
    cost = rng.uniform(0.0, 1.0, (devices, columns))
    if holes:
        cost[rng.random(cost.shape) < 0.4] = np.inf
    start = rng.integers(0, columns, devices)
    end = improve(cost, start + 2, 2) - 2
    index = np.arange(devices)
    assert end.sum() == start.sum()
    assert end.min() >= 0
    assert end.max() < columns
    value = cost[index, end].sum()
    assert value <= cost[index, start].sum()
    for giver, taker in product(range(devices), repeat=2):
        other = end.copy()
        other[giver] -= 1
        other[taker] += 1
        if giver != taker and other.min() >= 0 and other.max() < columns:
            assert cost[index, other].sum() >= value - 1e-12
