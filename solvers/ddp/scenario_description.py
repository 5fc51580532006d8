"""Describe in numbers what a policy is trained for: devices, networks and ranges.

Two descriptions have a distance. So a run finds the nearest policy whatever the suite is called,
and can say how far from its training a policy is used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from splitbench.problems import Fleet, Horizon
from splitbench.problems.arrays import Floats

#: Numbers whose log2 differs by less are the same: fits depend on a machine's arithmetic.
_SAME = 1e-3
#: Added to all numbers, because a harvest or a power may be 0.
_FLOOR = 1e-2
_MOST_THREADS = 16


class ScenarioDescription(BaseModel):
    """Numbers that any scenario has, whatever it is called and wherever it comes from.

    Attributes
    ----------
    layers
        S_n of each device.
    devices
        For each device its numbers by name: means over layers of cut (Mbit), local time (ms) and
        server share; the whole DNN's time (ms) on the device and at 1, 4 and 16 server threads;
        deadline (ms), battery (J) and powers (W).
    ranges
        Mean over slots and devices, and mean plus standard deviation: tasks per slot, uplink
        (Mbit/s), server threads per device; harvest of a slot and charge at the start in percent of
        the battery.
    fixed
        V, energy terms, slot length (s) and k_min.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    layers: list[int]
    devices: list[dict[str, float]]
    ranges: dict[str, float]
    fixed: dict[str, float | str]

    @classmethod
    def of(cls, horizons: Sequence[Horizon]) -> ScenarioDescription:
        """Describe a scenario by some of its horizons."""
        first = horizons[0]
        capacity = first.fleet.battery_max_j
        devices = len(first.fleet)
        ranges: dict[str, Floats] = {
            "tasks": np.stack([one.arrival_rate_hz for one in horizons]) * first.slot_s,
            "uplink_mbps": np.stack([one.uplink_bps for one in horizons]) / 1e6,
            "threads_a_device": np.stack([one.threads for one in horizons]) / devices,
            "harvest_percent": 100.0 * np.stack([one.harvest_j for one in horizons]) / capacity,
            "start_percent": 100.0 * np.stack([one.battery_start_j for one in horizons]) / capacity,
        }
        means = {name: values.mean() for name, values in ranges.items()}
        high = {f"{name}_high": values.mean() + values.std() for name, values in ranges.items()}
        return cls(
            layers=first.fleet.layers.tolist(),
            devices=_device_numbers(first.fleet),
            ranges={name: _rounded(value) for name, value in (means | high).items()},
            fixed={
                "utility_weight": first.utility_weight,
                "energy_term": first.formulation.energy_term,
                "energy_scope": first.formulation.energy_scope,
                "slot_s": first.slot_s,
                "min_threads": first.min_threads,
            },
        )

    @property
    def fingerprint(self) -> str:
        """A digest of all numbers, to name files by."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    def distance_to(self, trained: ScenarioDescription, *, in_order: bool) -> float | None:
        """Return how far a policy's training lies from this scenario.

        The distance is the mean |log2 ratio| of the devices' numbers plus that of the ranges'
        numbers: 1 means that numbers differ by a factor of two on average. 0 means the same
        scenario.

        Parameters
        ----------
        trained
            What the policy was trained for.
        in_order
            Compare device by device, as the joint actor needs. Otherwise each device counts with
            the nearest one of the training.

        Returns
        -------
        float | None
            None where the policy cannot be used: `fixed` differs, or, `in_order`, N or S_n.
        """
        if self.fixed != trained.fixed or (in_order and self.layers != trained.layers):
            return None
        own, others = _matrix(self.devices), _matrix(trained.devices)
        if in_order:
            devices = np.abs(own - others)
        else:
            pairs = np.abs(own[:, None] - others[None])
            nearest = pairs.mean(axis=2).argmin(axis=1)
            devices = pairs[np.arange(len(own)), nearest]
        ranges = np.abs(_matrix([self.ranges]) - _matrix([trained.ranges]))
        same_size = in_order or len(own) == len(others)
        if same_size and max(devices.max(), ranges.max()) < _SAME:
            return 0.0
        return max(float(devices.mean() + ranges.mean()), _SAME)


def _device_numbers(fleet: Fleet) -> list[dict[str, float]]:
    curve_ms = 1e3 * fleet.curve_s(_MOST_THREADS)
    rows = []
    for device, thread_cap, of_threads in zip(
        fleet.devices, fleet.thread_caps, curve_ms, strict=True
    ):
        most = min(int(thread_cap), _MOST_THREADS)
        numbers: dict[str, Any] = {
            "cut_mbit": np.mean(device.cut_bits) / 1e6,
            "layer_ms": np.mean(device.local_s) * 1e3,
            "server_share": np.mean(device.server_share),
            "local_ms": device.local_s[-1] * 1e3,
            "deadline_ms": device.deadline_s * 1e3,
            "battery_j": device.battery_max_j,
            "compute_w": device.compute_power_w,
            "transmit_w": device.transmit_power_w,
        }
        for count in (1, 4, _MOST_THREADS):
            numbers[f"server_{count}_ms"] = of_threads[min(count, most) - 1]
        rows.append({name: _rounded(value) for name, value in numbers.items()})
    return rows


def _matrix(rows: list[dict[str, float]]) -> Floats:
    """Return log2 of the numbers, one row each, in the order of their names."""
    numbers = np.array([[row[name] for name in sorted(row)] for row in rows])
    logs: Floats = np.log2(numbers + _FLOOR)
    return logs


def _rounded(value: Any) -> float:
    """Write numbers to six digits: the last ones depend on a machine's arithmetic."""
    return float(f"{value:.6g}")
