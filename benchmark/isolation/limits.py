"""Limits of a cell."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits on the resources of a cell.

    Attributes
    ----------
    timeout_s
        Wall-clock seconds of a cell (a whole episode, or one instance).
    memory_bytes
        Memory of a worker with its children.
    """

    timeout_s: float | None = 600.0
    memory_bytes: int | None = 4 * 2**30
