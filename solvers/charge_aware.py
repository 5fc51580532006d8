"""One slot solved exactly for U plus the worth of the charge that is left."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from problems import HIBERNATE, UNSERVED_UTILITY, SlotProblem
from problems.latency import Floats
from solvers.charge_value import device_terms
from solvers.knapsack import best_division

Ints = NDArray[np.int64]


class Decision(NamedTuple):
    """l_n, k_n and the energy that they draw as a share of E_max, shape (N,) each."""

    partition: Ints
    threads: Ints
    draw: Floats


def myopic_decision(problem: SlotProblem) -> Decision:
    """Return the optimum of the slot alone, as `exact` does; hibernation has to be allowed."""
    best = problem.best_by_threads()
    return _decision(problem, best.utility, best.partition)


def charge_aware_decision(
    problem: SlotProblem, worth: Callable[[Floats], Floats], *, hibernate_freely: bool = False
) -> Decision:
    """Maximise U + Σ_n worth of E'_n over all decisions, as `exact` maximises U.

    The worth depends on l alone, so the slot stays separable but for Σ k = K.

    Parameters
    ----------
    worth
        Maps charges at the slot's end, shares of E_max of shape (N, L), to utility.
    hibernate_freely
        Otherwise whoever the slot's own optimum serves is served.
    """
    capacity, terms = problem.fleet.battery_max_j, device_terms(problem)
    share = np.clip(terms.charge_j / capacity[:, None], 0.0, 1.0)
    kept = np.minimum((problem.battery_j + problem.harvest_j) / capacity, 1.0)
    later = worth(np.column_stack([share, kept]))
    table = problem.utility_table() + later[:, :-1, None]
    partition = table.argmax(axis=1)
    value = np.take_along_axis(table, partition[:, None, :], axis=1)[:, 0, :]

    rests = problem.thread_range <= problem.thread_caps[:, None]
    if not hibernate_freely:
        rests &= (myopic_decision(problem).partition == HIBERNATE)[:, None]
    asleep = np.where(rests, UNSERVED_UTILITY + later[:, -1:], -np.inf)
    partition = np.where(asleep > value, HIBERNATE, partition)
    return _decision(problem, np.maximum(asleep, value), partition)


def _decision(problem: SlotProblem, value: Floats, partition_by_threads: Ints) -> Decision:
    """Divide the threads over values (N, C) and read off the partitions that go with them."""
    device = np.arange(len(problem))
    _, extra = best_division(value)
    partition = partition_by_threads[device, extra]
    energy_j = device_terms(problem).energy_j[device, np.maximum(partition, 0)]
    drawn = np.where(partition == HIBERNATE, 0.0, energy_j / problem.fleet.battery_max_j)
    return Decision(partition, problem.min_threads + extra, drawn)
