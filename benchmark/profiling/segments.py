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
from splitbench.problems.networks.tracing.trace import trace_network

Values = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class SplitNetwork:
    """A traced network, whole and in S segments; what crosses a cut is a tuple of values."""

    graph: LayerGraph
    segments: tuple[fx.GraphModule, ...]
    counted: bool
    """Whether all MACs of the graph's layers are known; times need none."""

    def run(self, values: Values, start: int, end: int) -> Values:
        """Run virtual layers start+1..end on what crosses the cut `start`."""
        for segment in self.segments[start:end]:
            values = segment(*values)
        return values


def split_network(module: nn.Module, inputs: Sequence[Tensor], name: str) -> SplitNetwork:
    """Split `module` at its virtual cuts.

    Raises
    ------
    InputError
        Neither torch.fx nor torch.export can trace it.
    """
    traced = trace_network(module, inputs, name)
    graph_module, nodes = traced.graph_module, traced.raw.nodes
    body = [node for node in graph_module.graph.nodes if node.op not in ("get_attr", "output")]
    place = {node: at for at, node in enumerate(body)}
    firsts = [
        min(place[nodes[member]] for member in members if member in nodes)
        for members in traced.graph.virtual_layers().members[1:]
    ]
    bounds = [len(inputs), *firsts, len(body)]  # the inputs' placeholders come first
    segments = tuple(_segment(graph_module, body, start, end) for start, end in pairwise(bounds))
    return SplitNetwork(traced.graph, segments, counted=not traced.uncounted)


def _segment(
    traced: fx.GraphModule, body: Sequence[fx.Node], start: int, end: int
) -> fx.GraphModule:
    """Return body[start:end] as a module, from the values at its start to those at its end."""
    graph = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    first = all(node.op == "placeholder" for node in body[:start])
    for node in body[:start] if first else _crossing(traced, body, start):
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
    """Nodes before `place` that are read at or behind it, in order."""
    before = set(body[:place])
    return [node for node in body[:place] if any(user not in before for user in node.users)]
