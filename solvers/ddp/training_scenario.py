"""What a policy is trained for: where its horizons come from, and how that is recognised."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from splitbench.problems import Fleet, Horizon, InputError, SlotProblem
from splitbench.problems.files.device_schema import device_dict
from splitbench.problems.horizon.scenario import Scenario
from splitbench.problems.suites.named_suites import make_suite

#: Draws a horizon from a seed; every one has the same fleet and number of slots.
Draw = Callable[[int], Horizon]

#: Slots of an episode that is drawn around a single slot.
_SLOTS_AROUND = 40
#: What of a `Scenario` is no part of its fingerprint: the devices stand there as they are built,
#: policies take any number of slots, and the truth is not what they plan with.
_NOT_PRINTED = (
    "kinds", "server", "server_scale", "split", "curve", "truth", "slots", "input_bits_per_value",
)  # fmt: skip


@dataclass(frozen=True)
class TrainingScenario:
    """A source of horizons.

    Attributes
    ----------
    name
        The suite, or the slot that horizons are drawn around.
    fingerprint
        Digest of the devices and of everything that is drawn; equal where a policy fits.
    fleet
        The devices as solvers believe them to be.
    draw
        From a seed to a horizon of these devices.
    is_suite
        Whether its name is that of a suite.
    """

    name: str
    fingerprint: str
    fleet: Fleet
    draw: Draw
    is_suite: bool = True


def scenario_of_suite(text: str) -> TrainingScenario:
    """Return the scenario of a suite of horizons, `hetero[devices=30]`.

    Raises
    ------
    InputError
        No such suite, or one of independent slots, which have no devices in common.
    """
    suite = make_suite(text)
    if not isinstance(suite.scenario, Scenario):
        raise InputError(
            f"suite {suite.name}: every slot has devices of its own, so there is nothing to train "
            "on; expected a suite of horizons"
        )
    drawn = {name: value for name, value in asdict(suite.scenario).items()
             if name not in _NOT_PRINTED}  # fmt: skip
    fleet = _believed(suite.horizon(0, 1)).fleet
    return TrainingScenario(
        suite.name, _digest(drawn, suite.scenario.fleet()), fleet,
        lambda seed: _believed(suite.horizon(seed)),
    )  # fmt: skip


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
    slot = {
        name: np.asarray(getattr(problem, name)).tolist()
        for name in ("threads", "arrival_rate_hz", "uplink_bps", "harvest_j", "slot_s",
                     "min_threads", "utility_weight")
    }  # fmt: skip
    fingerprint = _digest(slot | asdict(problem.formulation), problem.fleet)
    name = f"slots like {problem.name or 'this one'}"
    return TrainingScenario(
        name, fingerprint, problem.fleet, lambda seed: _drawn_around(problem, seed), False
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
    """Return the horizon in the world that solvers plan with."""
    if horizon.planning is None:
        return horizon
    return replace(horizon, fleet=horizon.planning, planning=None)


def _digest(drawn: dict[str, Any], fleet: Fleet) -> str:
    devices = [device_dict(device) | {"name": ""} for device in fleet.devices]
    text = json.dumps(_rounded([drawn, devices]), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _rounded(value: Any) -> Any:
    """Write numbers to six digits: the last ones depend on a machine's arithmetic."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return {key: _rounded(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(child) for child in value]
    return value
