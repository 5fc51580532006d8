"""Cuts of a network by another way: dominators of its torch.export graph, MACs from shapes."""

from __future__ import annotations

from math import prod
from typing import Any

import networkx
import torch
from torch import Tensor, fx, nn

#: A cut: the values that cross it, and the MACs of everything before it.
Cut = tuple[int, int]


def dominator_cuts(module: nn.Module, inputs: tuple[Tensor, ...]) -> list[Cut]:
    """Return where all data passes one operation's output, from the input to the result.

    Neighbours that agree in values and MACs are one: operations between them cost nothing.
    """
    with torch.no_grad():
        program = torch.export.export(module.eval(), inputs, strict=False)
    graph = program.module(check_guards=False).graph
    arrows = networkx.DiGraph()
    for node in graph.nodes:
        if node.op == "placeholder":
            arrows.add_edge("in", node)
        elif node.op != "get_attr":
            end: Any = "out" if node.op == "output" else node
            sources = [source for source in node.all_input_nodes if source in arrows]
            arrows.add_edges_from((source, end) for source in sources)
    used = networkx.ancestors(arrows, "out") | {"out"}
    arrows = arrows.subgraph(used)
    above = networkx.immediate_dominators(arrows, "in")
    macs = {node: _macs(node) for node in used if isinstance(node, fx.Node)}
    cuts: list[Cut] = [(sum(tensor.numel() for tensor in inputs), 0)]
    chain = []
    node = above["out"]
    while node != "in":
        chain.append(node)
        node = above[node]
    for node in reversed(chain):
        before = networkx.ancestors(arrows, node) | {node}
        cuts.append((_values(node), sum(macs.get(one, 0) for one in before)))
    cuts = distinct(cuts)
    whole = (0, sum(macs.values()))
    ends_alone = set(arrows.predecessors("out")) == {above["out"]}
    return [*cuts[:-1], whole] if ends_alone else [*cuts, whole]


def distinct(cuts: list[Cut]) -> list[Cut]:
    """Leave out what equals the cut before."""
    return [cut for place, cut in enumerate(cuts) if place == 0 or cut != cuts[place - 1]]


def _tensors(node: fx.Node) -> list[Tensor]:
    value = node.meta["val"]
    return [value] if isinstance(value, Tensor) else [part for part in value if part is not None]


def _values(node: fx.Node) -> int:
    return sum(tensor.numel() for tensor in _tensors(node))


def _macs(node: fx.Node) -> int:
    """Count by hand, from the shapes of what an operation reads and gives."""
    if node.op != "call_function" or not hasattr(node.target, "_schema"):
        return 0
    name = node.target._schema.name.removeprefix("aten::")
    shapes = [tuple(_tensors(arg)[0].shape) for arg in node.args[:3] if isinstance(arg, fx.Node)]
    if name == "linear":
        return _values(node) * shapes[1][1]
    if name == "conv2d":
        return _values(node) * prod(shapes[1][1:])
    if name == "conv_transpose2d":
        return prod(shapes[0]) * prod(shapes[1][1:])
    if name in ("matmul", "bmm", "mm"):
        return _values(node) * shapes[0][-1]
    if name == "scaled_dot_product_attention":
        query, key, value = shapes
        return prod(query) * key[-2] + prod(query[:-1]) * key[-2] * value[-1]
    if name == "lstm":  # batch first: each weight matrix once a step
        weights = [tuple(weight.meta["val"].shape) for weight in node.args[2]]  # type: ignore[union-attr]
        return shapes[0][0] * shapes[0][1] * sum(prod(w) for w in weights if len(w) == 2)
    assert not any(word in name for word in ("conv", "mm", "matmul", "lstm", "attention")), name
    return 0
