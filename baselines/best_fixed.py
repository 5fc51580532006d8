"""Partitioner `best-fixed`: the best constant partition, chosen in hindsight."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from splitbench.problems import UNSERVED_UTILITY, EpisodeView, Fleet, Horizon, SlotProblem
from splitbench.problems.arrays import Floats, Ints
from splitbench.problems.batch import Slots
from splitbench.problems.equations import Cuts, Terms, battery_next_j, slot_data, slot_terms
from splitbench.solvers.contract import Solution
from splitbench.solvers.exact.exact import Exact
from splitbench.solvers.exact.max_plus import joined

_GAIN = 1e-9  # a change must earn more than rounding does


class FixedPartition(NamedTuple):
    """One l for each device, shape (N,), and the mean utility of its slots at the best threads."""

    partition: Ints
    utility_mean: float


class BestFixed:
    """The best partition that never changes; shows the value of choosing one per slot.

    A reference, not a policy: it sees the whole horizon (the record says `clairvoyant`), and
    takes the l of each device that earn most over it with the best threads in each slot
    (`best_fixed_partition`). On a single slot, which has no future, it is the optimum's l.
    """

    name = "best-fixed"
    clairvoyant = True

    def __init__(self) -> None:
        self._fleet: Fleet | None = None
        self._partition: Ints | None = None

    def start(self, horizon: EpisodeView) -> None:
        """Search the partition of this episode, with its future."""
        self._fleet = horizon.fleet
        self._partition = best_fixed_partition(horizon.oracle()).partition

    def partition(self, problem: SlotProblem) -> Ints | Solution:
        """Return the episode's partition, shape (N,), or a single slot's best."""
        if self._partition is not None and problem.fleet is self._fleet:
            return self._partition
        optimum = Exact().solve(problem)
        return np.asarray(optimum.partition) if optimum.decided else optimum


def best_fixed_partition(horizon: Horizon) -> FixedPartition:
    """Search the best constant partition by coordinate ascent, exact in the threads.

    One device after the other takes the l that earns most over the horizon while the others keep
    theirs and every slot divides its threads again, until no device changes. Starts: edge-only,
    local-only, and each device's best at an even share; the best result is kept. It is a local
    optimum: changes of two devices at once are not tried. Where a queue is steady only at some k,
    the charge is approximate, as in `fixed_values`.
    """
    values = fixed_values(horizon)
    slots, device = range(len(horizon)), np.arange(len(horizon.fleet))
    even = np.array([horizon.slot(t, horizon.battery_start_j).even_threads() for t in slots])
    at_even = values[np.arange(len(horizon))[:, None], device, :, even - horizon.min_threads]
    spare = horizon.threads - len(horizon.fleet) * horizon.min_threads
    starts = (at_even.sum(axis=0).argmax(axis=1), np.zeros_like(device), horizon.fleet.layers)
    ends = [_ascend(values, spare, start.copy()) for start in starts]
    return max(ends, key=lambda end: end.utility_mean)


def _ascend(values: Floats, spare: Ints, partition: Ints) -> FixedPartition:
    """Change one device at a time while the mean utility rises; `values` is (T, N, L, C)."""
    mean = -np.inf
    while True:
        before = mean
        after = _suffixes(values, partition)
        ahead: Floats | None = None  # best worth of the devices before, by threads, shape (T, C)
        for n in range(len(partition)):
            others = _joined(ahead, after[n])
            earned = _mean_by_cut(values[:, n], others, spare)
            best = int(earned.argmax())
            if earned[best] > earned[partition[n]] + _GAIN:
                partition[n] = best
            mean = float(earned[partition[n]])
            ahead = _joined(ahead, values[:, n, partition[n]])
        if mean <= before + _GAIN:
            return FixedPartition(partition, mean)


def _suffixes(values: Floats, partition: Ints) -> list[Floats | None]:
    """Best worth of all devices after each one, by threads, shape (T, C); None after the last."""
    behind: list[Floats | None] = [None]
    for n in range(len(partition) - 1, 0, -1):
        behind.append(_joined(behind[-1], values[:, n, partition[n]]))
    return behind[::-1]


def _joined(one: Floats | None, other: Floats | None) -> Floats | None:
    """Best worth of two groups that share r spare threads, r = 0..C−1, in every slot (T, C)."""
    if one is None or other is None:
        return other if one is None else one
    return joined(one, other)


def _mean_by_cut(own: Floats, others: Floats | None, spare: Ints) -> Floats:
    """Mean over slots of a device's (T, L, C) and the others' worth for each l, shape (L,)."""
    if others is None:
        alone: Floats = own[np.arange(len(own)), :, spare].mean(axis=0)
        return alone
    left = spare[:, None] - np.arange(own.shape[2])
    rest = np.take_along_axis(others, np.maximum(left, 0), axis=1)
    total = own + np.where(left >= 0, rest, -np.inf)[:, None, :]
    mean: Floats = total.max(axis=2).mean(axis=0)
    return mean


def fixed_values(horizon: Horizon) -> Floats:
    """Utility of each device at each constant l, slot by slot and thread count by thread count.

    What a slot draws depends on l and not on k (Eq. 5), so the charge under a constant l is
    known without the threads, device by device. A slot that l cannot serve (Eq. 12, or no steady
    queue at any k) is hibernated: −10, and its harvest is kept. A slot that only some k serve
    counts as served in the charge, as −10 at the others.

    Returns
    -------
    Floats
        Shape (T, N, L, C): slot, device, l, and k = k_min + 0..C−1; −inf where l > S or k is
        above a cap. k may exceed what a slot has to give.
    """
    fleet, k = horizon.fleet, thread_counts(horizon)
    unusable = ~fleet.in_range.T[:, :, None] | (k > fleet.thread_caps[:, None])
    battery = np.repeat(horizon.battery_start_j[None, :], fleet.width, axis=0)  # (L, N)
    values = np.empty((len(horizon), len(fleet), fleet.width, len(k)))
    for slot, threads in enumerate(horizon.threads):
        most = threads - (len(fleet) - 1) * horizon.min_threads
        terms = _terms(horizon, slot, battery, k)
        feasible = ~unusable & terms.steady & terms.powered
        served = (feasible & (k <= most)).any(axis=2)
        earned = np.where(feasible, np.maximum(terms.utility, UNSERVED_UTILITY), UNSERVED_UTILITY)
        values[slot] = np.where(unusable, -np.inf, earned).transpose(1, 0, 2)
        unused = battery_next_j(battery + horizon.harvest_j[slot], fleet.battery_max_j)
        battery = np.where(served, terms.battery_next_j[:, :, 0], unused)
    return values


def thread_counts(horizon: Horizon) -> Ints:
    """Thread counts that a device can have in any slot while the others keep k_min, shape (C,)."""
    spare = int(horizon.threads.max()) - len(horizon.fleet) * horizon.min_threads
    return horizon.min_threads + np.arange(spare + 1)


def _terms(horizon: Horizon, slot: int, battery_j: Floats, k: Ints) -> Terms:
    """Eq. 1–10 of a slot at charges of shape (L, N), one for each l, for every k: (L, N, C)."""
    fleet = horizon.fleet
    slots = Slots(
        horizon.threads[slot : slot + 1],
        horizon.arrival_rate_hz[slot],
        horizon.uplink_bps[slot],
        battery_j,
        horizon.harvest_j[slot],
    )
    cuts = Cuts(*(column.T[:, :, None] for column in fleet.cuts))
    whole = fleet.curve_s(int(k[-1]))[:, k - 1]
    return slot_terms(horizon, slot_data(slots, fleet, axes=1), cuts, whole)
