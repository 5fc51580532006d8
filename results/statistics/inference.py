"""Interval of a mean, test of paired differences, correction for several tests, mean time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

#: Fewer repetitions give no interval. Of 3 seeds the percentile interval is the range of the
#: three, and covers the mean in about 75 % of cases instead of 95 %; from 5 on about 83 %, from
#: 20 on about 93 %.
FEWEST = 5
LEVEL = 0.95
RESAMPLES = 10_000
#: Of n pairs the smallest two-sided p-value is 2/2^n: five cannot fall below 0.05.
FEWEST_PAIRS = 6
#: Shift of the mean time, s: times well below it count as equally fast.
SHIFT_S = 0.01


class Interval(NamedTuple):
    """Ends of an interval; None where there are too few repetitions to give one."""

    low: float | None
    high: float | None


def bootstrap_interval(values: Sequence[float], *, seed: int = 0) -> Interval:
    """Return the percentile bootstrap interval of the mean (Efron 1979), by scipy.

    The draws come from `seed` alone, so that the interval of a table is always the same. It is
    the percentile interval and not BCa, whose acceleration is estimated from the same few
    values and is unstable below some 20 of them.

    Parameters
    ----------
    values
        One per seed; fewer than `FEWEST` give no interval.
    """
    if len(values) < FEWEST:
        return Interval(None, None)
    from scipy import stats

    found = stats.bootstrap(
        (np.asarray(values, dtype=np.float64),),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=LEVEL,
        method="percentile",
        random_state=np.random.default_rng(seed),
    ).confidence_interval
    return Interval(float(found.low), float(found.high))


def wilcoxon(differences: Sequence[float]) -> float:
    """Return the two-sided p-value of the Wilcoxon signed-rank test; 1 where nothing differs.

    Zero differences are dropped (Wilcoxon 1945). The distribution is exact without ties up to
    50 pairs, and with ties up to 13; the normal approximation beyond.
    """
    from scipy import stats

    values = [value for value in differences if value != 0.0]
    return float(stats.wilcoxon(values).pvalue) if values else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for their number (Holm 1979), in the order given.

    The i-th smallest of m is multiplied by m − i + 1; none is below one before it, none above 1.
    """
    values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    factors = np.arange(len(values), 0, -1)
    corrected = np.empty_like(values)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(factors * values[order]))
    return [float(value) for value in corrected]


def shifted_geometric_mean(seconds: Sequence[float], shift_s: float = SHIFT_S) -> float:
    """Return exp(mean(log(t + shift))) − shift, computed as by Mittelmann's benchmarks.

    Raises
    ------
    ValueError
        No times, or a negative one.
    """
    times = np.asarray(seconds, dtype=np.float64)
    if not len(times) or not (times >= 0.0).all():
        raise ValueError("expected at least one time, all ≥ 0 s")
    return float(np.exp(np.log(times + shift_s).mean()) - shift_s)
