"""The best prices on energy for given prices on threads, all devices at once.

At given prices per thread the devices are independent, and each row has one best k. With φ_t(π) =
π·H(t) + max over rows of (worth − π·con), convex and piecewise linear, what a device adds to the
bound of `splitbench.solvers.horizon.dual` is

    π(0)·E(0) + Σ_t φ_t(π(t)) + Σ_t (V − π(t) + π(t+1))⁺,        π ≥ 0, π(T) = 0.

A chain: let Q_t(π(t)) be the least of all terms from slot t on. Then

    Q_t(x) = φ_t(x) + min over y ≥ 0 of Q_{t+1}(y) + (y − (x − V))⁺,

and the minimum over y has the slope of Q_{t+1} at x − V, cut to [−1, 0] (−1 where x < V): minus the
charge. The best y is x − V, cut to where that slope is within [−1, 0]. So slopes are carried back
from the last slot, and prices forth from the first: no programme is solved, and the prices are the
best there are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from splitbench.problems.arrays import Floats
from splitbench.solvers.horizon.lp_columns import DeviceColumns

#: A slope is reached that is missed by no more than the rounding errors of its sum.
_ROUNDING = 1e-12
#: Devices processed at once, so that their slopes stay in the processor's cache.
_BLOCK = 200


def energy_prices(devices: Sequence[DeviceColumns], thread_price: Floats) -> Floats:
    """Return the best π for thread prices of shape (T,); shape (N, T)."""
    parts = [
        _prices(devices[start : start + _BLOCK], thread_price)
        for start in range(0, len(devices), _BLOCK)
    ]
    return np.concatenate(parts)


def _prices(devices: Sequence[DeviceColumns], thread_price: Floats) -> Floats:
    points, falls, steepest = _kinks(*_lines(devices, thread_price))
    harvest = np.array([columns.harvest for columns in devices])
    weight = np.array([columns.weight for columns in devices])[:, None]
    start = np.array([columns.start for columns in devices])
    # Slopes of min over y: −1 up to the first kink, then more by `jump` at each `kink`.
    kink, jump = weight.copy(), np.ones_like(weight)
    slots = harvest.shape[1]
    low, high = np.empty((2, len(devices), slots))
    for slot in range(slots - 1, -1, -1):
        kink = np.concatenate([kink, points[:, slot]], axis=1)
        order = kink.argsort(axis=1, kind="stable")
        kink = np.take_along_axis(kink, order, axis=1)
        jump = np.take_along_axis(np.concatenate([jump, falls[:, slot]], axis=1), order, axis=1)
        first = harvest[:, slot] - steepest[:, slot] - 1.0
        slope = first[:, None] + np.cumsum(jump, axis=1)
        low[:, slot], high[:, slot] = (_reaching(kink, slope, first, at) for at in (-1.0, 0.0))
        if slot == 0:
            price = _reaching(kink, slope, first, -start)
        cut = np.clip(slope, -1.0, 0.0)
        jump = np.diff(cut, axis=1, prepend=np.clip(first, -1.0, 0.0)[:, None])
        kink = np.concatenate([np.zeros_like(weight), kink], axis=1) + weight
        jump = np.concatenate([np.clip(first, -1.0, 0.0)[:, None] + 1.0, jump], axis=1)
        kink, jump = _without_flat(kink, jump)
    prices = np.empty_like(harvest)
    prices[:, 0] = price
    for slot in range(1, slots):
        price = np.clip(price - weight[:, 0], low[:, slot], high[:, slot])
        prices[:, slot] = price
    return prices


def _reaching(kink: Floats, slope: Floats, first: Floats, at: Floats | float) -> Floats:
    """Return the least price ≥ 0 from which the slope is `at` or more, shape (N,)."""
    reached = slope >= np.reshape(at, (-1, 1)) - _ROUNDING
    where = reached.argmax(axis=1)
    found = kink[np.arange(len(kink)), where]
    return np.where(first >= at - _ROUNDING, 0.0, found)


def _without_flat(kink: Floats, jump: Floats) -> tuple[Floats, Floats]:
    """Drop kinks at which nothing changes, in each row, and the columns that no row needs."""
    kept = jump > 0.0
    width = max(1, int(kept.sum(axis=1).max()))
    order = np.argsort(~kept, axis=1, kind="stable")[:, :width]
    kink, jump = np.where(kept, kink, np.inf), np.where(kept, jump, 0.0)
    return np.take_along_axis(kink, order, axis=1), np.take_along_axis(jump, order, axis=1)


def _lines(devices: Sequence[DeviceColumns], thread_price: Floats) -> tuple[Floats, Floats]:
    """Return worth and energy of each row, hibernation last; (N, T, R + 1), worth −inf padded."""
    rows = max(columns.energy.shape[1] for columns in devices)
    worth = np.full((len(devices), len(thread_price), rows + 1), -np.inf)
    energy = np.zeros_like(worth)
    for index, columns in enumerate(devices):
        found, _ = columns.by_rows(thread_price)
        worth[index, :, : found.shape[1]] = found
        energy[index, :, : found.shape[1]] = columns.energy
        worth[index, :, -1] = columns.asleep_at(thread_price)[0]
    return worth, energy


def _kinks(worth: Floats, energy: Floats) -> tuple[Floats, Floats, Floats]:
    """Return where the best row changes as π rises from 0, by how much less the next draws.

    Shapes (N, T, R) each, where none is inf and 0; and what the row draws that is best at 0.
    """
    best = worth.max(axis=2, keepdims=True)
    steepest = np.where(worth == best, energy, np.inf).min(axis=2, keepdims=True)
    now_worth, now_energy = best, steepest
    points, falls = [], []
    for _ in range(worth.shape[2] - 1):
        less = (energy < now_energy) & (worth > -np.inf)
        with np.errstate(invalid="ignore", divide="ignore"):
            crossing = (now_worth - worth) / (now_energy - energy)
        crossing = np.where(less, crossing, np.inf)
        at = crossing.min(axis=2, keepdims=True)
        following = np.where(less & (crossing == at), energy, np.inf).min(axis=2, keepdims=True)
        ends = at == np.inf
        following = np.where(ends, now_energy, following)
        points.append(at)
        falls.append(now_energy - following)
        chosen = less & (crossing == at) & (energy == following)
        now_worth = np.where(
            ends, now_worth, np.where(chosen, worth, -np.inf).max(axis=2, keepdims=True)
        )
        now_energy = following
    return (
        np.concatenate(points, axis=2),
        np.concatenate(falls, axis=2),
        steepest[:, :, 0],
    )
