"""Columns of the horizon's LP: each device's choices in each slot, without its battery.

Over time a choice (l, k) of slot t is a latency utility and the energy that it draws; neither
depends on the charge. All charges and energies here are shares of E_max, so that V is the worth
of a full battery in every slot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from splitbench.problems import HIBERNATE, UNSERVED_UTILITY, Horizon
from splitbench.problems.arrays import Floats, Ints, Mask
from splitbench.problems.batch import Slots
from splitbench.problems.equations import slot_data, slot_terms, time_saved


class Picked(NamedTuple):
    """One choice in each slot, shape (T,): its worth at the prices, and its row and k's index.

    `row` indexes the rows of `DeviceColumns`; −1 is hibernation, with the most
    valuable number of threads.
    """

    worth: Floats
    row: Ints
    extra: Ints


@dataclass(frozen=True, eq=False)
class DeviceColumns:
    """The choices of one device in T slots: R partitions that may be worth taking, C counts.

    Attributes
    ----------
    partition
        l of each row, shape (T, R); rows beyond a slot's own are padding (utility −inf).
    energy
        Energy drawn as a share of E_max, shape (T, R).
    utility
        Latency part of Eq. 10, (1 − V)·(D_max − D_e2e)/D_max, shape (T, R, C); −inf where no
        steady queue, cap or K of the slot allows it, or where hibernation is never worse.
    asleep
        Utility of hibernation without the charge term, shape (T,); see `hibernation_worth`.
    harvest, start
        H (T,) and E(0) as shares of E_max.
    least, most
        Fewest threads k_min; column c of `utility` is k_min + c. Most in each slot, (T,).
    weight
        V, the worth of a full battery at a slot's end.
    """

    partition: Ints
    energy: Floats
    utility: Floats
    asleep: Floats
    harvest: Floats
    start: float
    least: int
    most: Ints
    weight: float

    def best(self, energy_price: Floats, thread_price: Floats) -> Picked:
        """Return the best choice of each slot at prices per full battery and per thread, (T,)."""
        slots, rows, counts = self.utility.shape
        worth = self.utility - thread_price[:, None, None] * self.threads
        worth -= (energy_price[:, None] * self.energy)[:, :, None]
        flat = worth.reshape(slots, rows * counts)
        where = flat.argmax(axis=1)
        served = flat[np.arange(slots), where]
        idle, held = self.asleep_at(thread_price)
        asleep = idle >= served
        return Picked(
            np.where(asleep, idle, served),
            np.where(asleep, HIBERNATE, where // counts),
            np.where(asleep, held, where % counts),
        )

    @property
    def threads(self) -> Ints:
        """The thread counts of the columns, shape (C,)."""
        return self.least + np.arange(self.utility.shape[2])

    def asleep_at(self, thread_price: Floats) -> tuple[Floats, Ints]:
        """Return hibernation's best worth at prices per thread, and its k's index, (T,) each."""
        held = np.where(thread_price < 0.0, self.most - self.least, 0)
        return self.asleep - thread_price * (self.least + held), held

    def by_threads(self, energy_price: Floats) -> Floats:
        """Return the best worth at each thread count, hibernation included, shape (T, C)."""
        worth = self.utility - (energy_price[:, None] * self.energy)[:, :, None]
        allowed = self.threads <= self.most[:, None]
        asleep = np.where(allowed, self.asleep[:, None], -np.inf)
        best: Floats = np.maximum(worth.max(axis=1), asleep)
        return best

    def by_rows(self, thread_price: Floats) -> tuple[Floats, Ints]:
        """Return each row's best worth over k at prices per thread (T, R), and that k's index."""
        worth = self.utility - thread_price[:, None, None] * self.threads
        where = worth.argmax(axis=2)
        return np.take_along_axis(worth, where[:, :, None], axis=2)[:, :, 0], where


def device_columns(horizon: Horizon, device: int) -> DeviceColumns:
    """Return the choices of one device.

    Left out is only what no policy needs. (1) A partition l is dominated by l' if l' draws no
    more and is no slower at any k. Whatever is left to the server, D_ser + D_queue grows in
    D(k) faster for the larger share, so l' is no slower at any k if it is not at the fastest
    and at the slowest D(k): two comparisons settle all k. (2) A choice that earns no more than
    hibernation even with a full battery: utility + V ≤ −10. Hibernating at the same k leaves
    at least the charge.
    """
    fleet = horizon.fleet
    capacity, weight = float(fleet.battery_max_j[device]), horizon.utility_weight
    partition, padded = _undominated(horizon, device)
    spare = int(horizon.threads.max()) - len(fleet) * horizon.min_threads
    counts = min(spare, int(fleet.thread_caps.max()) - horizon.min_threads) + 1
    k = horizon.min_threads + np.arange(counts)
    curve = fleet.curve_rows(slice(device, device + 1), int(k[-1]))[0]
    latency, energy_j = _choices(horizon, device, partition, curve[k - 1])
    most = np.minimum(
        fleet.thread_caps[device], horizon.threads - (len(fleet) - 1) * horizon.min_threads
    )
    beyond = padded[:, :, None] | (k > most[:, None])[:, None, :]
    useless = latency + weight <= UNSERVED_UTILITY
    harvest = horizon.harvest_j[:, device] / capacity
    start = float(horizon.battery_start_j[device]) / capacity
    return DeviceColumns(
        partition=partition,
        energy=energy_j / capacity,
        utility=np.where(beyond | useless, -np.inf, latency),
        asleep=hibernation_worth(harvest, start, weight),
        harvest=harvest,
        start=start,
        least=horizon.min_threads,
        most=most,
        weight=weight,
    )


def hibernation_worth(harvest: Floats, start: float, weight: float) -> Floats:
    """Return what hibernation counts beside V·E'/E_max, at most, shape (T,).

    It scores −10 whatever the charge, so −10 − V·E'/E_max; and E' is at least what the slot
    harvests, in the first slot with the charge at the start.
    """
    least = np.minimum(harvest + start * (np.arange(len(harvest)) == 0), 1.0)
    worth: Floats = UNSERVED_UTILITY - weight * least
    return worth


def _undominated(horizon: Horizon, device: int) -> tuple[Ints, Mask]:
    """Return the partitions worth keeping, (T, R), and which of them are padding."""
    fleet, last = horizon.fleet, int(horizon.fleet.layers[device])
    slots = len(horizon)
    every = np.broadcast_to(np.arange(last + 1), (slots, last + 1))
    longest = int(min(fleet.thread_caps[device], horizon.threads.max()))
    curve = fleet.curve_rows(slice(device, device + 1), longest)[0, horizon.min_threads - 1 :]
    ends = np.array([curve.min(), curve.max()])
    latency, energy = _choices(horizon, device, every, ends)
    share = fleet.cuts_at(np.full(last + 1, device), np.arange(last + 1)).server_share
    keep = ~_dominated(latency, energy, share)
    rows = int(keep.sum(axis=1).max())
    order = np.argsort(~keep, axis=1, kind="stable")[:, :rows]
    return order, ~np.take_along_axis(keep, order, axis=1)


def _dominated(latency: Floats, energy: Floats, share: Floats) -> Mask:
    """Whether another partition is as good at every k, (T, L); of equals the first is kept.

    `latency` (T, L, 2) is the utility at the fastest and the slowest D(k).
    """
    fast, slow = latency[:, :, 0], latency[:, :, 1]
    # Axes: slot, the dominated l, the dominating l'. Where l' leaves less to the server its lead
    # grows with D, else it shrinks, down to where its queue, the first of the two, is unstable.
    shrinks = share[None, :] > share[:, None]
    safe = (slow[:, None, :] >= slow[:, :, None]) & (slow[:, None, :] > -np.inf)
    no_worse = (
        (energy[:, None, :] <= energy[:, :, None])
        & (fast[:, None, :] >= fast[:, :, None])
        & (~shrinks | safe)
    )
    first = np.tri(len(share), k=-1, dtype=bool)  # l' < l
    apart = (energy[:, None, :] < energy[:, :, None]) | (fast[:, None, :] > fast[:, :, None])
    dominated: Mask = (no_worse & (apart | first)).any(axis=2)
    return dominated


def _choices(
    horizon: Horizon, device: int, partition: Ints, whole_server_s: Floats
) -> tuple[Floats, Floats]:
    """Latency utility (T, R, C), −inf where ρ ≥ 1, and J drawn (T, R), of partitions (T, R)."""
    fleet, no_charge = horizon.fleet, np.zeros(len(horizon.fleet))
    slots = Slots(
        horizon.threads, horizon.arrival_rate_hz, horizon.uplink_bps, no_charge, no_charge
    )
    data = slot_data(slots, fleet, axes=2, rows=slice(device, device + 1))  # (T, 1, 1, 1)
    cuts = fleet.cuts_at(np.full_like(partition, device), partition).at(
        (slice(None), None, slice(None), None)
    )
    terms = slot_terms(horizon, data, cuts, whole_server_s)
    saved = time_saved(terms.end_to_end_s, data.deadline_s)
    weighted = (1.0 - horizon.utility_weight) * np.where(terms.steady, saved, 0.0)
    earned = np.where(terms.steady, weighted, -np.inf)
    return earned[:, 0], terms.energy_j[:, 0, :, 0]
