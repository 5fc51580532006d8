"""The data of the named suites; the numbers that the paper leaves open have their reasons here."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from splitbench.problems.horizon.scenario import DeviceKind, Scenario
from splitbench.problems.latency.profiles.calibration import Calibration
from splitbench.problems.suites.city import city
from splitbench.problems.suites.small import SmallScenario


class SuiteData(NamedTuple):
    """A suite before its parameters.

    `scenario` says what is drawn. Where `threads_follow` is set, the server grows with the fleet:
    another number of devices scales K, so that the threads per device stay the same.
    """

    description: str
    scenario: Scenario | SmallScenario
    threads_follow: bool = False


#: VGG-16-BN, ResNet-34 and MobileNet-V2, one on each of the paper's boards; the calibration of
#: what the paper leaves open stands, with reasons, in `problems/data/profiles/README.md`.
_PAPER = Scenario(
    kinds=(
        DeviceKind("orin-nx", "vgg16_bn", 2),
        DeviceKind("orin-nano", "resnet34", 1),
        DeviceKind("agx-xavier", "mobilenet_v2", 1),
    ),
    devices=3,
    slots=120,
    threads=(12, 20),
    uplink_mbps=((10.0, 20.0),),
    shared_uplink=True,
    tasks=(20.0, 30.0),
    battery_max_j=3600.0,
    panel_m2=0.003,
    sun="srrl-20220120",
    start_minute=(600.0, 780.0),
)

_FIT = "fit to the paper's Fig. 7 and 8, see docs/paper.md"

#: `_PAPER` with about seven constants fitted to nine numbers of the paper (`splitbench paper
#: calibrate`; problems/data/profiles/paper-calibration.json). The server's level is the doubtful
#: one.
_CALIBRATED = replace(
    _PAPER,
    kinds=(
        DeviceKind("orin-nx", "vgg16_bn", 2, Calibration(
            device_s=0.319, merged_layers="pool1:pool2:pool3:pool4:pool5", server_s=0.60,
            serial_share=0.061, input_bits_per_value=32.0, source=_FIT)),
        DeviceKind("orin-nano", "resnet34", 1, Calibration(
            device_s=0.0995, merged_layers="6", server_s=0.064481,
            serial_share=0.061, input_bits_per_value=32.0, source=_FIT)),
        DeviceKind("agx-xavier", "mobilenet_v2", 1, Calibration(
            device_s=0.096, merged_layers="8", server_s=0.0116545,
            serial_share=0.061, input_bits_per_value=32.0, source=_FIT)),
    ),
)  # fmt: skip

#: Nine kinds of device that share the paper's server, each with an uplink of its own.
_MIXED = replace(
    _PAPER,
    kinds=(
        DeviceKind("orin-nx", "vgg16_bn", 2),
        DeviceKind("agx-xavier", "resnet50", 2),
        DeviceKind("orin-nano", "resnet34", 1),
        DeviceKind("agx-xavier", "vgg16_bn", 2),
        DeviceKind("orin-nx", "resnet50", 1),
        DeviceKind("orin-nano", "vgg16_bn", 6),
        DeviceKind("agx-xavier", "resnet34", 1),
        DeviceKind("orin-nano", "resnet50", 1),
        DeviceKind("agx-xavier", "mobilenet_v2", 1),
    ),
    devices=9,
    uplink_mbps=((5.0, 40.0),),
    shared_uplink=False,
    start_charge=(0.3, 0.9),
    panel_m2=0.008,
)

#: Three boards with ResNet-50 on a slow edge server. A late cut is fast and an early cut saves
#: energy, so keeping charge for later slots is worth some latency.
_SLOW_EDGE = replace(
    _PAPER,
    kinds=(
        DeviceKind("orin-nx", "resnet50", 1),
        DeviceKind("agx-xavier", "resnet50", 2),
        DeviceKind("orin-nano", "resnet50", 1),
    ),
    server_scale=2.5,
)

SUITES: dict[str, SuiteData] = {
    "small": SuiteData(
        "40 independent slots, brute-forceable: N 2-4, every regime and a few infeasible ones",
        SmallScenario(),
    ),
    "paper-wifi": SuiteData("the paper's parameters, WiFi: N = 3, 10-20 Mbit/s, 120 slots", _PAPER),
    "paper-5g": SuiteData(
        "the paper's parameters, 5G: N = 3, 20-40 Mbit/s, 120 slots",
        replace(_PAPER, uplink_mbps=((20.0, 40.0),)),
    ),
    "paper-calibrated-wifi": SuiteData(
        "paper-wifi with devices and server fitted to the paper's Fig. 7 and 8", _CALIBRATED
    ),
    "paper-calibrated-5g": SuiteData(
        "paper-5g with devices and server fitted to the paper's Fig. 7 and 8",
        replace(_CALIBRATED, uplink_mbps=((20.0, 40.0),)),
    ),
    "congested": SuiteData(
        "30-60 tasks a slot of nine devices on a server 1.25 times slower; energy is plenty",
        replace(
            _MIXED,
            tasks=(30.0, 60.0),
            server_scale=1.25,
            start_charge=(1.0, 1.0),
            panel_m2=0.015,
        ),
        threads_follow=True,
    ),
    "starved": SuiteData(
        "sun and battery scarce: charge 0.3-0.5 at the start, half of hetero's panel",
        replace(_MIXED, battery_max_j=7200.0, start_charge=(0.3, 0.5), panel_m2=0.004),
        threads_follow=True,
    ),
    "cloudy": SuiteData(
        "broken cloud: the sun changes within minutes around what is spent",
        replace(_MIXED, sun="midc-20181014", start_minute=(660.0, 840.0), panel_m2=0.006),
        threads_follow=True,
    ),
    "hetero": SuiteData(
        "nine kinds of device with uplinks of their own, 5-40 Mbit/s; per-layer shares",
        replace(_MIXED, split="macs"),
        threads_follow=True,
    ),
    "scale": SuiteData(
        "a hundred devices of hetero's kinds on a server to match, 10 slots",
        replace(_MIXED, split="macs", devices=100, slots=10, threads=(133, 222)),
        threads_follow=True,
    ),
    "city": SuiteData(
        "a thousand devices drawn as arrays, no two alike; a million if asked; one slot",
        city(replace(_MIXED, split="macs", devices=1000, slots=1, threads=(4000, 4000))),
        threads_follow=True,
    ),
    "never-full": SuiteData(
        "slow edge, scarce sun: N = 3, no battery is ever full; looking ahead pays most",
        replace(_SLOW_EDGE, start_charge=(0.6, 0.8), panel_m2=0.0034),
    ),
    "often-full": SuiteData(
        "slow edge, enough sun for small batteries: N = 3, full in most slots",
        replace(_SLOW_EDGE, battery_max_j=1800.0, panel_m2=0.0038),
    ),
}
