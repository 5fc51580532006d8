"""Dividing threads exactly: by the plain dynamic programme or by price and core, by size."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from splitbench.problems.arrays import Floats, Ints
from splitbench.solvers.exact.core import solve_core
from splitbench.solvers.exact.knapsack import best_division
from splitbench.solvers.exact.max_plus import widened
from splitbench.solvers.exact.thread_price import best_price

Method = Literal["auto", "dp", "core"]

#: Sums of the plain programme (rows × budgets × counts) up to which it is the quicker.
_SMALL = 60_000
#: What the plain programme is called.
PROGRAMME = "dynamic programme"


class Division(NamedTuple):
    """Threads for each device, and what is known of them.

    Attributes
    ----------
    extra
        j, shape (N,), with Σ j = R; None where there is none, or none was found in time.
    utility, bound
        Σ g_n(j_n), −inf without a division; no division is worth more than `bound`.
    proved
        Whether `extra` is optimal, or, without it, that there is no division.
    method
        How it was found, in words.
    price
        μ, what a thread more is worth at the bound; None from the plain programme.
    """

    extra: Ints | None
    utility: float
    bound: float
    proved: bool
    method: str
    price: float | None = None


def small(devices: int, total: int) -> bool:
    """Whether the plain programme divides R threads quicker than price and core do."""
    return devices * (total + 1) ** 2 <= _SMALL


def divide(
    value: Floats,
    total: int,
    method: Method = "auto",
    ends: float = np.inf,
    near: float | None = None,
) -> Division:
    """Maximise Σ_n value[n, j_n] subject to Σ_n j_n = total.

    Parameters
    ----------
    value
        Shape (N, C); −inf where a count is not feasible.
    method
        `dp`: the plain dynamic programme. `core`: price and core. `auto`: the quicker of the two.
    ends
        `time.monotonic()` at which the core is given up; the plain programme has no time limit.
    near
        A price to begin at, where one of a similar table is known.
    """
    devices, columns = value.shape
    if method == "dp" or (method == "auto" and small(devices, total)):
        return _by_programme(value, total)
    feasible = value > -np.inf
    first = feasible.argmax(axis=1)
    last = columns - 1 - feasible[:, ::-1].argmax(axis=1)
    least, most = int(first.sum()), int(last.sum())
    stranded = not feasible[np.arange(devices), first].all()
    if stranded or not least <= total <= most:
        return Division(None, -np.inf, -np.inf, True, "counted")
    if total in (least, most):
        only = first if total == least else last
        return _found(value, only, total, True, -np.inf, "only one division")
    priced = best_price(value, first, last, total, near)
    core = solve_core(value, priced, total, ends)
    words = f"price on threads, core of {core.devices} devices"
    if core.extra is None:
        bound = -np.inf if core.proved else priced.bound
        return Division(None, -np.inf, bound, core.proved, words, priced.price)
    return _found(value, core.extra, total, core.proved, priced.bound, words, priced.price)


def _by_programme(value: Floats, total: int) -> Division:
    """Run the plain programme over a table of exactly total + 1 counts."""
    utility, extra = best_division(widened(value, total))
    if utility == -np.inf:
        return Division(None, -np.inf, -np.inf, True, PROGRAMME)
    return Division(extra, utility, utility, True, PROGRAMME)


def _found(
    value: Floats,
    extra: Ints,
    total: int,
    proved: bool,
    bound: float,
    method: str,
    price: float | None = None,
) -> Division:
    if int(extra.sum()) != total:  # utility and bound alone would not show it
        raise AssertionError(f"{method}: {int(extra.sum())} threads handed out of {total}")
    utility = float(value[np.arange(len(value)), extra].sum())
    return Division(extra, utility, max(bound, utility), proved, method, price)
