"""Shifted geometric mean of solve times, failures charged their limit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from splitbench.results.statistics.samples import Sample

#: Shift of the mean in seconds: times well below it count as equally fast.
SHIFT_S = 0.01


class MeanTime(NamedTuple):
    """Shifted geometric mean in seconds, the cells that were charged, why there is none."""

    seconds: float | None
    charged: int
    note: str = ""


def shifted_geometric_mean(seconds: Iterable[float], shift_s: float = SHIFT_S) -> float:
    """Return exp(mean(log(t + shift))) − shift, computed as by Mittelmann's benchmarks.

    Raises
    ------
    ValueError
        No times, or a negative one.
    """
    times = np.array(list(seconds), dtype=np.float64)
    if not len(times) or not (times >= 0.0).all():
        raise ValueError("expected at least one time, all ≥ 0 s")
    return float(np.exp(np.log(times + shift_s).mean()) - shift_s)


def mean_time(sample: Sample, limit_s: float | None = None, shift_s: float = SHIFT_S) -> MeanTime:
    """Average a solver's seconds a cell; a cell that did not come to an end costs its limit.

    Parameters
    ----------
    limit_s
        Limit of cells of which the store knows none.
    """
    times, charged = [], 0
    for place, seconds in sample.seconds.items():
        if place not in sample.lost:
            times.append(seconds)
            continue
        known = sample.limit_s[place]
        limit = limit_s if known is None else known
        if limit is None:
            return MeanTime(None, len(sample.lost), "failures without a time limit to charge")
        times.append(max(limit, seconds))
        charged += 1
    return MeanTime(shifted_geometric_mean(times, shift_s), charged)
