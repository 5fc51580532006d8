"""The architectures whose layer tables ship, by name; written from their papers.

Weights play no part: layer sizes and work do not depend on them, so `build` makes modules on
torch's meta device, without memory.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from splitbench.problems.errors import UnknownNameError
from splitbench.problems.networks.architectures.branch_nets import (
    densenet121,
    googlenet,
    squeezenet1_1,
)
from splitbench.problems.networks.architectures.mobile_nets import efficientnet_b0, mobilenet_v2
from splitbench.problems.networks.architectures.plain_nets import alexnet, vgg16_bn
from splitbench.problems.networks.architectures.residual_nets import resnet18, resnet34, resnet50

ARCHITECTURES: dict[str, Callable[[], nn.Module]] = {
    "alexnet": alexnet,
    "densenet121": densenet121,
    "efficientnet_b0": efficientnet_b0,
    "googlenet": googlenet,
    "mobilenet_v2": mobilenet_v2,
    "resnet18": resnet18,
    "resnet34": resnet34,
    "resnet50": resnet50,
    "squeezenet1_1": squeezenet1_1,
    "vgg16_bn": vgg16_bn,
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
