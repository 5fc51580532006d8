"""The shipped fits of Eq. 7, so that nothing has to be fitted at run time.

`python tools/write_data.py fits` rewrites them from the shipped measurements.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache

from splitbench.problems.errors import InputError
from splitbench.problems.latency.fits.fit import CurveFit, fit_sweep, preferred_form, refused_forms
from splitbench.problems.latency.stand_ins import stand_in
from splitbench.problems.latency.sweeps import load_sweeps, published_sweep
from splitbench.problems.package_paths import DATA

PATH = DATA / "latency" / "exp2_fits.json"
FORMAT = "splitbench/exp2-fits@1"


@lru_cache(maxsize=256)
def published_exp2(machine: str, model: str) -> CurveFit:
    """Return the shipped fit of Eq. 7, scaled for a derived model (see `published_sweep`).

    Raises
    ------
    UnknownNameError
        No such machine, or no such model on it.
    InputError
        Too few thread counts were measured there for Eq. 7.
    """
    sweep = published_sweep(machine, model)
    line = stand_in(model)
    factor, fit = line.factor, load_fits().get((machine, line.measured_as))
    if fit is None:
        why = refused_forms(sweep, ["exp2"])["exp2"]
        raise InputError(
            f"{model} on {machine}: {why}; machines with enough counts: {', '.join(_machines())}"
        )
    c0, c1, c2, c3 = fit.constants
    loo_ms = None if fit.loo_rmse_ms is None else factor * fit.loo_rmse_ms
    return replace(
        fit, model=model, constants=(factor * c0, c1, factor * c2, c3), note=line.note,
        rmse_ms=factor * fit.rmse_ms, loo_rmse_ms=loo_ms,
    )  # fmt: skip


@lru_cache(maxsize=1)
def load_fits() -> dict[tuple[str, str], CurveFit]:
    """Return the shipped fits of Eq. 7 by (machine, model)."""
    rows = json.loads(PATH.read_text(encoding="utf-8"))["fits"]
    return {(row["machine"], row["model"]): _read(row) for row in rows}


def build(loo: bool = True) -> list[tuple[CurveFit, str]]:
    """Fit every shipped sweep with enough counts; return (fit of Eq. 7, preferred form)."""
    built = []
    for sweep in load_sweeps().values():
        if not refused_forms(sweep, ["exp2"]):
            fits = fit_sweep(sweep, loo=loo)
            preferred = preferred_form(fits).form if loo else ""
            built.append((next(fit for fit in fits if fit.form == "exp2"), preferred))
    return built


def write_fits() -> None:
    """Write the fits to `PATH`."""
    rows = [_row(fit, preferred) for fit, preferred in build()]
    about = (
        "Eq. 7 through ncnn_cpu_latency.csv, seconds; written by python tools/write_data.py fits"
    )
    lines = ",\n".join("  " + json.dumps(row) for row in rows)
    head = f'{{"format": "{FORMAT}", "about": "{about}",\n "fits": [\n'
    PATH.write_text(f"{head}{lines}\n ]}}\n", encoding="utf-8")


def _row(fit: CurveFit, preferred: str) -> dict[str, object]:
    row = fit.as_dict()
    # Ten digits: far below the measurements' own, and the same on every machine's BLAS.
    row["constants"] = [_short(constant) for constant in fit.constants]
    for field in ("rmse_ms", "relative_rmse", "loo_rmse_ms"):
        row[field] = _short(row[field])
    return row | {"preferred_form": preferred}


def _read(row: dict[str, object]) -> CurveFit:
    fields = {name: value for name, value in row.items() if name != "preferred_form"}
    for name in ("constants", "threads"):
        fields[name] = tuple(fields[name])  # type: ignore[arg-type]
    return CurveFit(**fields)  # type: ignore[arg-type]


def _short(value: float) -> float:
    return float(f"{value:.10g}")


def _machines() -> list[str]:
    return sorted({machine for machine, _ in load_fits()})
