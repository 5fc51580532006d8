"""Episodes side by side: what a policy may expect of later slots, in training as in a run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splitbench.problems import EpisodeView, Simulation
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers.ddp.episodes import Episodes
from splitbench.solvers.horizon.forecast import Forecast


@pytest.mark.parametrize("clear_sky", [True, False])
def test_training_sees_what_a_run_forecasts(clear_sky: bool) -> None:
    """After each slot the expected harvests are those of the causal forecast of `lookahead`."""
    horizons = [make_suite("cloudy").horizon(seed, 12) for seed in range(2)]
    if not clear_sky:
        horizons = [replace(horizon, clear_sky_harvest_j=None) for horizon in horizons]
    episodes = Episodes(horizons)
    forecasts = [Forecast(EpisodeView.of(horizon), "causal") for horizon in horizons]
    simulations = [Simulation(horizon) for horizon in horizons]
    while not episodes.done:
        ahead_j = episodes.harvest_ahead_j
        assert len(ahead_j) == 11 - episodes.index
        for row, (forecast, simulation) in enumerate(zip(forecasts, simulations, strict=True)):
            forecast.see(simulation.problem)
            np.testing.assert_allclose(ahead_j[:, row], forecast.harvest_j(), rtol=1e-12)
            simulation.hibernate()
        episodes.step(np.zeros_like(episodes.battery_j, dtype=np.int64))


def test_the_future_does_not_leak() -> None:
    """Another sun from a slot on changes nothing of what was expected before it."""
    horizon = make_suite("cloudy").horizon(0, 10)
    other_j = horizon.harvest_j.copy()
    other_j[5:] *= 3.0
    first, second = Episodes([horizon]), Episodes([replace(horizon, harvest_j=other_j)])
    for _ in range(5):
        np.testing.assert_array_equal(first.harvest_ahead_j, second.harvest_ahead_j)
        for episodes in (first, second):
            episodes.step(np.zeros_like(episodes.battery_j, dtype=np.int64))
    assert not np.allclose(first.harvest_ahead_j, second.harvest_ahead_j)
