"""The named suites: each a few lines of data, with parameters (`hetero[devices=30]`)."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import NamedTuple

from splitbench.problems.bracket_parameters import bind, parse_spec
from splitbench.problems.errors import InputError, UnknownNameError
from splitbench.problems.horizon.horizon import Horizon
from splitbench.problems.horizon.scenario import DeviceKind, Scenario
from splitbench.problems.latency.profiles.calibration import Calibration
from splitbench.problems.latency.profiles.observation2 import observation2
from splitbench.problems.latency.profiles.profile_file import is_profile_path, load_profile
from splitbench.problems.slot import SlotProblem
from splitbench.problems.suites.small import SmallScenario
from splitbench.problems.suites.suite_parameters import SuiteParameters


class SuiteData(NamedTuple):
    """A suite before its parameters.

    `scenario` says what is drawn. Where `threads_follow` is set, the server grows with the fleet:
    asking for other numbers of devices scales K, so that the threads a device stay as they are.
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

#: Three boards with ResNet-50 on a slow edge: cutting late is quick and cutting early is frugal,
#: so that charge kept for later slots is worth its latency.
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
    "never-full": SuiteData(
        "slow edge, scarce sun: N = 3, no battery is ever full; looking ahead pays most",
        replace(_SLOW_EDGE, start_charge=(0.6, 0.8), panel_m2=0.0034),
    ),
    "often-full": SuiteData(
        "slow edge, enough sun for small batteries: N = 3, full in most slots",
        replace(_SLOW_EDGE, battery_max_j=1800.0, panel_m2=0.0038),
    ),
}


@dataclass(frozen=True)
class Suite:
    """A suite with its parameters.

    `name` is canonical (parameters sorted); an `episodes` suite gives one horizon a seed, the
    other (`small`) independent instances.
    """

    name: str
    description: str
    scenario: Scenario | SmallScenario

    @property
    def files(self) -> tuple[str, ...]:
        """Profile files that the suite is made of; a change of theirs changes the suite."""
        given = parse_spec(self.name).parameters
        named = [given.get(name, "") for name in ("board", "server")]
        return tuple(name for name in named if is_profile_path(name))

    @property
    def remarks(self) -> tuple[str, ...]:
        """What D(k) and the layers' shares are where a profile file is the server, by DNN."""
        scenario = self.scenario
        if not isinstance(scenario, Scenario) or not is_profile_path(scenario.server):
            return ()
        file = load_profile(scenario.server)
        dnns = dict.fromkeys(kind.dnn for kind in scenario.kinds)
        return tuple(
            f"{scenario.server}, {dnn}: D(k) is {file.dnn(dnn).curve(scenario.curve)[1]}; shares "
            f"are {observation2(file.dnn(dnn)).share_words(scenario.split)}"
            for dnn in dnns
        )

    @property
    def model(self) -> dict[str, str]:
        """What stands for the devices and the server, for the record."""
        scenario = self.scenario
        if not isinstance(scenario, Scenario):
            return {"split": scenario.parameters.split or "linear or macs, drawn"}
        return {
            "split": scenario.split, "curve": scenario.curve, "server": scenario.server,
            "boards": ", ".join(dict.fromkeys(kind.board for kind in scenario.kinds)),
            "truth": scenario.truth or scenario.curve,
        } | {
            f"calibration of {kind.board} with {kind.dnn}": kind.calibration.words
            for kind in scenario.kinds if kind.calibration.words
        }  # fmt: skip

    @property
    def episodes(self) -> bool:
        """Whether a seed gives one horizon rather than independent instances."""
        return isinstance(self.scenario, Scenario)

    @property
    def slots(self) -> int:
        """Slots, or instances, a seed."""
        return self.scenario.slots

    def horizon(self, seed: int, slots: int | None = None) -> Horizon:
        """Draw the horizon of a seed; fewer `slots` are the first of more.

        Raises
        ------
        InputError
            The suite has independent slots, the seed is negative, or the slots leave the sun
            trace.
        """
        if not isinstance(self.scenario, Scenario):
            raise InputError(f"suite {self.name}: got independent slots; expected a horizon suite")
        scenario = self.scenario if slots is None else replace(self.scenario, slots=slots)
        drawn = scenario.horizon(seed, f"{self.name} seed {seed}")
        return replace(drawn, suite=self.name)

    def instances(self, seed: int, count: int | None = None) -> list[SlotProblem]:
        """Draw the independent instances of a seed; fewer are the first of more.

        Raises
        ------
        InputError
            The suite is one of horizons, or the seed is negative.
        """
        if not isinstance(self.scenario, SmallScenario):
            raise InputError(f"suite {self.name}: got a horizon suite; expected small")
        return self.scenario.instances(seed, count, f"{self.name} seed {seed}")


def suite_names() -> tuple[str, ...]:
    """Names that `make_suite` knows."""
    return tuple(SUITES)


def suite_parameters() -> tuple[str, ...]:
    """Names of the parameters that suites take."""
    return tuple(field.name for field in fields(SuiteParameters))


def make_suite(text: str) -> Suite:
    """Return the suite that `hetero` or `hetero[devices=30,arrival_scale=1.5]` describes.

    Raises
    ------
    UnknownNameError
        No such suite; the message offers the nearest names.
    InputError
        An unknown parameter, or a value out of place.
    """
    spec = parse_spec(text)
    if spec.path or spec.name not in SUITES:
        raise UnknownNameError("suite", spec.name, SUITES)
    data, given = SUITES[spec.name], bind(SuiteParameters, spec)
    try:
        parameters = SuiteParameters(**given)
        if isinstance(data.scenario, Scenario):
            scenario = _scaled(data, data.scenario, parameters)
            suite = Suite(str(spec), data.description, scenario)
            if suite.files or scenario.truth or parameters.calibrated:
                _check_caps(scenario)
            return suite
        suite = Suite(str(spec), data.description, SmallScenario(parameters))
        for file in suite.files:
            load_profile(file)
        return suite
    except InputError as error:
        raise InputError(f"suite {spec}: {error}") from None


def _scaled(data: SuiteData, base: Scenario, parameters: SuiteParameters) -> Scenario:
    devices = base.devices if parameters.devices is None else parameters.devices
    factor = devices / base.devices if data.threads_follow else 1.0
    factor = factor if parameters.threads_scale is None else parameters.threads_scale
    low, high = (round(factor * count) for count in base.threads)
    fewest = devices * (parameters.min_threads or base.min_threads)
    if low < fewest:
        raise InputError(
            f"{low} to {high} threads for {devices} devices; expected at least {fewest} in every "
            "slot (devices, min_threads, threads_scale)"
        )
    own = (
        "slots", "utility_weight", "min_threads", "curve", "split",
        "server", "truth",
    )  # fmt: skip
    given = {name: getattr(parameters, name) for name in own}
    return replace(
        base,
        kinds=parameters.calibrate(
            [kind.on(parameters.board, parameters.dnn) for kind in base.kinds]
        ),
        devices=devices,
        threads=(low, high),
        tasks=_times(base.tasks, parameters.arrival_scale),
        uplink_mbps=tuple(_times(limits, parameters.uplink_scale) for limits in base.uplink_mbps),
        server_scale=base.server_scale * parameters.server_scale,
        battery_max_j=base.battery_max_j * parameters.battery_scale,
        panel_m2=base.panel_m2 * parameters.sun_scale,
        formulation=parameters.formulation(base.formulation),
        **{name: value for name, value in given.items() if value is not None},
    )


def _check_caps(scenario: Scenario) -> None:
    """Build the devices, and see that they can take the server's threads in every slot."""
    most = sum(int(cap) for cap in scenario.fleet(scenario.truth).thread_caps)
    if most < scenario.threads[1]:
        raise InputError(
            f"up to {scenario.threads[1]} threads a slot, but D(k) is known to {most} for all "
            "devices together; expected fewer (threads_scale) or a table of more counts"
        )


def with_truth(text: str, truth: str) -> str:
    """Return a suite's name with the parameter `truth`, whatever it had before."""
    spec = parse_spec(text)
    return str(replace(spec, parameters=spec.parameters | {"truth": truth}))


def _times(limits: tuple[float, float], factor: float) -> tuple[float, float]:
    return limits[0] * factor, limits[1] * factor
