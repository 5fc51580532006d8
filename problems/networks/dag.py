"""LayerDag: a layer DAG with times and sizes, and its `splitbench/dag@1` file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import Literal

import numpy as np

from splitbench.problems.arrays import Mask
from splitbench.problems.errors import InputError
from splitbench.problems.files.json_file import read_json_object, validate
from splitbench.problems.networks.layer_graph import LayerGraph
from splitbench.problems.networks.layer_order import layer_order
from splitbench.problems.networks.virtual_layers import positive_bits

FORMAT = "splitbench/dag@1"


@dataclass(frozen=True)
class DagLayer:
    """One layer: its time on the device and on the server in seconds, its output in bits.

    Attributes
    ----------
    after
        The layers it reads; an empty one reads the DNN's input.
    pinned
        "device" or "server" where the layer has to be there; None: either side.
    constant
        Whether it reads nothing at all, such as a table of weights.
    """

    name: str
    device_s: float
    server_s: float
    output_bits: float
    after: tuple[str, ...] = ()
    pinned: Literal["device", "server"] | None = None
    constant: bool = False


@dataclass(frozen=True)
class LayerDag:
    """A layer DAG between a device, which has the input, and a server behind an uplink.

    Raises
    ------
    InputError
        A time or size that is negative or not finite, an uplink that is not positive, no layer,
        a duplicate or unknown name, a cycle; the message names the place.
    """

    name: str
    input_bits: float
    uplink_bps: float
    layers: tuple[DagLayer, ...]

    def __post_init__(self) -> None:
        _check("input_bits", self.input_bits)
        if not (isfinite(self.uplink_bps) and self.uplink_bps > 0):
            raise InputError(
                f"uplink_bps: got {self.uplink_bps}; expected a finite number of bit/s > 0"
            )
        for place, layer in enumerate(self.layers):
            for field in ("device_s", "server_s", "output_bits"):
                _check(f"layers[{place}].{field}", getattr(layer, field))
            if layer.constant and layer.after:
                raise InputError(
                    f"layers[{place}].after: got {', '.join(layer.after)}; "
                    "expected none, the layer is constant"
                )
        _ = self.order  # raises where this is no DAG
        self._check_pins()

    def __len__(self) -> int:
        """Number of layers."""
        return len(self.layers)

    @cached_property
    def order(self) -> tuple[int, ...]:
        """Indices of the layers in topological order, ties in the order they are listed."""
        return layer_order([x.name for x in self.layers], [x.after for x in self.layers])

    @cached_property
    def reads(self) -> tuple[tuple[int, ...], ...]:
        """For each layer, the indices of the layers it reads; none: the input, or nothing."""
        index = {layer.name: place for place, layer in enumerate(self.layers)}
        return tuple(tuple(index[name] for name in layer.after) for layer in self.layers)

    @cached_property
    def must_stay(self) -> Mask:
        """Layers that have to be on the device: pinned there, or read there; shape (n,)."""
        stay = np.array([layer.pinned == "device" for layer in self.layers])
        for layer in reversed(self.order):
            if stay[layer]:
                stay[list(self.reads[layer])] = True
        return stay

    @cached_property
    def must_leave(self) -> Mask:
        """Layers that have to be on the server: pinned, or reading one that is; shape (n,)."""
        leave = np.array([layer.pinned == "server" for layer in self.layers])
        for layer in self.order:
            leave[layer] |= bool(leave[list(self.reads[layer])].any())
        return leave

    def _check_pins(self) -> None:
        for place in np.flatnonzero(self.must_stay & self.must_leave):
            raise InputError(
                f"layers[{place}].pinned: layer {self.layers[place].name!r} reads one pinned "
                "to the server and is needed on the device; expected pins without a way back"
            )


def load_dag(path: str | Path) -> LayerDag:
    """Read a `splitbench/dag@1` file.

    Raises
    ------
    InputError
        The file cannot be read or breaks the format; one line with file, place, value and what
        was expected.
    """
    from splitbench.problems.networks.dag_schema import DagFile

    source = str(path)
    data = validate(DagFile, read_json_object(path), source).model_dump()
    layers = (DagLayer(**(fields | {"after": tuple(fields["after"])})) for fields in data["layers"])
    try:
        return LayerDag(data["name"], data["input_bits"], data["uplink_bps"], tuple(layers))
    except InputError as error:
        raise InputError(f"{source}: {error}") from None


def dag_text(dag: LayerDag) -> str:
    """Return `dag` as the text of a `splitbench/dag@1` file; floats keep full precision."""
    data = asdict(dag)
    for layer in data["layers"]:  # what a layer does not say is left out
        if layer["pinned"] is None:
            del layer["pinned"]
        if not layer["constant"]:
            del layer["constant"]
    return json.dumps({"format": FORMAT, **data}, indent=1) + "\n"


def save_dag(dag: LayerDag, path: str | Path) -> None:
    """Write `dag` as a `splitbench/dag@1` file."""
    Path(path).write_text(dag_text(dag), encoding="utf-8")


def dag_from_graph(
    graph: LayerGraph,
    *,
    device_s: float,
    server_s: float,
    uplink_bps: float,
    bits_per_value: float = 32,
    input_bits_per_value: float | None = None,
) -> LayerDag:
    """Return a DAG with times, from a network and its total latency on either side.

    `device_s` and `server_s`, the seconds of the whole network, are spread over the layers in
    proportion to their MACs; layers without MACs (pooling, addition, …) take no time. This is
    cruder than measuring each layer. For a module of one's own:
    `dag_from_graph(trace_module(module, example_input, "mine"), …)`.

    Raises
    ------
    InputError
        A time, rate or bits per value out of range, or a network without MACs.
    """
    _check("device_s", device_s)
    _check("server_s", server_s)
    bits = positive_bits(bits_per_value)
    input_bits = positive_bits(bits if input_bits_per_value is None else input_bits_per_value)
    shares = _mac_shares(graph)
    layers = tuple(
        DagLayer(
            name=layer.name,
            device_s=device_s * share,
            server_s=server_s * share,
            output_bits=layer.output_values * bits,
            after=layer.after,
        )
        for layer, share in zip(graph.layers, shares, strict=True)
    )
    return LayerDag(graph.name, graph.input_values * input_bits, uplink_bps, layers)


def _mac_shares(graph: LayerGraph) -> Sequence[float]:
    if graph.macs == 0:
        raise InputError(f"network {graph.name!r}: got 0 MACs; expected work to spread the time by")
    return [layer.macs / graph.macs for layer in graph.layers]


def _check(place: str, value: float) -> None:
    if not (isfinite(value) and value >= 0):
        raise InputError(f"{place}: got {value}; expected a finite number ≥ 0")
