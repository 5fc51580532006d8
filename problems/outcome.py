"""Outcome of one decision: latency parts, energy, utility, broken constraints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from splitbench.problems.arrays import Floats, Ints, Mask

#: Partition of a hibernating device.
HIBERNATE = -1

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
