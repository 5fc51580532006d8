"""The search of DADS under heavy load: weights of two of three stages, coarse to fine."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

from splitbench.problems.arrays import Floats, Ints, Mask

_DECADES = range(-3, 4)  # first, coarse weights: 10^-3 … 10^3
_REFINEMENTS = 5  # then around the best, in steps of 10^(1/2), 10^(1/4), …


def best_weights(rank_at: Callable[[Floats], Floats], splits: int = 1) -> Floats:
    """Search the weights α and γ under which the cheapest cut has the shortest longest stage.

    The published method scales the device and server stages by α and γ and searches "coarse to
    fine around the best point" without a grid; the one here is our choice.

    Parameters
    ----------
    rank_at
        Takes log10 of (α, γ), shape (P, G, 2), and returns what the cheapest cut under each
        takes: its longest stage and its delay in seconds, shape (P, G, 2). The second breaks ties.
    splits
        P, how many DNNs are split at once, each by weights of its own.

    Returns
    -------
    Floats
        log10 of (α, γ), shape (P, 2): (0, 0), the weights of light load, where none are better.
    """
    row = np.arange(splits)
    best_at = np.zeros((splits, 2))
    best = rank_at(best_at[:, None, :])[:, 0, :]
    for offsets in _grids():
        points = best_at[:, None, :] + offsets
        ranks = rank_at(points)
        first = _first_least(ranks)
        found, found_at = ranks[row, first], points[row, first]
        better = _less(found, best)
        best[better], best_at[better] = found[better], found_at[better]
    return best_at


def _grids() -> list[Floats]:
    """Offsets of (log10 α, log10 γ) from the best point so far, ever finer; shape (G, 2) each."""
    halves = [0.5**halvings for halvings in range(1, _REFINEMENTS + 1)]
    return [_square([float(step) for step in _DECADES])] + [
        _square([-step, 0.0, step]) for step in halves
    ]


def _square(steps: list[float]) -> Floats:
    return np.array([point for point in product(steps, steps) if any(point)])


def _first_least(ranks: Floats) -> Ints:
    """Index of the first least pair along the middle axis, shape (P,)."""
    longest, delay = ranks[..., 0], ranks[..., 1]
    shortest = longest.min(axis=1, keepdims=True)
    first: Ints = np.where(longest == shortest, delay, np.inf).argmin(axis=1)
    return first


def _less(found: Floats, best: Floats) -> Mask:
    """Whether pairs are less in lexicographic order, shape (P,)."""
    same = (found[:, 0] == best[:, 0]) & (found[:, 1] < best[:, 1])
    less: Mask = (found[:, 0] < best[:, 0]) | same
    return less
