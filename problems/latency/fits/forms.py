"""The forms a thread-latency curve may take: how each is fitted and evaluated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from splitbench.problems.arrays import Floats
from splitbench.problems.bracket_parameters import bind, parse_spec
from splitbench.problems.errors import UnknownNameError
from splitbench.problems.latency.fits.exp2 import exp2, fit_exp2

#: The table's name where threads may idle: D(k) is then the least D of at most k threads.
IDLE_TABLE = "table[idle=allowed]"


@dataclass(frozen=True)
class Form:
    """One form of D(k).

    `fit(threads, latency)` takes ascending counts (M,) and positive latencies (M,) and returns
    the constants; `value(k, constants, threads)` evaluates them. It is fitted to at least `fewest`
    and at most `most` thread counts; `why` gives the reason. `within` says that D(k) is known
    between the first and the last measured count only.
    """

    name: str
    formula: str
    fewest: int
    most: int | None
    why: str
    fit: Callable[[Floats, Floats], Floats]
    value: Callable[[Floats, Floats, Floats], Floats]
    within: bool = False

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


def _as_measured(threads: Floats, latency: Floats) -> Floats:
    return latency.copy()


def _table(k: Floats, constants: Floats, threads: Floats) -> Floats:
    return log_log_s(k, threads, constants)


def _idle_table(k: Floats, constants: Floats, threads: Floats) -> Floats:
    """Return the least D of any count up to k: between counts the table is monotone."""
    before = np.maximum(np.searchsorted(threads, k, side="right") - 1, 0)
    value: Floats = np.minimum(
        np.minimum.accumulate(constants)[before], _table(k, constants, threads)
    )
    return value


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
            "table", "D(k) as measured, log-log between the counts", 2, None,
            "it takes 2 or more to lie between", _as_measured, _table, within=True,
        ),
        Form(
            "constant", "D", 1, 1, "it is for a single one",
            _as_measured, lambda k, constants, _: np.full(k.shape, constants[0]), within=True,
        ),
    )
}  # fmt: skip


def form_named(text: str) -> Form:
    """Return one of `FORMS`, or the table where threads may idle (`IDLE_TABLE`).

    Raises
    ------
    UnknownNameError
        A form that does not exist.
    InputError
        A parameter that the form does not have, or a value that it does not take.
    """
    spec = parse_spec(text, expected="a form, as exp2 or table[idle=allowed]")
    if spec.name not in FORMS:
        raise UnknownNameError("form", spec.name, FORMS)
    if spec.name == "table":
        return _table_form(**bind(_table_form, spec))
    bind(lambda: None, spec)
    return FORMS[spec.name]


def _table_form(idle: Literal["forbidden", "allowed"] = "forbidden") -> Form:
    if idle == "forbidden":
        return FORMS["table"]
    formula = "least of the table up to k (some threads may idle)"
    return replace(FORMS["table"], name=IDLE_TABLE, formula=formula, value=_idle_table)


def log_log_s(k: ArrayLike, threads: ArrayLike, latency_s: Floats) -> Floats:
    """Return D(k) interpolated on log-log axes between measured counts (exact for a power of k).

    At the counts it is what was measured, to the last bit; outside them D is held. `threads`
    ascend, and all numbers are positive.
    """
    between = np.exp(np.interp(np.log(k), np.log(threads), np.log(latency_s)))
    near = np.minimum(np.searchsorted(threads, k), len(latency_s) - 1)
    value: Floats = np.where(np.equal(np.asarray(threads)[near], k), latency_s[near], between)
    return value
