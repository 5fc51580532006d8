"""Solvers `greedy`, `random` and `local`: what their decisions guarantee."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from splitbench.baselines.greedy import Greedy
from splitbench.baselines.local import Local
from splitbench.baselines.random_decision import RandomDecision
from splitbench.problems import Device, Fleet, Formulation, SlotProblem, TableCurve
from splitbench.problems.status import Status
from splitbench.solvers.contract import Context
from splitbench.solvers.exact.exact import Exact
from tests.strategies import SEEDS, problems, random_problem

ALLOWED = Formulation(hibernation="allowed")


def two_devices(tables: list[list[float]], threads: int, **changes: Any) -> SlotProblem:
    """Devices of one layer: 0.1 s to send and D(k) from a table, or 1 s locally; D_max 1 s."""
    devices = [
        Device(
            name=f"d{index}",
            deadline_s=1.0,
            battery_max_j=1000.0,
            compute_power_w=0.0,
            transmit_power_w=0.0,
            cut_bits=(1e5, 0.0),
            local_s=(0.0, 1.0),
            server_share=(1.0, 0.0),
            curve=TableCurve(tuple(table)),
        )
        for index, table in enumerate(tables)
    ]
    numbers: dict[str, Any] = {
        "arrival_rate_hz": np.full(2, 1e-9),
        "uplink_bps": np.full(2, 1e6),
        "battery_j": np.full(2, 1000.0),
        "harvest_j": np.zeros(2),
        "utility_weight": 0.0,
    } | changes
    return SlotProblem(fleet=Fleet(devices), threads=threads, **numbers)


def value(problem: SlotProblem, solution: Any) -> float:
    """U of a feasible decision."""
    outcome = problem.evaluate(solution.partition, solution.threads)
    assert outcome.feasible
    return outcome.utility


def has_room(problem: SlotProblem) -> bool:
    """Whether the caps hold k_min and K: then hibernation makes every slot feasible."""
    caps = problem.thread_caps
    return bool(np.all(caps >= problem.min_threads)) and int(caps.sum()) >= problem.threads


@given(problems(formulation=ALLOWED, spare=st.integers(0, 6)))
def test_greedy_is_feasible_and_between_its_start_and_the_optimum(problem: SlotProblem) -> None:
    """Never below any uniform start at even threads that is feasible, never above the optimum."""
    assume(has_room(problem))
    reached = value(problem, Greedy().solve(problem))
    optimum = Exact().solve(problem).bound
    assert optimum is not None
    slack = 1e-9 * max(abs(optimum), 1.0)
    assert optimum - reached >= -slack
    threads = problem.even_threads()
    for share in np.linspace(0, 1, 11):
        start = problem.evaluate(np.rint(share * problem.layers).astype(int), threads)
        if start.feasible:
            assert reached >= start.utility - slack


@given(problems(spare=st.integers(0, 6)))
def test_greedy_without_hibernation(problem: SlotProblem) -> None:
    """Where the caps allow K the decision has Σ k = K; evaluation names other violations."""
    solution = Greedy().solve(problem)
    if not has_room(problem):
        assert solution.status == Status.INFEASIBLE
        assert not solution.decided
        return
    threads = np.asarray(solution.threads)
    assert threads.sum() == problem.threads
    outcome = problem.evaluate(solution.partition, threads)
    assert {v.constraint for v in outcome.violations} <= {"queue", "battery"} | (
        {"partition_range"} if problem.formulation.hibernation_allowed else set()
    )


def test_no_single_coordinate_helps_greedy() -> None:
    """Where it stops, no other l of one device and no exchange of one thread raises U."""
    rng = np.random.default_rng(2)
    for _ in range(40):
        problem = random_problem(rng, formulation=ALLOWED, spare=5, load="light", caps=False)
        solution = Greedy().solve(problem)
        reached = value(problem, solution)
        partition, threads = np.asarray(solution.partition), np.asarray(solution.threads)
        for n in range(len(problem)):
            for cut in range(-1, int(problem.layers[n]) + 1):
                other = partition.copy()
                other[n] = cut
                assert problem.evaluate(other, threads).utility <= reached + 1e-9
        for giver, taker in product(range(len(problem)), repeat=2):
            moved = threads.copy()
            moved[giver] -= 1
            moved[taker] += 1
            if giver != taker and moved.min() >= problem.min_threads:
                assert problem.evaluate(partition, moved).utility <= reached + 1e-9


def test_a_local_optimum_that_greedy_does_not_leave() -> None:
    """K = 4: one device on three threads would take 0.1 s, but from (2, 2) no first step pays.

    D = 0.9, 0.8, 0.1 s for both. At (2, 2): 0.9 s each with sending, U = 0.2. One thread moved,
    (3, 1): 0.2 s and 1.0 s, U = 0.8 + 0: better, so greedy goes there. With D(3) = 0.85 and
    D(4) = 0.01, K = 5 and even (3, 2), the way to (4, 1), 0.11 s and 1.0 s, is one step as well;
    with K = 6 it is two, over (4, 2): D(3) = D(4) = 0.85, D(5) = 0.01.
    """
    near = two_devices([[0.9, 0.8, 0.1]] * 2, threads=4)
    assert value(near, Greedy().solve(near)) == pytest.approx(0.8)
    far = two_devices([[0.89, 0.85, 0.80, 0.80, 0.01]] * 2, threads=6)
    stuck = Greedy().solve(far)
    assert np.array_equal(stuck.threads, [3, 3])
    assert value(far, stuck) == pytest.approx(0.2)  # 0.1 + 0.8 s each
    best = Exact().solve(far)
    assert best.bound == pytest.approx(0.89 + 0.01)  # 0.11 s and 0.99 s


def test_greedy_says_what_it_cannot_do() -> None:
    """Too few threads, a cap below k_min, caps that do not hold K: infeasible, with a reason."""
    problem = two_devices([[0.9] * 3] * 2, threads=3)
    for changes in ({"min_threads": 2}, {"threads": 7}, {"min_threads": 4, "threads": 9}):
        solution = Greedy().solve(replace(problem, **changes))
        assert solution.status == Status.INFEASIBLE
        assert solution.note
        exact = Exact().solve(replace(problem, **changes))
        assert exact.status == Status.INFEASIBLE


@given(problems(spare=st.integers(-1, 6)), SEEDS)
def test_random_is_feasible_wherever_there_is_a_decision(problem: SlotProblem, seed: int) -> None:
    """A feasible decision, the same for the same seed; none exactly where `exact` has none."""
    solution = RandomDecision().solve(problem, Context(seed=seed))
    again = RandomDecision().solve(problem, Context(seed=seed))
    exact = Exact().solve(problem)
    assert solution.decided == exact.decided
    if solution.decided:
        assert exact.bound is not None
        assert value(problem, solution) <= exact.bound + 1e-9 * max(abs(exact.bound), 1.0)
        assert np.array_equal(solution.partition, again.partition)
        assert np.array_equal(solution.threads, again.threads)
    else:
        assert solution.status == Status.INFEASIBLE


def test_random_is_uniform_over_usable_divisions() -> None:
    """K = 5 over two devices, d0 capped at 3: (1, 4), (2, 3), (3, 2), a third each; l even."""
    problem = two_devices([[0.5] * 3, [0.5] * 9], threads=5)
    draws: Counter[tuple[int, ...]] = Counter()
    cuts: Counter[tuple[int, ...]] = Counter()
    for seed in range(900):
        solution = RandomDecision().solve(problem, Context(seed=seed))
        draws[tuple(np.asarray(solution.threads).tolist())] += 1
        cuts[tuple(np.asarray(solution.partition).tolist())] += 1
    assert set(draws) == {(1, 4), (2, 3), (3, 2)}
    assert min(draws.values()) > 240
    assert set(cuts) == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert min(cuts.values()) > 170


def test_random_finds_the_only_decision() -> None:
    """Caps of 40 devices that hold K exactly leave one division among very many."""
    device = two_devices([[0.5] * 2] * 2, threads=4).fleet.devices[0]
    fleet = Fleet([replace(device, name=f"d{index}") for index in range(40)])
    numbers = {
        "arrival_rate_hz": np.full(40, 1e-9),
        "uplink_bps": np.full(40, 1e6),
        "battery_j": np.full(40, 1000.0),
        "harvest_j": np.zeros(40),
    }
    problem = SlotProblem(fleet=fleet, threads=80, **numbers)
    solution = RandomDecision().solve(problem, Context())
    assert np.array_equal(solution.threads, [2] * 40)


@given(problems())
def test_local_keeps_everything_on_the_device(problem: SlotProblem) -> None:
    """Solver `local` is l = S with an even split of the threads."""
    solution = Local().solve(problem)
    assert np.array_equal(solution.partition, problem.layers)
    assert np.array_equal(solution.threads, problem.even_threads())
