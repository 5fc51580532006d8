"""Tiny random horizons, and their optimal plans by enumeration.

tiny_horizon(rng, **overrides) -> Horizon     N ≤ 2, T ≤ 3, few l and k
brute_force(horizon, **rules) -> BestPlan     every decision of every slot, tried
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from splitbench.problems import Fleet, Formulation, Horizon, SlotProblem
from splitbench.solvers.exact.exact import Exact
from tests.strategies import random_problem


class BestPlan(NamedTuple):
    """Σ U of the best decisions, and how many device-slots hibernate in them."""

    value: float
    hibernated: int


def tiny_horizon(rng: np.random.Generator, **overrides: Any) -> Horizon:
    """Draw a horizon whose batteries hold a few slots' energy; overrides go to `Regime`."""
    drawn: dict[str, Any] = {
        "devices": int(rng.integers(1, 3)),
        "layers": int(rng.integers(1, 4)),
        "min_threads": int(rng.integers(1, 3)),
        "spare": int(rng.integers(0, 4)),
        "load": ["light", "tight"][int(rng.integers(2))],
        "caps": False,
        "battery": "full",
    }
    scope = ["slot", "slot", "task"][int(rng.integers(3))]
    drawn["formulation"] = Formulation("residual", scope, "allowed")
    first = random_problem(rng, **drawn | overrides)
    while first.fleet.thread_caps.min() < first.min_threads:
        first = random_problem(rng, **drawn | overrides)
    slots = int(rng.integers(1, 4))
    factors = rng.uniform(0.6, 1.4, (slots, len(first)))
    energy_j = _mean_energy_j(first)
    capacity = energy_j * rng.uniform(0.8, 5.0, len(first))
    devices = [
        replace(device, battery_max_j=float(most))
        for device, most in zip(first.fleet.devices, capacity, strict=True)
    ]
    sunny = rng.choice([0.0, 0.5, 1.0, 1.0], (slots, len(first)))
    return Horizon(
        fleet=Fleet(devices),
        threads=np.minimum(
            first.threads - rng.integers(0, drawn["spare"] + 1, slots),
            first.thread_caps.sum(),
        ),
        arrival_rate_hz=first.arrival_rate_hz * factors,
        uplink_bps=rng.uniform(2e6, 2e7, (slots, len(first))),
        harvest_j=sunny * energy_j * rng.uniform(0.3, 1.5, (slots, len(first))),
        battery_start_j=capacity * rng.choice([0.1, 0.5, 0.9, 1.0], len(first)),
        slot_s=first.slot_s,
        min_threads=first.min_threads,
        utility_weight=first.utility_weight,
        formulation=first.formulation,
        name="tiny",
    )


def _mean_energy_j(problem: SlotProblem) -> np.ndarray[Any, Any]:
    """What a slot draws on average over partitions, J, shape (N,)."""
    threads = problem.even_threads()
    cuts = range(int(problem.layers.min()) + 1)
    drawn = [problem.evaluate(np.full(len(problem), cut), threads).energy_j for cut in cuts]
    return np.mean(drawn, axis=0) + 1e-6


def brute_force(horizon: Horizon, *, idle: bool = False, forced: bool = False) -> BestPlan:
    """Try every partition, hibernation included, with every division of the threads.

    The charge after a slot depends on the partition alone, so of the divisions of a slot only
    the best of each partition goes on. `idle` leaves threads unused where that is better;
    `forced` hibernates in each state only devices that the slot's own optimum hibernates there.
    """
    return _best_from(horizon, 0, horizon.battery_start_j, idle, forced)


def _best_from(horizon: Horizon, slot: int, charge_j: Any, idle: bool, forced: bool) -> BestPlan:
    if slot == len(horizon):
        return BestPlan(0.0, 0)
    problem = horizon.slot(slot, charge_j)
    tables = _tables(problem)
    best = BestPlan(-np.inf, 0)
    lowest = np.full(len(problem), -1)
    if forced:
        lowest = np.minimum(np.asarray(Exact().solve(problem).partition), 0)
    cuts_of = zip(lowest, problem.layers, strict=True)
    for partition in product(*(range(int(low), int(layers) + 1) for low, layers in cuts_of)):
        values = [table[cut] for table, cut in zip(tables, partition, strict=True)]
        now, extra = _best_division(values, problem.spare_threads, idle)
        if extra is None:
            continue
        cuts, threads = np.array(partition), problem.min_threads + np.array(extra)
        outcome = problem.evaluate(cuts, threads, ("threads_sum",) if idle else ())
        assert outcome.feasible
        assert abs(outcome.utility - now) <= 1e-9 * max(1.0, abs(now))
        later = _best_from(horizon, slot + 1, outcome.battery_next_j, idle, forced)
        asleep = later.hibernated + partition.count(-1)
        best = max(best, BestPlan(now + later.value, asleep), key=lambda plan: plan.value)
    return best


def _tables(problem: SlotProblem) -> list[list[list[float]]]:
    """Utility of each device, cut and thread count; the last cut, −1, is hibernation."""
    asleep = problem.utility_by_threads(np.full(len(problem), -1))
    table = np.concatenate([problem.utility_table(), asleep[:, None, :]], axis=1)
    tables: list[list[list[float]]] = table.tolist()
    return tables


def _best_division(
    values: list[list[float]], spare: int, idle: bool
) -> tuple[float, tuple[int, ...] | None]:
    best, chosen = -np.inf, None
    for extra in product(range(spare + 1), repeat=len(values)):
        left = spare - sum(extra)
        if left < 0 or (left > 0 and not idle):
            continue
        value = sum(row[e] for row, e in zip(values, extra, strict=True))
        if value > best:
            best, chosen = value, extra
    return best, chosen
