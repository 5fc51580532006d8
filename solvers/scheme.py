"""`partitioner+allocator`: a scheme of the paper is a pair, not a class."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from splitbench.problems import EpisodeView, SlotProblem
from splitbench.solvers.calling import call_with_context, start_episode
from splitbench.solvers.contract import ALONE, Allocator, Context, Partitioner, Solution


class Scheme:
    """A partitioner followed by a thread allocator.

    Parameters
    ----------
    partitioner, allocator
        See `splitbench.solvers.contract`. The partitioner's `note` goes with every decision.
    name
        Under which results are stored; by default the two names joined by `+`.
    """

    def __init__(self, partitioner: Partitioner, allocator: Allocator, name: str = ""):
        self.partitioner = partitioner
        self.allocator = allocator
        self.name = name or f"{partitioner.name}+{allocator.name}"

    @property
    def clairvoyant(self) -> bool:
        """Whether a half needs the future of the horizon."""
        halves = (self.partitioner, self.allocator)
        return any(getattr(half, "clairvoyant", False) for half in halves)

    def start(self, horizon: EpisodeView) -> None:
        """Start both halves, where they have a method `start`."""
        start_episode(self.partitioner, horizon)
        start_episode(self.allocator, horizon)

    def solve(self, problem: SlotProblem, context: Context = ALONE) -> Solution:
        """Partition first, then allocate threads for that partition."""
        partition = call_with_context(self.partitioner.partition, problem, context=context)
        if isinstance(partition, Solution):  # no decision, and why
            return partition
        chosen = np.asarray(partition)
        solution: Solution = call_with_context(
            self.allocator.allocate, problem, chosen, context=context
        )
        if not isinstance(solution, Solution):  # threads alone
            solution = Solution(chosen, np.asarray(solution))
        note = getattr(self.partitioner, "note", "")  # may be set by `start` or by `partition`
        if note:
            return replace(solution, note="; ".join(filter(None, [note, solution.note])))
        return solution
