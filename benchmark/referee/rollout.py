"""Step a solver of ours through an episode for its utilities: no reference, no record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from splitbench.benchmark.referee.episode import run_episode
from splitbench.benchmark.referee.player import PlugIn
from splitbench.problems import Horizon, SlotProblem
from splitbench.problems.arrays import Floats


@dataclass(frozen=True)
class Played:
    """The slots a policy met and their utilities.

    `problems` are the slots at the charges met, `utilities` the U of each, shape (T,);
    `unserved` counts device-slots without service (hibernation, or a broken constraint).
    """

    problems: tuple[SlotProblem, ...]
    utilities: Floats
    unserved: int

    @property
    def utility(self) -> float:
        """Mean over slots of U."""
        return float(self.utilities.mean())

    @property
    def devices(self) -> int:
        """N."""
        return len(self.problems[0])


def play(posed: Horizon | SlotProblem, solver: Any) -> Played:
    """Step `solver` through a horizon, or one instance; it must decide every slot.

    Raises
    ------
    AssertionError
        A slot without a decision, with the reason.
    """
    runs = run_episode(PlugIn.of(solver), posed, reference=False, clairvoyant=True).runs
    for run in runs:
        assert run.answer.solution.decided, run.answer.solution.note
    return Played(
        tuple(run.problem for run in runs),
        np.array([run.outcome.utility for run in runs]),
        sum(int((~run.outcome.served).sum()) for run in runs),
    )
