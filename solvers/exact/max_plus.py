"""(max, +) joins: the best total of two groups of devices that share threads exactly.

Every dynamic programme over threads is made of them. `knapsack.best_division` alone has its own
inner loop, because it also needs the argmax.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from splitbench.problems.arrays import Floats


def joined(first: Floats, second: Floats) -> Floats:
    """Return max over j of first[…, r − j] + second[…, j], for r = 0..C − 1 threads together.

    Parameters
    ----------
    first, second
        Best total of each group by its number of threads, shape (…, C); −inf where infeasible.

    Returns
    -------
    Floats
        Shape (…, C), in O(C²) for each entry of the leading axes.
    """
    columns = first.shape[-1]
    if first.ndim == 1:  # all C² sums at once; many slots at once would leave the CPU's cache
        padded = np.concatenate([np.full(columns - 1, -np.inf), first])
        best: Floats = (sliding_window_view(padded, columns) + second[::-1]).max(axis=1)
        return best
    total = np.full(np.broadcast_shapes(first.shape, second.shape), -np.inf)
    for given in range(columns):
        with_these = first[..., given : given + 1] + second[..., : columns - given]
        np.maximum(total[..., given:], with_these, out=total[..., given:])
    return total


def widened(value: Floats, total: int) -> Floats:
    """Return value (…, C) with exactly the counts 0..total, −inf where it had none."""
    wide = np.full((*value.shape[:-1], total + 1), -np.inf)
    known = value[..., : total + 1]
    wide[..., : known.shape[-1]] = known
    return wide


def others_best(value: Floats) -> Floats:
    """Best total of all devices but one that share out exactly r = 0..C − 1 extra threads.

    Parameters
    ----------
    value
        Shape (…, N, C), as in `splitbench.solvers.exact.knapsack.best_division`.

    Returns
    -------
    Floats
        Shape (…, N, C): row n leaves out device n. From the best of all devices before n and of
        all after it, in O(N·C²).
    """
    devices = value.shape[-2]
    empty_group = np.full_like(value[..., 0, :], -np.inf)
    empty_group[..., 0] = 0.0
    before, after = [empty_group], [empty_group]
    for device in range(devices - 1):
        before.append(joined(before[-1], value[..., device, :]))
        after.append(joined(after[-1], value[..., devices - 1 - device, :]))
    rests = [joined(*pair) for pair in zip(before, reversed(after), strict=True)]
    return np.stack(rests, axis=-2)
