"""How the critic moves the actor: line 14 of Algorithm 2, and what replaces it.

Each function returns the loss of one minibatch. The critic's weights are held fixed by the
caller, who steps the actor alone. Q is a step function of the actor's output (Eq. 19), and good
cuts lie next to very bad ones. So the printed gradient points to the nearest hill at best.
"""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor

from splitbench.solvers.ddp.training.critics import Critic, LayerCentres

#: Share of the secant step that does not depend on what it gains.
_LEAST_STEP = 0.02


def plain(critic: Critic, state: Tensor, action: Tensor) -> Tensor:
    """As printed: the loss is −Q(s, π(s)), whose gradient is ∇_a Q · ∇_θ π."""
    value: Tensor = critic(state, action)
    return -value.mean()


def smoothed(
    critic: Critic, layers: LayerCentres, mask: Tensor, state: Tensor, action: Tensor, noise: float
) -> Tensor:
    """The gradient of mean Q where each tanh P_n carries normal noise, one device at a time.

    A layer counts with the probability that the noise takes tanh P_n into its interval.
    """
    with torch.no_grad():
        value = critic.by_layer(state, action)
    half = 1.0 / layers.steps[:, None]
    first = torch.arange(layers.centres.shape[1]) == 0
    final = torch.arange(layers.centres.shape[1]) == layers.last[:, None]
    low = torch.where(first, -1e3, layers.centres - half)
    high = torch.where(final, 1e3, layers.centres + half)
    scale = noise * sqrt(2.0)
    reach = torch.erf((high - action[..., None]) / scale) - torch.erf(
        (low - action[..., None]) / scale
    )
    return -(0.5 * reach * value * mask).sum((1, 2)).mean()


def secant(
    critic: Critic,
    layers: LayerCentres,
    mask: Tensor,
    state: Tensor,
    output: Tensor,
    output_centres: Tensor,
) -> Tensor:
    """Move each P_n straight to the layer that the critic rates highest, whatever lies between.

    With the other devices as the actor has them, l* is the layer of the highest Q. The loss is
    Σ_n (gain_n/RMS_n + 0.02)·|P_n − P(l*)|, with P(l*) the centre of its interval and RMS_n the
    root mean square of the device's gains in the minibatch.
    """
    action = torch.tanh(output)
    with torch.no_grad():
        value = critic.by_layer(state, action).masked_fill(~mask, -torch.inf)
        best, where = value.max(2)
        place = ((action + 1.0) / 2.0 * layers.steps).floor().clamp(min=0.0)
        held = torch.minimum(place, layers.last).long()
        gain = best - value.gather(2, held[..., None])[..., 0]
        weight = gain / gain.square().mean(0).sqrt().clamp(min=1e-9) + _LEAST_STEP
        wanted = output_centres.expand(len(state), -1, -1).gather(2, where[..., None])[..., 0]
    return (weight * (output - wanted).abs()).sum(1).mean()


def expected_table(
    critic: Critic, mask: Tensor, state: Tensor, scores: Tensor, action: Tensor, entropy: float
) -> Tensor:
    """For an actor with a score a layer: −Σ_n softmax(scores_n)·Q_n − entropy·H(softmax).

    Q_n are the critic's values of device n's layers with the other devices as the actor has them.
    """
    with torch.no_grad():
        value = critic.by_layer(state, action)
        value = value - value.amax(2, keepdim=True)
    log_share = torch.log_softmax(scores.masked_fill(~mask, -1e9), dim=2)
    share = log_share.exp()
    spread = -(share * log_share).masked_fill(~mask, 0.0).sum(2)
    gain = (share * value).masked_fill(~mask, 0.0).sum(2) + entropy * spread
    return -gain.sum(1).mean()
