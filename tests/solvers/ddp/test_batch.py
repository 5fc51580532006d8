"""Many slots at once: the same decisions and numbers as slot by slot."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from splitbench.problems import HIBERNATE, Fleet, Simulation, SlotProblem
from splitbench.problems.batch import BatchModel, Slots
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers.ddp.actions import ActionSet
from splitbench.solvers.ddp.episodes import drawn_episodes
from splitbench.solvers.ddp.training.exact_labels import exact_labels, worth_ahead
from splitbench.solvers.exact.forced_choice_optimum import best_with_partition
from splitbench.solvers.horizon.charge_aware import charge_aware_decision
from splitbench.solvers.threads.batch_threads import allocate_batch
from splitbench.solvers.threads.thread_allocation import ThreadAllocation
from tests.strategies import SEEDS, random_problem

OBJECTIVES = st.sampled_from(["latency", "utility"])


def served_problem(seed: int, **regime: str) -> SlotProblem:
    """A random slot over a horizon's rules: hibernation allowed, room for every minimum."""
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, spare=int(rng.integers(0, 7)), **regime)
    allowed = replace(problem.formulation, hibernation="allowed")
    return replace(problem, formulation=allowed)


def cannot_be_held(problem: SlotProblem) -> bool:
    """Whether caps are below the minimum or do not hold K: no horizon has such slots."""
    caps = problem.thread_caps
    return bool(caps.min() < problem.min_threads or caps.sum() < problem.threads)


@given(SEEDS, OBJECTIVES)
@example(67588475, "utility")  # only one device can give and take: it must not exchange with itself
def test_decisions_are_those_of_thread_allocation(
    seed: int, objective: Literal["latency", "utility"]
) -> None:
    """For random slots and partitions: TA's threads, who hibernates, U and the next charge."""
    problem = served_problem(seed)
    rng = np.random.default_rng([seed, 1])
    partitions = rng.integers(-1, problem.layers + 1, (4, len(problem)))
    if cannot_be_held(problem):
        return
    result = allocate_batch(BatchModel.of(problem), Slots.of(problem, 4), partitions, objective)
    for row, partition in enumerate(partitions):
        alone = ThreadAllocation(objective=objective).allocate(problem, partition)
        np.testing.assert_array_equal(result.threads[row], alone.threads)
        np.testing.assert_array_equal(result.partition[row], alone.partition)
        outcome = problem.evaluate(alone.partition, alone.threads)  # type: ignore[arg-type]
        np.testing.assert_allclose(result.device_utility[row], outcome.device_utility, rtol=1e-12)
        np.testing.assert_allclose(result.battery_next_j[row], outcome.battery_next_j, rtol=1e-12)


def test_tables_end_at_the_largest_cap() -> None:
    """A thousand devices with caps of 64 need columns for 64 counts, not for all of K."""
    horizon = make_suite("city[devices=1000]").horizon(0, 1)
    slots = Slots.of(horizon.slot(0, horizon.battery_start_j))
    model = BatchModel.of(horizon)
    assert model.thread_range(slots)[-1] == horizon.fleet.thread_caps.max() < slots.threads[0]


@pytest.mark.parametrize("suite", ["hetero", "congested", "starved", "paper-wifi"])
def test_episodes_go_as_the_simulation_does(suite: str) -> None:
    """Three horizons side by side earn and keep what each earns alone, for random partitions."""
    drawn, rng = make_suite(suite), np.random.default_rng(5)
    episodes = drawn_episodes(lambda seed: drawn.horizon(seed, 12), range(3))
    simulations = [Simulation(drawn.horizon(seed, 12)) for seed in range(3)]
    while not episodes.done:
        partition = rng.integers(0, episodes.model.fleet.layers + 1, episodes.battery_j.shape)
        result = episodes.step(partition)
        for row, simulation in enumerate(simulations):
            alone = ThreadAllocation().allocate(simulation.problem, partition[row])
            outcome = simulation.step(alone.partition, alone.threads)  # type: ignore[arg-type]
            assert result.utility[row] == pytest.approx(outcome.utility, rel=1e-12)
        charges = [simulation.battery_j for simulation in simulations]
        np.testing.assert_allclose(episodes.battery_j, charges, rtol=1e-12)
    assert all(simulation.done for simulation in simulations)


@given(SEEDS)
def test_exact_labels_state_what_every_choice_costs(seed: int) -> None:
    """Regret of each device's choice = optimum − the best U with that choice forced."""
    problem = served_problem(seed)
    if cannot_be_held(problem):
        return
    fleet = Fleet([_of_merged_cuts(problem, n) for n in range(len(problem))])
    problem = replace(problem, fleet=fleet)
    actions = ActionSet.of(fleet)
    labels = exact_labels(BatchModel.of(problem), Slots.of(problem), actions)
    optimum = max(best_with_partition(problem, column)[0] for column in _columns(problem))
    for column in range(actions.partitions.shape[1]):
        forced = best_with_partition(problem, actions.partitions[:, column])
        for n in np.flatnonzero(column < actions.sizes):
            asleep = best_with_partition(problem, np.full(len(problem), HIBERNATE))[n]
            expected = optimum - max(forced[n], asleep)
            assert labels.regret[0, n, column] == pytest.approx(
                expected, abs=1e-9 + 1e-9 * abs(optimum)
            )
    assert (labels.regret.min(axis=2) == 0.0).all()


@given(SEEDS)
def test_labels_that_look_ahead_are_those_of_lookahead(seed: int) -> None:
    """With a worth of charge, `lookahead`'s decision for a slot costs no device any regret.

    Only where all devices can be served: hibernation follows a separate rule, not the network.
    """
    problem = served_problem(seed, load="light", battery="full")
    if cannot_be_held(problem):
        return
    fleet = Fleet([_of_merged_cuts(problem, n) for n in range(len(problem))])
    formulation = replace(problem.formulation, energy_term="residual")
    problem = replace(problem, fleet=fleet, formulation=formulation)
    rng = np.random.default_rng([seed, 2])
    later = int(rng.integers(1, 6))
    harvest_j = rng.uniform(0.0, 60.0, (later, 1, len(problem)))
    draw_j = rng.uniform(0.0, 60.0, (1, len(problem)))
    model, actions = BatchModel.of(problem), ActionSet.of(fleet)
    worth = worth_ahead(model, harvest_j, draw_j)
    labels = exact_labels(model, Slots.of(problem), actions, worth)
    alone = charge_aware_decision(problem, lambda charge: worth(charge[None])[0])
    for n, partition in enumerate(alone.partition):
        if partition >= 0:
            column = int(np.flatnonzero(actions.partitions[n] == partition)[0])
            assert labels.regret[0, n, column] == pytest.approx(0.0, abs=1e-6)


def _columns(problem: SlotProblem) -> list[np.ndarray]:
    """Every partition of the first device, the others anything."""
    layers = range(HIBERNATE, int(problem.layers[0]) + 1)
    return [np.array([cut] + [0] * (len(problem) - 1)) for cut in layers]


def _of_merged_cuts(problem: SlotProblem, n: int):  # type: ignore[no-untyped-def]
    """The device with its merged cuts as all its layers, so that nothing else can be best."""
    from splitbench.solvers.ddp.actions import merged_cuts

    device = problem.fleet.devices[n]
    kept = merged_cuts(device)
    return replace(
        device,
        cut_bits=tuple(device.cut_bits[cut] for cut in kept),
        local_s=tuple(device.local_s[cut] for cut in kept),
        server_share=tuple(device.server_share[cut] for cut in kept),
    )
