"""From a network's output to partitions: Eq. 19, on layers or on candidate cuts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from splitbench.problems import Device, Fleet
from splitbench.problems.arrays import Ints

Mapping = Literal["corrected", "printed"]
ActionKind = Literal["layers", "candidates"]


def candidate_cuts(device: Device) -> tuple[int, ...]:
    """Return l = 0, each l whose cut sends less than every earlier one, and l = S.

    Running further on the device to send more is worth it only where the device outruns the
    server, so these few hold nearly all that is ever optimal.
    """
    chosen, least = [0], device.cut_bits[0]
    for index, bits in enumerate(device.cut_bits):
        if bits < least:
            chosen.append(index)
            least = bits
    if chosen[-1] != device.layers:  # a cut before it sends nothing either
        chosen.append(device.layers)
    return tuple(chosen)


@dataclass(frozen=True)
class ActionSet:
    """The partitions each device may choose from, ascending; padded with the last one.

    Attributes
    ----------
    partitions, sizes
        Shapes (N, A) and (N,): the choices and how many of them there are.
    """

    partitions: Ints
    sizes: Ints

    @classmethod
    def of(cls, fleet: Fleet, kind: ActionKind = "layers") -> ActionSet:
        """Return every layer 0..S_n, or the candidate cuts, of each device."""
        choices = [
            candidate_cuts(device) if kind == "candidates" else tuple(range(device.layers + 1))
            for device in fleet.devices
        ]
        width = max(map(len, choices))
        padded = [row + (row[-1],) * (width - len(row)) for row in choices]
        return cls(np.array(padded), np.array([len(row) for row in choices]))

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Which entries of `partitions` are choices and no padding, shape (N, A)."""
        return np.arange(self.partitions.shape[1]) < self.sizes[:, None]

    def decode(self, action: ArrayLike, mapping: Mapping = "corrected") -> Ints:
        """Map tanh P_n in [−1, 1], shape (…, N), to partitions (Eq. 19).

        With S + 1 choices 0..S: `printed` is ⌊(tanh P + 1)/2·S⌋, whose last choice needs
        tanh P = 1 exactly; `corrected` gives every choice an interval of one length.
        """
        last = self.sizes - 1
        share = (np.asarray(action, dtype=np.float64) + 1.0) / 2.0
        steps = last if mapping == "printed" else last + 1
        index = np.clip(np.floor(share * steps).astype(np.int64), 0, last)
        chosen: Ints = self.partitions[np.arange(len(last)), index]
        return chosen

    def neighbours(self, partition: Ints, device: int) -> Ints:
        """Return the nearest choices below and above a device's partition."""
        choices = self.partitions[device, : self.sizes[device]]
        held = partition[device]
        below, above = choices[choices < held], choices[choices > held]
        return np.concatenate([below[-1:], above[:1]])
