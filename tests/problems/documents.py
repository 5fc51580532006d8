"""The example files of the two JSON formats, and edits to them, for the tests of the loaders."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

Document = dict[str, Any]
Place = tuple[str | int, ...]

#: What stands for "take this field away" in `edited`.
GONE = object()

EXAMPLE_DEVICE: Document = {
    "name": "md0",
    "dnn": "vgg16_bn",
    "arrival_rate_hz": 0.83,
    "uplink_bps": 1.5e7,
    "deadline_s": 0.27,
    "battery_j": 1500.0,
    "battery_max_j": 2000.0,
    "harvest_j": 60.0,
    "compute_power_w": 8.6,
    "transmit_power_w": 6.5,
    "cut_bits": [4816896, 802816, 131072, 0],
    "local_s": 0.3,
    "server_s": {"exp2": [0.17, -0.5, 0.02, 0.0]},
    "server_share": [1.0, 0.3, 0.1, 0.0],
    "max_threads": 16,
}

#: The example of the interface description, word for word.
EXAMPLE: Document = {
    "format": "splitbench/slot@1",
    "name": "demo",
    "slot_s": 30.0,
    "threads": 16,
    "min_threads": 1,
    "utility_weight": 0.5,
    "formulation": {"energy_term": "residual", "energy_scope": "slot"},
    "devices": [EXAMPLE_DEVICE],
}


def slot_document() -> Document:
    """Three devices: the example, one with a table and lists, one with nothing optional."""
    second = EXAMPLE_DEVICE | {
        "name": "md1",
        "local_s": [0.0, 0.1, 0.1, 0.4],
        "server_s": {"table": [0.4, 0.2, 0.25]},
    }
    third = {key: EXAMPLE_DEVICE[key] for key in EXAMPLE_DEVICE if key != "max_threads"}
    third = third | {"name": "md2", "cut_bits": [4816896, 0]}
    del third["server_share"]
    return copy.deepcopy(EXAMPLE | {"devices": [EXAMPLE_DEVICE, second, third]})


def horizon_document() -> Document:
    """Two slots of the same three devices; the first starts at 800 J, the others full."""
    slot = slot_document()
    per_slot = ("arrival_rate_hz", "uplink_bps", "battery_j", "harvest_j")
    devices = [
        {key: value for key, value in device.items() if key not in per_slot}
        for device in slot["devices"]
    ]
    devices[0]["battery_start_j"] = 800.0
    return {
        "format": "splitbench/horizon@1",
        "name": "two slots",
        "slot_s": 30.0,
        "min_threads": 1,
        "utility_weight": 0.5,
        "devices": devices,
        "slots": [
            {
                "threads": threads,
                "arrival_rate_hz": [0.8, 0.9, 1.0],
                "uplink_bps": [1e7, 1.5e7, 2e7],
                "harvest_j": [0.0, 20.0, 30.0],
            }
            for threads in (12, 16)
        ],
    }


def edited(document: Document, place: Place, value: Any) -> Document:
    """Copy `document` with the entry at `place` set to `value`, or taken away where GONE."""
    result = copy.deepcopy(document)
    target: Any = result
    for step in place[:-1]:
        target = target[step]
    if value is GONE:
        del target[place[-1]]
    else:
        target[place[-1]] = value
    return result


def written(directory: Path, document: Any, name: str = "file.json") -> Path:
    """Write `document` as JSON, NaN and Infinity included, and return its path."""
    path = directory / name
    path.write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
    return path
