"""The configuration of a traced convolution, be it a module or a function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from torch import fx

from splitbench.problems.networks.layer_graph import ConvShape
from splitbench.problems.networks.tracing.shape_recording import Record


def conv_shape(
    graph_module: fx.GraphModule, node: fx.Node, source: fx.Node, records: Mapping[fx.Node, Record]
) -> ConvShape:
    """Return the shape of the convolution at `node`, whose input is `source`."""
    if node.op == "call_module":
        module: Any = graph_module.get_submodule(str(node.target))
        sides, stride, groups = tuple(module.weight.shape[2:]), module.stride, module.groups
    else:
        sides = records[_argument(node, 1, "weight", None)].shape[2:]
        stride = _argument(node, 3, "stride", 1)
        groups = _argument(node, 6, "groups", 1)
    strides = [stride] if isinstance(stride, int) else list(stride)
    if len(strides) == 1:
        strides *= len(sides)
    maps = -1 - len(sides)  # where the maps stand, with and without a batch dimension
    return ConvShape(
        input_maps=records[source].shape[maps],
        filters=records[node].shape[maps],
        filter=_mean_side(sides),
        stride=_mean_side(strides),
        groups=groups,
    )


def _argument(node: fx.Node, place: int, name: str, default: Any) -> Any:
    return node.args[place] if len(node.args) > place else node.kwargs.get(name, default)


def _mean_side(sides: Sequence[int]) -> float:
    """Geometric mean of the sides, exact where they are equal."""
    if len(set(sides)) == 1:
        return float(sides[0])
    return float(prod(sides) ** (1 / len(sides)))
