"""Virtual layers: the chain that a DAG of layers forms between its cut points.

A cut point is a layer behind which all data passes through one tensor (an articulation of the
DAG). Layers between two cut points, in series or parallel, are one virtual layer.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from splitbench.problems.arrays import Floats
from splitbench.problems.errors import InputError


@dataclass(frozen=True)
class VirtualLayers:
    """S virtual layers and the tensors at their S + 1 cuts; cut l has layers 1..l on the device.

    `names` (S) are the layers whose output is cut; `members` (S) all layers of each virtual layer;
    `values` (S + 1) the number of values sent at cut l: the DNN's input at l = 0, nothing at
    l = S; `macs` (S) the multiply-accumulates of each virtual layer.
    """

    names: tuple[str, ...]
    members: tuple[tuple[str, ...], ...]
    values: tuple[int, ...]
    macs: tuple[int, ...]

    def __len__(self) -> int:
        """S, the number of virtual layers."""
        return len(self.names)

    def cut_bits(
        self, bits_per_value: float = 32, input_bits_per_value: float | None = None
    ) -> Floats:
        """Bits sent at l = 0..S (shape S + 1); the input may be coded with bits of its own.

        Raises
        ------
        InputError
            Bits per value that are not a positive finite number.
        """
        bits = np.array(self.values, dtype=np.float64) * positive_bits(bits_per_value)
        if input_bits_per_value is not None:
            bits[0] = self.values[0] * positive_bits(input_bits_per_value)
        return bits

    def mac_share(self) -> Floats:
        """Share of all MACs that layers 1..l hold, l = 0..S (shape S + 1), from 0 to 1.

        Raises
        ------
        InputError
            The network has no MACs to share out.
        """
        total = sum(self.macs)
        if total == 0:
            raise InputError("macs: got 0 in all layers; expected a layer with MACs to share out")
        return np.cumsum([0, *self.macs]) / total


def positive_bits(bits_per_value: float) -> float:
    """Return `bits_per_value`, or raise an InputError where it is no positive finite number."""
    if not 0 < bits_per_value < float("inf"):
        raise InputError(f"bits per value: got {bits_per_value}; expected a number > 0, such as 32")
    return bits_per_value


def cut_positions(reads: Sequence[Sequence[int]], results: Collection[int] = ()) -> tuple[int, ...]:
    """Return the positions behind which all data passes through one tensor, the last included.

    `reads[p]` are the positions that the layer at position p of a topological order reads, none
    if it reads the input. `results` are positions of tensors that are results of the network
    though layers read them. Results count as read at the very end, as does what no layer reads:
    they cross every later cut. So the answer does not depend on which topological order is given.
    O(layers + edges).
    """
    count = len(reads)
    last_reader = [count] * count
    for position, sources in enumerate(reads):
        for source in sources:
            last_reader[source] = position  # positions only grow, so the last write stays
    for position in results:
        last_reader[position] = count
    farthest = max(position for position, sources in enumerate(reads) if not sources)
    cuts = []
    for position in range(count):
        if farthest <= position or position == count - 1:
            cuts.append(position)
        farthest = max(farthest, last_reader[position])
    return tuple(cuts)
