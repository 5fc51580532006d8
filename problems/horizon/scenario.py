"""Draw a horizon from a suite's data and a seed: arrivals, uplinks, threads, sun, charges.

Every random stream, and within it every device, has a child seed of its own. Changing a range, the
number of slots or the number of devices changes no other draw. A longer horizon or a larger fleet
extends the smaller one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import IntEnum
from math import floor
from typing import Any

import numpy as np

from splitbench.problems.arrays import Floats, Ints
from splitbench.problems.equations import harvested_j
from splitbench.problems.errors import InputError
from splitbench.problems.fleet import Fleet
from splitbench.problems.formulation import Formulation
from splitbench.problems.horizon.horizon import Horizon
from splitbench.problems.latency.profiles.calibration import AS_PROFILED, Calibration
from splitbench.problems.latency.profiles.device_builder import CurveKind, Split, make_device
from splitbench.problems.sun.days import clear_sky_w_m2, load_solar
from splitbench.problems.sun.sun_file import SunFile
from splitbench.problems.sun.trace import mean_over_slots

Range = tuple[float, float]


class Stream(IntEnum):
    """Random streams. The number is the first part of the child seed's key and must not change."""

    ARRIVALS = 0
    UPLINK = 1
    THREADS = 2
    SUN = 3
    CHARGE = 4


@dataclass(frozen=True)
class DeviceKind:
    """A board that runs a DNN, on `cores` cores (the profile's own number by default).

    Attributes
    ----------
    calibration
        Numbers that replace those of the profiles.
    server, uplink_mbps, tasks, battery_max_j, panel_m2, start_charge
        Values for devices of this kind; None: the scenario's value.
    """

    board: str
    dnn: str
    cores: int | None = None
    calibration: Calibration = AS_PROFILED
    server: str | None = None
    uplink_mbps: Range | None = None
    tasks: Range | None = None
    battery_max_j: float | None = None
    panel_m2: float | None = None
    start_charge: Range | None = None

    def __post_init__(self) -> None:
        for name in ("uplink_mbps", "tasks"):
            limits = getattr(self, name)
            if limits is not None:
                _check_range(name, limits)
        if self.start_charge is not None:
            _check_charge(self.start_charge)
        if self.battery_max_j is not None and not 0.0 < self.battery_max_j < np.inf:
            raise InputError(f"battery_max_j: got {self.battery_max_j}; expected a number > 0")
        if self.panel_m2 is not None and not 0.0 <= self.panel_m2 < np.inf:
            raise InputError(f"panel_m2: got {self.panel_m2}; expected a number ≥ 0")

    def on(self, board: str | None, dnn: str | None) -> DeviceKind:
        """Return the kind on another board (its own number of cores) or with another DNN."""
        moved = self if board is None else replace(self, board=board, cores=None)
        return moved if dnn is None else replace(moved, dnn=dnn)


@dataclass(frozen=True)
class Scenario:
    """The data of a suite; values are drawn uniformly from ranges.

    Attributes
    ----------
    kinds
        Boards and DNNs; device n is of kind n modulo their number.
    threads
        Fewest and most server threads of a slot, both included.
    uplink_mbps
        One range for every device, or several that devices take in turn, Mbit/s.
    shared_uplink
        Whether all devices see the same draw in a slot, as the paper's B(t).
    tasks
        Arrivals per slot, λ·τ.
    start_charge
        Charge at the start as a share of `battery_max_j`.
    panel_m2
        α of Eq. 6: panel area (m²) × efficiency.
    sun
        Name of a shipped trace, or a station's file.
    start_minute
        Minute of the sun trace at which the horizon begins.
    truth
        Kind of D(k) that outcomes are computed with, while solvers are shown `curve`; None:
        `curve` for both.
    """

    kinds: tuple[DeviceKind, ...]
    devices: int
    slots: int
    threads: tuple[int, int]
    uplink_mbps: tuple[Range, ...]
    tasks: Range
    battery_max_j: float
    panel_m2: float
    sun: str | SunFile
    start_minute: Range
    start_charge: Range = (1.0, 1.0)
    shared_uplink: bool = False
    split: Split = "linear"
    curve: CurveKind = "exp2"
    truth: CurveKind | None = None
    server: str = "i7-12700kf"
    server_scale: float = 1.0
    input_bits_per_value: float = 32.0
    slot_s: float = 30.0
    min_threads: int = 1
    utility_weight: float = 0.5
    formulation: Formulation = field(default_factory=lambda: Formulation(hibernation="allowed"))

    def __post_init__(self) -> None:
        for name in ("devices", "slots", "min_threads"):
            _at_least(name, getattr(self, name), 1)
        for name in ("battery_max_j", "server_scale", "slot_s", "input_bits_per_value"):
            if not 0.0 < getattr(self, name) < np.inf:
                raise InputError(f"{name}: got {getattr(self, name)}; expected a number > 0")
        for name, limits in (("tasks", (self.tasks,)), ("uplink_mbps", self.uplink_mbps)):
            for one in limits:
                _check_range(name, one)
        _check_charge(self.start_charge)
        if self.shared_uplink and any(kind.uplink_mbps for kind in self.kinds):
            raise InputError("uplink_mbps: a kind of device has its own; expected shared = false")

    def fleet(self, curve: CurveKind | None = None) -> Fleet:
        """Build the devices, with `curve` of their own by default; they depend on no seed."""
        templates = [
            make_device(
                f"md{index}",
                kind.board,
                kind.dnn,
                battery_max_j=kind.battery_max_j or self.battery_max_j,
                split=self.split,
                cores=kind.cores,
                server=kind.server or self.server,
                server_scale=self.server_scale,
                curve=curve or self.curve,
                input_bits_per_value=self.input_bits_per_value,
                calibration=kind.calibration,
            )
            for index, kind in enumerate(self.kinds[: self.devices])
        ]
        return Fleet(
            [
                replace(templates[index % len(templates)], name=f"md{index}")
                for index in range(self.devices)
            ]
        )

    def horizon(self, seed: int, name: str = "") -> Horizon:
        """Draw the horizon of a seed (a whole number ≥ 0).

        Raises
        ------
        InputError
            A negative seed, an unknown profile or trace, or slots that leave the sun trace.
        """
        _at_least("seed", seed, 0)
        sun = load_solar(self.sun) if isinstance(self.sun, str) else self.sun.trace()
        return Horizon(
            fleet=self.fleet(self.truth),
            planning=self._planning(),
            threads=self._threads(seed),
            arrival_rate_hz=self._per_device(seed, Stream.ARRIVALS, self._tasks()) / self.slot_s,
            uplink_bps=self._uplinks(seed),
            harvest_j=self._harvest_j(seed, sun.irradiance_w_m2),
            clear_sky_harvest_j=self._harvest_j(seed, clear_sky_w_m2(sun)),
            battery_start_j=self._charges_j(seed),
            slot_s=self.slot_s,
            min_threads=self.min_threads,
            utility_weight=self.utility_weight,
            formulation=self.formulation,
            name=name,
        )

    def _planning(self) -> Fleet | None:
        """Return the devices as solvers are shown them, where `truth` differs."""
        if self.truth is None:
            return None
        # Solvers are shown the true thread caps: a decision beyond them would be a violation.
        caps = [device.max_threads_known for device in self.fleet(self.truth).devices]
        planned = self.fleet().devices
        return Fleet([
            replace(device, max_threads=cap) for device, cap in zip(planned, caps, strict=True)
        ])  # fmt: skip

    def _of_kinds(self, said: Callable[[DeviceKind], Any]) -> Floats:
        """Return a value of each device's kind, shape (N, …)."""
        values = np.array([said(kind) for kind in self.kinds], dtype=np.float64)
        return values[np.arange(self.devices) % len(self.kinds)]

    def _tasks(self) -> Floats:
        return self._of_kinds(lambda kind: kind.tasks or self.tasks)

    def _threads(self, seed: int) -> Ints:
        low, high = self.threads
        drawn = draws(seed, Stream.THREADS, 0, self.slots)
        return np.floor(low + drawn * (high - low + 1)).astype(np.int64)

    def _uplinks(self, seed: int) -> Floats:
        if not self.shared_uplink:
            turns = np.array(self.uplink_mbps)[np.arange(self.devices) % len(self.uplink_mbps)]
            own = self._of_kinds(lambda kind: kind.uplink_mbps or (np.nan, np.nan))
            ranges = np.where(np.isnan(own), turns, own)
            return 1e6 * self._per_device(seed, Stream.UPLINK, ranges)
        seen = within(self.uplink_mbps[0], draws(seed, Stream.UPLINK, 0, self.slots))
        return 1e6 * np.repeat(seen[:, None], self.devices, axis=1)

    def _per_device(self, seed: int, stream: Stream, ranges: Floats) -> Floats:
        """Draw from each device's range, shape (N, 2), in every slot; shape (T, N)."""
        drawn = [draws(seed, stream, index, self.slots) for index in range(self.devices)]
        return within((ranges[:, 0], ranges[:, 1]), np.stack(drawn, axis=1))

    def _harvest_j(self, seed: int, minute_w_m2: Floats) -> Floats:
        """Return Eq. 6 for one-minute irradiance: every device has the same sun."""
        start = floor(within(self.start_minute, draws(seed, Stream.SUN, 0, 1))[0])
        what = f"solar trace {self.sun}"
        mean_w_m2 = mean_over_slots(minute_w_m2, start, self.slot_s, self.slots, what)
        panels = self._of_kinds(
            lambda kind: self.panel_m2 if kind.panel_m2 is None else kind.panel_m2
        )
        return harvested_j(mean_w_m2[:, None], panels, self.slot_s)

    def _charges_j(self, seed: int) -> Floats:
        capacity = self._of_kinds(lambda kind: kind.battery_max_j or self.battery_max_j)
        low, high = self._of_kinds(lambda kind: kind.start_charge or self.start_charge).T
        return capacity * within((low, high), self._start_draws(seed))

    def _start_draws(self, seed: int) -> Floats:
        """Draw a number in [0, 1) for each device's charge at the start."""
        drawn = [draws(seed, Stream.CHARGE, index, 1)[0] for index in range(self.devices)]
        return np.array(drawn)


def draws(seed: int, stream: int, index: int, count: int) -> Floats:
    """Return `count` uniform numbers in [0, 1) of a stream and device; more extend fewer."""
    child = np.random.SeedSequence(seed, spawn_key=(int(stream), index))
    return np.random.default_rng(child).random(count)


def within(limits: tuple[float | Floats, float | Floats], drawn: Floats) -> Floats:
    """Map numbers in [0, 1) onto a range."""
    low, high = limits
    found: Floats = low + (high - low) * drawn
    return found


def _check_range(name: str, limits: Range) -> None:
    low, high = limits
    if not 0.0 < low <= high < np.inf:
        raise InputError(f"{name}: got {low} to {high}; expected 0 < low ≤ high")


def _check_charge(limits: Range) -> None:
    low, high = limits
    if not 0.0 <= low <= high <= 1.0:
        raise InputError(f"start_charge: got {low} to {high}; expected shares 0 to 1")


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise InputError(f"{name}: got {value}; expected a whole number ≥ {least}")
