"""What each device earns in each slot if its partition never changes: charge carried, k open."""

from __future__ import annotations

import numpy as np

from splitbench.problems import UNSERVED_UTILITY, Horizon
from splitbench.problems.arrays import Floats, Ints
from splitbench.problems.batch import Slots
from splitbench.problems.equations import Cuts, Terms, battery_next_j, slot_data, slot_terms


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
