"""The named suites: each a few lines of data, with parameters (`hetero[devices=30]`)."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from pathlib import Path

from splitbench.problems.bracket_parameters import Spec, bind, parse_parameters, parse_spec
from splitbench.problems.errors import InputError, UnknownNameError
from splitbench.problems.horizon.horizon import Horizon
from splitbench.problems.horizon.scenario import DeviceKind, Scenario
from splitbench.problems.latency.profiles.observation2 import observation2
from splitbench.problems.latency.profiles.profile_file import is_profile_path, load_profile
from splitbench.problems.latency.profiles.sweep_profiles import sweep_path
from splitbench.problems.slot import SlotProblem
from splitbench.problems.suites.built_in import SUITES, SuiteData
from splitbench.problems.suites.small import SmallScenario
from splitbench.problems.suites.suite_file import (
    read_suite_file,
    scenario_of,
    suite_toml,
    variant_toml,
)
from splitbench.problems.suites.suite_parameters import SuiteParameters
from splitbench.problems.sun.sun_file import SunFile

_SUITE_FILE = re.compile(r"(?P<path>.+\.toml)\s*(?:\[(?P<parameters>[^\[\]]*)\])?")


@dataclass(frozen=True)
class Suite:
    """A suite with its parameters.

    An `episodes` suite gives one horizon a seed, the other (`small`) independent instances.

    Attributes
    ----------
    name
        Canonical: parameters sorted, the path of a suite file absolute.
    label
        What tables call a suite file; empty for a built-in suite.
    seeds
        Seeds of a run that names none; None: the command's own number.
    """

    name: str
    description: str
    scenario: Scenario | SmallScenario
    label: str = ""
    seeds: int | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """Files that the suite is made of (profiles, sun); a change of theirs changes the suite."""
        scenario = self.scenario
        if not isinstance(scenario, Scenario):
            named = [scenario.parameters.board or "", scenario.parameters.server or ""]
        else:
            named = [name for kind in scenario.kinds for name in (kind.board, kind.server or "")]
            named += [scenario.server, *([str(scenario.sun)] * isinstance(scenario.sun, SunFile))]
        paths = [sweep_path(name) or name for name in named]
        return tuple(dict.fromkeys(path for path in paths if path and Path(path).suffix))

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
        """Where the numbers of the devices and the server come from, for the record."""
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
        """Slots, or instances, per seed."""
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
        return replace(drawn, suite=self.known_as)

    @property
    def known_as(self) -> str:
        """The name under which solvers find trained policies. A suite file with the data of a
        built-in suite has that suite's name.
        """
        data = SUITES.get(self.label)
        return self.label if data is not None and data.scenario == self.scenario else self.name

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
    """Return the suite that `hetero`, `hetero[devices=30]` or `path/to/suite.toml` describes.

    Raises
    ------
    UnknownNameError
        No such suite; the message offers the nearest names.
    InputError
        An unknown parameter, or a value out of place.
    """
    in_file = _SUITE_FILE.fullmatch(text.strip())
    if in_file is not None:
        return _suite_in_file(Path(in_file["path"]), in_file["parameters"])
    spec = parse_spec(text)
    if spec.path or spec.name not in SUITES:
        raise UnknownNameError("suite", spec.name, SUITES)
    data, given = SUITES[spec.name], bind(SuiteParameters, spec)
    try:
        return _made(str(spec), data, SuiteParameters(**given))
    except InputError as error:
        raise InputError(f"suite {spec}: {error}") from None


def _suite_in_file(path: Path, parameters: str | None) -> Suite:
    """Return the suite of a file, with what stands in brackets behind its path."""
    from splitbench.problems.suites.suite_schema import SuiteFile

    file = read_suite_file(path)
    spec = Spec(str(path.resolve()), parse_parameters(parameters, str(path)))
    try:
        if not isinstance(file, SuiteFile):
            text = {name: str(value) for name, value in file.parameters.items()}
            base = make_suite(str(Spec(file.base, text | spec.parameters)))
            made = replace(base, name=str(spec), description=file.about or base.description)
        else:
            data = SuiteData(file.about, scenario_of(file, path.resolve().parent))
            made = _made(str(spec), data, SuiteParameters(**bind(SuiteParameters, spec)))
        return replace(made, label=str(replace(spec, name=file.name)), seeds=file.seeds)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _made(name: str, data: SuiteData, parameters: SuiteParameters) -> Suite:
    if isinstance(data.scenario, Scenario):
        scenario = _scaled(data, data.scenario, parameters)
        suite = Suite(name, data.description, scenario)
        if suite.files or scenario.truth or any(kind.calibration.words for kind in scenario.kinds):
            _check_caps(scenario)
        return suite
    suite = Suite(name, data.description, SmallScenario(parameters))
    for file in suite.files:
        if is_profile_path(file):
            load_profile(file)
    return suite


def toml_of(suite: Suite) -> str:
    """Return the text of a suite file that gives the problems of a suite."""
    spec = parse_spec(suite.label or suite.name)
    if isinstance(suite.scenario, Scenario):
        return suite_toml(str(spec), suite.description, suite.scenario, suite.seeds or 3)
    given = parse_spec(suite.name) if not suite.label else spec
    return variant_toml(str(spec), suite.description, given.name, given.parameters)


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
        kinds=parameters.calibrate([_kind_scaled(kind, parameters) for kind in base.kinds]),
        devices=devices,
        threads=(low, high),
        tasks=_times(base.tasks, parameters.arrival_scale),
        uplink_mbps=tuple(_times(limits, parameters.uplink_scale) for limits in base.uplink_mbps),
        server_scale=base.server_scale * parameters.server_scale,
        battery_max_j=base.battery_max_j * parameters.battery_scale,
        panel_m2=base.panel_m2 * parameters.sun_scale,
        sun=parameters.sun_of(base.sun),
        formulation=parameters.formulation(base.formulation),
        **{name: value for name, value in given.items() if value is not None},
    )


def _kind_scaled(kind: DeviceKind, parameters: SuiteParameters) -> DeviceKind:
    """Apply the parameters to what a kind of device has of its own."""
    moved = kind.on(parameters.board, parameters.dnn)
    battery, panel = moved.battery_max_j, moved.panel_m2
    return replace(
        moved,
        server=moved.server if parameters.server is None else None,
        tasks=moved.tasks and _times(moved.tasks, parameters.arrival_scale),
        uplink_mbps=moved.uplink_mbps and _times(moved.uplink_mbps, parameters.uplink_scale),
        battery_max_j=battery and battery * parameters.battery_scale,
        panel_m2=None if panel is None else panel * parameters.sun_scale,
    )


def _check_caps(scenario: Scenario) -> None:
    """Build the devices, and check that they can use the server's threads in every slot."""
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
