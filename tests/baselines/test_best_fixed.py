"""The best fixed partition against every constant partition, simulated over the horizon."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings

from splitbench.baselines.best_fixed import BestFixed, best_fixed_partition, fixed_values
from splitbench.problems import EpisodeView, Fleet, Formulation, Horizon, Simulation, SlotProblem
from splitbench.solvers import Status, make, solve_slot
from splitbench.solvers.exact.exact import Exact, ExactThreads
from tests.horizons import tiny_horizon
from tests.strategies import problems, random_problem


def played(horizon: Horizon, partition: tuple[int, ...] | np.ndarray) -> float:
    """Mean utility of a constant partition, exact threads in each slot."""
    simulation, earned = Simulation(horizon), []
    while not simulation.done:
        decision = ExactThreads().allocate(simulation.problem, np.array(partition))
        earned.append(simulation.step(decision.partition, decision.threads).utility)
    return float(np.mean(earned))


def test_against_every_constant_partition() -> None:
    """On 80 tiny horizons its claimed utility is the one simulated, and the largest of all.

    Coordinate ascent may end at a local optimum; on these, from three starts, it does not.
    """
    for seed in range(80):
        load = "tight" if seed % 2 else "light"
        horizon = tiny_horizon(np.random.default_rng(seed), devices=2, spare=4, load=load)
        found = best_fixed_partition(horizon)
        assert found.utility_mean == pytest.approx(played(horizon, found.partition), abs=1e-9)
        every = product(*(range(int(layers) + 1) for layers in horizon.fleet.layers))
        best = max(played(horizon, partition) for partition in every)
        assert found.utility_mean == pytest.approx(best, abs=1e-9), seed


@pytest.mark.parametrize("seed", range(20))
def test_no_single_change_and_no_trivial_partition_is_better(seed: int) -> None:
    """With three or four devices, some capped; edge-only and local-only are among the starts."""
    rng = np.random.default_rng([1, seed])
    horizon = tiny_horizon(rng, devices=3 + seed % 2, spare=5, load="light")
    capped = replace(horizon.fleet.devices[1], max_threads=horizon.min_threads + 1)
    devices = (horizon.fleet.devices[0], capped, *horizon.fleet.devices[2:])
    horizon = replace(horizon, fleet=Fleet(devices))
    found = best_fixed_partition(horizon)
    others = [np.zeros_like(found.partition), horizon.fleet.layers]
    for n, layers in enumerate(horizon.fleet.layers):
        for cut in range(int(layers) + 1):
            others.append(found.partition.copy())
            others[-1][n] = cut
    assert max(played(horizon, other) for other in others) <= found.utility_mean + 1e-8


@pytest.mark.parametrize("term", ["residual", "paper"])
def test_values_are_what_a_device_earns(term: str) -> None:
    """For one device and any threads: f_n(l, k) of each slot at the charge that l led to."""
    for seed in range(20):
        horizon = tiny_horizon(
            np.random.default_rng([2, seed]),
            devices=1,
            load="light",
            formulation=Formulation(term, "slot", "allowed"),  # type: ignore[arg-type]
        )
        values = fixed_values(horizon)
        for cut in range(int(horizon.fleet.layers[0]) + 1):
            simulation = Simulation(horizon)
            for slot, threads in enumerate(horizon.threads):
                earned = values[slot, 0, cut, threads - horizon.min_threads]
                decision = ExactThreads().allocate(simulation.problem, np.array([cut]))
                outcome = simulation.step(decision.partition, decision.threads)
                assert earned == pytest.approx(outcome.utility, rel=1e-12)


def test_the_future_is_marked_and_kept_for_the_episode() -> None:
    """`start` reads the oracle, once; every slot gets that partition, another fleet its own."""
    horizon = tiny_horizon(np.random.default_rng(4), devices=2)
    view, partitioner = EpisodeView.of(horizon), BestFixed()
    partitioner.start(view)
    assert view.clairvoyant
    expected = best_fixed_partition(horizon).partition
    for slot in range(len(horizon)):
        problem = horizon.slot(slot, horizon.battery_start_j)
        assert np.array_equal(partitioner.partition(problem), expected)
    stranger = random_problem(np.random.default_rng(5), devices=3, load="light", battery="full")
    chosen = partitioner.partition(stranger)
    assert np.array_equal(chosen, Exact().solve(stranger).partition)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(problems())
def test_a_single_slot_has_no_future(problem: SlotProblem) -> None:
    """Without an episode, best-fixed+exact is the optimum, or as infeasible as that."""
    optimum, solution = Exact().solve(problem), solve_slot(make("best-fixed+exact"), problem)
    assert solution.decided == optimum.decided
    if optimum.decided:
        utilities = [problem.evaluate(s.partition, s.threads).utility for s in (optimum, solution)]
        assert utilities[0] == pytest.approx(utilities[1], rel=1e-12)
    else:
        assert solution.status is Status.INFEASIBLE
