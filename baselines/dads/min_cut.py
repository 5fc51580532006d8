"""The flow network of DADS: its minimum cut is the cheapest split of a layer DAG.

Hu et al., "Dynamic Adaptive DNN Surgery for Inference Acceleration on the Edge" (INFOCOM 2019),
with two additions without which a minimum cut need not be a split: the input is pinned to the
device, and a layer on the device forbids its predecessors on the server (no hand-back).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from splitbench.problems.arrays import Floats, Mask
from splitbench.problems.errors import InputError, SplitbenchError
from splitbench.problems.networks.dag import LayerDag

_ROOM = 2.0**61  # integer capacities out of the source add up to less than an int64 holds
_PRECISION = 1e-11  # relative; far below what anyone can measure, far above float noise


class CutNetwork:
    """Flow network over one DAG of n layers, to be cut under changing costs.

    Nodes: layers 0..n-1, then v_0 (n), the relays v'_i of tensors with several readers, the
    device e (source) and the server c (sink). Tensors 0..n-1 are the layers' outputs, n the input.

    Parameters
    ----------
    dag
        The DAG; its times and sizes are not used here, only its shape.
    forbid_hand_back
        Leave this on: off is the published construction, which can undercount.
    """

    def __init__(self, dag: LayerDag, *, forbid_hand_back: bool = True):
        self.layers = n = len(dag)
        edges = [(source, layer) for layer, reads in enumerate(dag.reads) for source in reads]
        edges += [
            (n, layer)
            for layer, reads in enumerate(dag.reads)
            if not reads and not dag.layers[layer].constant
        ]
        self._corners = dag.must_stay, ~dag.must_leave
        pairs: NDArray[Any] = np.array(edges, dtype=np.int32).reshape(-1, 2)
        self.tensors, self.readers = pairs.T
        self._sent = np.unique(self.tensors)  # tensors with a reader
        self._build(forbid_hand_back)

    def _build(self, forbid_hand_back: bool) -> None:
        from ortools.graph.python.max_flow import SimpleMaxFlow

        n, tensors, readers = self.layers, self.tensors, self.readers
        counts = np.bincount(tensors, minlength=n + 1)
        relay = np.full(n + 1, -1, dtype=np.int32)
        several = np.flatnonzero(counts > 1)
        relay[several] = n + 1 + np.arange(len(several))
        self.device = e = n + 1 + len(several)
        self.server = c = e + 1
        only_reader = np.zeros(n + 1, dtype=np.int32)
        only_reader[tensors] = readers  # meant where there is one reader
        nodes = np.arange(n)
        fan_out = counts[tensors] > 1
        backwards = (tensors < n) & forbid_hand_back
        tails = [nodes, np.full(n, e), self._sent, [e], relay[tensors[fan_out]], readers[backwards]]
        sent_to = np.where(counts > 1, relay, only_reader)[self._sent]
        heads = [np.full(n, c), nodes, sent_to, [n], readers[fan_out], tensors[backwards]]
        self._flow = SimpleMaxFlow()
        ends = (np.concatenate(side).astype(np.int32) for side in (tails, heads))
        self._arcs = self._flow.add_arcs_with_capacity(
            *ends, np.zeros(sum(map(len, tails)), dtype=np.int64)
        )

    def cheapest(self, device: Floats, link: Floats, server: Floats) -> Mask:
        """Return which layers stay on the device (shape n) in a cut of least total cost.

        `device` and `server` (shape n) are the costs of a layer on either side, `link` (n + 1)
        those of sending each tensor, the input last; all ≥ 0. The cut is cheapest but for a
        relative 1e-11. Max-flow wants integers, so costs are scaled by the best cut known and
        rounded up; where the cut found costs far less, costs are scaled again.

        Raises
        ------
        InputError
            Costs so large that their sum is no finite float.
        """
        best, bound = self._better_corner(device, link, server)
        while bound > 0.0:
            with np.errstate(over="ignore"):  # what is far above the bound is not affordable
                relative = np.concatenate([device, server, link[self._sent]]) / bound
            from_source = np.minimum(relative[self.layers : 2 * self.layers], 1.0).sum()
            scale = _ROOM / (from_source + 2.0)
            found = self._solve(relative, scale)
            cost = self.cost(found, device, link, server)
            if cost < bound:
                best = found
            rounding = len(self._arcs) * bound / scale
            if rounding <= _PRECISION * cost or cost > bound / 2:
                break
            bound = cost
        return best

    def cost(self, on_device: Mask, device: Floats, link: Floats, server: Floats) -> float:
        """Sum of all costs of a split."""
        return float(sum(self.stages(on_device, device, link, server)))

    def stages(
        self, on_device: Mask, device: Floats, link: Floats, server: Floats
    ) -> tuple[float, float, float]:
        """Device, link and server costs of a split; a tensor read several times is sent once."""
        has = np.append(on_device, True)  # the input is on the device
        crossing = has[self.tensors] & ~on_device[self.readers]
        sent = np.unique(self.tensors[crossing])
        return (
            float(device[on_device].sum()),
            float(link[sent].sum()),
            float(server[~on_device].sum()),
        )

    def _better_corner(self, device: Floats, link: Floats, server: Floats) -> tuple[Mask, float]:
        """The cheaper of as little and as much on the device as the pins allow, and its cost."""
        with np.errstate(over="ignore"):
            costs = [self.cost(corner, device, link, server) for corner in self._corners]
        if not np.isfinite(min(costs)):
            raise InputError(
                "device_s and server_s: their sums are no finite numbers; expected seconds"
            )
        chosen = 1 if costs[1] <= costs[0] else 0
        return self._corners[chosen], costs[chosen]

    def _solve(self, relative: Floats, scale: float) -> Mask:
        """Cut once; `relative` are the costs over a bound that no cheapest cut exceeds."""
        # Above any sum of rounded costs at the bound: each is rounded up by less than 1, and the
        # costs over the bound add up to 1 only to within their own rounding as floats.
        forbidden = int(scale * (1.0 + 1e-12 * len(self._arcs))) + len(self._arcs) + 1
        capacities = np.full(len(self._arcs), forbidden, dtype=np.int64)
        affordable = np.flatnonzero(relative <= 1.0)
        capacities[affordable] = np.ceil(relative[affordable] * scale).astype(np.int64)
        flow = self._flow
        flow.set_arcs_capacity(self._arcs, capacities)
        status = flow.solve(self.device, self.server)
        if status != flow.OPTIMAL:
            raise SplitbenchError(f"max-flow of OR-Tools: status {status.name}; expected OPTIMAL")
        side = np.zeros(self.server + 1, dtype=np.bool_)
        side[flow.get_source_side_min_cut()] = True
        return side[: self.layers]
