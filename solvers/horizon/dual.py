"""Lagrangian prices on energy and threads, and the bound on a horizon that any prices prove.

Charges and energies are shares of E_max. Where batteries may spill, the horizon is

    max Σ_n,t  V·e_n(t+1) + u_n(t)          u, con, k: the choice taken, hibernation included
    s.t. e_n(t+1) ≤ e_n(t) − con_n(t) + H_n(t)        price π_n(t) ≥ 0, per full battery
         0 ≤ e_n(t+1) ≤ 1
         Σ_n k_n(t) ≤ K(t)                            price μ(t) ≥ 0, per thread

and weak duality gives, for *any* π, μ ≥ 0, with π(T) = 0 (and μ of any sign where Σ k = K), the
bound

    Σ_t μ(t)·K(t) + Σ_n [π(0)·E(0) + Σ_t π(t)·H(t) + (V − π(t) + π(t+1))⁺ + max(u − π·con − μ·k)].

So the prices need not be optimal, nor a solver's duals exact: evaluated here, they are a proof.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splitbench.problems import HIBERNATE
from splitbench.problems.arrays import Floats, Ints, Mask
from splitbench.solvers.horizon.lp_columns import DeviceColumns, Picked

#: Rounding errors relative to the sum of the absolute terms; a hundred times a bound on them.
_ROUNDING = 1e-13
_BISECTIONS = 50
_DOUBLINGS = 20
#: Numbers processed at once, to stay in the processor's cache.
_BLOCK = 1 << 16


@dataclass(frozen=True, eq=False)
class Prices:
    """What a full battery and a thread are worth, in utility.

    `energy` π has shape (N, T), for charge that slot t draws; `thread` μ has shape (T,).
    """

    energy: Floats
    thread: Floats


@dataclass(frozen=True, eq=False)
class DualValue:
    """The bound that prices prove: what the threads cost, and what each device adds, (N,).

    `rounding` is the largest error of the arithmetic; `picked` are each device's best choices.
    """

    prices: Prices
    threads: float
    devices: Floats
    rounding: float
    picked: list[Picked]

    @property
    def total(self) -> float:
        """Upper bound on the sum of U over all slots."""
        return self.threads + float(self.devices.sum()) + self.rounding


def dual_value(devices: list[DeviceColumns], threads: Ints, prices: Prices) -> DualValue:
    """Evaluate the bound at prices; `threads` is K(t), shape (T,)."""
    paid = float(prices.thread @ threads)
    magnitude = (len(devices) + 1) * float(np.abs(prices.thread) @ threads)
    values, picked = np.zeros(len(devices)), []
    for index, (columns, energy) in enumerate(zip(devices, prices.energy, strict=True)):
        choice = columns.best(energy, prices.thread)
        charge = columns.weight - energy + np.append(energy[1:], 0.0)
        bought = float(energy[0] * columns.start + energy @ columns.harvest)
        values[index] = bought + np.maximum(charge, 0.0).sum() + choice.worth.sum()
        magnitude += bought + float(np.abs(columns.asleep).sum() + 2.0 * energy.sum())
        magnitude += float(energy @ columns.energy.max(axis=1))
        picked.append(choice)
    return DualValue(prices, paid, values, _ROUNDING * magnitude, picked)


def scarce(value: DualValue, devices: list[DeviceColumns]) -> list[int]:
    """Return the devices that hibernate at the prices, or whose empty battery sets a price."""
    found = []
    for index, (columns, energy) in enumerate(zip(devices, value.prices.energy, strict=True)):
        over = energy - np.append(energy[1:], 0.0) > columns.weight * (1.0 + 1e-9) + 1e-12
        if over.any() or (value.picked[index].row == HIBERNATE).any():
            found.append(index)
    return found


def thread_prices(
    devices: list[DeviceColumns], threads: Ints, energy: Floats, *, idle: bool
) -> Floats:
    """Return the best μ(t), shape (T,), for given energy prices (N, T).

    Each slot by itself. Demand falls as the price rises; bisection finds where it meets K(t). If
    demand at price 0 is below K(t), the price is 0 where threads may stay `idle`, else negative.
    """
    worth = np.stack(
        [columns.by_threads(price) for columns, price in zip(devices, energy, strict=True)], axis=1
    )
    slots, count, _ = worth.shape
    slot = np.repeat(np.arange(slots), count)
    asked = _Asked(worth.reshape(slots * count, -1), devices[0].threads, slot, slots)
    short = asked.total(asked.taken(np.zeros(slots))) - threads
    above = _least_price(asked, threads, short > 0, 1)
    return above if idle else above + _least_price(asked, threads, short < 0, -1)


@dataclass(frozen=True, eq=False)
class _Asked:
    """Rows of worths by thread count, shape (P, C), of the slots `slot`, shape (P,)."""

    worth: Floats
    counts: Ints
    slot: Ints
    slots: int

    def taken(self, price: Floats) -> Ints:
        """Return the index of each row's best count at the prices of slots, (T,)."""
        step = max(1, _BLOCK // len(self.counts))
        parts = [
            (
                self.worth[at : at + step] - price[self.slot[at : at + step], None] * self.counts
            ).argmax(axis=1)
            for at in range(0, len(self.worth), step)
        ]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)

    def total(self, taken: Ints) -> Ints:
        """Return the threads that rows take in each slot, (T,)."""
        held = np.bincount(self.slot, self.counts[taken], minlength=self.slots)
        return held.astype(np.int64)

    def only(self, rows: Mask) -> _Asked:
        """Return some of the rows."""
        return _Asked(self.worth[rows], self.counts, self.slot[rows], self.slots)


def _least_price(asked: _Asked, threads: Ints, where: Mask, sign: int) -> Floats:
    """Return the price nearest 0 in each slot of `where` at which demand has met K(t); else 0.

    `sign` is that of the prices: at 1 demand falls to K, at −1 it rises. A row that takes the same
    at both ends of the bracket takes it in between, and is looked at no more.
    """
    asked = asked.only(where[asked.slot])
    settled = np.zeros(len(where), dtype=np.int64)
    low, high = np.zeros(len(where)), np.where(where, 1.0, 0.0)
    at_low, at_high = asked.taken(low), asked.taken(sign * high)
    for _ in range(_DOUBLINGS):
        short = where & (sign * (asked.total(at_high) - threads) > 0)
        if not short.any():
            break
        low, high = np.where(short, high, low), np.where(short, 4.0 * high, high)
        at_low = np.where(short[asked.slot], at_high, at_low)
        at_high = asked.taken(sign * high)
    for _ in range(_BISECTIONS):
        apart = at_low != at_high
        if 2 * np.count_nonzero(apart) < len(apart):
            settled += asked.total(at_low) - asked.only(apart).total(at_low[apart])
            asked, at_low, at_high = asked.only(apart), at_low[apart], at_high[apart]
        middle = (low + high) / 2.0
        at = asked.taken(sign * middle)
        enough = sign * (settled + asked.total(at) - threads) <= 0
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        reached = enough[asked.slot]
        at_low, at_high = np.where(reached, at_low, at), np.where(reached, at, at_high)
    return sign * high
