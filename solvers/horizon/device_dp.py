"""One device's horizon at prices per thread, by dynamic programming over its charge.

At such prices devices are independent, and each takes one whole choice a slot. The linear programme
mixes choices: it may hibernate a device half, for −5. Charge is discretised as shares of E_max.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor

import numpy as np

from splitbench.problems import UNSERVED_UTILITY
from splitbench.problems.arrays import Floats
from splitbench.solvers.horizon.lp_columns import DeviceColumns

#: Shifts worths by a net share of E_max; −inf where less than so many steps of charge are left.
Moved = Callable[[Floats, float, int], Floats]

#: Steps of the charge for a bound: rounded up, it gives away at most T/`FINE` of a battery.
FINE = 20_000
#: Steps for a policy, interpolated in between.
COARSE = 4_000

#: Added, in steps, before a move is rounded up, so that no rounding error rounds it down.
_SLACK = 1e-9


def whole_choices_worth(columns: DeviceColumns, thread_price: Floats) -> float:
    """Return an upper bound on what the device earns at thread prices (T,), less what it pays.

    More charge is worth no less, so with charges rounded up to the grid this is a bound. Unlike
    in the programme, hibernation scores −10 without the charge, and a served slot has to end
    above zero.
    """
    worth, _ = columns.by_rows(thread_price)
    after = np.zeros(FINE + 1)
    for slot in range(len(worth) - 1, -1, -1):
        asleep = _asleep(columns, thread_price, slot, after, _moved_up)
        after = np.maximum(asleep, _served(columns, worth, slot, after, _moved_up))
    start = 0 if columns.start == 0.0 else ceil(columns.start * FINE + _SLACK)
    return float(after[min(start, FINE)])


def values_after(columns: DeviceColumns, thread_price: Floats, *, freely: bool) -> Floats:
    """Return what charge i/`COARSE` after each slot is worth to later ones, (T, COARSE + 1).

    It is that of a policy which hibernates `freely`, or only where the slot by itself is worth
    more so.
    """
    worth, _ = columns.by_rows(thread_price)
    nothing = np.zeros(COARSE + 1)
    after = np.zeros((len(worth), COARSE + 1))
    for slot in range(len(worth) - 1, 0, -1):
        asleep, now = (
            _asleep(columns, thread_price, slot, later, _interpolated)
            for later in (after[slot], nothing)
        )
        served = _served(columns, worth, slot, after[slot], _interpolated)
        rests = now > _served(columns, worth, slot, nothing, _interpolated)
        rests |= freely & (asleep > served)
        after[slot - 1] = np.where(rests, asleep, served)
    return after


def _asleep(
    columns: DeviceColumns, thread_price: Floats, slot: int, after: Floats, moved: Moved
) -> Floats:
    """Return the worth of each charge before a slot of hibernation, from that after it."""
    price = float(thread_price[slot])
    held = columns.least if price >= 0.0 else int(columns.most[slot])
    return UNSERVED_UTILITY - price * held + moved(after, float(columns.harvest[slot]), 0)


def _served(
    columns: DeviceColumns, worth: Floats, slot: int, after: Floats, moved: Moved
) -> Floats:
    """Return the worth of each charge before a slot that is served; −inf where none can be."""
    grid, best = len(after) - 1, np.full(len(after), -np.inf)
    earned = after + columns.weight * np.arange(grid + 1) / grid
    for row in np.flatnonzero(worth[slot] > -np.inf):
        net = float(columns.harvest[slot]) - float(columns.energy[slot, row])
        np.maximum(best, worth[slot, row] + moved(earned, net, 1), out=best)
    return best


def _moved_up(value: Floats, net: float, least: int) -> Floats:
    """Shift by a net share of E_max, rounded up to whole steps."""
    return _moved(value, 0 if net == 0.0 else ceil(_steps(value, net) + _SLACK), least)


def _interpolated(value: Floats, net: float, least: int) -> Floats:
    """Shift by a net share of E_max, linearly between the steps around it."""
    steps = _steps(value, net)
    low = floor(steps)
    part = steps - low
    if part == 0.0:
        return _moved(value, low, least)
    return (1.0 - part) * _moved(value, low, least) + part * _moved(value, low + 1, least)


def _steps(value: Floats, net: float) -> float:
    """Return a net share of E_max in steps; beyond the whole battery it makes no difference."""
    grid = len(value) - 1
    return min(max(net, -2.0), 2.0) * grid


def _moved(value: Floats, steps: int, least: int) -> Floats:
    """Return value[min(i + steps, G)] at each charge i of G; −inf where i + steps < `least`."""
    grid = len(value) - 1
    first = min(max(least - steps, 0), grid + 1)
    full = min(max(grid + 1 - steps, first), grid + 1)  # from here on the battery is full
    moved = np.full(grid + 1, value[grid])
    moved[:first] = -np.inf
    moved[first:full] = value[first + steps : full + steps]
    return moved
