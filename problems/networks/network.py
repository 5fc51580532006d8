"""Networks by name: layer tables that ship with splitbench, and files of the same format.

The tables are written by `python tools/write_data.py networks` from our own
definitions of the
architectures; reading them needs no torch.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splitbench.problems.errors import InputError, UnknownNameError
from splitbench.problems.files.json_file import read_json_object, validate
from splitbench.problems.networks.layer_graph import ConvShape, Layer, LayerGraph
from splitbench.problems.networks.virtual_layers import VirtualLayers
from splitbench.problems.package_paths import DATA

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = [
    "ConvShape",
    "Layer",
    "LayerGraph",
    "VirtualLayers",
    "load_network",
    "network_names",
    "network_text",
    "read_network",
]

FORMAT = "splitbench/network@1"
TABLES = DATA / "networks"


def network_names() -> tuple[str, ...]:
    """Names that `load_network` knows, sorted."""
    return tuple(sorted(path.stem for path in TABLES.glob("*.json")))


@cache
def load_network(name: str) -> LayerGraph:
    """Return the shipped network of that name, such as `vgg16_bn`.

    Raises
    ------
    UnknownNameError
        No such network ships; the message offers the nearest names.
    """
    if name not in network_names():
        raise UnknownNameError("network", name, network_names())
    return read_network(TABLES / f"{name}.json")


def read_network(path: str | Path) -> LayerGraph:
    """Read a `splitbench/network@1` file.

    Raises
    ------
    InputError
        The file cannot be read or breaks the format; one line with file, place and value.
    """
    source = str(path)
    data = validate(_schema(), read_json_object(path), source).model_dump(exclude_unset=True)
    layers = tuple(_layer(fields) for fields in data["layers"])
    try:
        return LayerGraph(data["name"], tuple(data["input_shape"]), layers)
    except InputError as error:
        raise InputError(f"{source}: {error}") from None


def network_text(graph: LayerGraph) -> str:
    """Return `graph` as the text of a `splitbench/network@1` file, one line per layer."""
    head = {"format": FORMAT, "name": graph.name, "input_shape": list(graph.input_shape)}
    lines = ",\n  ".join(json.dumps(_fields(layer)) for layer in graph.layers)
    return f'{json.dumps(head)[:-1]}, "layers": [\n  {lines}\n]}}\n'


def _fields(layer: Layer) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "name": layer.name,
        "kind": layer.kind,
        "macs": layer.macs,
        "parameters": layer.parameters,
        "input_values": layer.input_values,
        "output_shape": list(layer.output_shape),
        "after": list(layer.after),
    }
    if layer.fused:
        fields["fused"] = list(layer.fused)
    if layer.conv is not None:
        fields["conv"] = vars(layer.conv)
    if layer.is_result:
        fields["is_result"] = True
    return fields


def _layer(fields: dict[str, Any]) -> Layer:
    conv = fields.get("conv")
    typed = {key: tuple(fields.get(key, ())) for key in ("output_shape", "after", "fused")}
    shape = None if conv is None else ConvShape(**conv)
    return Layer(**{**fields, **typed, "conv": shape})


@cache
def _schema() -> type[BaseModel]:
    from splitbench.problems.networks.network_schema import NetworkFile

    return NetworkFile
