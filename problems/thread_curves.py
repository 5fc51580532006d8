"""Latency of a whole DNN over server threads: D_n(k), Eq. 7 or a measured table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from splitbench.problems.arrays import Floats, Ints
from splitbench.problems.equations import thread_latency_s


class ThreadCurve(Protocol):
    """D(k): seconds of one inference of the whole DNN on k server threads."""

    @property
    def max_threads(self) -> int | None:
        """Largest k the curve is defined for; None where every k ≥ 1 is."""

    def seconds(self, threads: Ints) -> Floats:
        """Return D(k) in seconds for thread counts ≥ 1 of any shape."""


@dataclass(frozen=True)
class Exp2Curve:
    """Eq. 7: D(k) = c0·exp(c1·k) + c2·exp(c3·k), in seconds."""

    c0: float
    c1: float
    c2: float
    c3: float

    @property
    def max_threads(self) -> None:
        """Every k is in the curve's range."""
        return None

    def seconds(self, threads: Ints) -> Floats:
        """Return D(k) in seconds, in the shape of `threads`."""
        k = np.asarray(threads, dtype=np.float64)
        return thread_latency_s(k, self.c0, self.c1, self.c2, self.c3)


@dataclass(frozen=True)
class TableCurve:
    """Measured D(1), D(2), … in seconds; its length bounds k. Need not be monotone."""

    table_s: tuple[float, ...]

    @property
    def max_threads(self) -> int:
        """Return the length of the table."""
        return len(self.table_s)

    def seconds(self, threads: Ints) -> Floats:
        """Return D(k) in seconds; NaN where k lies outside the table."""
        k = np.asarray(threads, dtype=np.int64)
        table = np.asarray(self.table_s)
        inside = (k >= 1) & (k <= len(table))
        return np.where(inside, table[np.clip(k, 1, len(table)) - 1], np.nan)


def impossible_time(seconds: Floats) -> str | None:
    """Return which of D(1), D(2), …, shape (K,), is not positive and finite; None where all are."""
    bad = np.flatnonzero(~(np.isfinite(seconds) & (seconds > 0)))
    if not len(bad):
        return None
    return (
        f"got D({bad[0] + 1}) = {seconds[bad[0]]:g} s; "
        "expected seconds > 0 and finite at every thread count"
    )
