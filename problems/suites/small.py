"""Suite `small`: independent slots that brute force can check, over every regime of the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import comb
from typing import Any, NamedTuple

import numpy as np

from splitbench.problems.arrays import Floats
from splitbench.problems.errors import InputError
from splitbench.problems.fleet import Device, Fleet
from splitbench.problems.formulation import Formulation
from splitbench.problems.latency.profiles.device_builder import CurveKind, Split, make_device
from splitbench.problems.slot import SlotProblem
from splitbench.problems.suites.suite_parameters import SuiteParameters

Rng = np.random.Generator

MOST_DEVICES = 4
#: Π (S_n + 1) × divisions of the threads: what an instance may have at most.
MOST_DECISIONS = 1_000_000
SLOT_S = 30.0

_BOARDS = (("orin-nx", 2), ("orin-nano", 1), ("agx-xavier", 1))
_DNNS = ("vgg16_bn", "resnet34", "mobilenet_v2", "resnet50")


class _Draw(NamedTuple):
    """What an instance is drawn with: the parameters, its generator, and one per device."""

    parameters: SuiteParameters
    rng: Rng
    devices: list[Rng]

    def uniform(self, low: float, high: float, count: int) -> Floats:
        """Draw one number per device; the number of devices changes no draw."""
        return self.rng.uniform(low, high, MOST_DEVICES)[:count]


@dataclass(frozen=True)
class SmallScenario:
    """The instances of `small`: number i is of regime i modulo `len(REGIMES)`.

    Each has a child seed of its own, so that more instances extend fewer; parameters change no
    draw. `devices` (1 to 4) fixes N, else 2 to 4; `curve`, `split`, `min_threads` hold for every
    instance where given.
    """

    parameters: SuiteParameters = field(default_factory=SuiteParameters)

    def __post_init__(self) -> None:
        devices = self.parameters.devices
        by_kind = set(self.parameters.calibrated) - {"input_bits_per_value"}
        if by_kind:
            raise InputError(f"{min(by_kind)}: got a value; expected none, or a suite of horizons")
        if self.parameters.sun is not None:
            raise InputError(f"sun: got {self.parameters.sun}; expected a suite of horizons")
        if self.parameters.truth is not None:
            raise InputError(
                f"truth: got {self.parameters.truth}; expected none, or a suite of horizons"
            )
        if devices is not None and devices > MOST_DEVICES:
            raise InputError(
                f"devices: got {devices}; expected 1 to {MOST_DEVICES}, so that brute force can "
                "check every instance"
            )

    @property
    def slots(self) -> int:
        """Instances per seed."""
        return self.parameters.slots or 40

    def instances(
        self, seed: int, count: int | None = None, name: str = "small"
    ) -> list[SlotProblem]:
        """Draw `count` instances (`slots` by default) of a seed.

        Raises
        ------
        InputError
            A negative seed, or a count below 1.
        """
        wanted = self.slots if count is None else count
        if seed < 0 or wanted < 1:
            raise InputError(
                f"{name}: got seed {seed} and {wanted} instances; expected a seed ≥ 0 and at "
                "least 1 instance"
            )
        return [self._instance(seed, index, name) for index in range(wanted)]

    def _instance(self, seed: int, index: int, name: str) -> SlotProblem:
        regime = tuple(REGIMES)[index % len(REGIMES)]
        children = np.random.SeedSequence(seed, spawn_key=(index,)).spawn(1 + MOST_DEVICES)
        own, *devices = (np.random.default_rng(child) for child in children)
        problem = REGIMES[regime](_Draw(self.parameters, own, devices))
        return _brute_forceable(replace(problem, name=f"{name} {index} {regime}"))


def _plain(draw: _Draw, most: int = MOST_DEVICES, **made: Any) -> SlotProblem:
    """Ordinary loads on curves of Eq. 7; other regimes change one thing of it."""
    given = draw.parameters
    drawn = int(draw.rng.integers(2, most + 1))
    count = given.devices or drawn
    devices = [_device(draw, number, **made) for number in range(count)]
    capacity = np.array([device.battery_max_j for device in devices])
    threads = count * int(draw.rng.integers(3, 5)) + int(draw.rng.integers(0, 5))
    return SlotProblem(
        fleet=Fleet(devices),
        threads=max(1, round(threads * (given.threads_scale or 1.0))),
        arrival_rate_hz=given.arrival_scale * draw.uniform(20.0, 60.0, count) / SLOT_S,
        uplink_bps=1e6 * given.uplink_scale * draw.uniform(5.0, 40.0, count),
        battery_j=capacity * draw.uniform(0.3, 1.0, count),
        harvest_j=given.sun_scale * draw.uniform(0.0, 120.0, count),
        slot_s=SLOT_S,
        min_threads=given.min_threads or 1,
        utility_weight=0.5 if given.utility_weight is None else given.utility_weight,
        formulation=given.formulation(Formulation()),
    )


def _table(draw: _Draw) -> SlotProblem:
    """Measured curves that rise past 8 threads, threads enough to get there, fast uplinks."""
    problem = _plain(draw, most=3, server="kunpeng-920", curve="table")
    fast = 5.0 * problem.uplink_bps  # else no device would offload the networks that slow down
    return replace(problem, threads=problem.threads + 8, uplink_bps=fast)


def _capped(draw: _Draw) -> SlotProblem:
    """Caps that bind: together they hold K and little more."""
    problem = _plain(draw)
    fair = -(-problem.threads // len(problem))
    spare = draw.rng.integers(0, 3, MOST_DEVICES)[: len(problem)]
    return _with_caps(problem, [fair + int(extra) for extra in spare])


def _tight_queue(draw: _Draw) -> SlotProblem:
    """Arrivals near what an even share of the threads can serve: ρ < 1 forbids much."""
    problem = _plain(draw)
    fair_s = problem.fleet.whole_server_s(np.maximum(problem.even_threads(), 1))
    load = draw.parameters.arrival_scale * draw.uniform(0.6, 1.3, len(problem))
    # Energy is plentiful, so that the queue limits decisions and not the battery.
    plenty = problem.fleet.battery_max_j
    return replace(problem, arrival_rate_hz=load / fair_s, battery_j=plenty, harvest_j=plenty)


def _tight_battery(draw: _Draw) -> SlotProblem:
    """Charge and harvest around what the slot's decisions cost: Eq. 12 forbids some."""
    problem = _plain(draw)
    cost_j = _cheapest_j(problem)
    charge = draw.parameters.battery_scale * cost_j * draw.uniform(0.7, 1.8, len(problem))
    harvest = draw.parameters.sun_scale * cost_j * draw.uniform(0.0, 0.6, len(problem))
    battery = np.minimum(charge, problem.fleet.battery_max_j)
    return replace(problem, battery_j=battery, harvest_j=harvest)


def _infeasible(draw: _Draw) -> SlotProblem:
    """No decision: too few threads for k_min, caps below K, or a battery that cannot pay."""
    problem = _plain(draw)
    kind = int(draw.rng.integers(3))
    if kind == 0:
        return replace(problem, min_threads=problem.threads // len(problem) + 1)
    if kind == 1:
        return _with_caps(problem, [max(1, (problem.threads - 1) // len(problem))] * len(problem))
    short = 0.5 * _cheapest_j(problem)
    battery = np.minimum(problem.battery_j, short)
    return replace(problem, battery_j=battery, harvest_j=0.5 * (short - battery))


def _hibernation(draw: _Draw) -> SlotProblem:
    """Tight batteries where a device may hibernate."""
    problem = _tight_battery(draw)
    return replace(problem, formulation=replace(problem.formulation, hibernation="allowed"))


def _fair_share(draw: _Draw) -> SlotProblem:
    """A minimum of two threads each, local-only devices included."""
    problem = _plain(draw)
    return replace(problem, min_threads=draw.parameters.min_threads or 2)


REGIMES: dict[str, Callable[[_Draw], SlotProblem]] = {
    "plain": _plain,
    "table": _table,
    "capped": _capped,
    "tight-queue": _tight_queue,
    "tight-battery": _tight_battery,
    "infeasible": _infeasible,
    "hibernation": _hibernation,
    "fair-share": _fair_share,
}


def _device(
    draw: _Draw, number: int, server: str = "i7-12700kf", curve: CurveKind = "exp2"
) -> Device:
    given, rng = draw.parameters, draw.devices[number]
    board, cores = _BOARDS[int(rng.integers(len(_BOARDS)))]
    dnn = given.dnn or _DNNS[int(rng.integers(len(_DNNS)))]
    shares: Split = "macs" if rng.random() < 0.5 else "linear"
    device = make_device(
        f"md{number}",
        given.board or board,
        dnn,
        battery_max_j=given.battery_scale * rng.uniform(1000.0, 4000.0),
        split=given.split or shares,
        cores=None if given.board else cores,
        server=given.server or server,
        server_scale=given.server_scale * rng.uniform(1.0, 3.0),
        curve=given.curve or curve,
        input_bits_per_value=given.input_bits or 32.0,
    )
    return _coarse(device, rng)


def _coarse(device: Device, rng: Rng) -> Device:
    """Keep 1 to 4 of the inner cuts; both ends stay."""
    inner_cuts = np.arange(1, device.layers)
    wanted = min(int(rng.integers(1, 5)), len(inner_cuts))
    inner = rng.choice(inner_cuts, size=wanted, replace=False)
    kept = [0, *sorted(int(cut) for cut in inner), device.layers]
    return replace(
        device,
        cut_bits=tuple(device.cut_bits[cut] for cut in kept),
        local_s=tuple(device.local_s[cut] for cut in kept),
        server_share=tuple(device.server_share[cut] for cut in kept),
    )


def _with_caps(problem: SlotProblem, caps: list[int]) -> SlotProblem:
    devices = [
        replace(device, max_threads=cap)
        for device, cap in zip(problem.fleet.devices, caps, strict=True)
    ]
    return replace(problem, fleet=Fleet(devices))


def _cheapest_j(problem: SlotProblem) -> Floats:
    """Return what each device must spend at least, by whichever cut; shape (N,)."""
    energy_j = problem.energy_by_cut().energy_j
    cheapest: Floats = np.where(problem.fleet.in_range, energy_j, np.inf).min(axis=1)
    return cheapest


def _brute_forceable(problem: SlotProblem) -> SlotProblem:
    """Take threads away until all decisions can be tried; small enough to begin with if N < 4."""
    asleep = int(problem.formulation.hibernation_allowed)
    cuts = int(np.prod(problem.layers + 1 + asleep))
    threads, count = problem.threads, len(problem)
    while cuts * comb(threads - 1, count - 1) > MOST_DECISIONS:
        threads -= 1
    return problem if threads == problem.threads else replace(problem, threads=threads)
