"""Multiple-choice knapsack over threads: one count for each device, Σ k = K exactly."""

from __future__ import annotations

import numpy as np
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
        The optimum and j, shape (N,); −inf and zeros if there is no feasible division.
    """
    devices, columns = value.shape
    best = value[0]
    choices = np.zeros((devices, columns), dtype=np.int64)
    choices[0] = np.arange(columns)
    padded = np.full(2 * columns - 1, -np.inf)
    # windows[r, i] = padded[r + i] = best[r − (C − 1) + i], a view as of sliding_window_view
    windows = np.ndarray((columns, columns), padded.dtype, padded, strides=padded.strides * 2)
    backwards = value[:, ::-1].copy()
    totals, budget = np.empty((columns, columns)), np.arange(columns)
    for device in range(1, devices):
        padded[columns - 1 :] = best
        np.add(windows, backwards[device], out=totals)  # no fresh array for each device
        chosen = totals.argmax(axis=1)
        best = totals[budget, chosen]
        choices[device] = columns - 1 - chosen
    if best[-1] == -np.inf:  # nothing to walk back along
        return -np.inf, np.zeros(devices, dtype=np.int64)
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
