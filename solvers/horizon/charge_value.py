"""The value of charge in later slots, for a forecast of their harvests and draws.

Under `energy_term: residual` a joule kept counts V/E_max in every later slot until it would be
spilled at a full battery or the horizon ends. Followed along a forecast this is no single price
but a concave function of the charge, so a choice can be scored by it exactly.
"""

from __future__ import annotations

import numpy as np

from splitbench.problems import UNSERVED_UTILITY
from splitbench.problems.arrays import Floats, Mask

#: Entries (N × L × F) processed at once, so that arrays stay in the processor's cache.
_BLOCK = 100_000


def charge_value(charge: Floats, harvest: Floats, draws: Floats, weight: float) -> Floats:
    """Return what charges after this slot are worth to the F slots that follow.

    Charges, harvests and draws are shares of E_max. Without a floor the charge at the end of
    slot i would be min(e + S_i, M_i), S the running sum of harvest − draws and
    M_i = S_i + min_{j ≤ i}(1 − S_j) the charge of a battery full by then. It counts V each slot;
    where it would fall below zero before the battery is full, what is missing is counted as
    hibernation, −10 for each mean draw.

    Parameters
    ----------
    charge
        Shape (N, L).
    harvest, draws
        Forecast of each later slot, shape (F, N).

    Returns
    -------
    Floats
        Utility, shape (N, L); 0 where no slot follows.
    """
    if len(harvest) == 0:
        return np.zeros_like(charge)
    step = max(1, _BLOCK // (charge.shape[1] * len(harvest)))
    blocks = [slice(start, start + step) for start in range(0, len(charge), step)]
    return np.concatenate(
        [_value(charge[rows], harvest[:, rows], draws[:, rows], weight) for rows in blocks]
    )


def _value(charge: Floats, harvest: Floats, draws: Floats, weight: float) -> Floats:
    running = np.cumsum(harvest - draws, axis=0)
    ceiling = running + np.minimum.accumulate(1.0 - running, axis=0)
    ahead = np.minimum(charge[..., None] + running.T[:, None, :], ceiling.T[:, None, :])
    kept = weight * np.maximum(ahead, 0.0).sum(axis=2)
    missing = -np.minimum(np.where(_was_full(ahead), 0.0, ahead).min(axis=2), 0.0)
    draw = np.maximum(draws.mean(axis=0), 1e-9)[:, None]
    worth: Floats = kept + UNSERVED_UTILITY * missing / draw
    return worth


def _was_full(ahead: Floats) -> Mask:
    """Whether a forecast battery has been full by each slot: no charge of today reaches on."""
    full: Mask = np.maximum.accumulate(ahead >= 1.0 - 1e-12, axis=2)
    return full
