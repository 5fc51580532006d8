"""Outcome of a decision: latency parts, energy, utility, broken constraints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from splitbench.problems.arrays import Floats, Ints, Mask
from splitbench.problems.equations import (
    Model,
    SlotArrays,
    battery_next_j,
    charge_j,
    slot_data,
    slot_energy_j,
    slot_terms,
    tasks,
    transmission_s,
    utilisation,
)
from splitbench.problems.fleet import Fleet
from splitbench.problems.formulation import UNSERVED_UTILITY

#: Partition of a hibernating device.
HIBERNATE = -1

#: Device-slots processed at once, so that arrays stay in the processor's cache.
_BLOCK = 1 << 13

#: Names of the constraints, Eq. 13, 14, the caps, Eq. 15, ρ < 1 of Eq. 3, Eq. 12.
CONSTRAINTS = (
    "threads_sum",
    "threads_min",
    "threads_max",
    "partition_range",
    "queue",
    "battery",
)


class Violation(NamedTuple):
    """A broken constraint.

    `device` is the device's name, None for `threads_sum`. `amount` is how far off, ≥ 0: threads,
    layers outside 0..S, ρ − 1 for `queue`, joules below zero for `battery`.
    """

    constraint: str
    device: str | None
    amount: float


#: Devices that the text of a slot or an outcome lists.
SHOWN_DEVICES = 5


def left_out(devices: int) -> list[str]:
    """Return the line that says how many devices a text leaves out, if any."""
    return [f"  … and {devices - SHOWN_DEVICES} more"] if devices > SHOWN_DEVICES else []


@dataclass(frozen=True, eq=False, repr=False)
class Outcome:
    """The model applied to one decision of a slot; arrays have shape (N,).

    Attributes
    ----------
    local_s, transmit_s, queue_s, server_s, end_to_end_s
        Latency of one task (Eq. 1); NaN for a device that serves nothing, inf where ρ ≥ 1.
    energy_j, harvest_j, battery_next_j
        E_con (Eq. 5), E_harv (Eq. 6) and E(t+1) (Eq. 4), the charge cut at 0 and E_max.
    device_utility, utility
        Eq. 10, per device and summed. A device that hibernates or breaks a constraint of its
        own scores −10; every device does where threads break one (their sum, k_min, a cap).
    served
        Whether the device served its tasks: no hibernation, no violation.
    violations, relaxed
        Constraints broken; those broken but relaxed on request (`threads_sum`, threads idle).
    """

    partition: Ints
    threads: Ints
    local_s: Floats
    transmit_s: Floats
    queue_s: Floats
    server_s: Floats
    end_to_end_s: Floats
    energy_j: Floats
    harvest_j: Floats
    battery_next_j: Floats
    device_utility: Floats
    served: Mask
    violations: tuple[Violation, ...]
    relaxed: tuple[Violation, ...] = ()

    def __repr__(self) -> str:
        broken = ", ".join(
            f"{name}{f' of {device}' if device else ''} by {amount:.3g}"
            for name, device, amount in self.violations[:SHOWN_DEVICES]
        )
        verdict = f"breaks {broken}" if broken else "feasible"
        lines = [f"Outcome: U = {self.utility:.6g}, {int(self.served.sum())} served, {verdict}"]
        for index in range(min(len(self.partition), SHOWN_DEVICES)):
            lines.append(
                f"  l = {self.partition[index]}, k = {self.threads[index]}: "
                f"U = {self.device_utility[index]:.6g}, {self.end_to_end_s[index]:.4g} s, "
                f"{self.energy_j[index]:.4g} J drawn, {self.battery_next_j[index]:.4g} J left"
            )
        return "\n".join([*lines, *left_out(len(self.partition))])

    @property
    def utility(self) -> float:
        """U of the slot: the sum over devices."""
        return float(self.device_utility.sum())

    @property
    def feasible(self) -> bool:
        """Whether no constraint is broken."""
        return not self.violations


class Posed(Model, SlotArrays, Protocol):
    """What scoring a decision needs of a slot."""

    @property
    def fleet(self) -> Fleet: ...  # noqa: D102
    @property
    def threads(self) -> int: ...  # noqa: D102
    @property
    def min_threads(self) -> int: ...  # noqa: D102


class _Rows(NamedTuple):
    """λ, B, E and H of M slots, shape (M, N)."""

    arrival_rate_hz: Floats
    uplink_bps: Floats
    battery_j: Floats
    harvest_j: Floats


def outcomes_of(
    slots: Sequence[Posed], partition: Ints, threads: Ints, relax: Sequence[frozenset[str]]
) -> list[Outcome]:
    """Apply the model to one decision of each of M slots: one fleet, τ, V and formulation.

    Parameters
    ----------
    partition, threads
        l_n and k_n, shape (M, N).
    relax
        Constraints of each slot that a decision may break, if only by idle threads.
    """
    step = max(1, _BLOCK // max(partition.shape[1], 1))
    found = []
    for start in range(0, len(slots), step):
        here = slice(start, start + step)
        found += _outcomes(slots[here], partition[here], threads[here], relax[here])
    return found


@np.errstate(over="ignore", invalid="ignore")
def charge_following_j(slot: Posed, partition: Ints) -> Floats:
    """Return `battery_next_j` of a partition's outcome, shape (N,); the threads do not matter.

    It is called between two messages to a player, so it does no more than it has to.
    """
    fleet = slot.fleet
    idle = (partition < 0) | (partition > fleet.layers)
    cuts = fleet.cuts_at(np.arange(len(partition)), np.where(idle, 0, partition))
    energy = slot_energy_j(
        cuts.local_s,
        transmission_s(cuts.cut_bits, slot.uplink_bps),
        fleet.compute_power_w,
        fleet.transmit_power_w,
        tasks(slot.arrival_rate_hz, slot.slot_s, slot.formulation),
    )
    charge = charge_j(slot.battery_j, np.where(idle, 0.0, energy), slot.harvest_j)
    return battery_next_j(charge, fleet.battery_max_j)


def _idle(slot: Posed, partition: Ints) -> tuple[Mask, Mask]:
    """Return which devices hibernate, and which have l out of range; both use no energy."""
    asleep = (partition == HIBERNATE) & slot.formulation.hibernation_allowed
    return asleep, ~asleep & ((partition < 0) | (partition > slot.fleet.layers))


def _outcomes(
    slots: Sequence[Posed], partition: Ints, threads: Ints, relax: Sequence[frozenset[str]]
) -> list[Outcome]:
    fleet = slots[0].fleet
    now = _Rows(*(np.array([getattr(slot, name) for slot in slots]) for name in _Rows._fields))
    asleep, off_range = _idle(slots[0], partition)
    idle = asleep | off_range
    cuts = fleet.cuts_at(np.arange(len(fleet)), np.clip(partition, 0, fleet.layers))
    # Local-only needs no server, so D(k) need not be defined for it.
    whole = np.where(cuts.server_share > 0.0, fleet.whole_server_s(threads), 0.0)
    terms = slot_terms(slots[0], slot_data(now, fleet), cuts, whole)
    energy = np.where(idle, 0.0, terms.energy_j)
    charge = charge_j(now.battery_j, energy, now.harvest_j)

    rho = utilisation(now.arrival_rate_hz, terms.server_s)
    caps, least = fleet.thread_caps, slots[0].min_threads
    checks = (
        ("threads_min", threads < least, least - threads),
        ("threads_max", threads > caps, threads - caps),
        ("partition_range", off_range, np.maximum(-partition, partition - fleet.layers)),
        ("queue", ~idle & (rho >= 1.0), rho - 1.0),
        ("battery", ~idle & ~(charge > 0.0), -charge),
    )
    beyond = threads.sum(axis=1) - np.array([slot.threads for slot in slots])
    # Only idle threads can be relaxed: allocating more threads than there are is impossible.
    relaxed = (beyond < 0) & np.array(["threads_sum" in names for names in relax])
    of_sum = [
        (Violation("threads_sum", None, float(abs(total))),) if total else ()
        for total in beyond.tolist()
    ]
    own = _violations(fleet, checks, len(slots))
    # A thread that one device must not hold, or gives up, may be what another one gains from: then
    # a violation could beat the optimum, so it costs every device (MODEL.md).
    spoilt = (checks[0][1] | checks[1][1]).any(axis=1) | ((beyond != 0) & ~relaxed)
    unserved = asleep | spoilt[:, None] | checks[2][1] | checks[3][1] | checks[4][1]
    utility = np.where(unserved, UNSERVED_UTILITY, terms.utility)
    latency = (
        np.where(idle, np.nan, seconds)
        for seconds in (
            cuts.local_s,
            terms.transmit_s,
            terms.queue_s,
            terms.server_s,
            terms.end_to_end_s,
        )
    )
    following = battery_next_j(charge, fleet.battery_max_j)
    broken = [
        (devices, sums) if excused else (sums + devices, ())
        for devices, sums, excused in zip(own, of_sum, relaxed.tolist(), strict=True)
    ]
    columns = (partition, threads, *latency, energy, now.harvest_j, following, utility, ~unserved)
    return [Outcome(*row, *more) for *row, more in zip(*columns, broken, strict=True)]


def _violations(
    fleet: Fleet, checks: Sequence[tuple[str, Mask, Ints | Floats]], slots: int
) -> list[tuple[Violation, ...]]:
    """Return the violations of single devices in each slot, constraint by constraint."""
    found: list[tuple[Violation, ...]] = [()] * slots
    for name, off, amount in checks:
        if off.any():
            for slot, device in np.argwhere(off).tolist():
                one = Violation(name, fleet.names[device], float(amount[slot, device]))
                found[slot] += (one,)
    return found
