"""Boards and servers that are thread-measurement files, `sweep.csv` or `sweep.csv:machine`."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import numpy as np

from splitbench.problems.errors import InputError, UnknownNameError
from splitbench.problems.latency.fits.fit import fit_sweep, refused_forms
from splitbench.problems.latency.fits.forms import IDLE_TABLE
from splitbench.problems.latency.profiles.measured_dnn import interpolated_s
from splitbench.problems.latency.sweeps import Sweep, load_sweeps
from splitbench.problems.thread_curves import Exp2Curve, TableCurve, ThreadCurve

_SWEEP = re.compile(r"(?P<path>.+\.csv)(?::(?P<machine>[^:/\\]+))?", re.IGNORECASE)


def sweep_path(profile: str) -> str | None:
    """Return the path of a measurement file that a board's or server's name means, or None."""
    match = _SWEEP.fullmatch(profile)
    return None if match is None else match["path"]


def sweep_in_file(profile: str, dnn: str) -> Sweep | None:
    """Return the measurements of a DNN in a file; None where the name means no such file.

    Raises
    ------
    InputError
        The file cannot be used, lacks the DNN or the machine, or has several machines and none
        is named.
    """
    match = _SWEEP.fullmatch(profile)
    if match is None:
        return None
    path = Path(match["path"])
    sweeps = _loaded(str(path), path.stat().st_mtime_ns if path.exists() else 0)
    found = {machine: sweep for (machine, model), sweep in sweeps.items() if model == dnn}
    if not found:
        raise UnknownNameError(f"DNN in {path}", dnn, {model for _, model in sweeps})
    if match["machine"]:
        if match["machine"] not in found:
            raise UnknownNameError(f"machine for {dnn} in {path}", match["machine"], found)
        return found[match["machine"]]
    if len(found) > 1:
        named = " or ".join(f"{path}:{machine}" for machine in sorted(found))
        raise InputError(f"{path}: {dnn} was measured on {len(found)} machines; expected {named}")
    return next(iter(found.values()))


def curve_of_sweep(sweep: Sweep, kind: str, scale: float) -> ThreadCurve:
    """Return D(k) through measurements: the fit of Eq. 7, or the measured points themselves.

    Raises
    ------
    InputError
        Too few thread counts for the fit.
    """
    if kind in ("table", IDLE_TABLE):
        return TableCurve(tuple((scale * interpolated_s(sweep, kind)).tolist()))
    refused = refused_forms(sweep, ["exp2"])
    if refused:
        raise InputError(
            f"{sweep.source}: {sweep.model} on {sweep.machine}: {refused['exp2']}; "
            "expected curve=table, or more thread counts"
        )
    c0, c1, c2, c3 = fit_sweep(sweep, ["exp2"], loo=False)[0].constants
    return Exp2Curve(scale * c0, c1, scale * c2, c3)


def whole_s_of_sweep(sweep: Sweep, cores: int | None) -> float:
    """Return D_loc, s: the latency at `cores` threads, or at the fewest that were measured.

    Raises
    ------
    InputError
        That count was not measured.
    """
    wanted = int(sweep.threads[0]) if cores is None else cores
    at = np.flatnonzero(sweep.threads == wanted)
    if len(at) == 0:
        measured = ", ".join(map(str, sweep.threads))
        raise InputError(
            f"{sweep.source}: got {wanted} cores for {sweep.model}; expected a measured count, "
            f"{measured}"
        )
    return float(sweep.latency_s[at[0]])


@lru_cache(maxsize=8)
def _loaded(path: str, time: int) -> dict[tuple[str, str], Sweep]:
    """Read a file once, and again where it has changed since `time`."""
    return load_sweeps(path)
