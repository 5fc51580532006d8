"""What every suite takes in brackets."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import isfinite

from splitbench.problems.errors import InputError
from splitbench.problems.formulation import EnergyScope, EnergyTerm, Formulation
from splitbench.problems.latency.profiles.boards import CurveKind, Split


@dataclass(frozen=True)
class SuiteParameters:
    """Parameters of a suite; what is None stays as the suite has it.

    Attributes
    ----------
    devices, slots
        N, and slots (`small`: instances) a seed.
    arrival_scale, server_scale, uplink_scale, battery_scale, sun_scale
        Factors on arrivals, server latency, uplinks, battery capacity (charge with it), harvest.
    threads_scale
        Factor on the server's threads; by default N over the suite's own N where the server grows
        with the fleet (congested, starved, cloudy, hetero, scale), else 1.
    input_bits_per_value
        Coding of the DNN's input: 32 for float32, 8 for bytes.
    energy_term, energy_scope, utility_weight, min_threads
        Formulation switches, V and k_min.
    curve, split
        `exp2` or `table` for D(k), `linear`, `macs` or `measured` for the layers' shares.
    board, server, dnn
        A board or server for all devices, shipped or a profile file; a DNN for all devices.
    truth
        D(k) of the world, where solvers plan with `curve`: what the model's error costs.

    Raises
    ------
    InputError
        A value out of place.
    """

    devices: int | None = None
    slots: int | None = None
    arrival_scale: float = 1.0
    server_scale: float = 1.0
    uplink_scale: float = 1.0
    battery_scale: float = 1.0
    sun_scale: float = 1.0
    threads_scale: float | None = None
    input_bits_per_value: float | None = None
    energy_term: EnergyTerm | None = None
    energy_scope: EnergyScope | None = None
    utility_weight: float | None = None
    min_threads: int | None = None
    curve: CurveKind | None = None
    split: Split | None = None
    board: str | None = None
    server: str | None = None
    dnn: str | None = None
    truth: CurveKind | None = None

    def __post_init__(self) -> None:
        for name in ("devices", "slots", "min_threads"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name}: got {value}; expected a whole number ≥ 1")
        for name in (field.name for field in fields(self)):
            value = getattr(self, name)
            positive = name == "input_bits_per_value" or name.endswith("_scale")
            if positive and name != "sun_scale" and value is not None and not 0 < value < 1e9:
                raise InputError(f"{name}: got {value:g}; expected a number > 0")
        if not (isfinite(self.sun_scale) and self.sun_scale >= 0):
            raise InputError(f"sun_scale: got {self.sun_scale:g}; expected a number ≥ 0")
        if self.utility_weight is not None and not 0 <= self.utility_weight <= 1:
            raise InputError(f"utility_weight: got {self.utility_weight:g}; expected 0 to 1")

    def formulation(self, base: Formulation) -> Formulation:
        """Return `base` with the switches that were given."""
        return Formulation(
            self.energy_term or base.energy_term,
            self.energy_scope or base.energy_scope,
            base.hibernation,
        )
