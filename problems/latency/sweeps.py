"""Measured latency over threads: the shipped sweeps and a user's own CSV."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from statistics import median

import numpy as np

from splitbench.problems.arrays import Floats, Ints, frozen
from splitbench.problems.errors import UnknownNameError
from splitbench.problems.latency.stand_ins import stand_in, stand_ins
from splitbench.problems.latency.sweep_csv import read_measurements
from splitbench.problems.package_paths import DATA

SHIPPED = DATA / "latency" / "ncnn_cpu_latency.csv"
SHIPPED_SOURCE = "ncnn benchmark page, commit a4d2ea1"


@dataclass(frozen=True, eq=False)
class Sweep:
    """One DNN on one machine: whole-DNN latency at each measured thread count.

    `threads` is ascending, shape (M,); `latency_s` in seconds, shape (M,); `note` says how the
    numbers were derived where they are not simply measured.
    """

    machine: str
    model: str
    threads: Ints
    latency_s: Floats
    source: str = ""
    note: str = ""


def load_sweeps(path: str | Path | None = None) -> dict[tuple[str, str], Sweep]:
    """Return the sweeps of a thread-measurements CSV by (machine, model).

    The header names `machine, model, threads, latency_ms` in any order, other columns are
    ignored; latency in milliseconds. Several rows of one (machine, model, threads) are replaced by
    their median; the note says so. Without a path: the shipped measurements.

    Raises
    ------
    InputError
        The file cannot be read, lacks a column or has no rows, or a row holds an empty name,
        a thread count that is no whole number ≥ 1, or a latency that is no positive number.
    """
    if path is None:
        return dict(_shipped())
    return _group(path, str(path))


@lru_cache(maxsize=256)
def published_sweep(machine: str, model: str) -> Sweep:
    """Return a shipped sweep, or one that stands for the model (`stand_in`; see `note`).

    Raises
    ------
    UnknownNameError
        No such machine, or no such model on it.
    """
    sweeps = _shipped()
    models = {name for place, name in sweeps if place == machine}
    if not models:
        raise UnknownNameError("machine", machine, {place for place, _ in sweeps})
    line = stand_in(model)
    if line.measured_as not in models:
        derived = {name for name, one in stand_ins().items() if one.measured_as in models}
        raise UnknownNameError(f"model on {machine}", model, models | derived)
    sweep = sweeps[machine, line.measured_as]
    latency_s = frozen(line.factor * sweep.latency_s)
    return Sweep(machine, model, sweep.threads, latency_s, sweep.source, line.note)


@lru_cache(maxsize=1)
def _shipped() -> dict[tuple[str, str], Sweep]:
    return _group(SHIPPED, SHIPPED_SOURCE)


def _group(path: str | Path, source: str) -> dict[tuple[str, str], Sweep]:
    found: dict[tuple[str, str], dict[int, list[float]]] = {}
    for row in read_measurements(path):
        points = found.setdefault((row.machine, row.model), {})
        points.setdefault(row.threads, []).append(row.latency_ms / 1000.0)
    return {names: _sweep(*names, points, source) for names, points in found.items()}


def _sweep(machine: str, model: str, points: dict[int, list[float]], source: str) -> Sweep:
    threads = np.array(sorted(points), dtype=np.int64)
    latency_s = np.array([median(points[k]) for k in sorted(points)], dtype=np.float64)
    several = ", ".join(str(k) for k in sorted(points) if len(points[k]) > 1)
    note = f"median of repeated measurements at {several}" if several else ""
    threads.setflags(write=False)
    latency_s.setflags(write=False)
    return Sweep(machine, model, threads, latency_s, source, note)
