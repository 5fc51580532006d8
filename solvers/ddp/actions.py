"""From a network's output to partitions: Eq. 19, on all virtual layers or on merged ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from splitbench.problems import Device, Fleet
from splitbench.problems.arrays import Floats, Ints, Mask

Mapping = Literal["corrected", "printed"]
VirtualLayers = Literal["merged", "all"]


def merged_cuts(device: Device) -> tuple[int, ...]:
    """Return the cuts that are left when virtual layers are merged, ascending.

    The rule is ours; the paper says only that a virtual layer "consists of multiple layers in
    series or parallel". A layer is merged with the next one where cutting behind it sends no less
    than some earlier cut. So l = 0, l = S and each l that sends less than every earlier cut stay.
    Running further on the device to send more pays only where the device is faster than the
    server.
    """
    chosen, least = [0], device.cut_bits[0]
    for index, bits in enumerate(device.cut_bits):
        if bits < least:
            chosen.append(index)
            least = bits
    if chosen[-1] != device.layers:  # an earlier cut sends nothing either
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
    def of(cls, fleet: Fleet, virtual_layers: VirtualLayers = "merged") -> ActionSet:
        """Return the cuts 0..S_n of each device, or those that merged layers leave."""
        choices = [
            merged_cuts(device) if virtual_layers == "merged" else tuple(range(device.layers + 1))
            for device in fleet.devices
        ]
        width = max(map(len, choices))
        padded = [row + (row[-1],) * (width - len(row)) for row in choices]
        return cls(np.array(padded), np.array([len(row) for row in choices]))

    @property
    def mask(self) -> Mask:
        """Which entries of `partitions` are choices and no padding, shape (N, A)."""
        return np.arange(self.partitions.shape[1]) < self.sizes[:, None]

    def index(self, action: ArrayLike, mapping: Mapping = "corrected") -> Ints:
        """Map tanh P_n in [−1, 1], shape (…, N), to the numbers of choices (Eq. 19).

        With S + 1 choices 0..S: `printed` is ⌊(tanh P + 1)/2·S⌋, whose last choice needs
        tanh P = 1 exactly; `corrected` gives every choice an interval of one length.
        """
        last = self.sizes - 1
        share = (np.asarray(action, dtype=np.float64) + 1.0) / 2.0
        steps = last if mapping == "printed" else last + 1
        chosen: Ints = np.clip(np.floor(share * steps).astype(np.int64), 0, last)
        return chosen

    def decode(self, action: ArrayLike, mapping: Mapping = "corrected") -> Ints:
        """Map tanh P_n in [−1, 1], shape (…, N), to partitions (Eq. 19)."""
        return self.chosen(self.index(action, mapping))

    def chosen(self, index: Ints) -> Ints:
        """Return the partitions of choices numbered from 0, shape (…, N)."""
        partition: Ints = self.partitions[np.arange(len(self.sizes)), index]
        return partition

    def centres(self, mapping: Mapping = "corrected") -> Floats:
        """Return the tanh P in the middle of each choice's interval of Eq. 19, shape (N, A).

        As printed the last choice has no interval: its centre is 1. Padding repeats the last.
        """
        last = self.sizes[:, None] - 1
        number = np.minimum(np.arange(self.partitions.shape[1]), last)
        steps = np.maximum(last if mapping == "printed" else last + 1, 1)
        return np.minimum((2.0 * number + 1.0) / steps - 1.0, 1.0)

    def neighbours(self, partition: Ints, device: int) -> Ints:
        """Return the nearest choices below and above a device's partition."""
        choices = self.partitions[device, : self.sizes[device]]
        held = partition[device]
        below, above = choices[choices < held], choices[choices > held]
        return np.concatenate([below[-1:], above[:1]])
