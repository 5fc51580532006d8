"""Allocator `refine`: TA, then moves to neighbouring merged cuts while the utility rises."""

from __future__ import annotations

import numpy as np

from splitbench.problems import SlotProblem
from splitbench.problems.arrays import Ints
from splitbench.solvers.contract import ALONE, Context, Solution
from splitbench.solvers.ddp.actions import ActionSet
from splitbench.solvers.threads.thread_allocation import ThreadAllocation


class Refine:
    """Improve a partition with the model: each device tries the merged cuts beside its own.

    In each round the devices in turn move to the next merged cut below or above where that raises
    U, threads divided anew by TA on the utility. This local search needs no policy and can hide a
    useless one. Compare it with the unrefined scheme, and with `eo+refine` and `local+refine`,
    which start from a constant; `splitbench run` adds them.

    Parameters
    ----------
    rounds
        How often the devices are gone through, at most.

    Raises
    ------
    ValueError
        `rounds` below 1.
    """

    name = "refine"

    def __init__(self, rounds: int = 20):
        if rounds < 1:
            raise ValueError(f"refine[rounds]: got {rounds}; expected at least 1")
        self.rounds = rounds
        self._allocator = ThreadAllocation(objective="utility")

    @staticmethod
    def beside(partitioner: str, refine: str) -> tuple[str, ...]:
        """Return the names of the schemes to compare a refined one with."""
        return f"{partitioner}+ta[objective=utility]", f"eo+{refine}", f"local+{refine}"

    def allocate(self, problem: SlotProblem, partition: Ints, context: Context = ALONE) -> Solution:
        """Return the refined decision; never one of less utility than TA's for `partition`.

        Where the time is up it is the best decision so far.
        """
        best, earned = self._tried(problem, partition, context)
        actions = ActionSet.of(problem.fleet)
        for _ in range(self.rounds):
            before = earned
            for device in range(len(problem)):
                if context.time_left_s() <= 0.0:
                    return best
                held = np.asarray(best.partition)
                for choice in actions.neighbours(held, device):
                    moved = held.copy()
                    moved[device] = choice
                    tried, utility = self._tried(problem, moved, context)
                    if utility > earned:
                        best, earned = tried, utility
            if not earned > before:
                break
        return best

    def _tried(
        self, problem: SlotProblem, partition: Ints, context: Context
    ) -> tuple[Solution, float]:
        solution = self._allocator.allocate(problem, partition, context)
        assert solution.partition is not None
        assert solution.threads is not None
        outcome = problem.evaluate(solution.partition, solution.threads)
        return solution, outcome.utility if outcome.feasible else -np.inf
