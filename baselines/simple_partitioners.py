"""Partitioners that ignore the slot: edge-only, local-only, random."""

from __future__ import annotations

import numpy as np

from splitbench.problems import SlotProblem
from splitbench.problems.arrays import Ints
from splitbench.solvers.contract import ALONE, Context


class EdgeOnly:
    """Partitioner `eo`: l = 0, the whole DNN on the server ("Edge Only" of the paper)."""

    name = "eo"

    def partition(self, problem: SlotProblem) -> Ints:
        """Return zeros, shape (N,)."""
        return np.zeros(len(problem), dtype=np.int64)


class LocalOnly:
    """Partitioner `local`: l = S, the whole DNN on the device."""

    name = "local"

    def partition(self, problem: SlotProblem) -> Ints:
        """Return S_n, shape (N,)."""
        return problem.layers


class RandomPartition:
    """Partitioner `random`: l uniform over 0..S, from the seed."""

    name = "random"

    def partition(self, problem: SlotProblem, context: Context = ALONE) -> Ints:
        """Return random partitions, shape (N,)."""
        return context.rng.integers(0, problem.layers + 1)
