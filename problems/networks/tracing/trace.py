"""trace_module: the layer graph of any PyTorch module that torch.fx can trace."""

from __future__ import annotations

from torch import Tensor, nn

from splitbench.problems.errors import InputError
from splitbench.problems.networks.layer_graph import LayerGraph
from splitbench.problems.networks.tracing.fuse import fused_layers
from splitbench.problems.networks.tracing.raw_layers import raw_layers
from splitbench.problems.networks.tracing.shape_recording import record
from splitbench.problems.networks.tracing.symbolic import evaluation_mode, symbolic_graph


def trace_module(module: nn.Module, example_input: Tensor, name: str) -> LayerGraph:
    """Return the DAG of layers that `module` runs on `example_input`, in evaluation mode.

    `example_input` is the input of one task (batch size 1). No arithmetic is done, so modules on
    torch's meta device do as well as real ones. Batch norm, activations and other elementwise
    operations are fused into the layer whose output only they read; dropout, flatten, reshape
    and an adaptive pooling that keeps the size vanish. MACs count convolutions and matrix
    products. Layers are named by the path of their module.

    Raises
    ------
    InputError
        `module` is no module or `example_input` no tensor; torch.fx cannot trace it (its forward
        takes more than one tensor, or branches on values); a part's MACs cannot be counted.
    """
    if not isinstance(module, nn.Module):
        raise InputError(f"module: got {type(module).__name__}; expected a torch.nn.Module")
    if not isinstance(example_input, Tensor):
        kind = type(example_input).__name__
        raise InputError(f"example_input: got {kind}; expected a torch.Tensor")
    with evaluation_mode(module):
        try:
            graph_module = symbolic_graph(module)
            records = record(graph_module, example_input)
        except Exception as error:  # forward is the user's code: anything may come out of it
            raise InputError(_untraceable(module, name, error)) from error
    raw = raw_layers(graph_module, records)
    if not raw:
        raise InputError(f"network {name!r}: its output does not depend on its input by any layer")
    return LayerGraph(name, tuple(example_input.shape), fused_layers(raw, example_input.numel()))


def _untraceable(module: nn.Module, name: str, error: Exception) -> str:
    first = next(iter(str(error).strip().splitlines()), "")
    return (
        f"network {name!r}: {type(module).__name__} cannot be traced by torch.fx "
        f"({type(error).__name__}: {first}); expected a forward that takes one tensor of shape "
        "like example_input and does not branch on tensor values"
    )
