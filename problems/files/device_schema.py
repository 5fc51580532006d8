"""A device in a JSON file, as pydantic models that slot and horizon files share.

Strict: numbers are JSON numbers, nothing unknown, nothing missing, nothing null or infinite. The
docstrings of the fields become the descriptions in the JSON Schemas
(`problems.files.json_schemas`).
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from splitbench.problems.equations import linear_local_s, linear_server_share
from splitbench.problems.files.json_file import LIST_BRANCH, NUMBER_BRANCH
from splitbench.problems.fleet import Device
from splitbench.problems.thread_curves import Exp2Curve, TableCurve, ThreadCurve, impossible_time

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Name = Annotated[str, Field(min_length=1)]

#: "Not given". The types do not admit None, so that an explicit null is refused.
ABSENT: Any = None


def _number_or_list(value: Any) -> str:
    return LIST_BRANCH if isinstance(value, list) else NUMBER_BRANCH


LocalSeconds = Annotated[
    Annotated[NonNegative, Tag(NUMBER_BRANCH)]
    | Annotated[list[NonNegative], Tag(LIST_BRANCH), Field(min_length=2)],
    Discriminator(_number_or_list),
]


class Strict(BaseModel):
    """A JSON object without unknown fields."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )


class ServerSeconds(Strict):
    """D(k), seconds of the whole DNN on k server threads: exactly one of exp2 and table."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["exp2"]}, {"required": ["table"]}]}
    )

    exp2: Annotated[list[Finite], Field(min_length=4, max_length=4)] = Field(default=ABSENT)
    """c0, c1, c2, c3 of Eq. 7: c0*exp(c1*k) + c2*exp(c3*k), > 0 and finite at every k."""
    table: Annotated[list[Positive], Field(min_length=1)] = Field(default=ABSENT)
    """D(1), D(2), ... as measured; the length bounds k."""

    @model_validator(mode="after")
    def _one_of_two(self) -> ServerSeconds:
        if (self.exp2 is None) == (self.table is None):
            raise ValueError("expected exactly one of exp2 and table")
        return self

    def to_curve(self) -> ThreadCurve:
        """Return the curve that the constants or the table describe."""
        return Exp2Curve(*self.exp2) if self.exp2 is not None else TableCurve(tuple(self.table))


class DeviceModel(Strict):
    """The part of a device that is the same in every slot."""

    name: Name
    """Unique among the devices."""
    dnn: str
    """Which DNN the device runs; a label."""
    deadline_s: Positive
    """Tolerable latency; enters the utility only."""
    battery_max_j: Positive
    """Capacity of the battery."""
    compute_power_w: NonNegative
    """Power while the device computes."""
    transmit_power_w: NonNegative
    """Power while the device sends."""
    cut_bits: Annotated[list[NonNegative], Field(min_length=2)]
    """Bits sent when l = 0..S layers ran on the device; the last is 0."""
    local_s: LocalSeconds
    """Seconds of the whole DNN on the device, or S + 1 cumulative ones from 0."""
    server_s: ServerSeconds
    server_share: Annotated[list[Share], Field(min_length=2)] = Field(default=ABSENT)
    """Share of D(k) left after l = 0..S layers, from 1 to 0; default 1 - l/S."""
    max_threads: Count = Field(default=ABSENT)
    """Most server threads that the device may be given; default: no cap of its own."""

    def to_device(self) -> Device:
        """Return the device with linear splits (Eq. 8, 9) where none was given."""
        layers = len(self.cut_bits) - 1
        local = self.local_s
        share = self.server_share
        return Device(
            name=self.name,
            dnn=self.dnn,
            deadline_s=self.deadline_s,
            battery_max_j=self.battery_max_j,
            compute_power_w=self.compute_power_w,
            transmit_power_w=self.transmit_power_w,
            cut_bits=tuple(self.cut_bits),
            local_s=tuple(local) if isinstance(local, list) else linear_local_s(local, layers),
            server_share=tuple(share) if share is not None else linear_server_share(layers),
            curve=self.server_s.to_curve(),
            max_threads=self.max_threads,
        )


def device_dict(device: Device) -> dict[str, Any]:
    """Return the static part of a device as the JSON formats write it."""
    curve = device.curve
    if isinstance(curve, Exp2Curve):
        server: dict[str, Any] = {"exp2": [curve.c0, curve.c1, curve.c2, curve.c3]}
    elif isinstance(curve, TableCurve):
        server = {"table": list(curve.table_s)}
    else:
        raise TypeError(f"no JSON form for the curve {type(curve).__name__}")
    written: dict[str, Any] = {
        "name": device.name,
        "dnn": device.dnn,
        "deadline_s": device.deadline_s,
        "battery_max_j": device.battery_max_j,
        "compute_power_w": device.compute_power_w,
        "transmit_power_w": device.transmit_power_w,
        "cut_bits": [float(bits) for bits in device.cut_bits],
        "local_s": [float(seconds) for seconds in device.local_s],
        "server_s": server,
        "server_share": [float(share) for share in device.server_share],
    }
    if device.max_threads is not None:
        written["max_threads"] = int(device.max_threads)
    return written


def impossible_curve(device: DeviceModel, most_threads: int) -> str | None:
    """Return which D(k) of k ≤ most_threads is not positive and finite, None for none."""
    k = np.arange(1, min(device.to_device().thread_cap, most_threads) + 1)
    return impossible_time(device.server_s.to_curve().seconds(k))
