"""The architectures whose layer tables ship, by name; written from their papers.

Weights play no part: layer sizes and work do not depend on them, so `build` makes modules on
torch's meta device, without memory.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from splitbench.problems.errors import UnknownNameError
from splitbench.problems.networks.architectures import (
    branch_nets,
    mobile_nets,
    plain_nets,
    residual_nets,
)

#: Every public function of these modules that returns a whole network, by its name.
ARCHITECTURES: dict[str, Callable[[], nn.Module]] = {
    name: made
    for module in (branch_nets, mobile_nets, plain_nets, residual_nets)
    for name, made in vars(module).items()
    if not name.startswith("_") and "classes" in getattr(made, "__annotations__", ())
}


def build(name: str, *, device: str = "meta") -> nn.Module:
    """Return the module of that name (randomly initialised unless on the meta device).

    Raises
    ------
    UnknownNameError
        No such architecture.
    """
    if name not in ARCHITECTURES:
        raise UnknownNameError("architecture", name, ARCHITECTURES)
    with torch.device(device):
        return ARCHITECTURES[name]()


def example_input(device: str = "meta") -> Tensor:
    """One RGB image of 224×224, the input of all of them; shape (1, 3, 224, 224)."""
    return torch.zeros(1, 3, 224, 224, device=device)
