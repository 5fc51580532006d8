"""Fit Eq. 7 and alternative forms to thread-latency sweeps, with the error of each fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from splitbench.problems.arrays import Floats
from splitbench.problems.errors import InputError
from splitbench.problems.latency.fits.forms import FORMS, IDLE_TABLE, Form, form_named
from splitbench.problems.latency.sweeps import Sweep


@dataclass(frozen=True)
class CurveFit:
    """One form fitted to one sweep.

    `constants` are in seconds (exponents per thread): c0..c3 of `exp2`, (a, b, c) of `amdahl`,
    (a, b) of `inverse`, D as measured at each of `threads` for `table`, D for `constant`.
    `rmse_ms` is unweighted over the measured counts, `relative_rmse` divides it by the mean
    latency, and `loo_rmse_ms` is the leave-one-out error (see `fit_sweep`), None where there is
    none.
    """

    machine: str
    model: str
    form: str
    constants: tuple[float, ...]
    rmse_ms: float
    relative_rmse: float
    loo_rmse_ms: float | None
    note: str
    threads: tuple[int, ...]

    def latency_s(self, threads: ArrayLike) -> Floats:
        """Return D(k) in seconds in the shape of `threads`.

        Outside the measured counts a formula extrapolates.

        Raises
        ------
        InputError
            A table or a constant is evaluated outside the measured counts.
        """
        form, k = form_named(self.form), np.asarray(threads, dtype=np.float64)
        low, high = self.threads[0], self.threads[-1]
        if form.within and np.any((k < low) | (k > high)):
            raise InputError(
                f"{self.form} of {self.model} on {self.machine}: got {k.min():g} to {k.max():g} "
                f"threads; expected {low} to {high}, as measured"
            )
        constants, knots = (np.array(x, dtype=np.float64) for x in (self.constants, self.threads))
        return form.value(k, constants, knots)

    def as_dict(self) -> dict[str, Any]:
        """Return the fit as one object of `fit --json`."""
        return {
            "machine": self.machine, "model": self.model, "form": self.form,
            "constants": list(self.constants), "rmse_ms": self.rmse_ms,
            "relative_rmse": self.relative_rmse, "loo_rmse_ms": self.loo_rmse_ms,
            "threads": list(self.threads), "note": self.note,
        }  # fmt: skip


def fit_sweep(
    sweep: Sweep, forms: Iterable[str] = tuple(FORMS), loo: bool = True
) -> list[CurveFit]:
    """Fit each of `forms` that the sweep has enough thread counts for, in the order given.

    A form that needs more counts is left out; the notes of the others say so (see `refused_forms`).
    The leave-one-out error predicts each count except the first and the last from the others. The
    ends are never left out, because predicting them is extrapolation and curves are used between
    the ends.

    Raises
    ------
    UnknownNameError
        A form that does not exist.
    """
    asked = [form_named(text) for text in forms]
    refused = refused_forms(sweep, [form.name for form in asked])
    # Forms meant for fewer counts (inverse, constant) need no note.
    counts = len(sweep.threads)
    few = [form for form in asked if counts < form.fewest]
    missing = [f"{form.name} ({form.fewest})" for form in few]
    statement = f"{counts} measured: too few thread counts for {', '.join(missing)}"
    note = statement if missing else ""
    return [_fit(sweep, form, note, loo) for form in asked if form.name not in refused]


def refused_forms(sweep: Sweep, forms: Iterable[str] = tuple(FORMS)) -> dict[str, str]:
    """Return the reason for each of `forms` that does not suit the sweep's thread counts."""
    refused = {}
    for form in map(form_named, forms):
        why = form.refusal(len(sweep.threads))
        if why:
            refused[form.name] = why
    return refused


def preferred_form(fits: Sequence[CurveFit]) -> CurveFit:
    """Return the fit of least leave-one-out error; the first table where none has one.

    Ties go to the fewest constants. Without a leave-one-out error there is no reason to prefer a
    formula to the measurements.

    Raises
    ------
    InputError
        No fits.
    """
    if not fits:
        raise InputError("no fits to choose from; expected at least one")
    checked = [fit for fit in fits if fit.loo_rmse_ms is not None]
    if checked:
        return min(checked, key=lambda fit: (fit.loo_rmse_ms, len(fit.constants)))
    return next((fit for fit in fits if fit.form in ("table", IDLE_TABLE)), fits[0])


def _fit(sweep: Sweep, form: Form, note: str, loo: bool) -> CurveFit:
    threads = sweep.threads.astype(np.float64)
    constants = form.fit(threads, sweep.latency_s)
    fitted = form.value(threads, constants, threads)
    rmse_s = _rms(fitted - sweep.latency_s)
    notes = [sweep.note, *_remarks(sweep, form), note]
    return CurveFit(
        sweep.machine, sweep.model, form.name, tuple(map(float, constants)),
        1000 * rmse_s, rmse_s / float(sweep.latency_s.mean()),
        _leave_one_out_ms(threads, sweep.latency_s, form) if loo else None,
        "; ".join(note for note in notes if note), tuple(map(int, sweep.threads)),
    )  # fmt: skip


def _leave_one_out_ms(threads: Floats, latency_s: Floats, form: Form) -> float | None:
    misses = []
    for left_out in range(1, len(threads) - 1):
        kept = np.arange(len(threads)) != left_out
        constants = form.fit(threads[kept], latency_s[kept])
        there = threads[left_out : left_out + 1]
        misses.append(form.value(there, constants, threads[kept])[0] - latency_s[left_out])
    return 1000 * _rms(np.array(misses)) if misses else None


def _remarks(sweep: Sweep, form: Form) -> list[str]:
    if form.name == "inverse" and len(sweep.threads) == 2:
        return ["2 constants through 2 thread counts: nothing is left to check them"]
    if form.name == "constant":
        return [f"measured at {sweep.threads[0]} threads only: says nothing of other counts"]
    above = sweep.latency_s > np.minimum.accumulate(sweep.latency_s)
    if form.name in ("table", IDLE_TABLE) and above.any():
        counts = ", ".join(map(str, sweep.threads[above]))
        if form.name == IDLE_TABLE:
            return [f"fewer threads are faster at {counts}: the others idle there"]
        return [f"fewer threads are faster at {counts} ({IDLE_TABLE} lets the others idle)"]
    return []


def _rms(values: Floats) -> float:
    return float(np.sqrt(np.mean(values**2)))
