"""Suites: names, parameters, reproducible horizons, and instances that brute force can check."""

from __future__ import annotations

import subprocess
import sys
from math import comb
from pathlib import Path

import numpy as np
import pytest

from splitbench.problems import (
    InputError,
    SlotProblem,
    UnknownNameError,
    load_instance,
    save_instance,
)
from splitbench.problems.files.slot_file import instance_dict
from splitbench.problems.suites.named_suites import make_suite, suite_names, suite_parameters
from splitbench.problems.suites.small import MOST_DECISIONS, REGIMES

HORIZON_SUITES = [name for name in suite_names() if make_suite(name).episodes]


def test_the_named_suites() -> None:
    """The names that users' scripts rely on."""
    assert set(suite_names()) == {
        "small", "paper-wifi", "paper-5g", "congested", "starved", "cloudy", "hetero", "scale",
        "never-full", "often-full", "paper-calibrated-wifi", "paper-calibrated-5g", "city",
    }  # fmt: skip
    assert not make_suite("small").episodes
    assert all(make_suite(name).description for name in suite_names())


@pytest.mark.parametrize("name", HORIZON_SUITES)
def test_every_horizon_is_usable(name: str) -> None:
    """Default length and fleet, threads enough for everybody, charges within capacity."""
    suite = make_suite(name)
    horizon = suite.horizon(0)
    three = name.startswith("paper-") or name in ("never-full", "often-full")
    devices = {"scale": 100, "city": 1000}.get(name, 3 if three else 9)
    slots = {"scale": 10, "city": 1}.get(name, 120)
    assert (len(horizon), len(horizon.fleet)) == (slots, devices)
    assert horizon.threads.min() >= devices
    assert (horizon.battery_start_j <= horizon.fleet.battery_max_j).all()
    assert horizon.formulation.hibernation_allowed


def test_the_paper_suites_differ_in_the_uplink_alone() -> None:
    """One calibration, the same devices; WiFi 10-20, 5G 20-40 Mbit/s."""
    wifi, fast = make_suite("paper-wifi").horizon(4), make_suite("paper-5g").horizon(4)
    assert wifi.fleet == fast.fleet
    assert np.allclose(fast.uplink_bps, 2 * wifi.uplink_bps, rtol=1e-12)
    assert wifi.uplink_bps.min() >= 10e6
    assert fast.uplink_bps.max() <= 40e6
    for stream in ("threads", "arrival_rate_hz", "harvest_j", "battery_start_j"):
        assert np.array_equal(getattr(wifi, stream), getattr(fast, stream))
    assert set(wifi.threads) <= set(range(12, 21))
    assert (wifi.battery_start_j == wifi.fleet.battery_max_j).all()


def test_name_is_canonical() -> None:
    """Parameters are sorted, so that one suite has one name."""
    name = make_suite("hetero[slots=4, devices=3]").name
    assert name == make_suite("hetero[devices=3,slots=4]").name == "hetero[devices=3,slots=4]"


def test_parameters_change_what_they_say() -> None:
    """Each scale multiplies its own quantity by its factor and leaves the draws."""
    base = make_suite("cloudy").horizon(2)
    changed = make_suite(
        "cloudy[arrival_scale=1.5,uplink_scale=2,sun_scale=0.5,battery_scale=3,server_scale=4]"
    ).horizon(2)
    assert np.allclose(changed.arrival_rate_hz, 1.5 * base.arrival_rate_hz, rtol=1e-12)
    assert np.allclose(changed.uplink_bps, 2 * base.uplink_bps, rtol=1e-12)
    assert np.allclose(changed.harvest_j, 0.5 * base.harvest_j, rtol=1e-12)
    assert np.allclose(changed.battery_start_j, 3 * base.battery_start_j, rtol=1e-12)
    assert np.allclose(changed.fleet.battery_max_j, 3 * base.fleet.battery_max_j, rtol=1e-12)
    assert np.allclose(changed.fleet.curve_s(20), 4 * base.fleet.curve_s(20), rtol=1e-12)
    assert np.array_equal(changed.fleet.local_s, base.fleet.local_s)
    assert np.array_equal(changed.threads, base.threads)


def test_other_parameters() -> None:
    """Formulation, weight, minimum, coding, curve, split and lengths reach the horizon."""
    text = (
        "paper-5g[energy_term=paper,energy_scope=task,utility_weight=0.2,min_threads=2,"
        "input_bits_per_value=8,curve=table,split=macs,slots=7,devices=5]"
    )
    horizon, plain = make_suite(text).horizon(0), make_suite("paper-5g").horizon(0)
    assert horizon.formulation.energy_term == "paper"
    assert horizon.formulation.energy_scope == "task"
    assert (horizon.utility_weight, horizon.min_threads) == (0.2, 2)
    assert (len(horizon), len(horizon.fleet)) == (7, 5)
    device, usual = horizon.fleet.devices[0], plain.fleet.devices[0]
    assert device.cut_bits[0] == usual.cut_bits[0] / 4
    assert device.curve.max_threads == 64
    assert device.local_s != usual.local_s
    assert device.local_s[-1] == pytest.approx(usual.local_s[-1])


def test_the_server_grows_with_the_fleet() -> None:
    """Threads a device stay about as they are; the paper's server is the same for any fleet."""
    nine, thirty = make_suite("hetero").horizon(0), make_suite("hetero[devices=30]").horizon(0)
    assert np.allclose(thirty.threads / 30, nine.threads / 9, atol=0.1)
    six = make_suite("paper-wifi[devices=6]").horizon(0)
    assert np.array_equal(six.threads, make_suite("paper-wifi").horizon(0).threads)
    doubled = make_suite("paper-wifi[threads_scale=2]").horizon(0)
    assert doubled.threads.min() >= 24


def test_slots_override_is_a_prefix() -> None:
    """Asking for fewer slots gives the first ones."""
    suite = make_suite("starved")
    assert np.array_equal(suite.horizon(1, 5).uplink_bps, suite.horizon(1).uplink_bps[:5])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hetro", "did you mean hetero"),
        ("hetero[device=3]", "did you mean devices"),
        ("hetero[devices=many]", "whole number"),
        ("hetero[devices=0]", "≥ 1"),
        ("hetero[arrival_scale=0]", "number > 0"),
        ("hetero[sun_scale=-1]", "≥ 0"),
        ("hetero[curve=spline]", "exp2 or table"),
        ("hetero[utility_weight=2]", "0 to 1"),
        ("hetero[", "cannot be read"),
        ("hetero+small", "cannot be read"),
        ("paper-wifi[devices=30]", "threads_scale"),
        ("hetero[min_threads=2]", "min_threads"),
        ("small[devices=9]", "1 to 4"),
    ],
)
def test_bad_names_are_one_line(text: str, says: str) -> None:
    """An unknown name or value says what would be accepted."""
    with pytest.raises(InputError, match=says) as raised:
        make_suite(text)
    assert "\n" not in str(raised.value)


def test_unknown_suite_is_an_unknown_name() -> None:
    """The kind of error tells a wrong name from a wrong value."""
    with pytest.raises(UnknownNameError):
        make_suite("paper-6g")


def test_kinds_of_suites_are_not_mixed_up() -> None:
    """`small` has no horizon, the others no instances."""
    with pytest.raises(InputError, match="horizon"):
        make_suite("small").horizon(0)
    with pytest.raises(InputError, match="expected small"):
        make_suite("hetero").instances(0)


def test_parameters_are_listed() -> None:
    """What `list suites` prints is what `make_suite` takes."""
    names = suite_parameters()
    assert {"devices", "slots", "energy_term", "utility_weight", "curve", "split"} <= set(names)
    scales = [name for name in names if name.endswith("_scale")]
    assert len(scales) == 6
    for name in scales:
        assert make_suite(f"hetero[{name}=1]").scenario == make_suite("hetero").scenario


def decisions(problem: SlotProblem) -> int:
    """Count the decisions, as a brute force would."""
    cuts = 1
    for layers in problem.layers:
        cuts *= int(layers) + 1 + problem.formulation.hibernation_allowed
    spare = problem.threads - len(problem) * problem.min_threads
    return cuts * comb(spare + len(problem) - 1, len(problem) - 1) if spare >= 0 else 0


@pytest.mark.parametrize("seed", range(3))
def test_small_is_brute_forceable(seed: int) -> None:
    """40 instances of 2 to 4 devices, each with at most a million decisions."""
    problems = make_suite("small").instances(seed)
    assert len(problems) == 40
    assert {len(problem) for problem in problems} == {2, 3, 4}
    assert max(map(decisions, problems)) <= MOST_DECISIONS


def test_small_draws_over_all_regimes() -> None:
    """Caps that bind, curves that rise, too few threads, hibernation: each is there."""
    problems = make_suite("small").instances(0)
    named = {regime: [p for p in problems if p.name.endswith(f" {regime}")] for regime in REGIMES}
    assert {len(found) for found in named.values()} == {40 // len(REGIMES)}
    assert all(p.thread_caps.max() < p.threads for p in named["capped"])
    rising = [np.diff(p.fleet.curve_s(p.threads)).max() > 0 for p in named["table"]]
    assert sum(rising) >= 2
    assert all(p.formulation.hibernation_allowed for p in named["hibernation"])
    assert all(p.min_threads == 2 for p in named["fair-share"])
    unsteady = [
        (p.arrival_rate_hz * p.fleet.whole_server_s(p.even_threads()) >= 1).any()
        for p in named["tight-queue"]
    ]
    assert any(unsteady)


def test_small_parameters_keep_the_draws() -> None:
    """A scale changes its own quantity, instance by instance."""
    base, fast = make_suite("small"), make_suite("small[uplink_scale=2]")
    for one, two in zip(base.instances(3), fast.instances(3), strict=True):
        assert np.allclose(two.uplink_bps, 2 * one.uplink_bps, rtol=1e-12)
        assert np.array_equal(two.arrival_rate_hz, one.arrival_rate_hz)
        assert two.fleet == one.fleet
    assert {len(p) for p in make_suite("small[devices=2]").instances(0)} == {2}


def test_more_instances_continue_fewer() -> None:
    """`--slots` takes the first instances of a seed."""
    suite = make_suite("small")
    few = [instance_dict(problem) for problem in suite.instances(5, 6)]
    assert few == [instance_dict(problem) for problem in suite.instances(5)[:6]]
    with pytest.raises(InputError, match="at least 1"):
        suite.instances(5, 0)
    with pytest.raises(InputError, match="seed"):
        suite.instances(-1)


def test_small_instances_are_files(tmp_path: Path) -> None:
    """Every instance can be written, read back and is the same problem."""
    for problem in make_suite("small").instances(1):
        save_instance(problem, tmp_path / "instance.json")
        assert instance_dict(load_instance(tmp_path / "instance.json")) == instance_dict(problem)


def test_the_same_in_another_process() -> None:
    """A seed of `small` always gives the same instances (digest)."""
    code = (
        "from splitbench.problems.suites.named_suites import make_suite\n"
        "from splitbench.problems.files.slot_file import instance_dict\n"
        "print([instance_dict(p) for p in make_suite('small').instances(2, 8)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here = [instance_dict(problem) for problem in make_suite("small").instances(2, 8)]
    assert done.stdout.strip() == str(here)
