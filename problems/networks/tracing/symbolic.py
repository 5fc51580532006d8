"""torch.fx graphs of modules that take one tensor, in evaluation mode, and names of their nodes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, fx, nn
from torch._ops import OpOverload

PREFIX = "net"
#: Key of a node's `meta` for the path of the leaf module that the node belongs to.
LEAF = "splitbench_leaf"


class CannotTraceError(Exception):
    """torch.fx gives a graph that hides what the network does."""


class _OneInput(nn.Module):
    """Calls a module with one tensor, so that its other arguments take their defaults."""

    def __init__(self, module: nn.Module):
        super().__init__()
        self.add_module(PREFIX, module)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.get_submodule(PREFIX)(x)
        return result


def symbolic_graph(module: nn.Module) -> fx.GraphModule:
    """Trace `module` (under the name `PREFIX`) and drop operations that nothing reads.

    Raises
    ------
    CannotTraceError
        A module made of parts, such as attention, stays whole; or something is written into a
        part of a tensor, which torch.fx does not follow.
    """
    wrapper = _OneInput(module)
    graph_module = fx.GraphModule(wrapper, fx.Tracer().trace(wrapper))
    for node in graph_module.graph.nodes:
        if node.op == "call_module":
            part = graph_module.get_submodule(str(node.target))
            if any(part.children()):
                raise CannotTraceError(f"torch.fx does not look into {type(part).__name__}")
    _read_in_place_results(graph_module)
    graph_module.graph.eliminate_dead_code()
    return graph_module


def _read_in_place_results(graph_module: fx.GraphModule) -> None:
    """Let what follows x.add_(y) read its result: fx thinks the result unused, and drops it."""
    position = {node: place for place, node in enumerate(graph_module.graph.nodes)}
    for node, place in position.items():
        if node.users or not node.all_input_nodes or not _is_in_place(graph_module, node):
            continue
        changed = node.all_input_nodes[0]
        for user in [user for user in changed.users if position[user] > place]:
            user.replace_input_with(changed, node)
        if not node.users:  # it changed a view, and what follows reads what is behind the view
            raise CannotTraceError(f"torch.fx does not follow what {node.name} writes")


def _is_in_place(graph_module: fx.GraphModule, node: fx.Node) -> bool:
    if node.op == "call_module":
        return bool(getattr(graph_module.get_submodule(str(node.target)), "inplace", False))
    if node.op not in ("call_function", "call_method"):
        return False
    name = str(node.target if node.op == "call_method" else getattr(node.target, "__name__", ""))
    in_place = name.endswith("_") and not name.endswith("__")
    return in_place or node.kwargs.get("inplace") is True


@contextmanager
def evaluation_mode(module: nn.Module) -> Iterator[None]:
    """Put all of `module` into evaluation mode, and back as it was afterwards."""
    training = [part for part in module.modules() if part.training]
    module.eval()
    try:
        yield
    finally:
        for part in training:
            part.training = True


def operation_name(node: fx.Node) -> str:
    """Name a function or method as its author does: relu, add, flatten."""
    target: Any = node.target
    if isinstance(target, OpOverload):
        return str(target._schema.name.partition("::")[2]).strip("_")
    if isinstance(target, str):
        return target
    return str(getattr(target, "__name__", node.name)).strip("_")


def layer_name(node: fx.Node) -> str:
    """Path of the node's module; a function adds its name to the path of the module it is in."""
    if node.op == "call_module":
        return _without_prefix(str(node.target))
    if LEAF in node.meta:
        return _without_prefix(node.meta[LEAF])
    inside = list(node.meta.get("nn_module_stack", {}).values())[-1:]
    path = _without_prefix(inside[0][0]) if inside else ""
    return f"{path}.{operation_name(node)}".lstrip(".")


def _without_prefix(path: str) -> str:
    return path.removeprefix(PREFIX).lstrip(".")
