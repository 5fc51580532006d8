"""Layers run alone, for Neurosurgeon's regressions: configurations drawn from a seed.

They cover the sizes found in image networks (sides 7-224, 3-1024 maps) and are not taken from any
network that is predicted afterwards. Needs torch; imported by the worker process only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from splitbench.problems.latency.neurosurgeon_predictor import filter_work

#: How many configurations of each kind.
COUNTS = {
    "conv": 60, "grouped conv": 30, "linear": 24, "pool": 24,
    "activation": 20, "norm": 20, "add": 20,
}  # fmt: skip
SIDES = (7, 14, 28, 56, 112, 224)
MOST_VALUES = 4_000_000
MOST_MACS = 2e9


@dataclass(frozen=True, eq=False)
class LayerCase:
    """A layer to run: the configuration that is regressed on, and how to run it."""

    kind: str
    input_values: int
    output_values: int
    filter_work: float
    run: Callable[[], Tensor]


def layer_cases(seed: int) -> list[LayerCase]:
    """Return `COUNTS` configurations, drawn from `seed`; a kind's draws are its own."""
    cases = []
    for place, (kind, count) in enumerate(COUNTS.items()):
        rng = np.random.default_rng([seed, place])
        cases += [_case(kind, rng) for _ in range(count)]
    return cases


def _case(kind: str, rng: np.random.Generator) -> LayerCase:
    if kind == "linear":
        return _linear(rng)
    side, maps = _image(rng)
    x = torch.randn(1, maps, side, side)
    if kind in ("conv", "grouped conv"):
        return _conv(kind, x, rng)
    if kind == "pool":
        return _pool(x, rng)
    if kind == "add":
        y = torch.randn_like(x)
        return LayerCase(kind, 2 * x.numel(), x.numel(), 0.0, lambda: x + y)
    module = (nn.ReLU() if kind == "activation" else nn.BatchNorm2d(maps)).eval()
    return LayerCase(kind, x.numel(), x.numel(), 0.0, lambda: module(x))


def _image(rng: np.random.Generator) -> tuple[int, int]:
    while True:
        side, maps = int(rng.choice(SIDES)), _log_uniform(rng, 3, 1024)
        if 2000 <= side * side * maps <= MOST_VALUES:
            return side, maps


def _conv(kind: str, x: Tensor, rng: np.random.Generator) -> LayerCase:
    maps, side = x.shape[1], x.shape[2]
    while True:
        grouped = kind == "grouped conv"
        filters, groups = (maps, maps) if grouped else (_log_uniform(rng, 16, 1024), 1)
        filter = int(rng.choice((3, 5) if grouped else (1, 1, 1, 1, 3, 3, 3, 3, 5, 7)))
        stride = int(rng.choice((1, 2), p=(0.7, 0.3)))
        macs = (side / stride) ** 2 * filter**2 * maps * filters / groups
        if macs <= MOST_MACS and (side / stride) ** 2 * filters <= MOST_VALUES:
            break
    module = nn.Conv2d(maps, filters, filter, stride, filter // 2, groups=groups, bias=False).eval()
    work = filter_work(filter, stride, filters, groups)
    return LayerCase(kind, x.numel(), module(x).numel(), work, lambda: module(x))


def _pool(x: Tensor, rng: np.random.Generator) -> LayerCase:
    module: nn.Module = (
        nn.AdaptiveAvgPool2d(1)
        if rng.random() < 0.2
        else nn.MaxPool2d(int(rng.choice((2, 3))), 2, ceil_mode=True)
    )
    return LayerCase("pool", x.numel(), module(x).numel(), 0.0, lambda: module(x))


def _linear(rng: np.random.Generator) -> LayerCase:
    inputs, outputs = _log_uniform(rng, 256, 25088), _log_uniform(rng, 10, 4096)
    module, x = nn.Linear(inputs, outputs).eval(), torch.randn(1, inputs)
    return LayerCase("linear", inputs, outputs, 0.0, lambda: module(x))


def _log_uniform(rng: np.random.Generator, low: int, high: int) -> int:
    return round(float(np.exp(rng.uniform(np.log(low), np.log(high)))))
