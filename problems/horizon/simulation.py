"""Stepping through a horizon: the one place where charge is carried from slot to slot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from splitbench.problems.horizon.horizon import Horizon
from splitbench.problems.outcome import HIBERNATE, Outcome
from splitbench.problems.slot import SlotProblem


class Simulation:
    """An episode: ask for the slot's `problem`, answer with `step`, until `done`.

    Parameters
    ----------
    horizon
        The slots and the charges at the start.
    """

    def __init__(self, horizon: Horizon):
        self.horizon = horizon
        self.index = 0
        self.battery_j = horizon.battery_start_j
        self.problem: SlotProblem = horizon.slot(0, self.battery_j)

    @property
    def done(self) -> bool:
        """Whether all slots have been stepped through."""
        return self.index >= len(self.horizon)

    def step(self, partition: ArrayLike, threads: ArrayLike, relax: Sequence[str] = ()) -> Outcome:
        """Apply a decision to the present slot and go on to the next; see `SlotProblem.evaluate`.

        Raises
        ------
        IndexError
            The episode is over.
        """
        self._not_over()
        return self.accept(self.problem.evaluate(partition, threads, relax))

    def accept(self, outcome: Outcome) -> Outcome:
        """Go on to the next slot with an outcome of the present `problem`, already evaluated.

        Raises
        ------
        IndexError
            The episode is over.
        """
        self._not_over()
        self.index += 1
        self.battery_j = outcome.battery_next_j
        if not self.done:
            self.problem = self.horizon.slot(self.index, self.battery_j)
        return outcome

    def hibernate(self) -> Outcome:
        """Step with every device hibernating: what becomes of a slot without a decision."""
        asleep = np.full(len(self.problem), HIBERNATE)
        return self.step(asleep, self.problem.even_threads())

    def _not_over(self) -> None:
        if self.done:
            raise IndexError(f"the horizon has {len(self.horizon)} slots; all are done")
