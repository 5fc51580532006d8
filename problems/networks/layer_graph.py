"""LayerGraph: a DNN as a DAG of layers with sizes and work, independent of any framework."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

from splitbench.problems.errors import InputError, UnknownNameError
from splitbench.problems.networks.layer_order import layer_order
from splitbench.problems.networks.virtual_layers import VirtualLayers, cut_positions


@dataclass(frozen=True)
class ConvShape:
    """Configuration of a convolution.

    `filter` and `stride` are side lengths; for non-square ones the geometric mean, so that
    (filter/stride)² is the ratio of the areas.
    """

    input_maps: int
    filters: int
    filter: float
    stride: float
    groups: int = 1


@dataclass(frozen=True)
class Layer:
    """One layer, together with the batch-norm, activation etc. that were fused into it.

    `kind` is one of conv, linear, pool, matmul, add, mul, concat, slice, activation, norm,
    elementwise, input (a relay of the DNN's input) and other. `input_values` counts the values it
    reads, `macs` its multiply-accumulates, `parameters` its weights. `after` names the layers it
    reads; an empty one reads the DNN's input. `fused` lists the kinds of what was fused in order.
    `is_result` marks an output that is a result of the DNN though other layers read it as well; an
    output that no layer reads is always a result.
    """

    name: str
    kind: str
    macs: int
    parameters: int
    input_values: int
    output_shape: tuple[int, ...]
    after: tuple[str, ...] = ()
    fused: tuple[str, ...] = ()
    conv: ConvShape | None = None
    is_result: bool = False

    @property
    def output_values(self) -> int:
        """Number of values in the output tensor."""
        return prod(self.output_shape)


@dataclass(frozen=True)
class LayerGraph:
    """A DNN as an immutable DAG of layers; `input_shape` is the shape of one task's input.

    Raises
    ------
    InputError
        No layer, a layer name twice, an unknown predecessor, a cycle, or a size below its least.
    """

    name: str
    input_shape: tuple[int, ...]
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        _check_shape("input_shape", self.input_shape)
        for place, layer in enumerate(self.layers):
            _check_shape(f"layers[{place}].output_shape", layer.output_shape)
            for field in ("macs", "parameters", "input_values"):
                if getattr(layer, field) < 0:
                    value = getattr(layer, field)
                    raise InputError(f"layers[{place}].{field}: got {value}; expected ≥ 0")
        _ = self._order  # raises where this is no DAG

    def __len__(self) -> int:
        """Number of layers."""
        return len(self.layers)

    @cached_property
    def _order(self) -> tuple[int, ...]:
        return layer_order([x.name for x in self.layers], [x.after for x in self.layers])

    @property
    def input_values(self) -> int:
        """Number of values in the DNN's input."""
        return prod(self.input_shape)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return sum(layer.macs for layer in self.layers)

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return sum(layer.parameters for layer in self.layers)

    def layer(self, name: str) -> Layer:
        """Return the layer of that name, or raise an UnknownNameError."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise UnknownNameError("layer", name, [layer.name for layer in self.layers])

    def topological_order(self) -> tuple[Layer, ...]:
        """All layers, each behind what it reads; ties in the order they are listed."""
        return tuple(self.layers[index] for index in self._order)

    def virtual_layers(self) -> VirtualLayers:
        """Return the chain of virtual layers between the cut points, S of them."""
        return self._virtual_layers

    @cached_property
    def _virtual_layers(self) -> VirtualLayers:
        order = self.topological_order()
        position = {layer.name: place for place, layer in enumerate(order)}
        reads = [[position[name] for name in layer.after] for layer in order]
        # A relay of the input is no place to cut: it sends what l = 0 sends.
        results = [place for place, layer in enumerate(order) if layer.is_result]
        cuts = [at for at in cut_positions(reads, results) if order[at].kind != "input"]
        starts = [0, *(at + 1 for at in cuts)]
        groups = [order[start : at + 1] for start, at in zip(starts, cuts, strict=False)]
        sent = [order[at].output_values for at in cuts[:-1]]
        return VirtualLayers(
            names=tuple(order[at].name for at in cuts),
            members=tuple(tuple(layer.name for layer in group) for group in groups),
            values=(self.input_values, *sent, 0),
            macs=tuple(sum(layer.macs for layer in group) for group in groups),
        )


def _check_shape(place: str, shape: tuple[int, ...]) -> None:
    if any(side < 1 for side in shape):
        raise InputError(f"{place}: got {list(shape)}; expected sizes ≥ 1")
