"""Forecasts of later slots, and the value of charge for a forecast."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splitbench.problems import (
    EpisodeView,
)
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers.horizon.charge_value import charge_value
from splitbench.solvers.horizon.forecast import Forecast


def test_charge_value_is_the_forecast_followed_slot_by_slot() -> None:
    """By the definition: step, count V per full battery, charge −10 a draw for what is missing."""
    rng = np.random.default_rng(17)
    for _ in range(50):
        later = int(rng.integers(1, 8))
        charge = rng.random((2, 3))
        harvest, draws = rng.random((later, 2)) * 0.6, rng.random((later, 2)) * 0.6 + 0.01
        found = charge_value(charge, harvest, draws, 0.5)
        for n in range(2):
            for at in range(3):
                level, kept, least, full = charge[n, at], 0.0, 0.0, False
                for net in harvest[:, n] - draws[:, n]:
                    level = min(level + net, 1.0)
                    kept += 0.5 * max(level, 0.0)
                    full |= level == 1.0
                    least = least if full else min(least, level)
                expected = kept + 10.0 * least / draws[:, n].mean()
                assert found[n, at] == pytest.approx(expected)


def test_a_forecast_follows_the_clear_sky() -> None:
    """Harvest to come is the clear sky's course in the share seen so far; without one, the mean."""
    horizon = make_suite("cloudy[devices=2]").horizon(0, 6)
    assert horizon.clear_sky_harvest_j is not None
    for course in (horizon.clear_sky_harvest_j, None):
        known = replace(horizon, clear_sky_harvest_j=course)
        ahead = Forecast(EpisodeView.of(known), "causal")
        for slot in range(3):
            ahead.see(known.slot(slot, known.battery_start_j))
        seen = horizon.harvest_j[:3].mean(axis=0)
        expected = np.repeat(seen[None, :], 3, axis=0)
        if course is not None:
            expected = course[3:] * seen / course[:3].mean(axis=0)
        assert np.allclose(ahead.harvest_j(), expected)
        assert ahead.slots_left == 3


def test_the_oracle_forecasts_the_truth() -> None:
    """The rest of the horizon, from the charge of now on."""
    horizon = make_suite("cloudy[devices=2]").horizon(0, 6)
    ahead = Forecast(EpisodeView.of(horizon), "oracle")
    for slot in range(2):
        ahead.see(horizon.slot(slot, horizon.battery_start_j))
    expected = ahead.horizon(horizon.slot(1, horizon.battery_start_j))
    for name in ("threads", "arrival_rate_hz", "uplink_bps", "harvest_j"):
        assert np.array_equal(getattr(expected, name), getattr(horizon, name)[1:])
