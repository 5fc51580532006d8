"""What each device earns in each slot if its partition never changes: charge carried, k open."""

from __future__ import annotations

import numpy as np

from splitbench.problems import UNSERVED_UTILITY, Horizon
from splitbench.problems.arrays import Floats, Ints
from splitbench.problems.slot import SlotData, Terms, slot_terms


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
    unusable = ~fleet.in_range[:, :, None] | (k > fleet.thread_caps[:, None])[:, None, :]
    battery = np.repeat(horizon.battery_start_j[:, None], fleet.width, axis=1)
    values = np.empty((len(horizon), len(fleet), fleet.width, len(k)))
    for slot, threads in enumerate(horizon.threads):
        most = threads - (len(fleet) - 1) * horizon.min_threads
        terms = _terms(horizon, slot, battery, k)
        steady = ~unusable & (terms.queue_s < np.inf) & (terms.charge_j > 0.0)
        served = (steady & (k <= most)).any(axis=2)
        earned = np.where(steady, np.maximum(terms.utility, UNSERVED_UTILITY), UNSERVED_UTILITY)
        values[slot] = np.where(unusable, -np.inf, earned)
        kept = np.minimum(battery + horizon.harvest_j[slot][:, None], fleet.battery_max_j[:, None])
        battery = np.where(served, terms.battery_next_j[:, :, 0], kept)
    return values


def thread_counts(horizon: Horizon) -> Ints:
    """Thread counts that a device can have in any slot while the others keep k_min, shape (C,)."""
    spare = int(horizon.threads.max()) - len(horizon.fleet) * horizon.min_threads
    return horizon.min_threads + np.arange(spare + 1)


def _terms(horizon: Horizon, slot: int, battery_j: Floats, k: Ints) -> Terms:
    """Eq. 1–10 of a slot at charges of shape (N, L), for every l and k: shape (N, L, C)."""
    fleet = horizon.fleet
    columns = (
        horizon.arrival_rate_hz[slot],
        horizon.uplink_bps[slot],
        battery_j,
        horizon.harvest_j[slot],
        fleet.deadline_s,
        fleet.battery_max_j,
        fleet.compute_power_w,
        fleet.transmit_power_w,
    )
    return slot_terms(
        SlotData(*(column.reshape(len(fleet), -1, 1) for column in columns)),
        fleet.cut_bits[:, :, None],
        fleet.local_s[:, :, None],
        fleet.server_share[:, :, None],
        fleet.curve_s(int(k[-1]))[:, None, k - 1],
        slot_s=horizon.slot_s,
        utility_weight=horizon.utility_weight,
        formulation=horizon.formulation,
    )
