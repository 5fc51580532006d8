"""Playing an episode for its utilities alone: no timing, no reference, no record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from splitbench.problems import EpisodeView, Horizon, Outcome, Simulation, SlotProblem
from splitbench.problems.arrays import Floats
from splitbench.solvers import Solution, solve_slot
from splitbench.solvers.calling import start_episode
from splitbench.solvers.contract import Context, Solver


@dataclass(frozen=True)
class Played:
    """What a policy met and earned.

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


def play(horizon: Horizon, solver: Solver) -> Played:
    """Step `solver`, which must decide every slot, through a horizon."""
    start_episode(solver, EpisodeView.of(horizon))
    simulation, problems, outcomes = Simulation(horizon), [], []
    while not simulation.done:
        problem, context = simulation.problem, Context(slot=simulation.index)
        outcomes.append(simulation.step(*_decision(solve_slot(solver, problem, context))))
        problems.append(problem)
    return _played(problems, outcomes)


def play_instance(problem: SlotProblem, solver: Solver) -> Played:
    """Play one independent slot that `solver` must decide, feasibly or not."""
    return _played([problem], [problem.evaluate(*_decision(solve_slot(solver, problem)))])


def _decision(solution: Solution) -> tuple[Any, Any]:
    assert solution.decided, solution.note
    return solution.partition, solution.threads


def _played(problems: list[SlotProblem], outcomes: list[Outcome]) -> Played:
    return Played(
        tuple(problems),
        np.array([outcome.utility for outcome in outcomes]),
        sum(int((~outcome.served).sum()) for outcome in outcomes),
    )
