"""Run a traced graph on fake tensors and note each operation's sizes and MACs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True)
class Record:
    """What one operation gave: shapes of its tensors, whether they stand in a tuple, its MACs."""

    shapes: tuple[tuple[int, ...], ...]
    is_tensor: bool
    macs: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The tensor's shape; of a tuple of tensors, the number of values in all of them."""
        if self.is_tensor:
            return self.shapes[0]
        return (sum(torch.Size(shape).numel() for shape in self.shapes),)


def record(graph_module: fx.GraphModule, example_input: Tensor) -> dict[fx.Node, Record]:
    """Return a record for each node, from one run without any arithmetic.

    torch's own flop counter looks below modules and functions at the matrix products and
    convolutions they come down to, two flops a multiply-accumulate.
    """
    with FakeTensorMode(allow_non_fake_inputs=True) as mode, torch.no_grad():
        recorder = _Recorder(graph_module)
        recorder.run(mode.from_tensor(example_input))
    return recorder.records


class _Recorder(fx.Interpreter):
    def __init__(self, graph_module: fx.GraphModule):
        super().__init__(graph_module)
        self.extra_traceback = False  # the user gets one line
        self.records: dict[fx.Node, Record] = {}

    def run_node(self, node: fx.Node) -> Any:
        with FlopCounterMode(display=False) as counter:
            result = super().run_node(node)
        tensors = _tensors(result)
        self.records[node] = Record(
            tuple(tuple(int(side) for side in tensor.shape) for tensor in tensors),
            isinstance(result, Tensor),
            counter.get_total_flops() // 2,
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
