"""Forward passes of trained networks in numpy: a run needs no torch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from splitbench.problems.arrays import Mask, Singles

Weights = Mapping[str, Singles]

#: Slope of the shared network's leaky ReLUs below 0: with plain ReLUs all units that describe the
#: fleet can die in the first hundred updates, and the network then ignores the other devices.
SLOPE = 0.1


def joint_actor(weights: Weights, observation: Singles) -> Singles:
    """Return the joint actor's output from observations of shape (E, 3N + 1).

    It is P, shape (E, N), or a score for each layer of each device, shape (E, N·A).
    """
    return _layers(weights, "net", observation, 0.0)


def shared_scores(weights: Weights, cuts: Singles, devices: Singles, mask: Mask) -> Singles:
    """Return each cut's score, shape (E, N, A); −inf where `mask`, shape (N, A), is false."""
    width = cuts.shape[2]
    beside = np.repeat(devices[:, :, None, :], width, axis=2)
    hidden = _leaky(_layers(weights, "cut", np.concatenate([cuts, beside], axis=-1)))
    weight = mask[..., None].astype(np.float32)
    kept = hidden * weight
    pooled = np.concatenate([kept.sum(axis=2) / weight.sum(axis=1), kept.max(axis=2)], axis=-1)
    device = _leaky(_layers(weights, "device", pooled))
    fleet = np.broadcast_to(device.mean(axis=1, keepdims=True), device.shape)
    both = np.concatenate([device, fleet], axis=-1)
    around = np.repeat(both[:, :, None, :], width, axis=2)
    scores = _layers(weights, "score", np.concatenate([hidden, around], axis=-1))[..., 0]
    return np.where(mask, scores, -np.inf).astype(np.float32)


def _leaky(values: Singles, slope: float = SLOPE) -> Singles:
    bent: Singles = np.maximum(values, np.float32(slope) * values)
    return bent


def _layers(weights: Weights, name: str, values: Singles, slope: float = SLOPE) -> Singles:
    """Linear layers of one block with (leaky) ReLU between them, numbered as torch numbers them."""
    index = 0
    while f"{name}.{index}.weight" in weights:
        if index:
            values = _leaky(values, slope)
        values = values @ weights[f"{name}.{index}.weight"].T + weights[f"{name}.{index}.bias"]
        index += 2
    return values
