"""The networks in torch; `solvers.ddp.policies.inference` has the same passes in numpy."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from splitbench.solvers.ddp.observations import CUT_FEATURES, DEVICE_FEATURES
from splitbench.solvers.ddp.policies.inference import SLOPE


def dense(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """Return two hidden layers with ReLU between the layers."""
    return nn.Sequential(
        nn.Linear(inputs, hidden),
        nn.ReLU(),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
        nn.Linear(hidden, outputs),
    )


class Actor(nn.Module):
    """π(s | θ_π): P_n for each device, or a score for each layer of each device.

    Initial outputs are near 0: P_n in the middle of its range, all scores equal.
    """

    def __init__(self, inputs: int, outputs: int, hidden: int):
        super().__init__()
        self.net = dense(inputs, hidden, outputs)
        last = self.net[-1]
        with torch.no_grad():
            for weight in last.parameters():
                weight.mul_(0.1)

    def forward(self, state: Tensor) -> Tensor:
        """Return P, shape (batch, N), of which Eq. 19 takes tanh; or scores, (batch, N·A)."""
        output: Tensor = self.net(state)
        return output


class SharedNet(nn.Module):
    """One network for every device: a score for each of its merged cuts.

    Cuts are embedded one by one, pooled to their device, devices to the fleet (a mean, so any N
    will do); a cut is scored from itself, its device and the fleet.
    """

    def __init__(self, hidden: int):
        super().__init__()
        self.cut = nn.Sequential(
            nn.Linear(CUT_FEATURES + DEVICE_FEATURES, hidden),
            nn.LeakyReLU(SLOPE),
            nn.Linear(hidden, hidden),
        )
        self.device = nn.Sequential(nn.Linear(2 * hidden, hidden))
        self.score = nn.Sequential(
            nn.Linear(3 * hidden, hidden), nn.LeakyReLU(SLOPE), nn.Linear(hidden, 1)
        )

    def forward(self, cuts: Tensor, devices: Tensor, mask: Tensor) -> Tensor:
        """Return scores, shape (batch, N, A); very low where `mask`, shape (N, A), is false."""
        width = cuts.shape[2]
        beside = devices[:, :, None, :].expand(-1, -1, width, -1)
        hidden = leaky_relu(self.cut(torch.cat([cuts, beside], dim=-1)), SLOPE)
        weight = mask[None, :, :, None].float()
        kept = hidden * weight
        pooled = torch.cat([kept.sum(2) / weight.sum(2), kept.max(2).values], dim=-1)
        device = leaky_relu(self.device(pooled), SLOPE)
        fleet = device.mean(1, keepdim=True).expand_as(device)
        around = torch.cat([device, fleet], dim=-1)[:, :, None, :].expand(-1, -1, width, -1)
        scores: Tensor = self.score(torch.cat([hidden, around], dim=-1))[..., 0]
        return scores.masked_fill(~mask, -1e9)
