"""The `splitbench/dag@1` file as pydantic models: fields and types; `LayerDag` checks values."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class DagLayerEntry(_Strict):
    """One layer; see `DagLayer`."""

    name: Name
    device_s: float
    server_s: float
    output_bits: float
    after: list[str]
    pinned: Literal["device", "server"] = cast(Literal["device"], None)  # absent, never null
    """Side that the layer has to be on; absent: either."""
    constant: bool = False
    """Whether the layer reads nothing, not even the DNN's input; `after` is empty then."""


class DagFile(_Strict):
    """The whole file."""

    format: Literal["splitbench/dag@1"]
    name: Name
    input_bits: float
    uplink_bps: float
    layers: list[DagLayerEntry]
