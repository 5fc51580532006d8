"""Calibrations: numbers of a device kind that replace those of its profiles."""

from __future__ import annotations

import json

import numpy as np
import pytest

from splitbench.benchmark.suite_report import print_suite, suite_object
from splitbench.problems import InputError
from splitbench.problems.latency.profiles.calibration import Calibration, kept_cuts, merge
from splitbench.problems.networks.network import load_network
from splitbench.problems.suites.named_suites import make_suite


def test_each_parameter_changes_its_own_number() -> None:
    """Whole-DNN latency, blocks, D(1), serial share and input coding, kind by kind."""
    plain = make_suite("paper-wifi").scenario.fleet()
    fleet = make_suite(
        "paper-wifi[device_s=0.3/-/0.1,merged_layers=4/-/8,server_s=0.6/0.1/0.02,"
        "serial_share=0.1/0/1,input_bits_per_value=8/32/16]"
    ).scenario.fleet()
    assert fleet.local_s[:, -1] == pytest.approx([0.3, plain.local_s[1, -1], 0.1])
    assert fleet.layers.tolist() == [4, 20, 8]
    k = np.arange(1, 21)
    for row, (one_s, share) in enumerate([(0.6, 0.1), (0.1, 0.0), (0.02, 1.0)]):
        assert fleet.curve_s(20)[row] == pytest.approx(one_s * (share + (1 - share) / k))
    assert fleet.cut_bits[:, 0] == pytest.approx(plain.cut_bits[:, 0] * [0.25, 1.0, 0.5])
    assert fleet.deadline_s == pytest.approx(0.9 * fleet.local_s[:, -1])


def test_one_value_is_for_all_kinds() -> None:
    """Without slashes every kind of device takes the number; more devices repeat the kinds."""
    fleet = make_suite("paper-wifi[devices=5,device_s=0.2,cores=1]").scenario.fleet()
    assert fleet.local_s[:, -1] == pytest.approx(np.full(5, 0.2))
    four = make_suite("paper-wifi[cores=4/1/1]").scenario.fleet()
    assert four.local_s[0, -1] < make_suite("paper-wifi").scenario.fleet().local_s[0, -1]


def test_a_level_alone_scales_the_profile() -> None:
    """Without a serial share D(k) keeps its shape; with `server_scale` it is slower still."""
    plain = make_suite("paper-wifi").scenario.fleet().curve_s(20)
    level = make_suite("paper-wifi[server_s=1,server_scale=2]").scenario.fleet().curve_s(20)
    assert level == pytest.approx(2.0 * plain / plain[:, :1])


def test_merged_layers_keep_the_ends_and_the_sizes() -> None:
    """Cuts that stay send what they sent; blocks hold the layers and work of what they merge."""
    layers = load_network("vgg16_bn").virtual_layers()
    cuts = kept_cuts(layers, "pool1:pool2:pool3:pool4:pool5")
    blocks = merge(layers, cuts)
    assert blocks.names == ("pool1", "pool2", "pool3", "pool4", "pool5", "fc8")
    assert blocks.values == tuple(layers.values[cut] for cut in cuts)
    assert sum(blocks.macs) == sum(layers.macs)
    assert sum(len(members) for members in blocks.members) == sum(map(len, layers.members))
    assert merge(layers, kept_cuts(layers, "1")).values == (layers.values[0], 0)


@pytest.mark.parametrize("dnn", ["vgg16_bn", "resnet34", "mobilenet_v2"])
def test_a_number_of_blocks_keeps_the_cuts_that_send_least(dnn: str) -> None:
    """Each cut that stays sends less than any before it, and one more block one cut more."""
    layers = load_network(dnn).virtual_layers()
    fewer, more = kept_cuts(layers, "4"), kept_cuts(layers, "5")
    assert set(fewer) < set(more)
    assert len(more) == 6
    sent = [layers.values[cut] for cut in more[1:-1]]
    for cut, values in zip(more[1:-1], sent, strict=True):
        assert values < min(layers.values[1:cut], default=values + 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("paper-wifi[cores=1/2]", "got 2 values, 1/2; expected one, or 3"),
        ("paper-wifi[device_s=fast]", "device_s: got 'fast'; expected a number"),
        ("paper-wifi[device_s=0]", "device_s: got 0; expected a number > 0"),
        ("paper-wifi[serial_share=2]", "serial_share: got 2; expected 0 to 1"),
        ("paper-wifi[merged_layers=poo1]", "did you mean pool"),
        ("paper-wifi[merged_layers=pool2:pool1/6/8]", "in their order"),
        ("paper-wifi[merged_layers=30]", "expected 1 to"),
        ("small[server_s=1]", "server_s: got a value; expected none"),
    ],
)
def test_bad_calibrations_are_one_line(text: str, says: str) -> None:
    """Refused when the suite is made, with what would be accepted."""
    with pytest.raises(InputError, match=says) as raised:
        make_suite(text)
    assert "\n" not in str(raised.value)


def test_a_calibration_says_its_source(capsys: pytest.CaptureFixture[str]) -> None:
    """In what `show` prints, in the record's model, and as given on the command line."""
    suite = make_suite("paper-calibrated-5g")
    assert "Fig. 7 and 8" in json.dumps(suite.model)
    print_suite(suite_object("paper-calibrated-5g[slots=2]", [0], None))
    assert "Fig. 7 and 8" in " ".join(capsys.readouterr().out.split())
    own = make_suite("paper-5g[device_s=0.3,source=our own stopwatch]")
    assert "our own stopwatch" in json.dumps(own.model)
    assert not Calibration().words


def test_the_calibrated_suites_differ_from_the_paper_in_the_calibration_alone() -> None:
    """The same draws; devices and server as fitted."""
    fitted, plain = make_suite("paper-calibrated-wifi"), make_suite("paper-wifi")
    drawn, usual = fitted.horizon(3), plain.horizon(3)
    for stream in ("threads", "arrival_rate_hz", "uplink_bps", "harvest_j"):
        assert np.array_equal(getattr(drawn, stream), getattr(usual, stream))
    assert drawn.fleet.layers.tolist() == [6, 6, 8]
    assert drawn.fleet.curve_s(1)[0, 0] == pytest.approx(0.60)
