"""The text that `splitbench fit` prints for each sweep."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splitbench.problems.errors import InputError, UnknownNameError
from splitbench.problems.latency.fits.fit import CurveFit, fit_sweep, preferred_form, refused_forms
from splitbench.problems.latency.fits.forms import FORMS, form_named
from splitbench.problems.latency.profiles.profile_file import is_profile_path, load_profile
from splitbench.problems.latency.sweeps import Sweep, load_sweeps


@dataclass(frozen=True, eq=False)
class Fitted:
    """A sweep with its fits; `preferred` is the form of least leave-one-out error."""

    sweep: Sweep
    fits: list[CurveFit]
    preferred: CurveFit

    def rows(self) -> list[dict[str, Any]]:
        """Return the sweep's objects of `fit --json`."""
        return [fit.as_dict() | {"preferred": fit is self.preferred} for fit in self.fits]


def sweeps_of(file: Path | None, machine: str | None, model: str | None) -> list[Sweep]:
    """Return the sweeps of a CSV, of a profile file or (None) the shipped ones, filtered by name.

    Raises
    ------
    InputError
        A file that cannot be read, or that has no such machine or DNN.
    """
    if file is not None and is_profile_path(str(file)):
        sweeps = [dnn.sweep() for dnn in load_profile(file).dnns.values()]
    else:
        sweeps = list(load_sweeps(file).values())
    for kind, wanted in (("machine", machine), ("model", model)):
        if wanted is not None:
            known = {getattr(sweep, kind) for sweep in sweeps}
            sweeps = [sweep for sweep in sweeps if getattr(sweep, kind) == wanted]
            if not sweeps:
                place = file or "the published sweeps"
                raise UnknownNameError(f"{kind} in {place}", wanted, known)
    return sweeps


def fitted(sweep: Sweep, forms: Sequence[str], done: Callable[[], None]) -> Fitted:
    """Fit the forms asked for (all by default) and prefer the one that predicts best.

    Raises
    ------
    InputError
        An unknown form, or none that suits the sweep's thread counts.
    """
    names = list(dict.fromkeys(forms)) or list(FORMS)
    fits = fit_sweep(sweep, names)
    if not fits:
        why = "; ".join(refused_forms(sweep, names).values())
        raise InputError(f"{sweep.model} on {sweep.machine}: {why}")
    done()
    return Fitted(sweep, fits, preferred_form(fits))


def statements(found: Iterable[Fitted], forms: Sequence[str]) -> list[str]:
    """Say, in one line per number of thread counts, which forms need more counts."""
    wanted = list(forms) or ["exp2"]
    said: dict[str, list[str]] = {}
    for one in found:
        for why in refused_forms(one.sweep, wanted).values():
            supported = ", ".join(fit.form for fit in one.fits)
            line = f"{why}; fitted instead: {supported}"
            said.setdefault(line, []).append(f"{one.sweep.model} on {one.sweep.machine}")
    return [f"{_names(names)}: {line}" for line, names in said.items()]


def fit_lines(one: Fitted) -> list[str]:
    """Return a sweep's fits for people: formula, constants, error, leave-one-out error."""
    sweep = one.sweep
    counts = ", ".join(map(str, sweep.threads))
    lines = [f"{sweep.model} on {sweep.machine} (k = {counts})"]
    for fit in one.fits:
        mark = "*" if fit is one.preferred else " "
        loo = "–" if fit.loo_rmse_ms is None else f"{fit.loo_rmse_ms:.4g} ms"
        lines.append(
            f" {mark} {fit.form:8} {form_named(fit.form).formula}: "
            f"{', '.join(f'{constant:.6g}' for constant in fit.constants)} (s); "
            f"RMSE {fit.rmse_ms:.4g} ms ({100 * fit.relative_rmse:.2f} % of the mean), "
            f"left one out {loo}"
        )
    lines.append(f"   {_verdict(one)}")
    said = [note for fit in one.fits for note in fit.note.split("; ") if note]
    return lines + [f"   {note}" for note in dict.fromkeys(said)]


def _verdict(one: Fitted) -> str:
    if one.preferred.loo_rmse_ms is None:
        return f"no leave-one-out error: {one.preferred.form} only reproduces the measurements"
    judged = [fit for fit in one.fits if fit.loo_rmse_ms is not None]
    if len(judged) == 1:
        return f"only {judged[0].form} has a leave-one-out error, so no form is preferred by it"
    return f"the data prefer {one.preferred.form} (*: least leave-one-out error)"


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
