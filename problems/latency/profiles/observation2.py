"""Observation 2, tested: is the share of a DNN that is left after l layers really 1 − l/S?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from splitbench.problems.arrays import Floats
from splitbench.problems.latency.profiles.measured_dnn import MeasuredDnn


@dataclass(frozen=True, eq=False)
class Observation2:
    """A DNN's measured latency ratio against l/S and against its share of MACs.

    `ratio`, shape (S + 1,): measured suffix over whole, as it is, for l = 0..S. The errors are
    the largest |ratio − share| over l, `linear_worst` is where Eq. 8's is.
    """

    dnn: str
    threads: int
    ratio: Floats
    linear: Floats
    macs: Floats

    @property
    def linear_error(self) -> float:
        """Largest error of Eq. 8's share, 1 − l/S."""
        return float(np.abs(self.ratio - self.linear).max())

    @property
    def linear_worst(self) -> int:
        """The cut l of that error."""
        return int(np.abs(self.ratio - self.linear).argmax())

    @property
    def macs_error(self) -> float:
        """Largest error of the share of multiply-accumulates."""
        return float(np.abs(self.ratio - self.macs).max())

    def share_words(self, split: str) -> str:
        """Say what `linear`, `macs` or `measured` shares are, and how far off the measured ones."""
        if split == "measured":
            return f"as measured at k = {self.threads}"
        words, error = {
            "linear": ("1 − l/S (Eq. 8)", self.linear_error),
            "macs": ("those of MACs", self.macs_error),
        }[split]
        return f"{words}, at most {error:.2f} off those measured at k = {self.threads}"

    def as_dict(self) -> dict[str, Any]:
        """Return the errors as a JSON object."""
        return {
            "largest_error_linear": self.linear_error, "at_l": self.linear_worst,
            "largest_error_macs": self.macs_error,
        }  # fmt: skip


def observation2(dnn: MeasuredDnn, threads: int | None = None) -> Observation2:
    """Compare measured splits with Eq. 8, at a measured count (default: `split_run`'s)."""
    run = dnn.split_run if threads is None else dnn.run(threads)
    layers = len(dnn.layers)
    return Observation2(
        dnn.dnn,
        run.threads,
        run.suffix.median_s / run.suffix.median_s[0],
        1.0 - np.arange(layers + 1) / layers,
        1.0 - dnn.layers.mac_share(),
    )
