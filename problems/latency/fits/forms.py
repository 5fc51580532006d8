"""The forms a thread-latency curve may take: how each is fitted and evaluated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from splitbench.problems.arrays import Floats
from splitbench.problems.latency.fits.exp2 import exp2, fit_exp2


@dataclass(frozen=True)
class Form:
    """One form of D(k).

    `fit(threads, latency)` takes ascending counts (M,) and positive latencies (M,) and returns
    the constants; `value(k, constants, threads)` evaluates them. `fewest` thread counts are
    needed to fit it, more than `most` would outgrow it; `why` says so in words.
    """

    name: str
    formula: str
    fewest: int
    most: int | None
    why: str
    fit: Callable[[Floats, Floats], Floats]
    value: Callable[[Floats, Floats, Floats], Floats]

    def refusal(self, counts: int) -> str | None:
        """Return why `counts` thread counts do not suit this form, or None where they do."""
        if self.fewest <= counts <= (self.most or counts):
            return None
        got = f"{counts} thread count" + ("s" if counts != 1 else "")
        return f"{self.name} not fitted to {got}: {self.why}"


def _fit_amdahl(threads: Floats, latency: Floats) -> Floats:
    """Fit a + b/k + c·k; with a, b, c ≥ 0 where the unconstrained best is not positive."""
    from scipy.optimize import nnls

    columns = np.stack([np.ones_like(threads), 1 / threads, threads], axis=1)
    constants = np.asarray(np.linalg.lstsq(columns, latency, rcond=None)[0], dtype=np.float64)
    _, b, c = constants
    turn = np.sqrt(b / c) if b > 0 and c > 0 else threads[0]
    places = np.array([threads[0], threads[-1], np.clip(turn, threads[0], threads[-1])])
    if np.min(_amdahl(places, constants, threads)) > 0:
        return constants
    bounded: Floats = nnls(columns, latency)[0]
    return bounded


def _amdahl(k: Floats, constants: Floats, threads: Floats) -> Floats:
    a, b, c = constants
    value: Floats = a + b / k + c * k
    return value


def _fit_inverse(threads: Floats, latency: Floats) -> Floats:
    """Fit a + b/k; both ≥ 0, so that it is positive for every k."""
    from scipy.optimize import nnls

    constants: Floats = nnls(np.stack([np.ones_like(threads), 1 / threads], axis=1), latency)[0]
    return constants


def _inverse(k: Floats, constants: Floats, threads: Floats) -> Floats:
    value: Floats = constants[0] + constants[1] / k
    return value


def _fit_table(threads: Floats, latency: Floats) -> Floats:
    from scipy.optimize import isotonic_regression

    value: Floats = isotonic_regression(latency, increasing=False).x
    return value


def _table(k: Floats, constants: Floats, threads: Floats) -> Floats:
    return log_log_s(k, threads, constants)


FORMS: dict[str, Form] = {
    form.name: form
    for form in (
        Form(
            "exp2", "c0·exp(c1·k) + c2·exp(c3·k)", 5, None,
            "it has 4 constants and takes 5 or more, so that one is left to check them",
            fit_exp2, lambda k, constants, _: exp2(k, constants),
        ),
        Form(
            "amdahl", "a + b/k + c·k", 4, None,
            "it has 3 constants and takes 4 or more, so that one is left to check them",
            _fit_amdahl, _amdahl,
        ),
        Form(
            "inverse", "a + b/k", 2, 3,
            "it is for 2 or 3, where amdahl cannot be checked", _fit_inverse, _inverse,
        ),
        Form(
            "table", "non-increasing D(k) at the measured counts, log-log between", 2, None,
            "it takes 2 or more to lie between", _fit_table, _table,
        ),
        Form(
            "constant", "D", 1, 1, "it is for a single one",
            lambda threads, latency: latency.copy(),
            lambda k, constants, _: np.full(k.shape, constants[0]),
        ),
    )
}  # fmt: skip


def log_log_s(k: ArrayLike, threads: ArrayLike, latency_s: Floats) -> Floats:
    """Return D(k) interpolated on log-log axes between measured counts (exact for a power of k).

    Outside them D is held; `threads` ascend, and all numbers are positive.
    """
    value: Floats = np.exp(np.interp(np.log(k), np.log(threads), np.log(latency_s)))
    return value
