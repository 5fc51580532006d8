"""Instances of the conformance suite: small generic ones, and named degenerate ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from splitbench.problems import (
    Device,
    Exp2Curve,
    Fleet,
    Formulation,
    Horizon,
    SlotProblem,
    TableCurve,
    ThreadCurve,
    linear_server_share,
)


@dataclass(frozen=True)
class Case:
    """An instance, and what a solver may be expected to achieve on it.

    Attributes
    ----------
    served
        Whether every partition is feasible at every thread count that the server can give, so
        that any sensible decision is feasible.
    """

    name: str
    problem: SlotProblem
    served: bool = True

    @property
    def size(self) -> int:
        """Number of (device, partition, thread count) choices."""
        problem = self.problem
        return len(problem) * problem.fleet.width * max(problem.threads, 1)


def cases(seed: int) -> list[Case]:
    """All cases of a seed, the smallest first."""
    rng = np.random.default_rng([seed, 20])
    found = [Case(f"generic {index}", _slot(rng, 2 + index % 3)) for index in range(6)]
    found += [
        Case("one device", _slot(rng, 1)),
        Case("one layer", _slot(rng, 2, layers=1)),
        Case("one device with one layer and one thread", _slot(rng, 1, layers=1, spare=0)),
        Case("K = N·k_min", _slot(rng, 3, min_threads=2, spare=0)),
        Case("k_min above 1", _slot(rng, 2, min_threads=3)),
        Case("caps that bind", _capped(rng)),
        Case("thread tables that bound k", _slot(rng, 2, table=True)),
        Case("latency alone (V = 0)", replace(_slot(rng, 2), utility_weight=0.0)),
        Case("charge alone (V = 1)", replace(_slot(rng, 2), utility_weight=1.0)),
        Case("hibernation allowed", _hibernation(_slot(rng, 2))),
        Case("hibernation needed", _hibernation(_empty(_slot(rng, 2), 1)), served=False),
        Case("tight queues and hibernation", _hibernation(_busy(_slot(rng, 3))), served=False),
        Case("an empty battery", _empty(_slot(rng, 2), 1), served=False),
        Case("fewer threads than N·k_min", replace(_slot(rng, 3), threads=2), served=False),
        Case("caps below K", _slot(rng, 2, caps=(2, 2)), served=False),
        Case("tight queues", _busy(_slot(rng, 2)), served=False),
    ]
    return sorted(found, key=lambda case: case.size)


def large_case(seed: int) -> Case:
    """Draw a slot of many devices, to test the time limit."""
    return Case("200 devices", _slot(np.random.default_rng([seed, 21]), 200, layers=12))


def horizon(seed: int, slots: int = 12) -> Horizon:
    """Draw a short horizon in which charge matters and no device has to hibernate."""
    rng = np.random.default_rng([seed, 22])
    slot = _slot(rng, 2)
    count, shape = len(slot), (slots, len(slot))
    return Horizon(
        fleet=slot.fleet,
        threads=rng.integers(slot.threads, slot.threads + 4, slots),
        arrival_rate_hz=rng.uniform(0.3, 0.6, shape),
        uplink_bps=rng.uniform(8e6, 2e7, shape),
        harvest_j=rng.uniform(0.0, 40.0, shape),
        battery_start_j=np.full(count, 0.8) * slot.fleet.battery_max_j,
        name="check",
    )


def reordered(problem: SlotProblem, order: Sequence[int]) -> SlotProblem:
    """Return the same slot with its devices in another order."""
    index = list(order)
    return replace(
        problem,
        fleet=Fleet([problem.fleet.devices[n] for n in index]),
        arrival_rate_hz=problem.arrival_rate_hz[index],
        uplink_bps=problem.uplink_bps[index],
        battery_j=problem.battery_j[index],
        harvest_j=problem.harvest_j[index],
    )


def without(problem: SlotProblem, device: int) -> SlotProblem:
    """Return the slot without one device and its minimum of threads."""
    kept = [n for n in range(len(problem)) if n != device]
    return replace(reordered(problem, kept), threads=problem.threads - problem.min_threads)


def rescaled(problem: SlotProblem, time: float, energy: float) -> SlotProblem:
    """Return the same slot in other units: all times × `time`, all energies × `energy`.

    Powers of two change no digit of any utility.
    """
    power = energy / time
    devices = [
        replace(
            device,
            deadline_s=device.deadline_s * time,
            battery_max_j=device.battery_max_j * energy,
            compute_power_w=device.compute_power_w * power,
            transmit_power_w=device.transmit_power_w * power,
            local_s=tuple(value * time for value in device.local_s),
            curve=_slower(device.curve, time),
        )
        for device in problem.fleet.devices
    ]
    return replace(
        problem,
        fleet=Fleet(devices),
        slot_s=problem.slot_s * time,
        arrival_rate_hz=problem.arrival_rate_hz / time,
        uplink_bps=problem.uplink_bps / time,
        battery_j=problem.battery_j * energy,
        harvest_j=problem.harvest_j * energy,
    )


def _slower(curve: ThreadCurve, factor: float) -> ThreadCurve:
    if isinstance(curve, TableCurve):
        return TableCurve(tuple(value * factor for value in curve.table_s))
    assert isinstance(curve, Exp2Curve)
    return replace(curve, c0=curve.c0 * factor, c2=curve.c2 * factor)


def _slot(
    rng: np.random.Generator,
    devices: int,
    *,
    layers: int = 4,
    min_threads: int = 1,
    spare: int = 5,
    table: bool = False,
    caps: Sequence[int | None] | None = None,
) -> SlotProblem:
    """Draw a slot with light queues and charge for every partition."""
    threads = devices * min_threads + spare
    limits = caps or [None] * devices
    made = [_device(rng, n, layers, threads, table, limits[n]) for n in range(devices)]
    capacity = np.array([device.battery_max_j for device in made])
    return SlotProblem(
        fleet=Fleet(made),
        threads=threads,
        arrival_rate_hz=rng.uniform(0.3, 0.9, devices),
        uplink_bps=rng.uniform(8e6, 2e7, devices),
        battery_j=rng.uniform(0.7, 0.95, devices) * capacity,
        harvest_j=rng.uniform(0.0, 30.0, devices),
        min_threads=min_threads,
        name="check",
    )


def _device(
    rng: np.random.Generator,
    index: int,
    layers: int,
    threads: int,
    table: bool,
    cap: int | None,
) -> Device:
    falling, flat = rng.uniform(0.1, 0.5), rng.uniform(0.02, 0.06)
    curve: ThreadCurve = Exp2Curve(falling, -rng.uniform(0.2, 0.8), flat, 0.0)
    if table:
        curve = TableCurve(tuple(curve.seconds(np.arange(1, threads)).tolist()))
    bits = np.sort(rng.uniform(1e5, 5e6, layers))[::-1]
    return Device(
        name=f"device-{index}",
        deadline_s=rng.uniform(0.2, 0.5),
        battery_max_j=2000.0,
        compute_power_w=rng.uniform(4.0, 12.0),
        transmit_power_w=rng.uniform(2.0, 7.0),
        cut_bits=(*bits.tolist(), 0.0),
        local_s=(0.0, *np.cumsum(rng.uniform(0.02, 0.5 / layers, layers)).tolist()),
        server_share=linear_server_share(layers),
        curve=curve,
        dnn="drawn",
        max_threads=cap,
    )


def _capped(rng: np.random.Generator) -> SlotProblem:
    return _slot(rng, 3, caps=(2, 3, None))


def _hibernation(problem: SlotProblem) -> SlotProblem:
    return replace(problem, formulation=Formulation(hibernation="allowed"))


def _empty(problem: SlotProblem, device: int) -> SlotProblem:
    """Remove a device's charge and harvest, so that it cannot serve."""
    battery, harvest = problem.battery_j.copy(), problem.harvest_j.copy()
    battery[device] = harvest[device] = 0.0
    return replace(problem, battery_j=battery, harvest_j=harvest)


def _busy(problem: SlotProblem) -> SlotProblem:
    """Raise arrivals until edge-only has no steady state at an even share of the threads."""
    whole = problem.fleet.whole_server_s(problem.even_threads())
    return replace(problem, arrival_rate_hz=1.15 / whole)
