"""Time of the horizon bound and of looking ahead, at the sizes they have to reach.

`pytest tests/perf/test_perf_horizon.py -m perf -s` prints the times; no time is asserted.
"""

from __future__ import annotations

from time import perf_counter

import pytest

from problems import EpisodeView, Simulation
from problems.suites import make_suite
from solvers import Context, make, solve_slot
from solvers.base import start_episode
from solvers.horizon_bound import Method, horizon_bound

pytestmark = pytest.mark.perf

SIZES: list[tuple[str, Method]] = [
    ("paper-wifi", "lp"),
    ("paper-wifi[sun_scale=0.4]", "lp"),
    ("never-full", "lp"),
    ("hetero", "lp"),
    ("starved[sun_scale=0.3]", "lp"),
    ("scale", "dual"),
    ("scale[sun_scale=0.2]", "dual"),
    ("scale", "lp"),
]


@pytest.mark.parametrize(("suite", "method"), SIZES)
def test_bound_of_120_slots(suite: str, method: Method) -> None:
    """The whole of `horizon_bound`, best and worst of three seeds."""
    times = []
    for seed in range(3):
        horizon = make_suite(suite).horizon(seed, 120)
        found = horizon_bound(horizon, method=method)
        assert found.total is not None
        times.append(found.seconds)
    devices = len(horizon.fleet)
    print(f"\n{suite} {method}: N = {devices}, T = 120: {min(times):.2f} to {max(times):.2f} s")


@pytest.mark.parametrize("suite", ["paper-wifi", "hetero"])
@pytest.mark.parametrize("name", ["exact", "lookahead", "lookahead[plan=lp]"])
def test_time_of_a_slot(suite: str, name: str) -> None:
    """Milliseconds a slot, `start` included, beside `exact`."""
    horizon = make_suite(suite).horizon(0)
    solver, simulation, begun = make(name), Simulation(horizon), perf_counter()
    start_episode(solver, EpisodeView.of(horizon))
    while not simulation.done:
        answer = solve_slot(solver, simulation.problem, Context(slot=simulation.index))
        assert answer.partition is not None
        assert answer.threads is not None
        simulation.step(answer.partition, answer.threads)
    print(f"\n{suite} {name}: {1e3 * (perf_counter() - begun) / len(horizon):.2f} ms a slot")
