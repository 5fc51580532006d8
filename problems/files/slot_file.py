"""Read and write slot instances, format `splitbench/slot@1`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from splitbench.problems.errors import InputError
from splitbench.problems.files.json_file import read_json_object, validate
from splitbench.problems.fleet import Fleet
from splitbench.problems.slot import SlotProblem

if TYPE_CHECKING:
    from splitbench.problems.files.device_schema import DeviceModel


def load_instance(path: str | Path) -> SlotProblem:
    """Read a slot instance.

    Raises
    ------
    InputError
        One line that names file, place, value and what was expected.
    """
    return instance_from(read_json_object(path), str(path))


def instance_from(data: Any, source: str) -> SlotProblem:
    """Build the problem from parsed JSON that came from `source`; see `load_instance`."""
    from splitbench.problems.files.slot_schema import SlotFile

    file = validate(SlotFile, data, source)
    check_devices(file.devices, file.threads, source)
    for index, device in enumerate(file.devices):
        if device.battery_j > device.battery_max_j:
            raise InputError(
                f"{source}: devices[{index}].battery_j: got {device.battery_j:g}; "
                f"expected at most battery_max_j = {device.battery_max_j:g}"
            )
    return SlotProblem(
        fleet=Fleet([device.to_device() for device in file.devices]),
        threads=file.threads,
        arrival_rate_hz=np.array([device.arrival_rate_hz for device in file.devices]),
        uplink_bps=np.array([device.uplink_bps for device in file.devices]),
        battery_j=np.array([device.battery_j for device in file.devices]),
        harvest_j=np.array([device.harvest_j for device in file.devices]),
        slot_s=file.slot_s,
        min_threads=file.min_threads,
        utility_weight=file.utility_weight,
        formulation=file.formulation.to_formulation(),
        name=file.name,
    )


def instance_dict(problem: SlotProblem) -> dict[str, Any]:
    """Return the instance as the JSON object that `load_instance` reads back unchanged."""
    from splitbench.problems.files.device_schema import device_dict

    devices = [
        device_dict(device)
        | {
            "arrival_rate_hz": float(problem.arrival_rate_hz[index]),
            "uplink_bps": float(problem.uplink_bps[index]),
            "battery_j": float(problem.battery_j[index]),
            "harvest_j": float(problem.harvest_j[index]),
        }
        for index, device in enumerate(problem.fleet.devices)
    ]
    return {
        "format": "splitbench/slot@1",
        "name": problem.name,
        "slot_s": problem.slot_s,
        "threads": problem.threads,
        "min_threads": problem.min_threads,
        "utility_weight": problem.utility_weight,
        "formulation": {
            "energy_term": problem.formulation.energy_term,
            "energy_scope": problem.formulation.energy_scope,
            "hibernation": problem.formulation.hibernation,
        },
        "devices": devices,
    }


def save_instance(problem: SlotProblem, path: str | Path) -> None:
    """Write the instance as JSON."""
    Path(path).write_text(json.dumps(instance_dict(problem), indent=1) + "\n", encoding="utf-8")


def check_devices(devices: list[Any], most_threads: int, source: str) -> None:
    """Check the fields of devices against one another: names, lengths, ends, order, D(k) > 0.

    Raises
    ------
    InputError
        The first inconsistency.
    """
    seen: dict[str, int] = {}
    for index, device in enumerate(devices):
        place = f"{source}: devices[{index}]"
        if device.name in seen:
            raise InputError(
                f"{place}.name: got {device.name!r}, which devices[{seen[device.name]}] has; "
                "expected a name of its own"
            )
        seen[device.name] = index
        _check_device(device, place, most_threads)


def _check_device(device: DeviceModel, place: str, most_threads: int) -> None:
    from splitbench.problems.files.device_schema import positive_curve

    length = len(device.cut_bits)
    if device.cut_bits[-1] != 0:
        raise InputError(
            f"{place}.cut_bits[{length - 1}]: got {device.cut_bits[-1]:g}; "
            "expected 0, local-only sends nothing"
        )
    if isinstance(device.local_s, list):
        _check_length(device.local_s, length, f"{place}.local_s")
        _check_end(device.local_s, 0, 0.0, f"{place}.local_s")
        _check_order(device.local_s, 1, f"{place}.local_s")
    if device.server_share is not None:
        _check_length(device.server_share, length, f"{place}.server_share")
        _check_end(device.server_share, 0, 1.0, f"{place}.server_share")
        _check_end(device.server_share, length - 1, 0.0, f"{place}.server_share")
        _check_order(device.server_share, -1, f"{place}.server_share")
    bad = positive_curve(device, most_threads)
    if bad is not None:
        raise InputError(
            f"{place}.server_s: got D({bad[0]}) = {bad[1]:g} s; "
            "expected seconds > 0 and finite at every thread count"
        )


def _check_length(values: list[float], length: int, place: str) -> None:
    if len(values) != length:
        raise InputError(
            f"{place}: got {len(values)} numbers; expected {length}, as many as cut_bits"
        )


def _check_end(values: list[float], index: int, expected: float, place: str) -> None:
    if values[index] != expected:
        raise InputError(f"{place}[{index}]: got {values[index]:g}; expected {expected:g}")


def _check_order(values: list[float], sign: int, place: str) -> None:
    for index in range(1, len(values)):
        if sign * (values[index] - values[index - 1]) < 0:
            bound = "at least" if sign > 0 else "at most"
            raise InputError(
                f"{place}[{index}]: got {values[index]:g}; "
                f"expected {bound} the entry before it, {values[index - 1]:g}"
            )
