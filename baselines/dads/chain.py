"""Partitioner `dads`: Dynamic Adaptive DNN Surgery (Hu et al., INFOCOM 2019) on a chain."""

from __future__ import annotations

from typing import Literal

import numpy as np

from splitbench.baselines.dads.weight_search import best_weights
from splitbench.problems import SlotProblem
from splitbench.problems.arrays import Floats, Ints, Mask
from splitbench.problems.equations import server_s, transmission_s

_BLOCK = 1000  # devices searched at once: bounds the memory of a large fleet


class Dads:
    """DADS on the chain of virtual layers: the cut of least latency, balanced under heavy load.

    Light load (DSL): on a chain the minimum cut is the best of the S + 1 cuts by local +
    transmission + server time; the queue is no part of it. Heavy load (DSH): the longest of the
    three stages is made short, by the same weighted cuts as on a graph (`baselines.dads.graph`).
    One could enumerate the S + 1 cuts for the shortest instead; DADS does not, and misses cuts
    that no weights favour.

    DADS has no thread allocation and takes one device: here each device is split by itself, at
    an even share of the threads (one thread where there are fewer than devices), and the
    allocator of the scheme follows.

    Parameters
    ----------
    load
        `auto` decides as its authors do: heavy for a device whose longest stage under light load
        exceeds its mean time between arrivals, 1/λ, else light. `light` and `heavy` fix it.
    """

    name = "dads"

    def __init__(self, load: Literal["light", "heavy", "auto"] = "auto"):
        self.load = load

    def partition(self, problem: SlotProblem) -> Ints:
        """Return the cut for each device, shape (N,); ties: the earliest."""
        stages = chain_stages(problem)
        cut: Ints = stages.sum(axis=0).argmin(axis=1)
        heavy = np.flatnonzero(self._is_heavy(problem, stages, cut))
        for start in range(0, len(heavy), _BLOCK):
            block = heavy[start : start + _BLOCK]
            cut[block] = balanced_cut(stages[:, block])
        return cut

    def _is_heavy(self, problem: SlotProblem, stages: Floats, light: Ints) -> Mask:
        if self.load != "auto":
            return np.full(len(light), self.load == "heavy")
        longest_s = stages.max(axis=0)[np.arange(len(light)), light]
        heavy: Mask = longest_s * problem.arrival_rate_hz > 1.0
        return heavy


def chain_stages(problem: SlotProblem) -> Floats:
    """Device, link and server seconds of each cut at an even share of the threads.

    Shape (3, N, L); infinite beyond a device's S.
    """
    fleet = problem.fleet
    whole = fleet.whole_server_s(np.maximum(problem.even_threads(), 1))
    stages = np.stack(
        [
            fleet.local_s,
            transmission_s(fleet.cut_bits, problem.uplink_bps[:, None]),
            server_s(fleet.server_share, whole[:, None]),
        ]
    )
    return np.where(fleet.in_range, stages, np.inf)


def balanced_cut(stages: Floats) -> Ints:
    """DSH on chains: the cut whose longest stage is the shortest that weighted cuts find.

    `stages` has shape (3, N, L), the result (N,).
    """
    row = np.arange(stages.shape[1])[:, None]
    rank = np.stack([stages.max(axis=0), stages.sum(axis=0)], axis=-1)  # (N, L, 2)

    def cuts_at(weights: Floats) -> Ints:
        factors = 10.0 ** weights[..., None]  # (N, G, 2, 1)
        device, link, server = stages[:, :, None, :]  # (N, 1, L) each
        cost = factors[:, :, 0] * device + link + factors[:, :, 1] * server
        cheapest: Ints = cost.argmin(axis=-1)
        return cheapest

    weights = best_weights(lambda points: rank[row, cuts_at(points)], stages.shape[1])
    return cuts_at(weights[:, None, :])[:, 0]
