"""Run a traced graph on fake tensors and note each operation's sizes and MACs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx
from torch._subclasses.fake_tensor import FakeTensorMode

from splitbench.problems.networks.tracing.product_counts import ProductCounter, decomposed


@dataclass(frozen=True)
class Record:
    """Result of one operation: shapes of its tensors, whether they form a tuple, its MACs.

    `uncounted` names what it ran that may multiply matrices and is not part of `macs`.
    """

    shapes: tuple[tuple[int, ...], ...]
    is_tensor: bool
    macs: int
    uncounted: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """The tensor's shape; of a tuple of tensors, the number of values in all of them."""
        if self.is_tensor:
            return self.shapes[0]
        return (sum(torch.Size(shape).numel() for shape in self.shapes),)


def record(graph_module: fx.GraphModule, inputs: Sequence[Tensor]) -> dict[fx.Node, Record]:
    """Return a record for each node, from one run without any arithmetic."""
    with FakeTensorMode(allow_non_fake_inputs=True) as mode, torch.no_grad(), decomposed():
        recorder = _Recorder(graph_module)
        recorder.run(*map(mode.from_tensor, inputs))
    return recorder.records


class _Recorder(fx.Interpreter):
    def __init__(self, graph_module: fx.GraphModule):
        super().__init__(graph_module)
        self.extra_traceback = False  # the user gets one line
        self.records: dict[fx.Node, Record] = {}

    def run_node(self, node: fx.Node) -> Any:
        with ProductCounter() as counter:
            result = super().run_node(node)
        tensors = _tensors(result)
        self.records[node] = Record(
            tuple(tuple(int(side) for side in tensor.shape) for tensor in tensors),
            isinstance(result, Tensor),
            counter.macs,
            counter.uncounted,
        )
        return result


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [tensor for item in value for tensor in _tensors(item)]
    return []
