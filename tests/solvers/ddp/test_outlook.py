"""What a policy that looks ahead may see: the same in training and in a run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splitbench.problems import EpisodeView, Simulation
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers.ddp.outlook import SunCourse
from splitbench.solvers.horizon.forecast import Forecast


@pytest.mark.parametrize("clear_sky", [True, False])
def test_training_sees_what_a_run_forecasts(clear_sky: bool) -> None:
    """After each slot the expected harvests are those of the causal forecast of `lookahead`."""
    horizons = [make_suite("cloudy").horizon(seed, 12) for seed in range(2)]
    if not clear_sky:
        horizons = [replace(horizon, clear_sky_harvest_j=None) for horizon in horizons]
    course = SunCourse(horizons)
    for row, horizon in enumerate(horizons):
        forecast = Forecast(EpisodeView.of(horizon), "causal")
        simulation = Simulation(horizon)
        while not simulation.done:
            forecast.see(simulation.problem)
            outlook = course.after(simulation.index)
            assert outlook.slots_left == 11 - simulation.index
            np.testing.assert_allclose(outlook.harvest_j[:, row], forecast.harvest_j(), rtol=1e-12)
            simulation.hibernate()


def test_the_future_does_not_leak() -> None:
    """Another sun from a slot on changes nothing of what was expected before it."""
    horizon = make_suite("cloudy").horizon(0, 10)
    other_j = horizon.harvest_j.copy()
    other_j[5:] *= 3.0
    first, second = SunCourse([horizon]), SunCourse([replace(horizon, harvest_j=other_j)])
    for slot in range(5):
        np.testing.assert_array_equal(first.after(slot).harvest_j, second.after(slot).harvest_j)
    assert not np.allclose(first.after(5).harvest_j, second.after(5).harvest_j)
