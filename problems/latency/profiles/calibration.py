"""Numbers of a device kind that are set by hand instead of taken from profiles."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import isfinite

import numpy as np

from splitbench.problems.errors import InputError, did_you_mean
from splitbench.problems.networks.virtual_layers import VirtualLayers
from splitbench.problems.thread_curves import TableCurve, ThreadCurve

#: Threads up to which an Amdahl server is written out.
MOST_THREADS = 64


@dataclass(frozen=True)
class Calibration:
    """What is set for one kind of device; None: as its profiles say.

    Attributes
    ----------
    device_s
        D_loc, seconds of the whole DNN on the device.
    merged_layers
        A number of blocks that the chain of layers is merged to, or the layers behind which a
        cut stays, joined by colons (`pool1:pool2`); see `kept_cuts`.
    server_s
        D(1), seconds of the whole DNN on one server thread. Without `serial_share` the profile's
        curve is scaled to it.
    serial_share
        s of Amdahl's law, D(k) = D(1)·(s + (1 − s)/k), in place of the profile's curve; without
        `server_s`, D(1) is the profile's.
    input_bits_per_value
        How the DNN's input is coded: 32 for float32, 8 for bytes.
    source
        Where the numbers come from.

    Raises
    ------
    InputError
        A number out of its range.
    """

    device_s: float | None = None
    merged_layers: str | None = None
    server_s: float | None = None
    serial_share: float | None = None
    input_bits_per_value: float | None = None
    source: str = ""

    def __post_init__(self) -> None:
        for name in ("device_s", "server_s", "input_bits_per_value"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 1e9:
                raise InputError(f"{name}: got {value:g}; expected a number > 0")
        share = self.serial_share
        if share is not None and not (isfinite(share) and 0 <= share <= 1):
            raise InputError(f"serial_share: got {share:g}; expected 0 to 1")

    @property
    def words(self) -> str:
        """What is set and where it comes from, in words; empty where nothing is."""
        known = [f"{name}={value}" for name, value in vars(self).items()
                 if value is not None and name != "source"]  # fmt: skip
        return f"{', '.join(known)} ({self.source})" if known else ""

    def curve(self, profile: ThreadCurve, server_scale: float = 1.0) -> ThreadCurve:
        """Return D(k) of the whole DNN, where `profile` is the server's own, already scaled."""
        if self.server_s is None and self.serial_share is None:
            return profile
        measured_s = float(profile.seconds(np.array(1)))
        one_s = measured_s if self.server_s is None else server_scale * self.server_s
        k = np.arange(1, (profile.max_threads or MOST_THREADS) + 1)
        if self.serial_share is None:
            table = one_s / measured_s * profile.seconds(k)
        else:
            table = one_s * (self.serial_share + (1.0 - self.serial_share) / k)
        return TableCurve(tuple(table.tolist()))

    def cuts(self, layers: VirtualLayers) -> tuple[int, ...]:
        """Return the cuts l that stay, from 0 to S: all, or those of the merged layers."""
        if self.merged_layers is None:
            return tuple(range(len(layers) + 1))
        return kept_cuts(layers, self.merged_layers)


#: Nothing set: everything as the profiles say.
AS_PROFILED = Calibration()


def kept_cuts(layers: VirtualLayers, wanted: str) -> tuple[int, ...]:
    """Return the cuts that stay where consecutive layers are merged, 0 and S included.

    The paper's virtual layer "consists of multiple layers in series or parallel"; it does not say
    which layers.

    Parameters
    ----------
    wanted
        Names of the layers behind which a cut is kept, joined by colons; or a number B of blocks.
        Then the B − 1 cuts that send least are kept. Only cuts that send less than every inner cut
        before them are considered.

    Raises
    ------
    InputError
        A layer that is not there, or more blocks than there are such cuts.
    """
    if wanted.isdecimal():
        inner = _least_cuts(layers, int(wanted))
    else:
        inner = []
        for name in wanted.split(":"):
            if name not in layers.names[:-1]:
                raise InputError(f"merged_layers: got {name!r}{did_you_mean(name, layers.names)}")
            inner.append(layers.names.index(name) + 1)
        if inner != sorted(set(inner)):
            raise InputError(f"merged_layers: got {wanted}; expected layers in their order")
    return (0, *inner, len(layers))


def merge(layers: VirtualLayers, cuts: tuple[int, ...]) -> VirtualLayers:
    """Return the chain with only the given cuts, from 0 to S."""
    spans = list(pairwise(cuts))
    return VirtualLayers(
        names=tuple(layers.names[end - 1] for _, end in spans),
        members=tuple(
            tuple(name for one in layers.members[start:end] for name in one) for start, end in spans
        ),
        values=tuple(layers.values[cut] for cut in cuts),
        macs=tuple(sum(layers.macs[start:end]) for start, end in spans),
    )


def _least_cuts(layers: VirtualLayers, blocks: int) -> list[int]:
    inner = layers.values[1:-1]
    falling = [
        index + 1
        for index, value in enumerate(inner)
        if value < min(inner[:index], default=value + 1)
    ]
    if not 1 <= blocks <= len(falling) + 1:
        raise InputError(
            f"merged_layers: got {blocks}; expected 1 to {len(falling) + 1} blocks, or names of "
            "layers joined by colons"
        )
    return falling[len(falling) + 1 - blocks :]
