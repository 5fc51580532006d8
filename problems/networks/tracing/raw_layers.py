"""The operations of a traced graph that become layers, before any is fused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod

from torch import Tensor, fx, nn

from splitbench.problems.networks.layer_graph import ConvShape
from splitbench.problems.networks.tracing.conv_shapes import conv_shape
from splitbench.problems.networks.tracing.operations import (
    SPLIT,
    VIEW,
    function_kind,
    is_adaptive_pool,
    module_kind,
)
from splitbench.problems.networks.tracing.shape_recording import Record
from splitbench.problems.networks.tracing.symbolic import layer_name, operation_name

INPUT = -1  # as a source: the DNN's input
Sources = tuple[int, ...]


@dataclass
class RawLayer:
    """One operation; `sources` are places in the list of raw layers, or `INPUT`."""

    name: str
    kind: str
    macs: int
    shape: tuple[int, ...]
    input_values: int
    sources: Sources
    parameters: int = 0
    conv: ConvShape | None = None
    is_result: bool = False
    uncounted: tuple[str, ...] = ()
    fused: list[str] = field(default_factory=list)

    @property
    def values(self) -> int:
        """Number of values in the output."""
        return prod(self.shape)


class _Reader:
    """Walks the nodes in order; knows where each node's values come from."""

    def __init__(self, graph_module: fx.GraphModule, records: Mapping[fx.Node, Record]):
        self.module = graph_module
        self.records = records
        self.layers: list[RawLayer] = []
        self.input_is_result = False
        self.sources: dict[fx.Node, Sources] = {}
        self.constants: dict[fx.Node, list[Tensor]] = {}  # weights passed to a node as they are
        self.counted: set[int] = set()

    def read(self) -> list[RawLayer]:
        for node in self.module.graph.nodes:
            if node.op == "placeholder":
                self.sources[node], self.constants[node] = (INPUT,), []
            elif node.op == "get_attr":
                self.sources[node], self.constants[node] = (), _weights(self.module, node)
            else:
                self._read_operation(node)
        return self.layers

    def _read_operation(self, node: fx.Node) -> None:
        inputs = [source for source in node.all_input_nodes if self.records[source].shapes]
        sources = tuple(dict.fromkeys(s for node in inputs for s in self.sources[node]))
        weights = [tensor for source in inputs for tensor in self.constants[source]]
        if node.op == "output":
            for source in sources:
                if source == INPUT:
                    self.input_is_result = True
                else:
                    self.layers[source].is_result = True
            return
        if node.op == "call_module":
            weights += list(self._submodule(node).parameters())
        if not self.records[node].shapes or not sources:  # sizes and constants are no layers
            self.sources[node], self.constants[node] = (), weights
        elif len(sources) == 1 and self._is_relabelling(node, inputs):
            self.sources[node], self.constants[node] = sources, weights
        else:
            self.sources[node], self.constants[node] = (len(self.layers),), []
            self.layers.append(self._layer(node, inputs, sources, weights))

    def _layer(
        self, node: fx.Node, inputs: list[fx.Node], sources: Sources, weights: list[Tensor]
    ) -> RawLayer:
        data = [source for source in inputs if self.sources[source]]
        read = sum(prod(self.records[source].shape) for source in data)
        result, kind = self.records[node], self._kind(node)
        if kind == "other" and result.macs:
            kind = "matmul"
        layer = RawLayer(layer_name(node), kind, result.macs, result.shape, read, sources)
        layer.parameters = self._count(weights)
        layer.uncounted = result.uncounted
        if kind == "conv":
            layer.conv = conv_shape(self.module, node, data[0], self.records)
        return layer

    def _kind(self, node: fx.Node) -> str:
        if node.op == "call_module":
            return module_kind(self._submodule(node))
        return function_kind(operation_name(node))

    def _is_relabelling(self, node: fx.Node, inputs: list[fx.Node]) -> bool:
        """Whether the node passes on its input's values, all of them and nothing else."""
        kind = self._kind(node)
        data = [source for source in inputs if self.sources[source]]
        before, after = self.records[data[0]], self.records[node]
        if len(data) > 1 or prod(before.shape) != prod(after.shape):
            return False
        if kind == "pool":
            name = operation_name(node)
            if node.op == "call_module":
                name = type(self._submodule(node)).__name__
            return is_adaptive_pool(name) and before.shape == after.shape
        return kind in (VIEW, SPLIT, "slice")

    def _submodule(self, node: fx.Node) -> nn.Module:
        return self.module.get_submodule(str(node.target))

    def _count(self, weights: list[Tensor]) -> int:
        """Count weights, each tensor only where it is used first."""
        new = {id(tensor): tensor.numel() for tensor in weights if id(tensor) not in self.counted}
        self.counted.update(new)
        return sum(new.values())


@dataclass(frozen=True)
class RawNetwork:
    """The operations on the DNN's input, in order, each with a name of its own.

    `nodes` are the graph's nodes that make them, by name; `input_is_result` says whether the
    network returns an input as it is.
    """

    layers: list[RawLayer]
    nodes: dict[str, fx.Node]
    input_is_result: bool


def raw_network(graph_module: fx.GraphModule, records: Mapping[fx.Node, Record]) -> RawNetwork:
    """Read a traced graph."""
    reader = _Reader(graph_module, records)
    layers = _named(reader.read())
    nodes: dict[str, fx.Node] = {}
    for node, sources in reader.sources.items():  # what only relabels a layer comes behind it
        if len(sources) == 1 and sources[0] != INPUT:
            nodes.setdefault(layers[sources[0]].name, node)
    return RawNetwork(layers, nodes, reader.input_is_result)


def _named(layers: list[RawLayer]) -> list[RawLayer]:
    seen: dict[str, int] = {}
    for layer in layers:
        base = layer.name or layer.kind
        seen[base] = seen.get(base, 0) + 1
        layer.name = base if seen[base] == 1 else f"{base}:{seen[base]}"
    return layers


def _weights(module: nn.Module, node: fx.Node) -> list[Tensor]:
    path, _, name = str(node.target).rpartition(".")
    value = getattr(module.get_submodule(path), name)
    return [value] if isinstance(value, nn.Parameter) else []
