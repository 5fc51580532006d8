"""Read and write slot instances, format `splitbench/slot@1`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from splitbench.problems.files.json_file import read_json_object, several_errors, validate
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
    errors = device_errors(file.devices, file.threads)
    errors += [
        f"devices[{index}].battery_j: got {device.battery_j:g}; "
        f"expected at most battery_max_j = {device.battery_max_j:g}"
        for index, device in enumerate(file.devices)
        if device.battery_j > device.battery_max_j
    ]
    if errors:
        raise several_errors(source, errors)
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


def device_errors(devices: Sequence[DeviceModel], most_threads: int) -> list[str]:
    """Check the fields of devices against one another: names, lengths, ends, order, D(k) > 0.

    Returns
    -------
    list[str]
        Each place, its value and what was expected.
    """
    seen: dict[str, int] = {}
    errors = []
    for index, device in enumerate(devices):
        place = f"devices[{index}]"
        if device.name in seen:
            errors.append(
                f"{place}.name: got {device.name!r}, which devices[{seen[device.name]}] has; "
                "expected a name of its own"
            )
        seen.setdefault(device.name, index)
        own = list(_errors_of(device, place))
        errors += own or _curve_errors(device, place, most_threads)
    return errors


def _curve_errors(device: DeviceModel, place: str, most_threads: int) -> list[str]:
    from splitbench.problems.files.device_schema import impossible_curve

    why = impossible_curve(device, most_threads)
    return [f"{place}.server_s: {why}"] if why else []


def _errors_of(device: DeviceModel, place: str) -> Iterator[str]:
    length = len(device.cut_bits)
    if device.cut_bits[-1] != 0:
        yield (
            f"{place}.cut_bits[{length - 1}]: got {device.cut_bits[-1]:g}; "
            "expected 0, local-only sends nothing"
        )
    if isinstance(device.local_s, list):
        yield from _shape_errors(device.local_s, length, {0: 0.0}, 1, f"{place}.local_s")
    if device.server_share is not None:
        ends = {0: 1.0, length - 1: 0.0}
        yield from _shape_errors(device.server_share, length, ends, -1, f"{place}.server_share")


def _shape_errors(
    values: list[float], length: int, ends: dict[int, float], sign: int, place: str
) -> Iterator[str]:
    """Check the length of a list, its ends, and that it rises (`sign` 1) or falls (−1)."""
    if len(values) != length:
        yield f"{place}: got {len(values)} numbers; expected {length}, as many as cut_bits"
        return
    for index, expected in ends.items():
        if values[index] != expected:
            yield f"{place}[{index}]: got {values[index]:g}; expected {expected:g}"
    for index in range(1, length):
        if sign * (values[index] - values[index - 1]) < 0:
            bound = "at least" if sign > 0 else "at most"
            yield (
                f"{place}[{index}]: got {values[index]:g}; "
                f"expected {bound} the entry before it, {values[index - 1]:g}"
            )
            return
