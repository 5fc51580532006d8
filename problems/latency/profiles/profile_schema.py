"""The `splitbench/profile@1` file as pydantic models; strict, so that nothing is converted."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from splitbench.problems.files.device_schema import (
    ABSENT,
    Count,
    Name,
    NonNegative,
    Positive,
    Strict,
)

Size = Annotated[int, Field(ge=0)]
Values = Annotated[int, Field(ge=1)]


class MachineEntry(Strict):
    """Where and under what load it was measured; no host or user name."""

    cpu: Name
    cores: Count
    system: str
    torch: str
    load_before: NonNegative = Field(default=ABSENT)
    """One-minute load average before the first run."""
    load_after: NonNegative = Field(default=ABSENT)
    """The same at the end; the measurement itself is part of it."""
    foreign_cores: NonNegative = Field(default=ABSENT)
    """Cores that other processes kept busy meanwhile, on average."""


class MethodEntry(Strict):
    """How it was measured."""

    command: str
    warmup: Size
    repeats: Count
    processes: Count
    """Fresh processes a DNN and thread count; the repeats are shared out, intervals count these."""
    seconds: NonNegative
    """How long all of it took."""
    note: str


class Interval(Strict):
    """Median seconds of one thing, with its interval (by ranks, see `MethodEntry.note`)."""

    median_s: Positive
    low_s: Positive
    high_s: Positive


class Intervals(Strict):
    """The same for l = 0..S; 0 where nothing runs."""

    median_s: list[NonNegative]
    low_s: list[NonNegative]
    high_s: list[NonNegative]


class ThreadsEntry(Strict):
    """One DNN at one thread count."""

    threads: Count
    whole: Interval
    """The real network, unsplit."""
    prefix: Intervals
    """Layers 1..l, run as the device would; 0 at l = 0."""
    suffix: Intervals
    """Layers l+1..S, run as the server would; 0 at l = S."""


class DnnEntry(Strict):
    """One DNN."""

    dnn: Name
    layers: Annotated[list[Name], Field(min_length=1)]
    """Names of the S virtual layers."""
    cut_values: Annotated[list[Size], Field(min_length=2)]
    """Values sent at l = 0..S."""
    macs: Annotated[list[Size], Field(min_length=1)]
    """Multiply-accumulates of each virtual layer."""
    measured: Annotated[list[ThreadsEntry], Field(min_length=1)]
    """Thread counts, ascending."""

    @model_validator(mode="after")
    def _lengths(self) -> DnnEntry:
        cuts = len(self.layers) + 1
        lengths = {"macs": len(self.macs) + 1, "cut_values": len(self.cut_values)}
        for at, entry in enumerate(self.measured):
            for name in ("prefix", "suffix"):
                for part in ("median_s", "low_s", "high_s"):
                    values = getattr(getattr(entry, name), part)
                    lengths[f"measured[{at}].{name}.{part}"] = len(values)
        for place, length in lengths.items():
            if length != cuts:
                raise ValueError(f"expected {place} to fit {cuts - 1} layers")
        for at, entry in enumerate(self.measured):
            if entry.prefix.median_s[0] != 0 or entry.suffix.median_s[-1] != 0:
                raise ValueError(f"expected measured[{at}]: prefix from 0, suffix to 0")
        counts = [entry.threads for entry in self.measured]
        if counts != sorted(set(counts)):
            raise ValueError(f"expected ascending thread counts, not {counts}")
        return self


class LayerEntry(Strict):
    """A layer that was run alone, for Neurosurgeon's regressions."""

    kind: Literal["conv", "grouped conv", "linear", "pool", "activation", "norm", "add"]
    threads: Count
    input_values: Values
    output_values: Values
    filter_work: Positive = Field(default=ABSENT)
    """conv: (filter/stride)² · filters / groups."""
    median_s: Positive


class ProfileModel(Strict):
    """The whole file."""

    format: Literal["splitbench/profile@1"]
    name: Name
    machine: MachineEntry
    method: MethodEntry
    dnns: Annotated[list[DnnEntry], Field(min_length=1)]
    layers: list[LayerEntry]
    """Layer configurations measured alone; may be empty."""

    @model_validator(mode="after")
    def _names(self) -> ProfileModel:
        names = [dnn.dnn for dnn in self.dnns]
        if len(set(names)) != len(names):
            raise ValueError(f"expected each DNN once, not {names}")
        return self
