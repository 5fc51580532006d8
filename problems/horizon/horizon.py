"""Arrivals, harvest and server threads of T slots, and their file, `splitbench/horizon@1`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from splitbench.problems.arrays import Floats, Ints, check_charge, check_counts, checked, frozen
from splitbench.problems.errors import InputError
from splitbench.problems.files.json_file import read_json_object, several_errors, validate
from splitbench.problems.files.slot_file import device_errors
from splitbench.problems.fleet import Fleet
from splitbench.problems.formulation import Formulation
from splitbench.problems.slot import SlotProblem


@dataclass(frozen=True, eq=False)
class Horizon:
    """T consecutive slots; `len(horizon)` is T. Hibernation is always allowed.

    Attributes
    ----------
    threads
        K(t), shape (T,).
    arrival_rate_hz, uplink_bps, harvest_j
        λ_n(t) in 1/s, B_n(t) in bit/s, E_harv in J; shape (T, N).
    battery_start_j
        E_n(0) in J, shape (N,).
    clear_sky_harvest_j
        Harvest of each slot under a clear sky, J, shape (T, N): a causal policy may know it in
        advance. None where it is not known, as in files.
    planning
        The devices as solvers are shown them; see `SlotProblem.planning`.
    suite
        Name of the suite that it was drawn from; empty for a file.
    """

    fleet: Fleet
    threads: Ints
    arrival_rate_hz: Floats
    uplink_bps: Floats
    harvest_j: Floats
    battery_start_j: Floats
    slot_s: float = 30.0
    min_threads: int = 1
    utility_weight: float = 0.5
    formulation: Formulation = field(default_factory=lambda: Formulation(hibernation="allowed"))
    name: str = ""
    clear_sky_harvest_j: Floats | None = None
    planning: Fleet | None = None
    suite: str = ""

    def __post_init__(self) -> None:
        check_counts(self.min_threads, self.slot_s, self.utility_weight)
        counts = np.asarray(self.threads)
        if counts.ndim != 1 or len(counts) == 0 or not np.issubdtype(counts.dtype, np.integer):
            raise InputError(
                f"threads: got {counts.dtype} of shape {counts.shape}; "
                "expected an integer for each of at least one slot"
            )
        object.__setattr__(self, "threads", frozen(counts.astype(np.int64)))
        shape = (len(self.threads), len(self.fleet))
        for attribute in ("arrival_rate_hz", "uplink_bps"):
            rates = checked(getattr(self, attribute), shape, attribute, positive=True)
            object.__setattr__(self, attribute, rates)
        object.__setattr__(self, "harvest_j", checked(self.harvest_j, shape, "harvest_j"))
        if self.clear_sky_harvest_j is not None:
            course = checked(self.clear_sky_harvest_j, shape, "clear_sky_harvest_j")
            object.__setattr__(self, "clear_sky_harvest_j", course)
        start = checked(self.battery_start_j, (len(self.fleet),), "battery_start_j")
        check_charge(start, self.fleet.battery_max_j, "battery_start_j")
        object.__setattr__(self, "battery_start_j", start)
        if not self.formulation.hibernation_allowed:
            allowed = replace(self.formulation, hibernation="allowed")
            object.__setattr__(self, "formulation", allowed)
        self._check_threads()

    def __len__(self) -> int:
        return len(self.threads)

    def slot(self, index: int, battery_j: Floats) -> SlotProblem:
        """Return slot `index` as a problem at the given charges (J, shape (N,)).

        Raises
        ------
        InputError
            Charges that are negative, or above the capacity.
        """
        charge = checked(battery_j, (len(self.fleet),), "battery_j")
        check_charge(charge, self.fleet.battery_max_j, "battery_j")
        return self.slot_of_charge(index, charge)

    def slot_of_charge(self, index: int, charge_j: Floats) -> SlotProblem:
        """Return slot `index` at charges that the model computed (read-only), without checks."""
        return SlotProblem.of_checked(
            fleet=self.fleet,
            threads=int(self.threads[index]),
            arrival_rate_hz=self.arrival_rate_hz[index],
            uplink_bps=self.uplink_bps[index],
            battery_j=charge_j,
            harvest_j=self.harvest_j[index],
            slot_s=self.slot_s,
            min_threads=self.min_threads,
            utility_weight=self.utility_weight,
            formulation=self.formulation,
            name=f"{self.name}[{index}]",
            planning=self.planning,
        )

    def first(self, slots: int) -> Horizon:
        """Return the horizon's first `slots` slots, or all where it has fewer.

        Raises
        ------
        InputError
            Fewer than one slot asked for.
        """
        if slots < 1:
            raise InputError(f"slots: got {slots}; expected at least 1")
        return replace(
            self,
            threads=self.threads[:slots],
            arrival_rate_hz=self.arrival_rate_hz[:slots],
            uplink_bps=self.uplink_bps[:slots],
            harvest_j=self.harvest_j[:slots],
            clear_sky_harvest_j=(
                None if self.clear_sky_harvest_j is None else self.clear_sky_harvest_j[:slots]
            ),
        )

    def _check_threads(self) -> None:
        """Refuse slots without a valid decision: hibernating devices hold threads as well."""
        label = f"{self.name}: " if self.name else ""
        devices = len(self.fleet)
        fewest = devices * self.min_threads
        most = self.fleet.threads_taken
        caps = self.fleet.thread_caps
        if caps.min() < self.min_threads:
            index = int((caps < self.min_threads).argmax())
            raise InputError(
                f"{label}devices[{index}]: takes at most {caps[index]} threads; "
                f"expected at least min_threads = {self.min_threads}"
            )
        for index, count in enumerate(self.threads.tolist()):
            if count < fewest:
                raise InputError(
                    f"{label}slots[{index}].threads: got {count}; expected at least "
                    f"{fewest}, min_threads = {self.min_threads} for each of {devices} devices"
                )
            if count > most:
                raise InputError(
                    f"{label}slots[{index}].threads: got {count}; "
                    f"expected at most {most}, the sum of what the devices take"
                )


def load_horizon(path: str | Path) -> Horizon:
    """Read a horizon file.

    Raises
    ------
    InputError
        One line that names file, place, value and what was expected.
    """
    return horizon_from(read_json_object(path), str(path))


def horizon_from(data: Any, source: str) -> Horizon:
    """Build the horizon from parsed JSON that came from `source`; see `load_horizon`."""
    from splitbench.problems.files.slot_schema import HorizonFile

    file = validate(HorizonFile, data, source)
    errors = device_errors(file.devices, max(slot.threads for slot in file.slots))
    for index, device in enumerate(file.devices):
        start = device.battery_start_j
        if start is not None and start > device.battery_max_j:
            errors.append(
                f"devices[{index}].battery_start_j: got {start:g}; "
                f"expected at most battery_max_j = {device.battery_max_j:g}"
            )
    for index, slot in enumerate(file.slots):
        for name in ("arrival_rate_hz", "uplink_bps", "harvest_j"):
            if len(getattr(slot, name)) != len(file.devices):
                errors.append(
                    f"slots[{index}].{name}: got {len(getattr(slot, name))} numbers; "
                    f"expected {len(file.devices)}, one for each device"
                )
    if errors:
        raise several_errors(source, errors)
    starts = [
        device.battery_max_j if device.battery_start_j is None else device.battery_start_j
        for device in file.devices
    ]
    try:
        return Horizon(
            fleet=Fleet([device.to_device() for device in file.devices]),
            threads=np.array([slot.threads for slot in file.slots]),
            arrival_rate_hz=np.array([slot.arrival_rate_hz for slot in file.slots]),
            uplink_bps=np.array([slot.uplink_bps for slot in file.slots]),
            harvest_j=np.array([slot.harvest_j for slot in file.slots]),
            battery_start_j=np.array(starts),
            slot_s=file.slot_s,
            min_threads=file.min_threads,
            utility_weight=file.utility_weight,
            formulation=file.formulation.to_formulation(),
            name=file.name,
        )
    except InputError as error:
        raise InputError(f"{source}: {str(error).removeprefix(f'{file.name}: ')}") from None


def horizon_dict(horizon: Horizon) -> dict[str, Any]:
    """Return the horizon as the JSON object that `load_horizon` reads back unchanged.

    Raises
    ------
    InputError
        The horizon shows solvers other devices (`planning`): a file has no field for them.
    """
    from splitbench.problems.files.device_schema import device_dict

    if horizon.planning is not None:
        raise InputError(f"{horizon.name}: a file holds one D(k); expected a suite without truth")
    return {
        "format": "splitbench/horizon@1",
        "name": horizon.name,
        "slot_s": horizon.slot_s,
        "min_threads": horizon.min_threads,
        "utility_weight": horizon.utility_weight,
        "formulation": {
            "energy_term": horizon.formulation.energy_term,
            "energy_scope": horizon.formulation.energy_scope,
        },
        "devices": [
            device_dict(device) | {"battery_start_j": float(horizon.battery_start_j[index])}
            for index, device in enumerate(horizon.fleet.devices)
        ],
        "slots": [
            {
                "threads": int(horizon.threads[index]),
                "arrival_rate_hz": horizon.arrival_rate_hz[index].tolist(),
                "uplink_bps": horizon.uplink_bps[index].tolist(),
                "harvest_j": horizon.harvest_j[index].tolist(),
            }
            for index in range(len(horizon))
        ],
    }


def save_horizon(horizon: Horizon, path: str | Path) -> None:
    """Write the horizon as JSON."""
    Path(path).write_text(json.dumps(horizon_dict(horizon), indent=1) + "\n", encoding="utf-8")
