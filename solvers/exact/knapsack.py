"""Multiple-choice knapsack over threads: one count for each device, Σ k = K exactly."""

from __future__ import annotations

import numpy as np

from splitbench.problems.arrays import Floats, Ints

#: Numbers that are added up at once: more would fall out of the processor's cache.
_BLOCK = 1 << 17
_FEW = 64


def best_division(value: Floats) -> tuple[float, Ints]:
    """Maximise Σ_n value[n, j_n] subject to Σ_n j_n = C − 1, by dynamic programming.

    The choices are threads beyond each device's minimum, so C − 1 threads are divided. best_n(r) =
    max_j best_{n−1}(r − j) + value[n, j] is exact for any values, convex or not, in O(C·Σ w_n)
    time, w_n the counts between the first and the last that are feasible for a device, and O(N·C)
    memory besides `_BLOCK`.

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
    padded = np.empty(2 * columns - 1)
    padded[: columns - 1] = -np.inf
    # windows[r, i] = padded[r + i] = best[r − (C − 1) + i], a view as of sliding_window_view
    windows = np.ndarray((columns, columns), padded.dtype, padded, strides=padded.strides * 2)
    backwards = value[:, ::-1].copy()
    here = _feasible_ranges(backwards)  # j = C − 1 − i
    scratch = np.empty(min(columns * columns, max(_BLOCK, columns)) if devices > 2 else 0)
    choices = []  # of devices 1 to N − 2, i for each budget, less where their ranges start
    for device in range(1, devices - 1):
        padded[columns - 1 :] = best
        best, at = _best_rows(windows[:, here[device]], backwards[device, here[device]], scratch)
        choices.append(at)
    given, left = [], columns - 1
    optimum = best.item(left)
    if devices > 1:  # of the last device only the whole budget is asked for
        totals = best + backwards[-1]
        last = int(totals.argmax())
        optimum = totals.item(last)
        given.append(left - last)
        left = last
    if optimum == -np.inf:  # nothing to walk back along
        return -np.inf, np.zeros(devices, dtype=np.int64)
    for device in range(devices - 2, 0, -1):
        given.append(columns - 1 - here[device].start - choices[device - 1].item(left))
        left -= given[-1]
    given.append(left)
    return optimum, np.array(given[::-1], dtype=np.int64)


def _feasible_ranges(values: Floats) -> list[slice]:
    """Return of each row the columns from the first finite one to the last; all where none is.

    Also where there are few: finding out would take longer than it saves.
    """
    if values.shape[1] < _FEW:
        return [slice(0, values.shape[1])] * len(values)
    finite = values > -np.inf
    first, behind = finite.argmax(axis=1), finite[:, ::-1].argmax(axis=1)
    return [
        slice(start, values.shape[1] - left)
        for start, left in zip(first.tolist(), behind.tolist(), strict=True)
    ]


def _best_rows(near: Floats, values: Floats, scratch: Floats) -> tuple[Floats, Ints]:
    """Return maximum and argmax of near + values over the last axis, as many rows as fit at once.

    Ties go to the largest j, the first of `values`.
    """
    rows, width = near.shape
    step = max(1, len(scratch) // width)
    if step >= rows:
        totals = scratch[: rows * width].reshape(rows, width)
        np.add(near, values, out=totals)  # no fresh array for each device
        at: Ints = totals.argmax(axis=1)
        return totals[np.arange(rows), at], at
    parts = [_best_rows(near[row : row + step], values, scratch) for row in range(0, rows, step)]
    best, at = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return best, at
