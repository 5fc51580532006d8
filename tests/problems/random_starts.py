"""Eq. 7 fitted another way than the code under test: all four constants from random starts."""

from __future__ import annotations

import numpy as np

from splitbench.problems.arrays import Floats
from splitbench.problems.latency.fits.exp2 import exp2


def rmse(k: Floats, y: Floats, constants: Floats) -> float:
    """Root mean square of what Eq. 7 misses at the measured counts, in the unit of `y`."""
    return float(np.sqrt(np.mean((exp2(k, constants) - y) ** 2)))


def best_of_random_starts(k: Floats, y: Floats, starts: int, seed: int) -> float:
    """Return the least RMSE of `starts` Levenberg–Marquardt runs.

    Exponents of either sign over four decades, amplitudes of either sign. A curve that falls below
    zero between the counts counts as well, though `fit_exp2` would not return it.
    """
    from scipy.optimize import least_squares

    rng = np.random.default_rng(seed)

    def residual(x: Floats) -> Floats:
        miss: Floats = np.nan_to_num(exp2(k, x) - y, nan=1e12, posinf=1e12, neginf=-1e12)
        return miss

    def jacobian(x: Floats) -> Floats:
        first, second = np.exp(x[1] * k), np.exp(x[3] * k)
        columns = np.stack([first, x[0] * k * first, second, x[2] * k * second], axis=1)
        finite: Floats = np.nan_to_num(columns, nan=1e12, posinf=1e12, neginf=-1e12)
        return finite

    best = np.inf
    with np.errstate(all="ignore"):
        for _ in range(starts):
            signs = rng.choice([-1.0, 1.0], size=2, p=[0.7, 0.3])
            rates = signs * 10 ** rng.uniform([-3.0, -4.0], [0.7, 0.3])
            heights = rng.uniform(-2, 2, size=2) * y[0]
            start = np.array([heights[0], rates[0], heights[1], rates[1]])
            found = least_squares(residual, start, jacobian, method="lm", max_nfev=200).x
            best = float(np.fmin(best, rmse(k, y, found)))
    return best
