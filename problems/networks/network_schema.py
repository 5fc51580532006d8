"""The `splitbench/network@1` file as pydantic models; strict, so that nothing is converted."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=0)]
Size = Annotated[int, Field(ge=1)]
Side = Annotated[float, Field(gt=0)]
Name = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class ConvEntry(_Strict):
    """Configuration of a convolution; see `ConvShape`."""

    input_maps: Size
    filters: Size
    filter: Side
    stride: Side
    groups: Size = 1


class LayerEntry(_Strict):
    """One layer; see `Layer`."""

    name: Name
    kind: Name
    macs: Count
    parameters: Count
    input_values: Count
    output_shape: list[Size]
    after: list[Name]
    fused: list[Name] = []
    conv: ConvEntry = cast(ConvEntry, None)  # absent is fine, null is not
    is_result: bool = False


class NetworkFile(_Strict):
    """The whole file."""

    format: Literal["splitbench/network@1"]
    name: Name
    input_shape: list[Size]
    layers: Annotated[list[LayerEntry], Field(min_length=1)]
