"""Profile files made up for tests: latencies from a formula, exact to the digit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from splitbench.problems.networks.network import load_network


def band(seconds: Any, spread: float = 0.01) -> dict[str, Any]:
    """Return medians with symmetrical intervals; a number or a list."""
    if isinstance(seconds, list):
        low, high = ([factor * x for x in seconds] for factor in (1 - spread, 1 + spread))
        return {"median_s": seconds, "low_s": low, "high_s": high}
    return {
        "median_s": seconds, "low_s": (1 - spread) * seconds, "high_s": (1 + spread) * seconds
    }  # fmt: skip


def dnn_object(
    dnn: str, threads: Sequence[int], whole_s: Callable[[int], float], power: float = 2.0
) -> dict[str, Any]:
    """Return a DNN whose share left after l layers is (1 − l/S)^power at every thread count."""
    layers = load_network(dnn).virtual_layers()
    left = [(1 - at / len(layers)) ** power for at in range(len(layers) + 1)]
    return {
        "dnn": dnn,
        "layers": list(layers.names),
        "cut_values": list(layers.values),
        "macs": list(layers.macs),
        "measured": [
            {
                "threads": k,
                "whole": band(whole_s(k)),
                "prefix": band([whole_s(k) * (1 - share) for share in left]),
                "suffix": band([whole_s(k) * share for share in left]),
            }
            for k in threads
        ],
    }


def profile_object(
    dnns: Sequence[str] = ("mobilenet_v2",),
    threads: Sequence[int] = (1, 2, 4),
    whole_s: Callable[[int], float] = lambda k: 0.1 / k + 0.02,
    cores: int = 4,
    power: float = 2.0,
) -> dict[str, Any]:
    """Return the object of a valid profile file."""
    return {
        "format": "splitbench/profile@1",
        "name": "made-up",
        "machine": {"cpu": "Test CPU", "cores": cores, "system": "Linux", "torch": "2.0"},
        "method": {
            "command": "splitbench profile", "warmup": 1, "repeats": 8, "processes": 2,
            "seconds": 1.5, "note": "made up",
        },
        "dnns": [dnn_object(dnn, threads, whole_s, power) for dnn in dnns],
        "layers": [],
    }  # fmt: skip
