"""The simulated queue: Lindley's recursion, Eq. 3 in the steady state, backlog between slots."""

from __future__ import annotations

import numpy as np
import pytest

from splitbench.benchmark.paper.beyond.queue_simulation import simulate_queue, waits
from splitbench.problems.equations import queueing_s


def test_waits_by_hand() -> None:
    """Tasks at 0, 1, 1, 10 s of 2, 3, 1 and 1 s: the second waits 1 s, the third 4 s."""
    found = waits(np.array([[0.0, 1.0, 1.0, 10.0]]), np.array([[2.0, 3.0, 1.0, 1.0]]))
    assert found == pytest.approx(np.array([[0.0, 1.0, 4.0, 0.0]]))


def test_waits_are_lindleys_recursion() -> None:
    """Against the recursion task by task, for several queues at once."""
    rng = np.random.default_rng(3)
    arrivals = np.sort(rng.random((4, 60)) * 50.0, axis=1)
    service = rng.random((4, 60))
    expected = np.zeros_like(arrivals)
    for task in range(1, 60):
        gap = arrivals[:, task] - arrivals[:, task - 1]
        expected[:, task] = np.maximum(expected[:, task - 1] + service[:, task - 1] - gap, 0.0)
    assert waits(arrivals, service) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("rho", [0.2, 0.5, 0.8])
def test_one_endless_slot_is_eq_3(rho: float) -> None:
    """A single slot of hours is the steady state, within 5 %."""
    rate, service = np.array([1.0]), np.array([rho])
    found = simulate_queue(rate, service, 20_000.0, np.random.default_rng(0), replications=20)
    assert found.overall_s.mean() == pytest.approx(float(queueing_s(rate, service)[0]), rel=0.05)


def test_backlog_is_carried_over() -> None:
    """After a slot with ρ = 2 the next one, which alone would be idle, starts with a queue."""
    rng = np.random.default_rng(1)
    rate, service = np.array([1.0, 0.5]), np.array([2.0, 0.1])
    after = simulate_queue(rate, service, 30.0, rng, replications=200).mean_s[:, 1]
    alone = simulate_queue(rate[1:], service[1:], 30.0, rng, replications=200).mean_s[:, 0]
    assert np.nanmean(after) > 2.0
    assert np.nanmean(alone) < 0.01


def test_nothing_waits_where_nothing_is_served() -> None:
    """A local-only device has no queue; a slot without tasks has no mean."""
    found = simulate_queue(np.array([1.0, 1e-9]), np.zeros(2), 30.0, np.random.default_rng(2), 3)
    assert found.mean_s[:, 0] == pytest.approx(np.zeros(3))
    assert np.isnan(found.mean_s[:, 1]).all()
