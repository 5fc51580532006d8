"""Split threads evenly between devices: what "even" means everywhere in splitbench."""

from __future__ import annotations

import numpy as np

from splitbench.problems.arrays import Ints


def even_split(total: int, caps: Ints) -> Ints:
    """Split `total` threads between devices: ⌊total/N⌋ each, the remainder to the first ones.

    Threads beyond a device's cap are split between the others in the same way. Where the caps sum
    to less than the total, every device is at its cap and threads stay idle.

    Parameters
    ----------
    total
        Threads to split, ≥ 0.
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
