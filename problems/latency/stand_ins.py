"""Which measurements stand for a network, as one line of `data/latency/networks.csv`."""

from __future__ import annotations

import csv
from functools import cache
from math import prod
from typing import NamedTuple

from splitbench.problems.package_paths import DATA

_PATH = DATA / "latency" / "networks.csv"


class StandIn(NamedTuple):
    """The measurements that stand for a network.

    Attributes
    ----------
    measured_as
        The network whose measurements are taken.
    factor
        How many times longer this network takes than that one.
    framework_factor
        How many times longer PyTorch takes than ncnn for `measured_as`; None: not measured.
    note
        Why that is fair; empty where it was measured itself.
    """

    measured_as: str
    factor: float = 1.0
    framework_factor: float | None = None
    note: str = ""


def stand_in(network: str) -> StandIn:
    """Return what stands for a network: itself, as measured, where the file has no line on it."""
    return stand_ins().get(network, StandIn(network, 1.0, _framework_factors().get(network)))


@cache
def stand_ins() -> dict[str, StandIn]:
    """Return the lines of the file by network, in its order."""
    with _PATH.open(encoding="utf-8", newline="") as file:
        return {row["network"]: _stand_in(row) for row in csv.DictReader(file)}


def framework_factor(dnn: str) -> float:
    """Return how many times longer PyTorch takes for `dnn` than ncnn, on both ends alike.

    Measured for four networks on a Raspberry Pi 4 (1.7–3), VGG-16-BN and ResNet-34 after their
    family; the geometric mean of the four for every other network, an assumption.
    """
    known = stand_in(dnn).framework_factor
    if known is not None:
        return known
    ratios = _framework_factors().values()
    return float(prod(ratios) ** (1 / len(ratios)))


def _stand_in(row: dict[str, str]) -> StandIn:
    ratio = float(row["pytorch_ms"]) / float(row["ncnn_ms"]) if row["ncnn_ms"] else None
    return StandIn(row["measured_as"], float(row["factor"]), ratio, row["note"])


@cache
def _framework_factors() -> dict[str, float]:
    """Return the framework factors by the network that was measured."""
    found = {line.measured_as: line.framework_factor for line in stand_ins().values()}
    return {network: ratio for network, ratio in found.items() if ratio is not None}
