"""torch.fx graphs of modules that take one tensor, in evaluation mode."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, fx, nn

PREFIX = "net"


class _OneInput(nn.Module):
    """Calls a module with one tensor, so that its other arguments take their defaults."""

    def __init__(self, module: nn.Module):
        super().__init__()
        self.add_module(PREFIX, module)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.get_submodule(PREFIX)(x)
        return result


def symbolic_graph(module: nn.Module) -> fx.GraphModule:
    """Trace `module` (under the name `PREFIX`) and drop operations that nothing reads."""
    wrapper = _OneInput(module)
    graph_module = fx.GraphModule(wrapper, fx.Tracer().trace(wrapper))
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
    if isinstance(node.target, str):
        return node.target
    return str(getattr(node.target, "__name__", node.name)).strip("_")


def layer_name(node: fx.Node) -> str:
    """Path of the node's module; a function adds its name to the path of the module it is in."""
    if node.op == "call_module":
        return str(node.target).removeprefix(PREFIX).lstrip(".")
    inside = list(node.meta.get("nn_module_stack", {}))[-1:]
    path = inside[0].split("@")[0].removeprefix(PREFIX).lstrip(".") if inside else ""
    return f"{path}.{operation_name(node)}".lstrip(".")
