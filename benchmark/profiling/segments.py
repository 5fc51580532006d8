"""A network as the chain of its virtual layers, each a module of its own, to be run as one.

Needs torch; imported by the worker process only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from torch import Tensor, fx, nn

from splitbench.problems.networks.layer_graph import LayerGraph
from splitbench.problems.networks.tracing.fuse import fused_layers
from splitbench.problems.networks.tracing.raw_layers import layer_nodes, raw_layers
from splitbench.problems.networks.tracing.shape_recording import record
from splitbench.problems.networks.tracing.symbolic import evaluation_mode, symbolic_graph

Values = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class SplitNetwork:
    """A traced network, whole and in S segments; what crosses a cut is a tuple of values."""

    graph: LayerGraph
    segments: tuple[fx.GraphModule, ...]

    def run(self, values: Values, start: int, end: int) -> Values:
        """Run virtual layers start+1..end on what crosses the cut `start`."""
        for segment in self.segments[start:end]:
            values = segment(*values)
        return values


def split_network(module: nn.Module, example: Tensor, name: str) -> SplitNetwork:
    """Split `module` at its virtual cuts; torch.fx must be able to trace it (`trace_module`)."""
    with evaluation_mode(module):
        traced = symbolic_graph(module)
        records = record(traced, example)
    raw = raw_layers(traced, records)
    graph = LayerGraph(name, tuple(example.shape), fused_layers(raw, example.numel()))
    nodes = layer_nodes(traced, records)
    body = [node for node in traced.graph.nodes if node.op not in ("get_attr", "output")]
    place = {node: at for at, node in enumerate(body)}
    firsts = [
        min(place[nodes[member]] for member in members if member in nodes)
        for members in graph.virtual_layers().members[1:]
    ]
    bounds = [1, *firsts, len(body)]  # body[0] is the placeholder
    segments = tuple(_segment(traced, body, start, end) for start, end in pairwise(bounds))
    return SplitNetwork(graph, segments)


def _segment(
    traced: fx.GraphModule, body: Sequence[fx.Node], start: int, end: int
) -> fx.GraphModule:
    """Return body[start:end] as a module from what crosses its start to what crosses its end."""
    graph = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    for node in _crossing(traced, body, start):
        copies[node] = graph.placeholder(node.name)

    def copied(node: fx.Node) -> fx.Node:
        if node not in copies:  # a weight that the traced graph reads by name
            copies[node] = graph.node_copy(node, copied)
        return copies[node]

    for node in body[start:end]:
        copied(node)
    if end == len(body):
        graph.output(fx.map_arg(traced.graph.output_node().args[0], copied))
    else:
        graph.output(tuple(copied(node) for node in _crossing(traced, body, end)))
    return fx.GraphModule(traced, graph)


def _crossing(traced: fx.GraphModule, body: Sequence[fx.Node], place: int) -> list[fx.Node]:
    """Nodes before `place` that something at or behind it reads, in order."""
    before = set(body[:place])
    return [node for node in body[:place] if any(user not in before for user in node.users)]
