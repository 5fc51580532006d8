"""The JSON formats `splitbench/slot@1` and `splitbench/horizon@1` as pydantic models."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from splitbench.problems.files.device_schema import (
    ABSENT,
    Count,
    DeviceModel,
    NonNegative,
    Positive,
    Share,
    Strict,
)
from splitbench.problems.formulation import EnergyScope, EnergyTerm, Formulation, Hibernation


class FormulationModel(Strict):
    """Which reading of the model; the defaults are the consistent one."""

    energy_term: EnergyTerm = "residual"
    """Energy in the utility: the next charge, or the depletion printed in Eq. 10."""
    energy_scope: EnergyScope = "slot"
    """Eq. 5 for all tasks of the slot, or for one task as printed."""
    hibernation: Hibernation = "forbidden"
    """Whether a device may hibernate for the slot (partition -1)."""

    def to_formulation(self) -> Formulation:
        """Return the switches as the model uses them."""
        return Formulation(self.energy_term, self.energy_scope, self.hibernation)


class HorizonFormulationModel(Strict):
    """Which reading of the model; over a horizon hibernation is always allowed."""

    energy_term: EnergyTerm = "residual"
    """Energy in the utility: the next charge, or the depletion printed in Eq. 10."""
    energy_scope: EnergyScope = "slot"
    """Eq. 5 for all tasks of the slot, or for one task as printed."""
    hibernation: Literal["allowed"] = "allowed"
    """Always allowed over a horizon."""

    def to_formulation(self) -> Formulation:
        """Return the switches as the model uses them."""
        return Formulation(self.energy_term, self.energy_scope, "allowed")


class HorizonDeviceModel(DeviceModel):
    """A device of a horizon file."""

    battery_start_j: NonNegative = Field(default=ABSENT)
    """Charge at the start, at most battery_max_j; default full."""


class SlotDeviceModel(DeviceModel):
    """A device of a slot file."""

    arrival_rate_hz: Positive
    """Task arrivals (Poisson)."""
    uplink_bps: Positive
    """Uplink rate that the device sees."""
    battery_j: NonNegative
    """Charge at the start of the slot, at most battery_max_j."""
    harvest_j: NonNegative
    """Energy harvested during the slot."""


class SlotFile(Strict):
    """One slot: which partition and how many server threads for each device."""

    format: Literal["splitbench/slot@1"]
    name: str
    slot_s: Positive
    """Length of the slot."""
    threads: Count
    """Threads of the server; all are given out."""
    min_threads: Count
    """Fewest threads that a device may be given."""
    utility_weight: Share
    """V of Eq. 10: the weight of energy against latency."""
    formulation: FormulationModel = FormulationModel()
    devices: Annotated[list[SlotDeviceModel], Field(min_length=1)]


class HorizonSlotModel(Strict):
    """One slot of a horizon; lists have one number for each device."""

    threads: Count
    """Threads of the server; at least min_threads for each device."""
    arrival_rate_hz: list[Positive]
    """Task arrivals (Poisson)."""
    uplink_bps: list[Positive]
    """Uplink rates that the devices see."""
    harvest_j: list[NonNegative]
    """Energy harvested during the slot."""


class HorizonFile(Strict):
    """Consecutive slots of the same devices, whose charge carries over."""

    format: Literal["splitbench/horizon@1"]
    name: str
    slot_s: Positive
    """Length of a slot."""
    min_threads: Count
    """Fewest threads that a device may be given."""
    utility_weight: Share
    """V of Eq. 10: the weight of energy against latency."""
    formulation: HorizonFormulationModel = HorizonFormulationModel()
    devices: Annotated[list[HorizonDeviceModel], Field(min_length=1)]
    slots: Annotated[list[HorizonSlotModel], Field(min_length=1)]
