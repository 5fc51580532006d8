"""trace_module: the layer graph of a PyTorch module, through torch.fx or torch.export."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor, fx, nn

from splitbench.problems.errors import InputError
from splitbench.problems.networks.layer_graph import LayerGraph
from splitbench.problems.networks.tracing.exported import exported_graph
from splitbench.problems.networks.tracing.fuse import fused_layers
from splitbench.problems.networks.tracing.raw_layers import RawNetwork, raw_network
from splitbench.problems.networks.tracing.shape_recording import record
from splitbench.problems.networks.tracing.symbolic import evaluation_mode, symbolic_graph


@dataclass(frozen=True, eq=False)
class TracedNetwork:
    """A module as a torch graph, its operations, and the graph of layers made of them."""

    graph_module: fx.GraphModule
    raw: RawNetwork
    graph: LayerGraph

    @property
    def uncounted(self) -> dict[str, tuple[str, ...]]:
        """Operations whose MACs cannot be counted, by layer; empty where all are counted."""
        return {layer.name: layer.uncounted for layer in self.raw.layers if layer.uncounted}


def trace_module(
    module: nn.Module, example_input: Tensor | Sequence[Tensor], name: str
) -> LayerGraph:
    """Return the DAG of layers that `module` runs on `example_input`, in evaluation mode.

    `example_input` is the input of one task (batch size 1): a tensor, or a sequence of them for a
    forward that takes several. The graph's input is all of them together; its shape is then their
    number of values. No arithmetic is done, so modules on torch's meta device do as well as real
    ones. Batch norm, activations and other elementwise operations are fused into the layer whose
    output only they read; dropout, flatten, reshape and an adaptive pooling that keeps the size
    vanish. MACs count convolutions and matrix products, those inside attention and recurrent
    layers as well. Layers are named by the path of their module.

    torch.export traces what torch.fx cannot: several inputs, and attention and other modules of
    torch.nn that are made of parts.

    Raises
    ------
    InputError
        `module` is no module or `example_input` no tensor; the module cannot be traced (its forward
        branches on values, or takes other inputs); a part's MACs cannot be counted.
    """
    traced = trace_network(module, example_input, name)
    for layer, operations in traced.uncounted.items():
        raise InputError(
            f"layer {layer!r}: MACs of {', '.join(operations)} cannot be counted; expected "
            "convolutions, matrix products and what is made of them"
        )
    return traced.graph


def trace_network(
    module: nn.Module, example_input: Tensor | Sequence[Tensor], name: str
) -> TracedNetwork:
    """Return the torch graph beside the layers; MACs may be missing (see `uncounted`).

    Raises
    ------
    InputError
        As `trace_module`, but for MACs.
    """
    if not isinstance(module, nn.Module):
        raise InputError(f"module: got {type(module).__name__}; expected a torch.nn.Module")
    inputs = _tensors(example_input)
    tracers: dict[str, Callable[[], fx.GraphModule]] = {}
    if len(inputs) == 1:
        tracers["torch.fx"] = lambda: symbolic_graph(module)
    tracers["torch.export"] = lambda: exported_graph(module, inputs)
    faults = []
    with evaluation_mode(module):
        for tracer, trace in tracers.items():
            try:
                graph_module = trace()
                records = record(graph_module, inputs)
                break
            except Exception as error:  # forward is the user's code: anything may come out of it
                first = next(iter(str(error).strip().splitlines()), "")
                faults.append(f"{tracer} ({type(error).__name__}: {first})")
        else:
            raise InputError(
                f"network {name!r}: {type(module).__name__} cannot be traced by "
                f"{' nor by '.join(faults)}; expected a forward that takes tensors of shape "
                "like example_input and does not branch on tensor values"
            )
    raw = raw_network(graph_module, records)
    if not raw.layers:
        raise InputError(f"network {name!r}: its output does not depend on its input by any layer")
    values = sum(tensor.numel() for tensor in inputs)
    shape = tuple(inputs[0].shape) if len(inputs) == 1 else (values,)
    return TracedNetwork(graph_module, raw, LayerGraph(name, shape, fused_layers(raw, values)))


def _tensors(example: Tensor | Sequence[Tensor]) -> tuple[Tensor, ...]:
    if isinstance(example, Tensor):
        return (example,)
    if not isinstance(example, list | tuple) or not example:
        raise InputError(
            f"example_input: got {type(example).__name__}; expected one torch.Tensor or more"
        )
    for place, tensor in enumerate(example):
        if not isinstance(tensor, Tensor):
            kind = type(tensor).__name__
            raise InputError(f"example_input[{place}]: got {kind}; expected a torch.Tensor")
    return tuple(example)
