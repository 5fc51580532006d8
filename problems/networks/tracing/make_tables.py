"""Write the layer tables that ship: `python tools/write_data.py networks
[NAME…]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from splitbench.problems.networks.architectures.architectures import (
    ARCHITECTURES,
    build,
    example_input,
)
from splitbench.problems.networks.layer_graph import LayerGraph
from splitbench.problems.networks.network import TABLES, network_text
from splitbench.problems.networks.tracing.trace import trace_module


def traced(name: str) -> LayerGraph:
    """Trace the architecture of that name on one 224×224 image."""
    return trace_module(build(name), example_input(), name)


def write_tables(names: Sequence[str] = (), folder: Path = TABLES) -> list[Path]:
    """Trace the named architectures (default: all), write their tables, return their paths.

    Raises
    ------
    UnknownNameError
        No such architecture.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in names or sorted(ARCHITECTURES):
        path = folder / f"{name}.json"
        path.write_text(network_text(traced(name)), encoding="utf-8")
        written.append(path)
    return written
