"""Stepping through a horizon: the one place where charge is carried from slot to slot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from splitbench.problems.arrays import Floats, Ints
from splitbench.problems.horizon.horizon import Horizon
from splitbench.problems.outcome import HIBERNATE, Outcome, charge_following_j
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
        """Apply a decision to the current slot and go to the next; see `SlotProblem.evaluate`.

        Raises
        ------
        IndexError
            The episode is over.
        """
        self._not_over()
        return self.accept(self.problem.evaluate(partition, threads, relax))

    def accept(self, outcome: Outcome) -> Outcome:
        """Go to the next slot with an already evaluated outcome of the current `problem`.

        Raises
        ------
        IndexError
            The episode is over.
        """
        self._not_over()
        self._go_on(outcome.battery_next_j)
        return outcome

    def advance(self, partition: Ints) -> None:
        """Go to the next slot by a decision whose outcome is computed later.

        Parameters
        ----------
        partition
            l_n, integers of shape (N,). The remaining charge does not depend on the threads.

        Raises
        ------
        IndexError
            The episode is over.
        """
        self._not_over()
        self._go_on(charge_following_j(self.problem, partition))

    def hibernate(self) -> Outcome:
        """Step with every device hibernating; used for a slot without a decision."""
        asleep = np.full(len(self.problem), HIBERNATE)
        return self.step(asleep, self.problem.even_threads())

    def _go_on(self, battery_j: Floats) -> None:
        self.index += 1
        battery_j.setflags(write=False)
        self.battery_j = battery_j
        if not self.done:
            self.problem = self.horizon.slot_of_charge(self.index, battery_j)

    def _not_over(self) -> None:
        if self.done:
            raise IndexError(f"the horizon has {len(self.horizon)} slots; all are done")
