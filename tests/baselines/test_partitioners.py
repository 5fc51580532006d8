"""The partitioners: edge-only, local-only, random, and DADS on the chain of virtual layers."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from splitbench.baselines.dads.chain import Dads
from splitbench.baselines.even_threads import EvenThreads
from splitbench.baselines.simple_partitioners import EdgeOnly, LocalOnly, RandomPartition
from splitbench.problems import Formulation, SlotProblem
from splitbench.problems.even_split import even_split
from splitbench.solvers import make, solve_slot
from splitbench.solvers.contract import Context
from tests.strategies import SEEDS, problems, random_problem


@given(problems())
def test_edge_only_and_local_only(problem: SlotProblem) -> None:
    """`eo` cuts at 0 and `local` at S_n, integers of shape (N,)."""
    assert np.array_equal(EdgeOnly().partition(problem), np.zeros(len(problem)))
    assert np.array_equal(LocalOnly().partition(problem), problem.layers)
    assert np.issubdtype(EdgeOnly().partition(problem).dtype, np.integer)


@given(problems(), SEEDS, st.integers(0, 99))
def test_random_partition_is_in_range_and_reproducible(
    problem: SlotProblem, seed: int, slot: int
) -> None:
    """The same seed and slot draw the same l in 0..S_n."""
    first = RandomPartition().partition(problem, Context(seed=seed, slot=slot))
    again = RandomPartition().partition(problem, Context(seed=seed, slot=slot))
    assert np.array_equal(first, again)
    assert first.min() >= 0
    assert np.all(first <= problem.layers)


def test_random_partition_covers_every_cut() -> None:
    """Over seeds, and over slots of one seed, every l from 0 to S comes up."""
    problem = random_problem(np.random.default_rng(3), devices=1, layers=5)
    every = set(range(int(problem.layers[0]) + 1))
    seeds = {int(RandomPartition().partition(problem, Context(seed=s))[0]) for s in range(80)}
    slots = {int(RandomPartition().partition(problem, Context(slot=s))[0]) for s in range(80)}
    assert seeds == slots == every


@given(problems(spare=st.integers(0, 6)))
def test_dads_is_the_best_cut_by_enumeration(problem: SlotProblem) -> None:
    """Light load, a chain: the earliest l of least D_local + D_tran + D_ser at even threads.

    The queue is left out. The reference goes through `evaluate`, one cut after the other.
    """
    threads = even_split(problem.threads, problem.thread_caps)
    assume(threads.min() >= 1)
    chosen = Dads(load="light").partition(problem)
    for n, layers in enumerate(problem.layers):
        delays = []
        for cut in range(int(layers) + 1):
            partition = problem.layers.copy()
            partition[n] = cut
            outcome = problem.evaluate(partition, threads)
            delays.append(outcome.local_s[n] + outcome.transmit_s[n] + outcome.server_s[n])
        assert delays[chosen[n]] <= min(delays) * (1 + 1e-12)
        assert all(delay > min(delays) for delay in delays[: chosen[n]])


def test_dads_does_not_see_the_queue() -> None:
    """Arrivals change nothing about the light cut, though they may make it infeasible."""
    problem = random_problem(np.random.default_rng(5), devices=3, load="light", spare=3)
    busy = replace(problem, arrival_rate_hz=problem.arrival_rate_hz * 1e4)
    light = Dads(load="light")
    assert np.array_equal(light.partition(problem), light.partition(busy))


@given(problems(formulation=Formulation(hibernation="allowed"), spare=st.integers(0, 6)), SEEDS)
def test_even_allocator(problem: SlotProblem, seed: int) -> None:
    """Even threads for any partition; a device that cannot run on its share hibernates."""
    partition = np.random.default_rng(seed).integers(0, problem.layers + 1)
    solution = EvenThreads().allocate(problem, partition)
    threads = even_split(problem.threads, problem.thread_caps)
    assert np.array_equal(solution.threads, threads)
    assume(np.all(threads >= problem.min_threads))
    names = problem.fleet.names
    queue_or_battery = {
        violation.device
        for violation in problem.evaluate(partition, threads).violations
        if violation.constraint in ("queue", "battery")
    }
    asleep = {name for name, cut in zip(names, solution.partition, strict=True) if cut == -1}
    assert asleep == queue_or_battery


def test_schemes_are_pairs() -> None:
    """Each of the paper's baselines is its partitioner's l followed by its allocator's k."""
    problem = random_problem(
        np.random.default_rng(11), devices=3, load="light", battery="full", spare=6, caps=False,
        formulation=Formulation(hibernation="allowed"),
    )  # fmt: skip
    cuts = {"eo": EdgeOnly().partition(problem), "dads": Dads().partition(problem)}
    for half, allocator in product(cuts, ("ta", "bs", "even", "exact")):
        scheme = make(f"{half}+{allocator}")
        solution = solve_slot(scheme, problem)
        assert scheme.name == f"{half}+{allocator}"
        assert np.array_equal(solution.partition, cuts[half])
        assert problem.evaluate(solution.partition, solution.threads).feasible
