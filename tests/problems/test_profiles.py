"""Profiles: latencies follow from the sweeps, curves pass through what was measured."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from splitbench.problems import Exp2Curve, InputError, TableCurve, UnknownNameError
from splitbench.problems.latency.profiles.device_builder import (
    device_profile,
    level_factor,
    make_device,
    measured_table_s,
    server_curve,
)
from splitbench.problems.latency.profiles.profile_table import profile_table, profiled
from splitbench.problems.latency.profiles.shipped_machines import BOARDS, SERVERS
from splitbench.problems.latency.stand_ins import framework_factor, stand_ins
from splitbench.problems.latency.sweeps import load_sweeps, published_sweep
from splitbench.problems.networks.network import load_network, network_names


def test_local_latency_is_the_sweep_times_its_factors() -> None:
    """Xavier's ResNet-34 on one core: 50.46 ms x 2.02, PyTorch over ncnn 208/123."""
    assert device_profile("agx-xavier", "resnet34", 1) == pytest.approx(
        0.05046 * 2.02 * 208 / 123, rel=1e-12
    )


def test_clock_of_a_stand_in_counts() -> None:
    """Orin NX runs AGX Orin's core at 2.0 instead of 2.2 GHz."""
    assert device_profile("orin-nx", "vgg16_bn", 2) == pytest.approx(
        1.1 * 0.08839 * 1642 / 547, rel=1e-12
    )


def test_own_cores_are_the_default() -> None:
    """Without a number of cores the profile's own holds."""
    for name, board in BOARDS.items():
        assert device_profile(name, "vgg16_bn") == device_profile(name, "vgg16_bn", board.cores)


def test_framework_factors_lie_between_those_measured() -> None:
    """Every factor, guessed ones too, lies within the measured 1.7-3."""
    factors = [framework_factor(dnn) for dnn in (*profiled(), "alexnet", "googlenet")]
    assert min(factors) > 1.69
    assert max(factors) < 3.01
    assert framework_factor("vgg16_bn") == framework_factor("vgg16")


def test_networks_stand_on_measurements_that_ship() -> None:
    """Each line of networks.csv is of a layer table that ships, and names a sweep that does."""
    measured = {model for _, model in load_sweeps()}
    assert set(stand_ins()) <= set(network_names())
    for line in stand_ins().values():
        assert line.measured_as in measured
        assert bool(line.note) == (line.factor != 1.0 or line.measured_as == "vgg16")


def test_server_level_is_the_other_machines_at_its_one_count() -> None:
    """The i7's curve is the Xeon's, lifted to i7-13700K at 16 threads and slowed to 5.0 GHz."""
    level = level_factor(SERVERS["i7-12700kf"], "vgg16_bn")
    assert level == pytest.approx(5.4 / 5.0 * 25.19 / 14.36, rel=1e-12)
    table = server_curve("i7-12700kf", "vgg16_bn", kind="table").seconds(np.array([16]))
    assert table[0] == pytest.approx(1.08 * 0.02519 * framework_factor("vgg16"), rel=1e-12)


def test_table_passes_through_every_measurement() -> None:
    """At measured counts the table is what was measured; between them it lies between."""
    sweep = published_sweep("xeon-8573c", "mobilenet_v2")
    table = measured_table_s("xeon-8573c", "mobilenet_v2")
    assert np.array_equal(table[sweep.threads - 1], sweep.latency_s)
    assert len(table) == sweep.threads[-1]
    low, high = np.sort(sweep.latency_s[[0, 1]])
    assert low <= table[0] <= high
    assert table[63] > table[15], "the rise past 16 threads is kept"


def test_exp2_is_near_the_table_at_measured_counts() -> None:
    """The two kinds of curve of a server differ by no more than the fit's residual allows."""
    for dnn in profiled():
        sweep = published_sweep("xeon-8573c", dnn)
        fit = server_curve("xeon-8573c", dnn).seconds(sweep.threads)
        table = server_curve("xeon-8573c", dnn, kind="table").seconds(sweep.threads)
        assert np.sqrt(np.mean((fit - table) ** 2)) < 0.06 * table.mean()


def test_scale_multiplies_the_curve() -> None:
    """A server twice as slow takes twice as long at every thread count."""
    k = np.arange(1, 21)
    for kind in ("exp2", "table"):
        one = server_curve("i7-12700kf", "resnet50", 1.0, kind).seconds(k)
        two = server_curve("i7-12700kf", "resnet50", 2.0, kind).seconds(k)
        assert np.allclose(two, 2 * one, rtol=1e-12)


def test_device_has_its_networks_cuts() -> None:
    """Cuts, ends of both latencies and the deadline come from the network and D_loc."""
    device = make_device("md", "orin-nx", "vgg16_bn", battery_max_j=100.0)
    layers = load_network("vgg16_bn").virtual_layers()
    assert device.layers == len(layers) == 21
    assert device.cut_bits[0] == 4_816_896
    assert device.cut_bits[-1] == 0
    assert device.local_s[0] == 0.0
    assert device.local_s[-1] == pytest.approx(device_profile("orin-nx", "vgg16_bn"))
    assert device.deadline_s == pytest.approx(0.9 * device.local_s[-1])
    assert isinstance(device.curve, Exp2Curve)


def test_linear_split_is_the_papers() -> None:
    """Eq. 8 and 9: l/S of the latency is local, 1 - l/S is left."""
    device = make_device("md", "orin-nano", "resnet34", battery_max_j=100.0)
    share = np.arange(device.layers + 1) / device.layers
    assert np.allclose(device.local_s, share * device.local_s[-1], rtol=1e-12)
    assert np.allclose(device.server_share, 1 - share, rtol=1e-12, atol=1e-15)


def test_macs_split_follows_the_layers() -> None:
    """Per-layer shares are shares of cumulative MACs, on both ends."""
    device = make_device("md", "agx-xavier", "mobilenet_v2", battery_max_j=100.0, split="macs")
    done = load_network("mobilenet_v2").virtual_layers().mac_share()
    assert np.allclose(device.local_s, done * device.local_s[-1], rtol=1e-12)
    assert np.allclose(device.server_share, 1 - done, rtol=1e-12, atol=1e-15)
    assert device.server_share[0] == 1.0
    assert device.server_share[-1] == 0.0


def test_input_may_be_bytes() -> None:
    """8 bits per input value shrink the edge-only transfer and nothing else."""
    float32 = make_device("md", "orin-nx", "vgg16_bn", battery_max_j=1.0)
    bytes_ = make_device("md", "orin-nx", "vgg16_bn", battery_max_j=1.0, input_bits_per_value=8)
    assert bytes_.cut_bits[0] == float32.cut_bits[0] / 4
    assert bytes_.cut_bits[1:] == float32.cut_bits[1:]


def test_table_curve_bounds_the_threads() -> None:
    """A measured table ends at its last count, and so does what the device may be given."""
    device = make_device("md", "orin-nx", "resnet50", battery_max_j=1.0, curve="table")
    assert isinstance(device.curve, TableCurve)
    assert device.thread_cap == 64


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"board": "orin"}, "did you mean orin-nx"),
        ({"dnn": "vgg16_bm"}, "did you mean vgg16_bn"),
        ({"server": "i7"}, "i7-12700kf"),
        ({"cores": 3}, "expected a measured count, 1, 2, 4, 8, 12"),
        ({"split": "even"}, "linear or macs"),
        ({"curve": "spline"}, "exp2 or table"),
        ({"server_scale": 0.0}, "number > 0"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, object], says: str) -> None:
    """The message is one line: what is wrong and what would be accepted."""
    good: dict[str, object] = {"board": "orin-nx", "dnn": "vgg16_bn", "battery_max_j": 1.0}
    with pytest.raises(InputError, match=says) as raised:
        make_device("md", **(good | arguments))  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)


def test_unmeasured_network_has_no_profile() -> None:
    """A network that no sweep has is an unknown name, not a guess."""
    with pytest.raises(UnknownNameError):
        device_profile("orin-nx", "densenet121")


def test_profile_table_lists_figures_with_their_source() -> None:
    """Every board and server by network; a fit's residual where five counts were measured."""
    rows = profile_table()
    assert len(rows) == (len(BOARDS) + len(SERVERS)) * len(profiled())
    assert len({tuple(row) for row in rows}) == 1, "all rows have the same columns"
    for row in rows:
        assert "ncnn" in str(row["source"])
        assert "not measured" in str(row["shares"])
        fitted = len(row["threads"]) >= 5  # type: ignore[arg-type]
        assert (row["constants"] is not None) == fitted == (row["rmse_ms"] is not None)
        assert (row["local_s"] is None) == (row["role"] == "server")
    derived = [row for row in rows if row["model"] == "resnet34"]
    assert all("2.02" in str(row["note"]) for row in derived)


def test_profiles_load_no_heavy_package() -> None:
    """`splitbench list` needs neither scipy, pandas, pvlib nor torch."""
    code = (
        "import sys, splitbench.problems.latency.profiles.profile_table as p; "
        "import splitbench; splitbench.make_suite('hetero'); p.profile_table(); "
        "print([m for m in ('scipy', 'pandas', 'pvlib', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
