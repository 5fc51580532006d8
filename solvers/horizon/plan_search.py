"""Simulate several plans on the known horizon; return the best."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from splitbench.problems import Horizon, Simulation, SlotProblem
from splitbench.problems.arrays import Floats
from splitbench.solvers.horizon.bound import plan
from splitbench.solvers.horizon.charge_aware import Decision, charge_aware_decision, myopic_decision
from splitbench.solvers.horizon.charge_value import charge_value
from splitbench.solvers.horizon.device_dp import COARSE, values_after
from splitbench.solvers.horizon.lp import LpSolution

#: Most plans that take the draws of the plan before.
_ROUNDS = 6


class SimulatedPlan(NamedTuple):
    """A plan and its simulation: Σ U, the decisions, and the charge (J) before each slot."""

    utility: float
    decisions: list[Decision]
    charge_j: list[Floats]

    @property
    def draws(self) -> Floats:
        """What was drawn, as a share of E_max, shape (T, N)."""
        return np.array([decision.draw for decision in self.decisions])


def best_plan(horizon: Horizon, *, freely: bool) -> SimulatedPlan:
    """Return the best of several plans; one of them is `exact` slot by slot.

    Another values charge by a dynamic programme for each device at the horizon's thread prices.
    The rest take the draws of the plan before as the forecast, until the draws stay the same.
    Where devices may hibernate `freely`, a plan in which they do is tried too.
    """
    best = _simulate(horizon, lambda problem, slot: myopic_decision(problem))
    planned = plan(horizon)
    tried = _by_values(horizon, planned, freely=False)
    best = max(best, tried, key=lambda run: run.utility)
    if freely:
        resting = _by_values(horizon, planned, freely=True)
        best = max(best, resting, key=lambda run: run.utility)
    for _ in range(_ROUNDS):
        draws = tried.draws
        tried = _by_draws(horizon, draws)
        best = max(best, tried, key=lambda run: run.utility)
        if np.array_equal(tried.draws, draws):
            break
    return best


def _by_values(horizon: Horizon, planned: LpSolution, *, freely: bool) -> SimulatedPlan:
    thread = planned.value.prices.thread
    values = np.array([values_after(columns, thread, freely=freely) for columns in planned.devices])
    grid = np.arange(COARSE + 1) / COARSE

    def worth(slot: int, charge: Floats) -> Floats:
        rows = zip(charge, values[:, slot], strict=True)
        return np.array([np.interp(shares, grid, value) for shares, value in rows])

    def decide(problem: SlotProblem, slot: int) -> Decision:
        return charge_aware_decision(problem, partial(worth, slot), freely=freely)

    return _simulate(horizon, decide)


def _by_draws(horizon: Horizon, draws: Floats) -> SimulatedPlan:
    harvest = horizon.harvest_j / horizon.fleet.battery_max_j

    def decide(problem: SlotProblem, slot: int) -> Decision:
        later, weight = slot + 1, problem.utility_weight
        return charge_aware_decision(
            problem, lambda charge: charge_value(charge, harvest[later:], draws[later:], weight)
        )

    return _simulate(horizon, decide)


def _simulate(horizon: Horizon, decide: Callable[[SlotProblem, int], Decision]) -> SimulatedPlan:
    simulation, total = Simulation(horizon), 0.0
    decisions, charges = [], []
    while not simulation.done:
        decision = decide(simulation.problem, simulation.index)
        charges.append(simulation.battery_j)
        decisions.append(decision)
        total += simulation.step(decision.partition, decision.threads).utility
    return SimulatedPlan(total, decisions, charges)
