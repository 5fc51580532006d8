"""Multiple-choice knapsack over threads: one count for each device, Σ k = K exactly."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from problems.latency import Floats

Ints = NDArray[np.int64]


def best_division(value: Floats) -> tuple[float, Ints]:
    """Maximise Σ_n value[n, j_n] subject to Σ_n j_n = C − 1, by dynamic programming.

    The choices are threads beyond everybody's minimum, so C − 1 is what there is to divide.
    best_n(r) = max_j best_{n−1}(r − j) + value[n, j] is exact for any values, convex or not, in
    O(N·C²) time and O(N·C) memory.

    Parameters
    ----------
    value
        Shape (N, C); −inf where a count is not feasible.

    Returns
    -------
    tuple[float, Ints]
        The optimum (−inf if there is no feasible division) and j, shape (N,).
    """
    devices, columns = value.shape
    best = value[0]
    choices = np.zeros((devices, columns), dtype=np.int64)
    choices[0] = np.arange(columns)
    padded = np.full(2 * columns - 1, -np.inf)
    windows = sliding_window_view(padded, columns)  # windows[r, i] = best[r − (C − 1) + i]
    for device in range(1, devices):
        padded[columns - 1 :] = best
        totals = windows + value[device, ::-1]
        chosen = totals.argmax(axis=1)
        best = totals[np.arange(columns), chosen]
        choices[device] = columns - 1 - chosen
    return float(best[-1]), _walk_back(choices)


def _walk_back(choices: Ints) -> Ints:
    """Follow the choices from the full budget back to the first device."""
    devices, columns = choices.shape
    given = np.zeros(devices, dtype=np.int64)
    left = columns - 1
    for device in range(devices - 1, -1, -1):
        given[device] = choices[device, left]
        left -= int(given[device])
    return given
