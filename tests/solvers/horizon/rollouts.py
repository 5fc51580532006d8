"""Rollouts of policies on horizons, for the tests of `lookahead`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from splitbench.problems import (
    EpisodeView,
    Horizon,
    Outcome,
    Simulation,
    SlotProblem,
)
from splitbench.solvers import Context, make, solve_slot
from splitbench.solvers.calling import start_episode
from tests.horizons import tiny_horizon

CAUSAL = ("lookahead", "lookahead[forecast=persistence]", "lookahead[every=3,plan=lp]")
ORACLES = ("lookahead[forecast=oracle]", "lookahead[every=3,forecast=oracle,plan=lp]")
#: Every causal way of planning, as often as the programme is solved by default.
PLANS = (*CAUSAL[:2], "lookahead[plan=lp]", "lookahead[forecast=persistence,plan=lp]")
FORCED = "lookahead[forecast=oracle,hibernate=forced]"


class Played(NamedTuple):
    """An episode: the state and the outcome of each slot, and whether the future was asked for."""

    problems: list[SlotProblem]
    outcomes: list[Outcome]
    clairvoyant: bool

    @property
    def utility(self) -> float:
        """Mean utility of a slot."""
        return float(np.mean([outcome.utility for outcome in self.outcomes]))


def played(name: str, horizon: Horizon, seed: int = 0) -> Played:
    """Run a policy through a horizon; none of its decisions may break a constraint."""
    solver, view, simulation = make(name), EpisodeView.of(horizon), Simulation(horizon)
    start_episode(solver, view)
    problems, outcomes = [], []
    while not simulation.done:
        problems.append(simulation.problem)
        context = Context(seed=seed, slot=simulation.index)
        answer = solve_slot(solver, simulation.problem, context)
        assert answer.partition is not None
        assert answer.threads is not None
        outcomes.append(simulation.step(answer.partition, answer.threads))
        assert outcomes[-1].feasible
    return Played(problems, outcomes, view.clairvoyant)


def tiny(seed: int, **overrides: Any) -> Horizon:
    """The tiny horizon of a seed."""
    return tiny_horizon(np.random.default_rng([16, seed]), **overrides)
