"""Partitioner `dads`: the cut of least inference latency (Hu et al., INFOCOM 2019)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from problems import SlotProblem
from problems.slot import server_s, transmission_s

Ints = NDArray[np.int64]


class Dads:
    """Dynamic Adaptive DNN Surgery under light load, on the chain of virtual layers.

    On a chain the minimum cut is the best of the S + 1 cuts by local + transmission + server
    time; the queue is not part of it. DADS has no thread allocation: it partitions at an even
    share of the threads, and the allocator of the scheme follows.
    """

    name = "dads"

    def partition(self, problem: SlotProblem) -> Ints:
        """Return the cut of least delay for each device, shape (N,); ties: the earliest."""
        fleet = problem.fleet
        whole = fleet.whole_server_s(problem.even_threads())
        delay_s = (
            fleet.local_s
            + transmission_s(fleet.cut_bits, problem.uplink_bps[:, None])
            + server_s(fleet.server_share, whole[:, None])
        )
        return np.where(fleet.in_range, delay_s, np.inf).argmin(axis=1)
