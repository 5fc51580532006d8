"""`partitioner+allocator`: a scheme of the paper is a pair, not a class."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from splitbench.problems import EpisodeView, SlotProblem
from splitbench.solvers.contract import ALONE, Context, call_with_context, start_episode
from splitbench.solvers.solution import Solution


class Scheme:
    """A partitioner followed by a thread allocator.

    Parameters
    ----------
    partitioner, allocator
        Anything with `partition(problem[, context])` and
        `allocate(problem, partition[, context])`, which returns a Solution, or threads (N,) alone.
        A partitioner's `note` (which policy is at work) goes with every decision.
    """

    def __init__(self, partitioner: Any, allocator: Any, name: str = ""):
        self.partitioner = partitioner
        self.allocator = allocator
        self.name = name or f"{partitioner.name}+{allocator.name}"

    def start(self, horizon: EpisodeView) -> None:
        """Start both halves, where they carry state."""
        start_episode(self.partitioner, horizon)
        start_episode(self.allocator, horizon)

    def solve(self, problem: SlotProblem, context: Context = ALONE) -> Solution:
        """Partition first, then allocate threads for that partition."""
        partition = call_with_context(self.partitioner.partition, problem, context=context)
        if isinstance(partition, Solution):  # the partitioner has none, and says why
            return partition
        chosen = np.asarray(partition)
        solution: Solution = call_with_context(
            self.allocator.allocate, problem, chosen, context=context
        )
        if not isinstance(solution, Solution):  # threads alone, as a partition alone is taken
            solution = Solution(chosen, np.asarray(solution))
        note = getattr(self.partitioner, "note", "")
        if note:
            return replace(solution, note="; ".join(filter(None, [note, solution.note])))
        return solution
