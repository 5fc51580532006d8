"""Dividing threads among very many devices: a dynamic programme over the few with a choice.

A price on threads (`thread_price`) leaves a division worth its bound less Σ r_n(j_n). So with any
Δ, a division with Σ r ≤ Δ has no count of r > Δ, and those can be left out. What remains is the
*core*: devices that have a choice, as departures from the counts taken at the price. A dynamic
programme over their sums either finds a division with Σ r ≤ Δ, which is then proved optimal, or
Δ grows. Nothing is assumed of g: not concave, with holes of −inf, plateaus, ties.

Of very many equal departures only a few are needed. Let D be the largest departure and e what the
counts at the price are short of R. Some optimal division has no set of departures that sums to 0
(undo it: no r < 0). Ordered so that partial sums stay within D of 0..e, none of them comes twice,
so fewer than D + max(D, |e|) devices depart; and those that depart by d can be chosen as those with
the least r for d. So the core holds at most 2D + |e| devices for each d.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np

from splitbench.problems.arrays import Floats, Ints
from splitbench.solvers.exact.thread_price import BLOCK, Priced, reduced_costs

#: Runner-up counts that the first Δ admits; each further one admits `_GROWTH` times as many.
_FIRST = 24
_GROWTH = 8
#: Departures beyond which only those are kept that some optimal division may need.
_MANY = 3_000
#: Bits to which a device's g are kept in the core. Rounding, here or in another machine's exp, is
#: then no difference, sums are exact, and ties are ties.
_BITS = 44
#: States stored for tracing the solution back; with more, the core is given up.
_MOST_STATES = 1 << 27


class Core(NamedTuple):
    """What the core found.

    `extra` (N,) is None without a division; `proved` says that `extra` is optimal, or that there
    is none; `devices` is how many devices had a choice.
    """

    extra: Ints | None
    proved: bool
    devices: int


class Departures(NamedTuple):
    """Other counts of the core's devices, sorted by device and step; shapes (M,).

    Attributes
    ----------
    device, step
        Row of the table, departure from the count at the price (≠ 0).
    cost, loss
        r, and by how much g is less: r without the price of the threads, and rounded.
    """

    device: Ints
    step: Ints
    cost: Floats
    loss: Floats


class _TooLargeError(Exception):
    """The time or the states that a core may take are used up."""


def solve_core(value: Floats, priced: Priced, total: int, ends: float = np.inf) -> Core:
    """Find the best division, given a price, by `time.monotonic()` = `ends`.

    Ties: the last device takes the most threads that it has in any best division, then the one
    before it. Where more than 3,000 departures are in play, those of the last devices are kept.

    Parameters
    ----------
    value
        g, shape (N, C), −inf where a count is not feasible; each row has a feasible count.
    total
        R, the threads to divide.
    """
    last_bit = _last_bits(value, priced)
    if int(priced.extra.sum()) == total and bool((priced.runner_up > last_bit).all()):
        return Core(priced.extra, True, 0)  # every other count loses something
    extra = _ties_taken(value, priced, total, last_bit)
    missing = total - int(extra.sum())
    admitted = min(_FIRST, len(value))
    limit = 0.0 if missing == 0 else _admitting(priced, admitted)
    best: Ints | None = None
    while True:
        departures = _departures(value, priced, extra, limit, last_bit)
        core = len(np.unique(departures.device))
        if len(departures.step) > _MANY:
            if limit == 0.0 and missing == 0:
                return Core(extra, True, core)
            departures = _cheapest(departures, missing)
        try:
            loss, chosen = _best_departures(departures, missing, ends)
        except _TooLargeError:
            return Core(best, False, core)
        if loss < np.inf:
            best = extra.copy()
            best[departures.device[chosen]] += departures.step[chosen]
            lost = max(loss + priced.price * missing, 0.0)  # Σ r
            if lost <= limit:
                return Core(best, True, core)
            limit = lost
        elif limit == np.inf:
            return Core(None, True, core)
        else:
            admitted *= _GROWTH
            limit = _admitting(priced, admitted) if admitted <= len(value) else np.inf


def _last_bits(value: Floats, priced: Priced) -> Floats:
    """Return the power of two that is the last bit kept of each device's r, shape (N,)."""
    size = np.abs(value[np.arange(len(value)), priced.extra])
    size += abs(priced.price) * value.shape[1]
    bits: Floats = np.ldexp(1.0, np.frexp(size)[1] - _BITS)
    return bits


def _ties_taken(value: Floats, priced: Priced, total: int, last_bit: Floats) -> Ints:
    """Give the missing threads to devices that lose nothing by them, the last ones first."""
    extra = priced.extra
    tied = np.flatnonzero(priced.runner_up <= last_bit / 2.0)
    if len(tied) <= _FIRST:
        return extra
    free = reduced_costs(value[tied], priced.price) <= last_bit[tied, None] / 2.0
    least = free.argmax(axis=1)
    room = free.shape[1] - 1 - free[:, ::-1].argmax(axis=1) - least
    extra = extra.copy()
    extra[tied] = least
    missing = total - int(extra.sum())
    if missing <= 0:
        return extra
    behind = np.cumsum(room[::-1])[::-1]  # what this device and all behind it can take
    extra[tied] += np.where(behind <= missing, room, 0)
    part = int(np.count_nonzero(behind > missing)) - 1  # the first that cannot take all
    if part >= 0:
        left = missing - (int(behind[part + 1]) if part + 1 < len(tied) else 0)
        row = free[part, least[part] : least[part] + left + 1]
        extra[tied[part]] += len(row) - 1 - int(row[::-1].argmax())
    return extra


def _admitting(priced: Priced, count: int) -> float:
    """Return the Δ that admits so many runner-up counts."""
    return float(np.partition(priced.runner_up, count - 1)[count - 1])


def _departures(
    value: Floats, priced: Priced, extra: Ints, limit: float, last_bit: Floats
) -> Departures:
    """List the counts of r ≤ limit other than those taken."""
    open_ = np.flatnonzero(priced.runner_up <= limit + last_bit)
    step = max(1, BLOCK // value.shape[1])
    parts = []
    for start in range(0, max(len(open_), 1), step):
        rows = open_[start : start + step]
        costs, bit = reduced_costs(value[rows], priced.price), last_bit[rows]
        within = (costs <= limit + bit[:, None]) & (costs < np.inf)
        within[np.arange(len(rows)), extra[rows]] = False
        row, count = np.nonzero(within)
        device, bit = rows[row], bit[row]
        taken = np.rint(value[device, extra[device]] / bit)
        loss = (taken - np.rint(value[device, count] / bit)) * bit
        parts.append(Departures(device, count - extra[device], costs[row, count], loss))
    if len(parts) == 1:
        return parts[0]
    return Departures(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _cheapest(departures: Departures, missing: int) -> Departures:
    """Keep for each step the departures of least cost, as many as a division may need."""
    furthest = int(np.abs(departures.step).max())
    needed = furthest + max(furthest, abs(missing))
    order = np.lexsort((-departures.device, departures.cost, departures.step))
    starts = np.flatnonzero(np.diff(departures.step[order], prepend=np.iinfo(np.int64).min))
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order)))
    kept = np.sort(order[rank < needed])
    device, step, cost, loss = departures
    return Departures(device[kept], step[kept], cost[kept], loss[kept])


def _best_departures(departures: Departures, missing: int, ends: float) -> tuple[float, Ints]:
    """Return the least Σ loss of departures that sum to `missing`, one per device, and which.

    Infinite, and none, where no departures do.
    """
    none = np.zeros(0, dtype=np.int64)
    starts = np.flatnonzero(np.diff(departures.device, prepend=-1))
    if len(starts) == 0:
        return (0.0, none) if missing == 0 else (np.inf, none)
    behind = np.append(starts[1:], len(departures.device))
    least = np.minimum(departures.step[starts], 0)  # steps ascend within a device
    largest = np.maximum(departures.step[behind - 1], 0)
    low, high = np.cumsum(least), np.cumsum(largest)
    first = np.maximum(low, missing - (high[-1] - high)).tolist()
    last = np.minimum(high, missing - (low[-1] - low)).tolist()
    if first[-1] > last[-1]:
        return np.inf, none
    steps, losses = departures.step.tolist(), departures.loss.tolist()
    spans = list(zip(starts.tolist(), behind.tolist(), strict=True))
    tables: list[_States] = [_States(0, np.zeros(1))]
    held = 0
    for index, span in enumerate(spans):
        choices = list(zip(steps[span[0] : span[1]], losses[span[0] : span[1]], strict=True))
        tables.append(_with_device(tables[-1], choices, first[index], last[index]))
        held += len(tables[-1].loss)
        if held > _MOST_STATES or (ends < np.inf and time.monotonic() > ends):
            raise _TooLargeError
    loss = tables[-1].at(missing)
    if loss == np.inf:
        return loss, none
    return loss, np.array(_walk_back(tables, spans, steps, losses, missing), dtype=np.int64)


class _States(NamedTuple):
    """Least loss of every sum of departures from `first` on."""

    first: int
    loss: Floats

    def at(self, total: int) -> float:
        """Return the loss of one sum; inf where it is out of reach."""
        index = total - self.first
        return self.loss.item(index) if 0 <= index < len(self.loss) else np.inf


def _with_device(
    before: _States, choices: list[tuple[int, float]], first: int, last: int
) -> _States:
    """Add a device that stays or departs; keep the sums first..last."""
    loss = np.full(last - first + 1, np.inf)
    start, old = before
    behind = start + len(old)
    for step, lost in [(0, 0.0), *choices]:
        low, high = max(first, start + step), min(last + 1, behind + step)
        if low < high:
            part = loss[low - first : high - first]
            np.minimum(part, old[low - step - start : high - step - start] + lost, out=part)
    return _States(first, loss)


def _walk_back(
    tables: list[_States],
    spans: list[tuple[int, int]],
    steps: list[int],
    losses: list[float],
    missing: int,
) -> list[int]:
    """Follow the sums back; of what ties the largest step is taken."""
    chosen, left = [], missing
    for index in range(len(spans) - 1, -1, -1):
        before, reached = tables[index], tables[index + 1].at(left)
        begin, end = spans[index]
        picks = [pick for pick in range(end - 1, begin - 1, -1) if steps[pick] > 0]
        picks += [-1, *(pick for pick in range(end - 1, begin - 1, -1) if steps[pick] < 0)]
        for pick in picks:
            step, lost = (0, 0.0) if pick < 0 else (steps[pick], losses[pick])
            if before.at(left - step) + lost == reached:
                left -= step
                if pick >= 0:
                    chosen.append(pick)
                break
    return chosen
