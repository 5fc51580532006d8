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
#: First step from a price to one on the other side of the best, relative; it grows fourfold.
_STEP = 0.03
#: Rows and counts (besides four times the average) that are looked at for a first price.
_SAMPLE = 1000
_SAMPLED_COUNTS = 8


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


def best_price(
    value: Floats, first: Ints, last: Ints, total: int, near: float | None = None
) -> Priced:
    """Find the μ of the least L(μ), and evaluate it.

    Parameters
    ----------
    value
        g, shape (N, C), −inf where a count is not feasible.
    first, last
        Each row's smallest and largest feasible count, shape (N,); Σ first ≤ total ≤ Σ last.
    total
        R, the threads to divide.
    near
        A price to begin at.
    """
    begin = _first_price(value, first, total) if near is None else near
    return evaluated(value, _least_bound_price(value, first, last, total, begin), total)


def evaluated(value: Floats, price: float, total: int) -> Priced:
    """Evaluate a price: its bound, the counts taken at it, and how clear each choice is."""
    cost, parts = price * np.arange(value.shape[1]), []
    for rows in _blocks(*value.shape):
        left = value[rows] - cost
        here, at = np.arange(len(left)), left.argmax(axis=1)
        worth = left[here, at]
        left[here, at] = -np.inf
        parts.append((at, worth, worth - left.max(axis=1)))
    extra, worth, runner_up = (
        parts[0] if len(parts) == 1 else map(np.concatenate, zip(*parts, strict=True))
    )
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
    threads: int


def _least_bound_price(value: Floats, first: Ints, last: Ints, total: int, price: float) -> float:
    """Minimise the convex, piecewise linear L: where two of its supporting lines cross."""
    device, rows, settled = np.arange(len(value)), value, 0
    low, high = _Line(-np.inf, last, int(last.sum())), _Line(np.inf, first, int(first.sum()))
    counts, step, crossing = np.arange(value.shape[1]), 0.0, False
    for turn in range(_MOST_PRICES):
        extra = _best_counts(rows, np.multiply(counts, price))
        found = _Line(price, extra, int(extra.sum()))
        wanted = settled + found.threads
        if wanted == total or (crossing and found.threads in (low.threads, high.threads)):
            break
        low, high = (found, high) if wanted > total else (low, found)
        if len(rows) >= _MANY_ROWS:
            open_ = np.flatnonzero(low.extra != high.extra)
            if 2 * len(open_) < len(rows):
                settled += int(low.extra.sum()) - int(low.extra[open_].sum())
                rows, device = rows[open_], device[open_]
                low, high = (
                    _Line(end.price, end.extra[open_], int(end.extra[open_].sum()))
                    for end in (low, high)
                )
        step = 4.0 * step if step else _STEP * abs(price) + 1e-9
        crossing = False
        if high.price == np.inf:
            price = low.price + step
        elif low.price == -np.inf:
            price = high.price - step
        elif turn % 4 == 3:
            price = (low.price + high.price) / 2.0
        else:
            gained = (value[device, low.extra] - value[device, high.extra]).sum()
            price, crossing = float(gained) / (low.threads - high.threads), True
        if price in (low.price, high.price):
            break
    return price


def _first_price(value: Floats, first: Ints, total: int) -> float:
    """Guess a price: what the last of R threads gains, were each taken where it gains most.

    For concave rows that is a best price. Looked at are counts up to some multiple of the average,
    and of very many rows a sample.
    """
    every = len(value) // _SAMPLE + 1
    sample, first = value[::every, : _SAMPLED_COUNTS + 4 * (total // len(value))], first[::every]
    with np.errstate(invalid="ignore"):
        gains = np.fmax(np.diff(sample), -np.inf).ravel()  # NaN between counts not feasible
    taken = total * len(sample) // len(value) - int(first.sum())
    taken += int(np.count_nonzero(first))  # an infinite gain leads to the first feasible count
    at = len(gains) - taken
    if not 0 < at < len(gains):
        return 0.0
    below, above = np.partition(gains, (at - 1, at))[at - 1 : at + 1].tolist()
    return (below + above) / 2.0 if -np.inf < below <= above < np.inf else 0.0


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
