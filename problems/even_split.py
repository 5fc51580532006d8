"""Dividing threads evenly, as "even" is meant everywhere in splitbench."""

from __future__ import annotations

import numpy as np

from splitbench.problems.arrays import Ints


def even_split(total: int, caps: Ints) -> Ints:
    """Divide `total` threads over devices: ⌊total/N⌋ each, the remainder to the first ones.

    What a device's cap leaves over is passed on to the others in the same way. Where the caps
    do not hold the total, everybody is at the cap and threads stay idle.

    Parameters
    ----------
    total
        Threads to give out, ≥ 0.
    caps
        Most threads of each device, shape (N,).

    Returns
    -------
    Ints
        Threads of each device, shape (N,).
    """
    given = np.zeros(len(caps), dtype=np.int64)
    left = total
    while left > 0:
        open_devices = np.flatnonzero(given < caps)
        if len(open_devices) == 0:
            break
        share = left // len(open_devices)
        if share == 0:
            given[open_devices[:left]] += 1
            break
        step = np.minimum(share, caps[open_devices] - given[open_devices])
        given[open_devices] += step
        left -= int(step.sum())
    return given
