"""Where the horizons come from that a policy is trained on: a suite, or slots like a given one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from splitbench.problems import Fleet, Horizon, InputError, SlotProblem
from splitbench.problems.suites.named_suites import Suite, make_suite
from splitbench.solvers.ddp.scenario_description import ScenarioDescription

#: Draws a horizon from a seed; every one has the same fleet and number of slots.
Draw = Callable[[int], Horizon]

#: Slots of an episode that is drawn around a single slot.
_SLOTS_AROUND = 40
#: A scenario is described by that many horizons, of seeds from here on that no training reaches.
_DESCRIBED_BY, _DESCRIBED_FROM = 4, 1_000_950_000
#: Slots of these horizons, so that scenarios of different lengths are comparable.
_DESCRIBED_SLOTS = 40


@dataclass(frozen=True)
class TrainingScenario:
    """A source of horizons.

    Attributes
    ----------
    name
        The suite, or the slot that horizons are drawn around.
    fleet
        The devices as solvers are shown them.
    draw
        From a seed to a horizon of these devices.
    is_suite
        Whether its name is that of a suite.
    draw_described
        Like `draw`, for the horizons that describe it; None: `draw`.
    """

    name: str
    fleet: Fleet
    draw: Draw
    is_suite: bool = True
    draw_described: Draw | None = None

    @cached_property
    def description(self) -> ScenarioDescription:
        """What a policy for it is trained for, in numbers."""
        draw = self.draw_described or self.draw
        seeds = range(_DESCRIBED_FROM, _DESCRIBED_FROM + _DESCRIBED_BY)
        return ScenarioDescription.of([draw(seed) for seed in seeds])

    @property
    def fingerprint(self) -> str:
        """Digest of the description; equal for scenarios that are the same by another name."""
        return self.description.fingerprint


def scenario_of_suite(text: str) -> TrainingScenario:
    """Return the scenario of a suite of horizons, `hetero[devices=30]`.

    Raises
    ------
    InputError
        No such suite, or one of independent slots, which have no devices in common.
    """
    suite = make_suite(text)
    if not suite.episodes:
        raise InputError(
            f"suite {suite.name}: every slot has devices of its own, so there is nothing to train "
            "on; expected a suite of horizons"
        )
    return TrainingScenario(
        name=suite.name,
        fleet=_believed(suite.horizon(0, 1)).fleet,
        draw=lambda seed: _believed(suite.horizon(seed)),
        draw_described=lambda seed: _believed(_described(suite, seed)),
    )


def _described(suite: Suite, seed: int) -> Horizon:
    """Draw a horizon of the described length; a short sun trace may not have that many slots."""
    try:
        return suite.horizon(seed, _DESCRIBED_SLOTS)
    except InputError:
        return suite.horizon(seed)


def scenario_around(problem: SlotProblem) -> TrainingScenario:
    """Return horizons of a slot's devices with rates, sun and threads like that slot's.

    For files, which say nothing of what else could be drawn: arrivals and uplinks within half and
    one and a half times the slot's, harvests up to twice, threads within a quarter, any charge.

    Raises
    ------
    InputError
        Fewer threads than N·k_min: no horizon is like that.
    """
    if problem.spare_threads < 0:
        raise InputError(
            f"{len(problem)} devices and {problem.threads} threads; expected at least "
            f"{len(problem) * problem.min_threads}, or there is nothing to train on"
        )
    name = f"slots like {problem.name or 'this one'}"
    return TrainingScenario(
        name, problem.fleet, lambda seed: _drawn_around(problem, seed), is_suite=False
    )


def _drawn_around(problem: SlotProblem, seed: int) -> Horizon:
    rng = np.random.default_rng(seed)
    slots, devices = _SLOTS_AROUND, len(problem)
    fewest = devices * problem.min_threads
    most = min(sum(int(cap) for cap in problem.fleet.thread_caps), round(1.25 * problem.threads))
    low = min(max(fewest, round(0.75 * problem.threads)), most)

    def around(centre: Any, least: float, largest: float) -> Any:
        return centre * rng.uniform(least, largest, (slots, devices))

    return Horizon(
        fleet=problem.fleet,
        threads=rng.integers(low, most + 1, slots),
        arrival_rate_hz=around(problem.arrival_rate_hz, 0.5, 1.5),
        uplink_bps=around(problem.uplink_bps, 0.5, 1.5),
        harvest_j=around(problem.harvest_j, 0.0, 2.0),
        battery_start_j=problem.fleet.battery_max_j * rng.uniform(0.05, 1.0, devices),
        slot_s=problem.slot_s,
        min_threads=problem.min_threads,
        utility_weight=problem.utility_weight,
        formulation=replace(problem.formulation, hibernation="allowed"),
    )


def _believed(horizon: Horizon) -> Horizon:
    """Return the horizon with the devices as solvers are shown them."""
    if horizon.planning is None:
        return horizon
    return replace(horizon, fleet=horizon.planning, planning=None)
