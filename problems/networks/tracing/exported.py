"""torch.export graphs of modules that torch.fx cannot trace, in evaluation mode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch._ops import OpOverload

from splitbench.problems.networks.tracing.product_counts import decomposed
from splitbench.problems.networks.tracing.symbolic import LEAF, PREFIX


class _ManyInputs(nn.Module):
    """Calls a module with several tensors; its other arguments take their defaults."""

    def __init__(self, module: nn.Module):
        super().__init__()
        self.add_module(PREFIX, module)

    def forward(self, *inputs: Tensor) -> Any:
        return self.get_submodule(PREFIX)(*inputs)


def exported_graph(module: nn.Module, inputs: Sequence[Tensor]) -> fx.GraphModule:
    """Export `module` (under the name `PREFIX`) as one graph of torch's own operations.

    Branches on sizes are taken as `inputs` take them; branches on values raise torch's error.
    """
    wrapper = _ManyInputs(module).train(module.training)
    with torch.no_grad(), decomposed():  # which ignores warnings, too
        program = torch.export.export(wrapper, tuple(inputs), strict=False)
        if any(_loses_a_write(node) for node in program.graph.nodes):
            program = program.run_decompositions({})  # the same graph without in-place operations
        graph_module: fx.GraphModule = program.module(check_guards=False)
        graph_module.graph.eliminate_dead_code()
        graph_module.recompile()
    for node in graph_module.graph.nodes:
        _name_leaf(wrapper, node)
    return graph_module


def _loses_a_write(node: fx.Node) -> bool:
    """Whether an in-place operation changes a tensor that others read by another name."""
    if not (isinstance(node.target, OpOverload) and node.target._schema.is_mutable):
        return False
    changed = node.args[0] if node.args else None
    target = changed.target if isinstance(changed, fx.Node) else None
    return not node.users or (isinstance(target, OpOverload) and target.is_view)


def _name_leaf(wrapper: nn.Module, node: fx.Node) -> None:
    """Note the module of torch's own, without parts, in which the operation stands."""
    for path, _ in list(node.meta.get("nn_module_stack", {}).values())[-1:]:
        try:
            inside = wrapper.get_submodule(path)
        except AttributeError:  # a module that the network makes while it runs
            return
        if type(inside).__module__.startswith("torch.nn.") and not any(inside.children()):
            node.meta[LEAF] = path
