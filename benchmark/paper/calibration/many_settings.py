"""Simulate the five schemes for many settings of the devices at once, over whole horizons.

The equations are those of `problems.equations`; decisions are those of `exact`, DADS under light
load, edge-only, BS, and TA where D(k) is convex, as Amdahl's law is: then TA is the optimum of the
summed latency. Hibernation is not modelled: settings in which a device would have to hibernate give
NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from splitbench.problems import Horizon
from splitbench.problems.arrays import Floats, Ints, Mask
from splitbench.problems.equations import (
    Cuts,
    Terms,
    server_s,
    slot_data,
    slot_terms,
    transmission_s,
)

SCHEMES = ("exact", "dads+ta", "dads+bs", "eo+ta", "eo+bs")


class Settings(NamedTuple):
    """P settings of N devices with up to L cuts: what the search varies.

    `cut_bits`, `local_s`, `server_share` have shape (P, N, L), infinite `local_s` beyond S;
    `curve_s` (P, N, C) is D(k) at k = 1..C; `deadline_s` (P, N).
    """

    cut_bits: Floats
    local_s: Floats
    server_share: Floats
    curve_s: Floats
    deadline_s: Floats


class Means(NamedTuple):
    """Means over slots: latency and energy, shape (P, R, N) each, and U summed, shape (P, R)."""

    latency_s: Floats
    energy_j: Floats
    utility: Floats


def simulate(settings: Settings, horizons: Sequence[Horizon], scheme: str) -> Means:
    """Step one scheme through R horizons of one length in each setting."""
    count, seeds = len(settings.deadline_s), len(horizons)
    own = Settings(*(np.repeat(array, seeds, axis=0) for array in settings))
    battery = np.tile(np.stack([one.battery_start_j for one in horizons]), (count, 1))
    sums = [np.zeros_like(battery), np.zeros_like(battery), np.zeros(len(battery))]
    for slot in range(len(horizons[0])):
        threads = np.tile([int(one.threads[slot]) for one in horizons], count)
        drawn = [
            np.tile(np.stack([getattr(one, name)[slot] for one in horizons]), (count, 1))
            for name in ("arrival_rate_hz", "uplink_bps", "harvest_j")
        ]
        model = _Slot(own, horizons[0], threads, drawn[0], drawn[1], battery, drawn[2])
        terms = model.at(*model.decide(scheme))
        served = _feasible(terms)
        sums[0] += np.where(served, terms.end_to_end_s, np.nan)
        sums[1] += terms.energy_j
        sums[2] += terms.utility.sum(axis=1)
        battery = np.maximum(terms.battery_next_j, 0.0)
    shape = (count, seeds, battery.shape[1])
    slots = len(horizons[0])
    return Means(
        sums[0].reshape(shape) / slots,
        sums[1].reshape(shape) / slots,
        sums[2].reshape(shape[:2]) / slots,
    )


class _Devices(NamedTuple):
    """D_max, shape (E, N), and the device constants that no setting changes, shape (N,)."""

    deadline_s: Floats
    battery_max_j: Floats
    compute_power_w: Floats
    transmit_power_w: Floats


class _Slot(NamedTuple):
    """One slot of E = P·R episodes; K has shape (E,), λ, B, E and H (E, N)."""

    settings: Settings
    horizon: Horizon
    threads: Ints
    arrival_rate_hz: Floats
    uplink_bps: Floats
    battery_j: Floats
    harvest_j: Floats

    def decide(self, scheme: str) -> tuple[Ints, Ints]:
        """Return l and k, shape (E, N) each."""
        if scheme == "exact":
            return self._optimum()
        partitioner, allocator = scheme.split("+")
        cut = self._light_cut() if partitioner == "dads" else np.zeros_like(self.battery_j, int)
        chosen = Cuts(*(_at(array, cut)[:, :, None] for array in self._cuts))
        terms = self._terms(chosen, self.settings.curve_s)
        latency = np.where(_feasible(terms), terms.end_to_end_s, np.inf)
        if allocator == "ta":
            return cut, best_division(-latency, self.threads)
        return cut, fewest_threads(latency, self.settings.deadline_s, self.threads)

    def at(self, cut: Ints, threads: Ints) -> Terms:
        """Eq. 1 to 10 for one decision."""
        chosen = Cuts(*(_at(array, cut) for array in self._cuts))
        return self._terms(chosen, _at(self.settings.curve_s, threads - 1))

    @property
    def _cuts(self) -> Cuts:
        return Cuts(*self.settings[:3])

    def _optimum(self) -> tuple[Ints, Ints]:
        terms = self._terms(self._cuts.at((..., None)), self.settings.curve_s[:, :, None, :])
        there = _feasible(terms) & np.isfinite(self.settings.local_s)[:, :, :, None]
        utility = np.where(there, terms.utility, -np.inf)
        threads = best_division(utility.max(axis=2), self.threads)
        place = (threads - 1)[:, :, None]
        cut: Ints = np.take_along_axis(utility.argmax(axis=2), place, axis=2)[:, :, 0]
        return cut, threads

    def _light_cut(self) -> Ints:
        devices = self.battery_j.shape[1]
        share, rest = np.divmod(self.threads, devices)
        even = share[:, None] + (np.arange(devices) < rest[:, None])
        whole = _at(self.settings.curve_s, even - 1)
        link = transmission_s(self.settings.cut_bits, self.uplink_bps[:, :, None])
        service = server_s(self.settings.server_share, whole[:, :, None])
        delay = self.settings.local_s + link + service
        cut: Ints = delay.argmin(axis=2)
        return cut

    def _terms(self, cuts: Cuts, whole_s: Floats) -> Terms:
        fleet = self.horizon.fleet
        devices = _Devices(
            self.settings.deadline_s,
            fleet.battery_max_j,
            fleet.compute_power_w,
            fleet.transmit_power_w,
        )
        data = slot_data(self, devices, axes=cuts.cut_bits.ndim - 2)
        return slot_terms(self.horizon, data, cuts, whole_s)


def best_division(value: Floats, threads: Ints) -> Ints:
    """Divide K threads, at least one each, so that Σ value[n, k_n − 1] is largest; shape (E, N).

    `value` has shape (E, N, C). The (max, +) convolution of the devices, one by one, with all
    totals up to the largest K at once.
    """
    episodes, devices, counts = value.shape
    most = int(threads.max())
    total = np.arange(most + 1)[:, None] - np.arange(1, counts + 1)  # threads left for the others
    best = np.full((episodes, most + 1), -np.inf)
    best[:, 0] = 0.0
    chosen = []
    for device in range(devices):
        joined = np.where(total >= 0, best[:, np.maximum(total, 0)], -np.inf)
        joined += value[:, device, None, :]
        chosen.append(joined.argmax(axis=2))
        best = joined.max(axis=2)
    left, row = threads.copy(), np.arange(episodes)
    divided = np.zeros((episodes, devices), dtype=np.int64)
    for device in reversed(range(devices)):
        divided[:, device] = chosen[device][row, left] + 1
        left = np.maximum(left - divided[:, device], 0)
    return divided


def fewest_threads(latency: Floats, deadline_s: Floats, threads: Ints) -> Ints:
    """BS: the fewest threads that meet the deadline, adjusted to K as in `baselines.binary_search`.

    Shapes (E, N, C), (E, N) and (E,); result (E, N).
    """
    lowest = np.minimum.accumulate(latency, axis=2)
    reachable = np.maximum(deadline_s, lowest[:, :, -1])
    wanted = 1 + (lowest > reachable[:, :, None]).sum(axis=2)
    least = 1 + np.isfinite(latency).argmax(axis=2)
    held: Ints = np.maximum(wanted, least)
    while len(over := np.flatnonzero(held.sum(axis=1) > threads)):
        can_give = np.where(held[over] > least[over], held[over], -1)
        held[over, can_give.argmax(axis=1)] -= 1
    while len(under := np.flatnonzero(held.sum(axis=1) < threads)):
        held[under, held[under].argmin(axis=1)] += 1
    return held


def _at(array: Floats, index: Ints) -> Floats:
    """Return the entry of each episode and device along the last axis, shape (E, N)."""
    taken: Floats = np.take_along_axis(array, index[:, :, None], axis=2)[:, :, 0]
    return taken


def _feasible(terms: Terms) -> Mask:
    return terms.steady & terms.powered
