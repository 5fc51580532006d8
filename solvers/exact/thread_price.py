"""A price on threads: an upper bound on a division, and what each other count would lose.

At a price μ per thread the devices are independent: each takes the count that maximises g_n(j) −
μ·j. For any μ

    L(μ) = μ·R + Σ_n max_j (g_n(j) − μ·j)

is at least the best Σ g_n(j_n) with Σ j_n = R (weak duality). With the reduced costs
r_n(j) = max_i (g_n(i) − μ·i) − (g_n(j) − μ·j) ≥ 0, a division with Σ j_n = R is worth exactly
L(μ) − Σ r_n(j_n).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from splitbench.problems.arrays import Floats, Ints

#: Numbers processed at once, to stay in the processor's cache.
BLOCK = 1 << 16
#: Prices tried; each halves the bracket or better, and most tables need about ten.
_MOST_PRICES = 200
#: From so many rows on, those whose count is the same at both ends of the bracket are left out.
_MANY_ROWS = 200
#: Rows whose slopes are looked at for a first price.
_SAMPLE = 1000


class Priced(NamedTuple):
    """A price per thread and what it proves; shapes (N,).

    Attributes
    ----------
    price, bound
        μ and L(μ).
    extra
        j_n, a best count at the price (the smallest where several are).
    runner_up
        Least reduced cost among the other counts; inf where there is no other.
    """

    price: float
    bound: float
    extra: Ints
    runner_up: Floats


def best_price(value: Floats, first: Ints, last: Ints, total: int) -> Priced:
    """Find the μ of the least L(μ), and evaluate it.

    Parameters
    ----------
    value
        g, shape (N, C), −inf where a count is not feasible.
    first, last
        Each row's smallest and largest feasible count, shape (N,); Σ first ≤ total ≤ Σ last.
    total
        R, the threads to divide.
    """
    return evaluated(value, _least_bound_price(value, first, last, total), total)


def evaluated(value: Floats, price: float, total: int) -> Priced:
    """Evaluate a price: its bound, the counts taken at it, and how clear each choice is."""
    devices, columns = value.shape
    extra, runner_up = np.empty(devices, dtype=np.int64), np.empty(devices)
    worth, cost = np.empty(devices), price * np.arange(columns)
    for rows in _blocks(devices, columns):
        left = value[rows] - cost
        here = np.arange(len(left))
        at = left.argmax(axis=1)
        extra[rows], worth[rows] = at, left[here, at]
        left[here, at] = -np.inf
        runner_up[rows] = left.max(axis=1)
    np.subtract(worth, runner_up, out=runner_up)
    return Priced(price, price * total + float(worth.sum()), extra, runner_up)


def reduced_costs(value: Floats, price: float) -> Floats:
    """r_n(j) of the rows given, in their shape; inf where a count is not feasible."""
    left = value - price * np.arange(value.shape[1])
    costs: Floats = left.max(axis=1)[:, None] - left
    return costs


class _Line(NamedTuple):
    """What is taken at a price; over the prices, Σ g + μ·(R − Σ j) is a line never above L."""

    price: float
    extra: Ints
    utility: float
    threads: int


def _least_bound_price(value: Floats, first: Ints, last: Ints, total: int) -> float:
    """Minimise the convex, piecewise linear L: where two of its supporting lines cross."""
    device, rows, settled = np.arange(len(value)), value, 0

    def line(price: float, extra: Ints) -> _Line:
        return _Line(price, extra, float(value[device, extra].sum()), int(extra.sum()))

    low, high = line(-np.inf, last), line(np.inf, first)
    counts, price, step, crossing = (
        np.arange(value.shape[1]),
        _first_price(value, total),
        0.0,
        False,
    )
    for turn in range(_MOST_PRICES):
        found = line(price, _best_counts(rows, np.multiply(counts, price)))
        wanted = settled + found.threads
        if wanted == total or (crossing and found.threads in (low.threads, high.threads)):
            break
        low, high = (found, high) if wanted > total else (low, found)
        if len(rows) >= _MANY_ROWS:
            open_ = np.flatnonzero(low.extra != high.extra)
            if 2 * len(open_) < len(rows):
                settled += int(low.extra.sum()) - int(low.extra[open_].sum())
                rows, device = rows[open_], device[open_]
                low = line(low.price, low.extra[open_])
                high = line(high.price, high.extra[open_])
        step = 4.0 * step if step else 0.25 * abs(price) + 1e-9
        price = (low.utility - high.utility) / (low.threads - high.threads)
        crossing = True
        if high.price == np.inf and price > low.price + step:
            price, crossing = low.price + step, False
        elif low.price == -np.inf and price < high.price - step:
            price, crossing = high.price - step, False
        elif turn % 4 == 3 and -np.inf < low.price and high.price < np.inf:
            price, crossing = (low.price + high.price) / 2.0, False
        if price in (low.price, high.price):
            break
    return price


def _first_price(value: Floats, total: int) -> float:
    """Guess a price: the median row's gain by a thread more than the average count."""
    average = min(total // len(value), value.shape[1] - 2)
    sample = value[:: len(value) // _SAMPLE + 1, average : average + 2]
    with np.errstate(invalid="ignore"):
        gains = sample[:, 1] - sample[:, 0]
    gains = np.sort(gains[np.isfinite(gains)])
    return float(gains[len(gains) // 2]) if len(gains) else 0.0


def _best_counts(value: Floats, cost: Floats) -> Ints:
    devices, columns = value.shape
    if devices * columns <= BLOCK:
        small: Ints = (value - cost).argmax(axis=1)
        return small
    extra = np.empty(devices, dtype=np.int64)
    for rows in _blocks(devices, columns):
        extra[rows] = (value[rows] - cost).argmax(axis=1)
    return extra


def _blocks(devices: int, columns: int) -> list[slice]:
    """Blocks of rows to process together."""
    step = max(1, BLOCK // columns)
    return [slice(start, start + step) for start in range(0, devices, step)]
