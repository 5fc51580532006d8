"""Solver `lookahead`: each slot exactly, plus the value of the remaining charge."""

from __future__ import annotations

import time
from typing import Literal

import numpy as np

from splitbench.problems import EpisodeView, InputError, SlotProblem
from splitbench.problems.arrays import Floats
from splitbench.solvers.contract import ALONE, Context, Solution
from splitbench.solvers.exact.exact import Exact
from splitbench.solvers.horizon.bound import plan
from splitbench.solvers.horizon.charge_aware import Decision, charge_aware_decision, myopic_decision
from splitbench.solvers.horizon.charge_value import charge_value
from splitbench.solvers.horizon.forecast import Forecast, Kind
from splitbench.solvers.horizon.plan_search import SimulatedPlan, best_plan

Plan = Literal["seen", "lp"]
Hibernate = Literal["forced", "free"]

#: Samples of what later slots draw, resampled from what earlier slots drew.
_SAMPLES = 8

#: In slot s = 0, 1, … the worth of charge is scaled by s / (s + _DOUBT) where the battery would be
#: full without the slot's draw. There a joule is worth nothing if the next slot fills the battery,
#: and a few slots seen are a poor forecast of that.
_DOUBT = 3

#: Share of the time left that the linear programme may take.
_PLANNING_SHARE = 0.5
#: What the note says where that leaves no time.
_NO_PROGRAMME = "no time for the linear programme: later draws as with plan=seen"
_KEPT = "no time for a new linear programme: the last one is kept"


class Lookahead:
    """Maximise U plus the value of the remaining charge, over all partitions and thread divisions.

    A joule is worth V/E_max for every slot until the battery is forecast to be full or the
    horizon to end, and much where it is forecast to run empty before (`charge_value`). Without
    later slots (a single instance), or with `energy_term: paper`, which rewards no charge, this
    is `exact`.

    To imitate it, call `start(view)`, then `decide(problem, context)` for each slot in order, at
    the charges of the policy that learns. Its `Decision` has l and k, their scores and the price
    of a joule.

    Parameters
    ----------
    forecast
        `causal`: what was seen so far, and the sun's clear-sky course. `persistence`: sun and
        arrivals stay as they are. `oracle`: the truth, as an upper reference; the record marks it.
    plan
        What later slots are expected to draw. `seen`: what this policy drew in earlier slots,
        resampled by the cell's seed (`oracle` follows the best of several simulated plans). `lp`:
        what the horizon's linear programme draws over the forecast, solved again every `every`
        slots; later draws are taken to vary around it as earlier draws did.
    hibernate
        `forced`: only devices that the slot's own optimum hibernates too. `free`: also devices
        whose charge is worth more later. Only `oracle` defaults to `free`, because it is an upper
        reference. On tiny horizons where some hibernation is optimal, the best plan under `forced`
        still misses a tenth of what `exact` loses.

    Raises
    ------
    InputError
        `every` below 1.
    """

    name = "lookahead"

    def __init__(
        self,
        forecast: Kind = "causal",
        plan: Plan = "seen",
        every: int = 10,
        hibernate: Hibernate | None = None,
    ):
        if every < 1:
            raise InputError(f"lookahead[every]: got {every}; expected a whole number ≥ 1")
        self.forecast, self.plan, self.every = forecast, plan, every
        upper_reference = forecast == "oracle" and plan == "seen"
        self.hibernate = hibernate or ("free" if upper_reference else "forced")
        self._ahead: Forecast | None = None

    @property
    def clairvoyant(self) -> bool:
        """Whether the forecast is the truth."""
        return self.forecast == "oracle"

    def start(self, horizon: EpisodeView) -> None:
        """Begin an episode; `oracle` plans it here."""
        self._ahead = Forecast(horizon, self.forecast)
        self._drawn: list[Floats] = []
        self._programme: Floats | None = None
        self._best_plan: SimulatedPlan | None = None
        self._note = ""
        charged = horizon.formulation.energy_term == "residual"
        if self._ahead.future is not None and self.plan == "seen" and charged:
            self._best_plan = best_plan(self._ahead.future, freely=self.hibernate == "free")

    def solve(self, problem: SlotProblem, context: Context = ALONE) -> Solution:
        """Return the decision for the current slot; slots have to come in order."""
        if self._ahead is None or problem.formulation.energy_term != "residual":
            return Exact().solve(problem)
        self._note = ""
        decision = self.decide(problem, context)
        return Solution(
            decision.partition, decision.threads, energy_price=decision.price, note=self._note
        )

    def decide(self, problem: SlotProblem, context: Context) -> Decision:
        """Return the decision for the current slot and the value of charge behind it.

        Raises
        ------
        InputError
            Before `start`, or with `energy_term: paper`, where there is nothing to look ahead for.
        """
        if self._ahead is None or problem.formulation.energy_term != "residual":
            raise InputError(
                "lookahead: got no episode; expected start(), and energy_term residual"
            )
        self._ahead.see(problem)
        decision = self._decided(problem, self._ahead, context)
        self._drawn.append(decision.draw)
        return decision

    def _decided(self, problem: SlotProblem, ahead: Forecast, context: Context) -> Decision:
        planned, slot = self._best_plan, ahead.seen - 1
        if planned is not None and np.allclose(planned.charge_j[slot], problem.battery_j):
            return planned.decisions[slot]
        harvest = ahead.harvest_j() / problem.fleet.battery_max_j
        samples, weight = self._draw_samples(problem, ahead, context), problem.utility_weight
        fills = problem.battery_j + problem.harvest_j >= problem.fleet.battery_max_j
        doubtful = fills & (self.forecast != "oracle")
        trust = np.where(doubtful, slot / (slot + _DOUBT), 1.0)[:, None]

        def worth(charge: Floats) -> Floats:
            values = [charge_value(charge, harvest, draws, weight) for draws in samples]
            mean: Floats = trust * np.mean(values, axis=0)
            return mean

        return charge_aware_decision(problem, worth, freely=self.hibernate == "free")

    def _draw_samples(
        self, problem: SlotProblem, ahead: Forecast, context: Context
    ) -> list[Floats]:
        """Sample what later slots draw, as shares of E_max, shape (F, N) each."""
        if self._best_plan is not None:
            return [self._best_plan.draws[ahead.seen :]]
        planned = self._planned(problem, ahead, context) if self.plan == "lp" else None
        if planned is not None and ahead.future is not None:
            return [planned]
        drawn = np.array(self._drawn or [myopic_decision(problem).draw])
        rng = np.random.default_rng([context.seed, ahead.seen])
        picked = (rng.integers(len(drawn), size=ahead.slots_left) for _ in range(_SAMPLES))
        samples = [drawn[slots] for slots in picked]
        if planned is None:
            return samples
        shift = planned - drawn.mean(axis=0)
        return [np.maximum(sample + shift, 0.0) for sample in samples]

    def _planned(self, problem: SlotProblem, ahead: Forecast, context: Context) -> Floats | None:
        """The programme's draws from the current slot on, solved again every `every` slots.

        Where the context's limit leaves no time to solve it, the last one's; None without one.
        """
        if self._programme is None or (ahead.seen - 1) % self.every == 0:
            ends = time.monotonic() + _PLANNING_SHARE * context.time_left_s()
            try:
                draws = plan(ahead.horizon(problem), ends).draws
            except TimeoutError:
                kept = self._programme is not None
                self._note = _KEPT if kept else _NO_PROGRAMME
            else:
                assert draws is not None
                self._programme = draws.T
        if self._programme is None:
            return None
        self._programme = self._programme[1:]  # the first row is the current slot
        return self._programme
