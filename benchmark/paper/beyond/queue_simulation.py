"""Simulate the server's queue within slots: Poisson arrivals, deterministic service, FIFO.

Eq. 3 is the mean wait of a queue in steady state. A slot lasts only 30 s, and the next one has
other arrivals and service times. So the queue is simulated task by task, and the backlog carries
over to the next slot.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from splitbench.problems.arrays import Floats


class Waits(NamedTuple):
    """Simulated waits: mean over tasks of each slot, and the number of tasks of each slot.

    Shapes (R, T): R replications, T slots; the mean of a slot without tasks is NaN.
    """

    mean_s: Floats
    tasks: Floats

    @property
    def overall_s(self) -> Floats:
        """Mean wait over all tasks of each replication, shape (R,)."""
        total = np.nansum(self.mean_s * self.tasks, axis=1)
        mean: Floats = total / self.tasks.sum(axis=1)
        return mean


def simulate_queue(
    arrival_rate_hz: Floats,
    service_s: Floats,
    slot_s: float,
    rng: np.random.Generator,
    replications: int = 1,
) -> Waits:
    """Simulate one device's queue through T slots, all replications at once.

    Parameters
    ----------
    arrival_rate_hz, service_s
        λ (1/s) and D_ser (s) of each slot, shape (T,). A task takes the service time of the slot
        it arrives in; 0 where nothing is sent to the server.

    Notes
    -----
    With C_i = Σ_{j<i} (S_j − A_j), where A_j is the time from task j to the next, Lindley's
    recursion W_{i+1} = max(W_i + S_i − A_i, 0) is W_i = C_i − min_{j≤i} C_j.
    """
    slots = len(arrival_rate_hz)
    tasks = rng.poisson(arrival_rate_hz * slot_s, (replications, slots))
    width = max(int(tasks.max()), 1)
    real = np.arange(width) < tasks[:, :, None]  # (R, T, width)
    within = np.sort(np.where(real, rng.random(real.shape), 1.0), axis=2)
    # Padding tasks arrive at a slot's end and need no service, so that no task waits for them.
    arrivals = (np.arange(slots)[:, None] + within) * slot_s
    needed = np.where(real, service_s[:, None], 0.0)
    flat = arrivals.reshape(replications, -1), needed.reshape(replications, -1)
    wait = waits(*flat).reshape(real.shape)
    with np.errstate(invalid="ignore"):
        mean = np.where(real, wait, 0.0).sum(axis=2) / np.where(tasks > 0, tasks, np.nan)
    return Waits(mean, tasks.astype(np.float64))


def waits(arrivals_s: Floats, service_s: Floats) -> Floats:
    """Return each task's wait in a FIFO queue that starts empty; the last axis is the tasks."""
    drift = np.zeros_like(arrivals_s)
    drift[..., 1:] = np.cumsum(service_s[..., :-1] - np.diff(arrivals_s, axis=-1), axis=-1)
    wait: Floats = drift - np.minimum.accumulate(drift, axis=-1)
    return wait
