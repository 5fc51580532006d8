"""Stepping through a horizon, against a scalar formulation of the model written down here."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbench.problems import (
    Device,
    Formulation,
    Horizon,
    InputError,
    Outcome,
    Simulation,
    TableCurve,
    load_horizon,
)
from splitbench.problems.outcome import outcomes_of
from tests.problems.documents import horizon_document, written
from tests.strategies import SEEDS, random_problem


@dataclass
class Scored:
    """What the scalar formulation says of one device in one slot."""

    utility: float
    next_j: float
    energy_j: float
    latency_s: float
    broken: set[str]


def scalar_device(horizon: Horizon, t: int, n: int, charge: float, cut: int, k: int) -> Scored:
    """The model of one device, in plain Python, constraint by constraint; Σ k is left out."""
    device: Device = horizon.fleet.devices[n]
    rate, uplink = float(horizon.arrival_rate_hz[t, n]), float(horizon.uplink_bps[t, n])
    harvest, layers = float(horizon.harvest_j[t, n]), len(device.cut_bits) - 1
    caps = [device.max_threads or 10**9]
    if isinstance(device.curve, TableCurve):
        caps.append(len(device.curve.table_s))
    broken = set()
    if k < horizon.min_threads:
        broken.add("threads_min")
    if k > min(caps):
        broken.add("threads_max")
    kept = min(max(charge + harvest, 0.0), device.battery_max_j)
    if cut == -1:
        return Scored(-10.0, kept, 0.0, math.nan, broken)
    if not 0 <= cut <= layers:
        return Scored(-10.0, kept, 0.0, math.nan, broken | {"partition_range"})
    sends = device.cut_bits[cut] / uplink
    computes = device.local_s[cut]
    tasks = rate * horizon.slot_s if horizon.formulation.energy_scope == "slot" else 1.0
    energy = tasks * (device.compute_power_w * computes + device.transmit_power_w * sends)
    left = charge - energy + harvest
    if left <= 0:
        broken.add("battery")
    serves = waits = 0.0
    if cut < layers:
        whole = scalar_curve(device, k)
        serves = whole * device.server_share[cut]
        load = rate * serves
        if load >= 1:
            broken.add("queue")
            waits = math.inf
        elif not math.isnan(load):
            waits = load * serves / (2 * (1 - load))
    latency = computes + sends + serves + waits
    following = min(max(left, 0.0), device.battery_max_j)
    if horizon.formulation.energy_term == "residual":
        term = min(left, device.battery_max_j) / device.battery_max_j
    else:
        term = (device.battery_max_j - charge) / device.battery_max_j
    weight = horizon.utility_weight
    utility = weight * term + (1 - weight) * (device.deadline_s - latency) / device.deadline_s
    return Scored(-10.0 if broken else utility, following, energy, latency, broken)


def scalar_curve(device: Device, k: int) -> float:
    """D(k) of Eq. 7 or of the table; NaN where there is none."""
    curve: Any = device.curve
    if isinstance(curve, TableCurve):
        return curve.table_s[k - 1] if 1 <= k <= len(curve.table_s) else math.nan
    if k < 1:
        return math.nan
    return float(curve.c0 * math.exp(curve.c1 * k) + curve.c2 * math.exp(curve.c3 * k))


def random_horizon(rng: np.random.Generator, slots: int) -> Horizon:
    """Some slots of a random fleet, with batteries that fill up and run down."""
    problem = random_problem(rng, min_threads=int(rng.integers(1, 3)), spare=6, load="tight")
    fleet = problem.fleet
    most = int(min(problem.threads, problem.fleet.thread_caps.sum(), 1_000_000))
    fewest = len(problem) * problem.min_threads
    if fewest > most or (fleet.thread_caps < problem.min_threads).any():
        return random_horizon(rng, slots)
    shape = (slots, len(problem))
    return Horizon(
        fleet=fleet,
        threads=rng.integers(fewest, most + 1, slots),
        arrival_rate_hz=problem.arrival_rate_hz * rng.uniform(0.5, 1.5, shape),
        uplink_bps=rng.uniform(2e6, 2e7, shape),
        harvest_j=rng.choice([0.0, 30.0, 4000.0], shape),
        battery_start_j=np.minimum(problem.battery_j, fleet.battery_max_j),
        min_threads=problem.min_threads,
        utility_weight=problem.utility_weight,
        formulation=problem.formulation,
    )


def random_decision(rng: np.random.Generator, horizon: Horizon, t: int) -> tuple[Any, Any]:
    """A decision that is often, but not always, in range and of the right sum."""
    layers = horizon.fleet.layers
    partition = rng.integers(-1, layers + 1)
    if rng.random() < 0.2:
        partition = partition + rng.integers(-2, 4, len(layers))
    threads = np.full(len(layers), horizon.min_threads)
    spare = int(horizon.threads[t]) - int(threads.sum())
    np.add.at(threads, rng.integers(0, len(layers), spare), 1)
    if rng.random() < 0.3:
        threads[rng.integers(len(layers))] += rng.integers(-2, 3)
    return partition, threads


@given(SEEDS, st.booleans())
def test_simulation_is_the_scalar_model(seed: int, relax: bool) -> None:
    """Any decisions, valid or not, over four slots: the same scores, charges and violations."""
    rng = np.random.default_rng(seed)
    horizon = random_horizon(rng, 4)
    simulation = Simulation(horizon)
    charges = [float(charge) for charge in horizon.battery_start_j]
    for t in range(4):
        assert simulation.index == t
        assert not simulation.done
        assert simulation.problem.battery_j == pytest.approx(charges)
        partition, threads = random_decision(rng, horizon, t)
        outcome = simulation.step(partition, threads, ("threads_sum",) if relax else ())
        scored = [
            scalar_device(horizon, t, n, charges[n], int(partition[n]), int(threads[n]))
            for n in range(len(charges))
        ]
        off = int(threads.sum()) - int(horizon.threads[t])
        sum_broken = off > 0 or (off < 0 and not relax)
        threads_broken = sum_broken or any(
            {"threads_min", "threads_max"} & device.broken for device in scored
        )
        expected = [-10.0 if threads_broken else device.utility for device in scored]
        charges = [device.next_j for device in scored]
        assert outcome.device_utility == pytest.approx(expected, rel=1e-9)
        assert outcome.battery_next_j == pytest.approx(charges, rel=1e-9, abs=1e-9)
        assert outcome.energy_j == pytest.approx([device.energy_j for device in scored])
        assert outcome.end_to_end_s == pytest.approx(
            [device.latency_s for device in scored], nan_ok=True
        )
        names = horizon.fleet.names
        assert {(name, device) for name, device, _ in outcome.violations} == {
            (name, names[n]) for n, device in enumerate(scored) for name in device.broken
        } | ({("threads_sum", None)} if sum_broken else set())
    assert simulation.done


def example(tmp_path: Path, **changes: Any) -> Horizon:
    """Two slots of three devices with 2000 J, the first of which starts at 800 J."""
    return replace(load_horizon(written(tmp_path, horizon_document())), **changes)


def test_charge_is_carried_over(tmp_path: Path) -> None:
    """E' of one slot is E of the next. Local-only costs 0.3 s, 0.4 s, 0.3 s at 8.6 W a task.

    Slot 0, λτ = 24, 27, 30 tasks: 61.92, 92.88 and 77.4 J, harvest 0, 20 and 30 J.
    """
    simulation = Simulation(example(tmp_path))
    problem = simulation.problem
    simulation.step(problem.layers, problem.even_threads())
    expected = [800 - 61.92, 2000 - 92.88 + 20, 2000 - 77.4 + 30]
    assert simulation.battery_j == pytest.approx(expected)
    assert simulation.problem.battery_j == pytest.approx(expected)
    assert simulation.problem.threads == 16
    assert simulation.index == 1


def test_default_charge_is_full(tmp_path: Path) -> None:
    """E(0) = E_max where the file does not say; the first slot sees it."""
    simulation = Simulation(example(tmp_path))
    assert simulation.problem.battery_j.tolist() == [800.0, 2000.0, 2000.0]


def test_hibernate_lets_every_device_rest(tmp_path: Path) -> None:
    """A slot without a decision: −10 each, no violation, harvest kept up to the capacity."""
    simulation = Simulation(example(tmp_path, harvest_j=np.full((2, 3), 50.0)))
    outcome = simulation.hibernate()
    assert outcome.device_utility.tolist() == [-10.0] * 3
    assert outcome.feasible
    assert not outcome.served.any()
    assert outcome.battery_next_j.tolist() == [850.0, 2000.0, 2000.0]
    assert outcome.threads.sum() == 12
    assert simulation.index == 1


def test_hibernate_with_caps(tmp_path: Path) -> None:
    """The threads of a hibernating fleet honour k_min and caps, so nothing is broken."""
    simulation = Simulation(example(tmp_path, threads=np.array([35, 3])))
    assert simulation.hibernate().feasible  # caps 16, 3 and none
    assert simulation.hibernate().feasible  # one each


def test_a_violation_costs_its_charge(tmp_path: Path) -> None:
    """An empty battery breaks Eq. 12: −10 for that device only, and it starts the next at 0 J."""
    horizon = example(tmp_path, battery_start_j=np.array([20.0, 2000.0, 2000.0]))
    simulation = Simulation(horizon)
    outcome = simulation.step(simulation.problem.layers, [4, 3, 5])
    assert outcome.device_utility[0] == -10.0
    assert outcome.device_utility[1:].min() > -10.0
    assert [(v.constraint, v.device) for v in outcome.violations] == [("battery", "md0")]
    assert outcome.violations[0].amount == pytest.approx(61.92 - 20)
    assert simulation.battery_j[0] == 0.0


def test_an_episode_that_is_over(tmp_path: Path) -> None:
    """After the last slot `done` is set and a further step is refused."""
    simulation = Simulation(example(tmp_path).first(1))
    simulation.hibernate()
    assert simulation.done
    with pytest.raises(IndexError, match="has 1 slots; all are done"):
        simulation.hibernate()


def test_a_refused_decision_does_not_advance(tmp_path: Path) -> None:
    """An unreadable decision does not advance the episode."""
    simulation = Simulation(example(tmp_path))
    with pytest.raises(ValueError, match="expected integers"):
        simulation.step([0.5, 1.0, 1.0], [4, 3, 5])
    assert simulation.index == 0


def test_first_slots_are_a_prefix(tmp_path: Path) -> None:
    """A horizon cut short runs the same as long as it lasts."""
    horizon = example(tmp_path)
    whole, short = Simulation(horizon), Simulation(horizon.first(1))
    decision = (whole.problem.layers, whole.problem.even_threads())
    assert whole.step(*decision).utility == short.step(*decision).utility
    assert short.done
    assert not whole.done


def test_two_simulations_do_not_share_state(tmp_path: Path) -> None:
    """Stepping one leaves the other, and the horizon, where they were."""
    horizon = example(tmp_path)
    first, second = Simulation(horizon), Simulation(horizon)
    first.step(first.problem.layers, first.problem.even_threads())
    assert second.battery_j.tolist() == horizon.battery_start_j.tolist() == [800.0, 2000.0, 2000.0]


def test_printed_energy_term_over_a_horizon(tmp_path: Path) -> None:
    """With `paper` an emptier battery earns more: the term is (E_max − E)/E_max."""
    horizon = example(tmp_path, formulation=Formulation(energy_term="paper"))
    emptier = replace(horizon, battery_start_j=horizon.battery_start_j - 400.0)
    decision = (horizon.fleet.layers, [4, 3, 5])
    gained = (
        Simulation(emptier).step(*decision).device_utility
        - Simulation(horizon).step(*decision).device_utility
    )
    assert gained == pytest.approx([0.5 * 400 / 2000] * 3)


def _random_horizon(rng: np.random.Generator, slots: int) -> Horizon:
    """Slots of random devices, in every regime, with other arrivals in each."""
    first = random_problem(rng, devices=3, spare=6)
    rows = [rng.uniform(0.5, 1.5, (slots, 3)) for _ in range(3)]
    return Horizon(
        fleet=first.fleet,
        threads=np.full(slots, first.threads),
        arrival_rate_hz=rows[0] * first.arrival_rate_hz,
        uplink_bps=rows[1] * first.uplink_bps,
        harvest_j=rows[2] * first.harvest_j,
        battery_start_j=first.battery_j,
        min_threads=first.min_threads,
        utility_weight=first.utility_weight,
        formulation=first.formulation,
    )


@pytest.mark.parametrize("seed", range(20))
def test_outcomes_together_are_those_one_at_a_time(seed: int) -> None:
    """To the last bit, whatever is broken; `advance` leaves the charge that `step` leaves."""
    rng = np.random.default_rng([seed, 17])
    try:
        horizon = _random_horizon(rng, 12)
    except InputError:  # caps below K: no horizon
        horizon = _random_horizon(np.random.default_rng(1), 12)
    stepped, advanced = Simulation(horizon), Simulation(horizon)
    slots, decisions, relax, alone = [], [], [], []
    for _ in range(len(horizon)):
        cuts = rng.integers(-2, horizon.fleet.width + 1, 3)
        counts = np.full(3, horizon.threads[0] // 3) + rng.integers(-1, 2, 3)
        names = ("threads_sum",) if rng.random() < 0.5 else ()
        assert np.array_equal(stepped.battery_j, advanced.battery_j)
        slots.append(advanced.problem)
        decisions.append((cuts, counts))
        relax.append(frozenset(names))
        alone.append(stepped.step(cuts, counts, names))
        advanced.advance(cuts)
    assert np.array_equal(stepped.battery_j, advanced.battery_j)
    cuts, counts = (np.array(rows) for rows in zip(*decisions, strict=True))
    for together, one in zip(outcomes_of(slots, cuts, counts, relax), alone, strict=True):
        for entry in fields(Outcome):
            ours, theirs = getattr(together, entry.name), getattr(one, entry.name)
            if isinstance(ours, np.ndarray):
                assert np.array_equal(ours, theirs, equal_nan=ours.dtype.kind == "f"), entry.name
            else:
                assert ours == theirs, entry.name
