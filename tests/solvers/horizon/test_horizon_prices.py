"""Prices on energy and threads are the best there are, against a linear programme and a search."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from splitbench.problems import Horizon
from splitbench.problems.arrays import Floats
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers.horizon.charge_value import charge_value
from splitbench.solvers.horizon.dual import Prices, dual_value, thread_prices
from splitbench.solvers.horizon.energy_price import energy_prices
from splitbench.solvers.horizon.lp_columns import DeviceColumns, device_columns
from tests.horizons import tiny_horizon

SUITES = ("hetero", "starved[sun_scale=0.3]", "never-full", "city[devices=7,slots=30]")


def columns_of(horizon: Horizon) -> list[DeviceColumns]:
    """The choices of every device."""
    return [device_columns(horizon, device) for device in range(len(horizon.fleet))]


def least_by_programme(columns: DeviceColumns, thread: Floats) -> float:
    """The least that any energy prices add to the bound: minimise over π, its hinges and maxima."""
    slots = len(thread)
    worth, _ = columns.by_rows(thread)
    asleep, _ = columns.asleep_at(thread)
    cost = np.concatenate([columns.harvest, np.ones(2 * slots)])
    cost[0] += columns.start
    rows, limits = [], []
    for t in range(slots):
        hinge = np.zeros(3 * slots)
        hinge[t], hinge[slots + t] = -1.0, -1.0
        if t + 1 < slots:
            hinge[t + 1] = 1.0
        rows.append(hinge)
        limits.append(-columns.weight)
        choices = [(asleep[t], 0.0), *zip(worth[t], columns.energy[t], strict=True)]
        for value, drawn in choices:
            if value > -np.inf:
                line = np.zeros(3 * slots)
                line[t], line[2 * slots + t] = -drawn, -1.0
                rows.append(line)
                limits.append(-value)
    bounds = [(0, None)] * (2 * slots) + [(None, None)] * slots
    found = linprog(cost, np.array(rows), limits, bounds=bounds, method="highs")
    assert found.status == 0
    return float(found.fun)


def check_energy_prices(horizon: Horizon, thread: Floats) -> None:
    """Each device's prices reach the programme's optimum."""
    devices = columns_of(horizon)
    energy = energy_prices(devices, thread)
    assert energy.shape == (len(devices), len(thread))
    assert (energy >= 0.0).all()
    value = dual_value(devices, horizon.threads, Prices(energy, thread))
    for columns, reached in zip(devices, value.devices, strict=True):
        assert reached == pytest.approx(least_by_programme(columns, thread), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", range(30))
def test_energy_prices_of_tiny_horizons(seed: int) -> None:
    """Batteries of a few slots' energy, slots without sun, prices of either sign."""
    rng = np.random.default_rng([5, seed])
    horizon = tiny_horizon(rng)
    check_energy_prices(horizon, rng.uniform(-0.2, 0.4, len(horizon)))


@pytest.mark.parametrize("suite", SUITES)
def test_energy_prices_of_suites(suite: str) -> None:
    """Thirty slots of full, starved and many batteries."""
    horizon = make_suite(suite).horizon(0, 30)
    check_energy_prices(horizon, np.random.default_rng(1).uniform(0.0, 0.1, 30))


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("idle", [True, False])
def test_thread_prices(suite: str, idle: bool) -> None:
    """No other price gives a lower bound in any slot; 0 or more where threads may stay idle."""
    horizon = make_suite(suite).horizon(2, 30)
    devices = columns_of(horizon)
    rng = np.random.default_rng(3)
    energy = rng.uniform(0.0, 1.0, (len(devices), 30)) * devices[0].weight
    worth = np.array([c.by_threads(e) for c, e in zip(devices, energy, strict=True)])
    counts = devices[0].threads

    def bound(price: Floats) -> Floats:
        best = (worth - price[:, None] * counts).max(axis=2).sum(axis=0)
        value: Floats = price * horizon.threads + best
        return value

    price = thread_prices(devices, horizon.threads, energy, idle=idle)
    assert not idle or (price >= 0.0).all()
    for factor in (0.5, 0.9, 0.999, 1.001, 1.1, 2.0):
        assert (bound(price * factor) >= bound(price) - 1e-10).all()
    for step in (-1e-3, -1e-6, 1e-6, 1e-3):
        other = np.maximum(price + step, 0.0) if idle else price + step
        assert (bound(other) >= bound(price) - 1e-10).all()


def test_charge_values_in_blocks_are_those_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Devices a few at a time, to the last bit."""
    rng = np.random.default_rng(0)
    charge, harvest, draws = rng.random((40, 9)), rng.random((30, 40)) / 9, rng.random((30, 40)) / 9
    together = charge_value(charge, harvest, draws, 0.5)
    monkeypatch.setattr("splitbench.solvers.horizon.charge_value._BLOCK", 1000)
    assert np.array_equal(charge_value(charge, harvest, draws, 0.5), together)
