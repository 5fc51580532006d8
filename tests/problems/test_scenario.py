"""Scenarios: draws that repeat, stay apart and continue each other."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from splitbench.problems import Horizon, InputError
from splitbench.problems.horizon.scenario import DeviceKind, Scenario
from splitbench.problems.sun.days import load_solar

BASE = Scenario(
    kinds=(DeviceKind("orin-nx", "vgg16_bn", 2), DeviceKind("orin-nano", "resnet34")),
    devices=4,
    slots=20,
    threads=(12, 20),
    uplink_mbps=((5.0, 10.0), (20.0, 40.0)),
    tasks=(20.0, 30.0),
    battery_max_j=2000.0,
    panel_m2=0.004,
    sun="srrl-20220120",
    start_minute=(600.0, 780.0),
    start_charge=(0.3, 0.9),
)
STREAMS = ("threads", "arrival_rate_hz", "uplink_bps", "harvest_j", "battery_start_j")


def differing(one: Horizon, other: Horizon) -> set[str]:
    """Return which streams differ between two horizons of equal shape."""
    return {
        name for name in STREAMS if not np.array_equal(getattr(one, name), getattr(other, name))
    }


def digest(horizon: Horizon) -> str:
    """Return a digest of everything that was drawn."""
    parts = b"".join(np.ascontiguousarray(getattr(horizon, name)).tobytes() for name in STREAMS)
    return hashlib.sha256(parts).hexdigest()


def test_ranges_are_kept() -> None:
    """Every draw lies in its range, threads at both ends included."""
    horizon = replace(BASE, slots=400).horizon(3)
    assert set(horizon.threads) == set(range(12, 21))
    tasks = horizon.arrival_rate_hz * horizon.slot_s
    assert tasks.min() >= 20.0
    assert tasks.max() <= 30.0
    for device, (low, high) in enumerate(((5, 10), (20, 40), (5, 10), (20, 40))):
        seen = horizon.uplink_bps[:, device] / 1e6
        assert low <= seen.min() < seen.max() <= high
    charge = horizon.battery_start_j / 2000.0
    assert charge.min() >= 0.3
    assert charge.max() <= 0.9


def test_harvest_is_equation_6_of_the_trace() -> None:
    """R x alpha x tau: at some start minute of the range the harvest is the trace's own."""
    horizon = BASE.horizon(1)
    minutes = load_solar("srrl-20220120").irradiance_w_m2
    # Slots of half a minute: two share a minute's irradiance.
    starts = [
        start
        for start in range(600, 780)
        if np.allclose(
            horizon.harvest_j[:, 0], np.repeat(minutes[start : start + 10], 2) * 0.004 * 30
        )
    ]
    assert len(starts) == 1
    assert np.array_equal(horizon.harvest_j, np.repeat(horizon.harvest_j[:, :1], 4, axis=1))


def test_clear_sky_is_handed_along() -> None:
    """A forecast may know the sun's course: same shape and, on a clear day, near the harvest."""
    horizon = BASE.horizon(1)
    assert horizon.clear_sky_harvest_j is not None
    assert horizon.clear_sky_harvest_j.shape == horizon.harvest_j.shape
    assert np.allclose(horizon.clear_sky_harvest_j, horizon.harvest_j, rtol=0.3)


@pytest.mark.parametrize(
    ("change", "streams"),
    [
        ({"tasks": (40.0, 60.0)}, {"arrival_rate_hz"}),
        ({"uplink_mbps": ((10.0, 20.0),)}, {"uplink_bps"}),
        ({"threads": (24, 40)}, {"threads"}),
        ({"panel_m2": 0.008}, {"harvest_j"}),
        ({"start_minute": (500.0, 700.0)}, {"harvest_j"}),
        ({"start_charge": (0.1, 0.5)}, {"battery_start_j"}),
        ({"server_scale": 2.0}, set()),
        ({"split": "macs"}, set()),
    ],
)
def test_streams_are_independent(change: dict[str, Any], streams: set[str]) -> None:
    """Changing one range redraws nothing else."""
    assert differing(BASE.horizon(5), replace(BASE, **change).horizon(5)) == streams


def test_a_range_keeps_its_draws() -> None:
    """Scaling a range scales its draws: the random numbers behind them stay."""
    one = BASE.horizon(2).arrival_rate_hz
    two = replace(BASE, tasks=(40.0, 60.0)).horizon(2).arrival_rate_hz
    assert np.allclose(two, 2 * one, rtol=1e-12)


def test_seeds_differ_in_every_stream() -> None:
    """Another seed is another horizon."""
    assert differing(BASE.horizon(0), BASE.horizon(1)) == set(STREAMS)


def test_more_slots_continue_fewer() -> None:
    """The first slots of a longer horizon are the shorter horizon."""
    short, long = BASE.horizon(7), replace(BASE, slots=50).horizon(7)
    assert differing(short, long.first(20)) == set()


def test_more_devices_continue_fewer() -> None:
    """A larger fleet begins with the smaller one."""
    few, many = BASE.horizon(7), replace(BASE, devices=6).horizon(7)
    assert np.array_equal(many.uplink_bps[:, :4], few.uplink_bps)
    assert np.array_equal(many.arrival_rate_hz[:, :4], few.arrival_rate_hz)
    assert np.array_equal(many.battery_start_j[:4], few.battery_start_j)
    assert many.fleet.devices[:4] == few.fleet.devices


def test_shared_uplink_is_one_draw() -> None:
    """The paper's B(t): all devices see the same rate, another one in each slot."""
    seen = replace(BASE, shared_uplink=True).horizon(0).uplink_bps
    assert np.array_equal(seen, np.repeat(seen[:, :1], 4, axis=1))
    assert len(np.unique(seen)) == 20


def test_kinds_are_taken_in_turn() -> None:
    """Device n is of kind n modulo their number, under a name of its own."""
    fleet = BASE.fleet()
    assert [device.dnn for device in fleet.devices] == ["vgg16_bn", "resnet34"] * 2
    assert fleet.names == ("md0", "md1", "md2", "md3")


def test_the_same_in_another_process() -> None:
    """A seed always gives the same horizon (digest)."""
    code = "from tests.problems.test_scenario import BASE, digest; print(digest(BASE.horizon(11)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest(BASE.horizon(11))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"devices": 0}, "devices: got 0"),
        ({"slots": 0}, "slots: got 0"),
        ({"battery_max_j": 0.0}, "battery_max_j"),
        ({"tasks": (0.0, 1.0)}, "tasks"),
        ({"uplink_mbps": ((3.0, 2.0),)}, "uplink_mbps"),
        ({"start_charge": (0.5, 1.5)}, "start_charge"),
    ],
)
def test_bad_data_is_named(change: dict[str, Any], says: str) -> None:
    """Invalid values are refused in the constructor."""
    with pytest.raises(InputError, match=says):
        replace(BASE, **change)


def test_slots_must_stay_within_the_trace() -> None:
    """A horizon longer than the day is refused, not wrapped around."""
    with pytest.raises(InputError, match="expected a stretch within minutes 0 to 1440"):
        replace(BASE, slots=2000).horizon(0)


def test_seeds_are_not_negative() -> None:
    """Seeds are whole numbers from 0."""
    with pytest.raises(InputError, match="seed"):
        BASE.horizon(-1)
