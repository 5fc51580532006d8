"""Profile files (`splitbench/profile@1`): what `splitbench profile` measured on a machine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from splitbench.problems.errors import InputError, UnknownNameError
from splitbench.problems.files.json_file import read_json_object, validate
from splitbench.problems.latency.neurosurgeon_predictor import LayerSample
from splitbench.problems.latency.profiles.measured_dnn import Band, MeasuredDnn, ThreadRun
from splitbench.problems.networks.virtual_layers import VirtualLayers

if TYPE_CHECKING:
    from splitbench.problems.latency.profiles.profile_schema import (
        DnnEntry,
        LayerEntry,
        ProfileModel,
    )

FORMAT = "splitbench/profile@1"


@dataclass(frozen=True, eq=False)
class ProfileFile:
    """A machine as measured: DNNs by name, layers run alone, and how it was done.

    `machine` and `method` are the objects of the file (see
    `problems.latency.profiles.profile_schema`).
    """

    name: str
    machine: dict[str, Any]
    method: dict[str, Any]
    dnns: dict[str, MeasuredDnn]
    layers: tuple[LayerSample, ...] = ()
    source: str = ""

    @property
    def idle_threads(self) -> int:
        """Largest count, with a core for each thread, at which layers ran alone (for Neurosurgeon).

        Raises
        ------
        InputError
            No layers ran alone.
        """
        counts = {sample.threads for sample in self.layers}
        if not counts:
            raise InputError(f"{self.source}: no layers alone; expected profile --layers")
        cores = int(self.machine["cores"])
        return max((k for k in counts if k <= cores), default=min(counts))

    def dnn(self, name: str) -> MeasuredDnn:
        """Return one DNN's measurements, or raise an UnknownNameError that says what there is."""
        if name not in self.dnns:
            raise UnknownNameError(f"DNN in {self.source or self.name}", name, self.dnns)
        return self.dnns[name]


def is_profile_path(name: str) -> bool:
    """Whether a board's or server's name means a profile file."""
    return name.lower().endswith(".json")


def load_profile(path: str | Path) -> ProfileFile:
    """Read a profile file.

    Raises
    ------
    InputError
        One line that names file, place, value and what was expected.
    """
    try:
        stamp = Path(path).stat().st_mtime_ns
    except (OSError, ValueError):
        stamp = 0  # the reader reports what is wrong
    return _load(str(path), stamp)


@lru_cache(maxsize=8)
def _load(source: str, stamp: int) -> ProfileFile:
    from splitbench.problems.latency.profiles.profile_schema import ProfileModel

    return from_model(validate(ProfileModel, read_json_object(source), source), source)


def from_model(file: ProfileModel, source: str = "") -> ProfileFile:
    """Return the profile that a validated file describes; refuse inconsistent times."""
    dnns = {entry.dnn: _measured(entry, file, source) for entry in file.dnns}
    return ProfileFile(
        name=file.name,
        machine=file.machine.model_dump(exclude_unset=True),
        method=file.method.model_dump(),
        dnns=dnns,
        layers=tuple(_sample(entry) for entry in file.layers),
        source=source,
    )


def save_profile(data: dict[str, Any], path: str | Path) -> ProfileFile:
    """Check a profile's JSON object, write it, a few numbers a line, and return what it says."""
    from splitbench.problems.latency.profiles.profile_schema import ProfileModel

    profile = from_model(validate(ProfileModel, data, str(path)), str(path))
    Path(path).write_text(_text(data) + "\n", encoding="utf-8")
    return profile


def _measured(entry: DnnEntry, file: ProfileModel, source: str) -> MeasuredDnn:
    names = tuple(entry.layers)
    layers = VirtualLayers(
        names, tuple((name,) for name in names), tuple(entry.cut_values), tuple(entry.macs)
    )
    runs = tuple(
        ThreadRun(
            run.threads,
            *(_band(vars(part)) for part in (run.whole, run.prefix, run.suffix)),
        )
        for run in entry.measured
    )
    for run in runs:
        for part in ("whole", "prefix", "suffix"):
            band: Band = getattr(run, part)
            if np.any(band.low_s > band.median_s) or np.any(band.median_s > band.high_s):
                raise InputError(
                    f"{source}: {entry.dnn} at {run.threads} threads, {part}: a median outside "
                    "its interval; expected low_s ≤ median_s ≤ high_s"
                )
        if run.prefix.median_s[-1] <= 0 or run.suffix.median_s[0] <= 0:
            raise InputError(
                f"{source}: {entry.dnn} at {run.threads} threads: no time for the whole DNN; "
                "expected prefix.median_s[S] and suffix.median_s[0] > 0"
            )
    return MeasuredDnn(entry.dnn, file.machine.cpu, file.machine.cores, layers, runs)


def _band(part: dict[str, Any]) -> Band:
    return Band(*(np.asarray(part[name], dtype=np.float64) for name in part))


def _sample(entry: LayerEntry) -> LayerSample:
    return LayerSample(
        entry.kind, entry.threads, entry.input_values, entry.output_values,
        entry.filter_work or 0.0, entry.median_s,
    )  # fmt: skip


def _text(value: Any, depth: int = 0) -> str:
    """Write JSON with lists of plain values on one line, so that files can be read and diffed."""
    pad = " " * (depth + 1)
    if isinstance(value, dict) and (depth < 2 or any(_nested(child) for child in value.values())):
        rows = [
            f"{pad}{json.dumps(key)}: {_text(child, depth + 1)}" for key, child in value.items()
        ]
        return "{\n" + ",\n".join(rows) + "\n" + " " * depth + "}"
    if isinstance(value, list) and any(isinstance(child, dict | list) for child in value):
        rows = [f"{pad}{_text(child, depth + 1)}" for child in value]
        return "[\n" + ",\n".join(rows) + "\n" + " " * depth + "]"
    return json.dumps(value, ensure_ascii=False)


def _nested(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and len(value) > 8)
