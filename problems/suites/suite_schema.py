"""The suite file `splitbench/suite@1` as pydantic models."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from splitbench.problems.files.device_schema import (
    ABSENT,
    Count,
    NonNegative,
    Positive,
    Share,
    Strict,
)
from splitbench.problems.formulation import EnergyScope, EnergyTerm
from splitbench.problems.latency.profiles.device_builder import CurveKind, Split

Text = Annotated[str, Field(min_length=1)]
#: Fewest and most of what is drawn uniformly.
Range = Annotated[list[Positive], Field(min_length=2, max_length=2)]
Shares = Annotated[list[Share], Field(min_length=2, max_length=2)]
Counts = Annotated[list[Count], Field(min_length=2, max_length=2)]
Minutes = Annotated[list[NonNegative], Field(min_length=2, max_length=2)]
FORMAT = "splitbench/suite@1"


class Formulation(Strict):
    """Which reading of the model."""

    energy_term: EnergyTerm = "residual"
    energy_scope: EnergyScope = "slot"


class Server(Strict):
    """The edge server: a shipped profile, a profile file or a CSV of thread measurements."""

    profile: Text = "i7-12700kf"
    threads: Counts
    """Fewest and most threads of a slot."""
    scale: Positive = 1.0
    """How many times slower it is than its profile."""
    curve: CurveKind = "exp2"
    truth: CurveKind = Field(default=ABSENT)
    """True D(k) that outcomes are computed with, while solvers plan with `curve`."""


class Uplink(Strict):
    """Uplink rates of a slot, Mbit/s."""

    mbps: Range | list[Range]
    """One range, or one for each device in turn."""
    shared: bool = False
    """Whether all devices see the same rate in a slot."""


class Arrivals(Strict):
    """Task arrivals."""

    tasks: Range
    """Fewest and most tasks of a slot."""


class Sun(Strict):
    """The sun: a shipped trace, or a solar file."""

    trace: Text = Field(default=ABSENT)
    file: Text = Field(default=ABSENT)
    column: Text = Field(default=ABSENT)
    """Column of the file; default: the one that is global horizontal irradiance."""
    day: Text = Field(default=ABSENT)
    """Day of the file, YYYY-MM-DD or MM-DD, in local standard time; default: all rows."""
    latitude_deg: Annotated[float, Field(ge=-90, le=90)] = Field(default=ABSENT)
    longitude_deg: Annotated[float, Field(ge=-180, le=180)] = Field(default=ABSENT)
    altitude_m: float = Field(default=ABSENT)
    """Where it was measured; default: as the file says, else NREL's station in Golden, Colorado."""
    start_minute: Minutes
    """Earliest and latest minute of the trace at which a horizon begins."""
    panel_m2: NonNegative
    """Panel area times efficiency, m²."""


class Battery(Strict):
    """Batteries."""

    max_j: Positive
    start_charge: Shares = Field(default_factory=lambda: [1.0, 1.0])
    """Least and most charge at the start, as a share of max_j."""


class Kind(Strict):
    """A kind of device; what is left out holds as for all devices."""

    network: Text
    board: Text = "own"
    """A shipped board, a profile file or a CSV of thread measurements; none with `seconds`."""
    cores: Count = Field(default=ABSENT)
    seconds: Positive = Field(default=ABSENT)
    """Latency of the whole network on the device."""
    count: Count = 1
    """How many of this kind follow each other."""
    merged_layers: Text = Field(default=ABSENT)
    server_s: Positive = Field(default=ABSENT)
    serial_share: Share = Field(default=ABSENT)
    input_bits_per_value: Positive = Field(default=ABSENT)
    source: str = ""
    """Where the numbers come from."""
    server: Text = Field(default=ABSENT)
    uplink_mbps: Range = Field(default=ABSENT)
    tasks: Range = Field(default=ABSENT)
    battery_max_j: Positive = Field(default=ABSENT)
    panel_m2: NonNegative = Field(default=ABSENT)
    start_charge: Shares = Field(default=ABSENT)


class SuiteFile(Strict):
    """A suite of horizons with all its data."""

    format: Literal["splitbench/suite@1"]
    name: Text
    about: str = ""
    seeds: Count = 3
    """Seeds of a run that names none."""
    slots: Count = 120
    slot_s: Positive = 30.0
    devices: Count = Field(default=ABSENT)
    """How many there are, of the kinds in turn; default: each kind by its count."""
    arrays: bool = False
    """Whether the devices are drawn as arrays, as in `city`: for very many of them."""
    min_threads: Count = 1
    utility_weight: Share = 0.5
    split: Split = "linear"
    input_bits_per_value: Positive = 32.0
    formulation: Formulation = Formulation()
    server: Server
    uplink: Uplink
    arrivals: Arrivals
    sun: Sun
    battery: Battery
    kind: Annotated[list[Kind], Field(min_length=1)]


class VariantFile(Strict):
    """A built-in suite with parameters of its own."""

    format: Literal["splitbench/suite@1"]
    name: Text
    about: str = ""
    seeds: Count = 3
    base: Text
    """Name of the built-in suite."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """What would stand in brackets behind its name."""
