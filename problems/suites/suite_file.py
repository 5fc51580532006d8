"""Suites as TOML files: read one, or write any suite as a file that gives the same problems."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splitbench.problems.errors import InputError
from splitbench.problems.files.json_file import validate
from splitbench.problems.formulation import Formulation
from splitbench.problems.horizon.scenario import DeviceKind, Scenario
from splitbench.problems.latency.profiles.calibration import Calibration
from splitbench.problems.latency.profiles.profile_file import is_profile_path
from splitbench.problems.latency.profiles.sweep_profiles import sweep_path
from splitbench.problems.suites.city import CityScenario, city
from splitbench.problems.sun.sun_file import SunFile
from splitbench.problems.sun.trace import Station

if TYPE_CHECKING:
    from splitbench.problems.suites.suite_schema import Kind, SuiteFile, Sun, VariantFile

#: Fields of a kind of device that mean the same in a file and in a `DeviceKind`.
_OWN = ("uplink_mbps", "tasks", "start_charge", "battery_max_j", "panel_m2")
_CALIBRATION = ("merged_layers", "server_s", "serial_share", "input_bits_per_value")


def read_suite_file(path: Path) -> SuiteFile | VariantFile:
    """Read a suite file and check every field of it.

    Raises
    ------
    InputError
        One line that names each place, its value and what was expected.
    """
    from splitbench.problems.suites.suite_schema import SuiteFile, VariantFile

    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; expected a suite file") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is no UTF-8; expected TOML") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{path}: {error or 'nested too deeply'}; expected TOML") from None
    if "base" in data:
        return validate(VariantFile, data, str(path))
    return validate(SuiteFile, data, str(path))


def scenario_of(file: SuiteFile, folder: Path) -> Scenario:
    """Return what a suite file describes; paths in it are relative to its folder.

    Raises
    ------
    InputError
        A value that does not fit the others.
    """
    kinds = tuple(made for kind in file.kind for made in [_kind(kind, folder)] * kind.count)
    mbps = file.uplink.mbps
    each = mbps if isinstance(mbps[0], list) else [mbps]
    low, high = file.server.threads
    if low > high:
        raise InputError(f"server.threads: got {low} to {high}; expected fewest, then most")
    scenario = Scenario(
        kinds=kinds,
        devices=file.devices or len(kinds),
        slots=file.slots,
        threads=(low, high),
        uplink_mbps=tuple(_range(one) for one in each),
        tasks=_range(file.arrivals.tasks),
        battery_max_j=file.battery.max_j,
        panel_m2=file.sun.panel_m2,
        sun=_sun(file.sun, folder),
        start_minute=_range(file.sun.start_minute),
        start_charge=_range(file.battery.start_charge),
        shared_uplink=file.uplink.shared,
        split=file.split,
        curve=file.server.curve,
        truth=file.server.truth,
        server=_located(file.server.profile, folder),
        server_scale=file.server.scale,
        input_bits_per_value=file.input_bits_per_value,
        slot_s=file.slot_s,
        min_threads=file.min_threads,
        utility_weight=file.utility_weight,
        formulation=Formulation(
            file.formulation.energy_term, file.formulation.energy_scope, "allowed"
        ),
    )
    return city(scenario) if file.arrays else scenario


def _kind(kind: Kind, folder: Path) -> DeviceKind:
    set_by_hand = {name: getattr(kind, name) for name in _CALIBRATION}
    if kind.board == "own" and kind.seconds is None:
        raise InputError(f"kind {kind.network}: expected board or seconds")
    return DeviceKind(
        board=_located(kind.board, folder),
        dnn=kind.network,
        cores=kind.cores,
        calibration=Calibration(device_s=kind.seconds, source=kind.source, **set_by_hand),
        server=None if kind.server is None else _located(kind.server, folder),
        uplink_mbps=_given_range(kind.uplink_mbps),
        tasks=_given_range(kind.tasks),
        battery_max_j=kind.battery_max_j,
        panel_m2=kind.panel_m2,
        start_charge=_given_range(kind.start_charge),
    )


def _sun(sun: Sun, folder: Path) -> str | SunFile:
    if (sun.trace is None) == (sun.file is None):
        raise InputError("sun: expected either trace or file")
    if sun.file is None:
        return sun.trace
    place = (sun.latitude_deg, sun.longitude_deg, sun.altitude_m)
    if None in place and any(one is not None for one in place):
        raise InputError("sun: expected latitude_deg, longitude_deg and altitude_m together")
    station = None if None in place else Station(sun.file, *place)
    return SunFile(str(folder / sun.file), sun.column, station, sun.day)


def _located(profile: str, folder: Path) -> str:
    """Return a profile's name, the path of a file relative to the suite file's folder."""
    if is_profile_path(profile) or sweep_path(profile):
        return str(folder / profile)
    return profile


def _range(limits: list[float]) -> tuple[float, float]:
    low, high = limits
    return float(low), float(high)


def _given_range(limits: list[float] | None) -> tuple[float, float] | None:
    return None if limits is None else _range(limits)


def suite_toml(name: str, about: str, scenario: Scenario, seeds: int = 3) -> str:
    """Write a suite as the text of a suite file with the same problems."""
    sections: dict[str, dict[str, Any]] = {
        "": {
            "format": "splitbench/suite@1", "name": name, "about": about, "seeds": seeds,
            "slots": scenario.slots, "slot_s": scenario.slot_s, "devices": scenario.devices,
            **({"arrays": True} if isinstance(scenario, CityScenario) else {}),
            "min_threads": scenario.min_threads, "utility_weight": scenario.utility_weight,
            "split": scenario.split, "input_bits_per_value": scenario.input_bits_per_value,
        },
        "formulation": {
            "energy_term": scenario.formulation.energy_term,
            "energy_scope": scenario.formulation.energy_scope,
        },
        "server": {
            "profile": scenario.server, "threads": scenario.threads,
            "scale": scenario.server_scale, "curve": scenario.curve, "truth": scenario.truth,
        },
        "uplink": {
            "mbps": scenario.uplink_mbps[0] if len(scenario.uplink_mbps) == 1
            else scenario.uplink_mbps,
            "shared": scenario.shared_uplink,
        },
        "arrivals": {"tasks": scenario.tasks},
        "sun": _sun_table(scenario.sun) | {
            "start_minute": scenario.start_minute, "panel_m2": scenario.panel_m2,
        },
        "battery": {"max_j": scenario.battery_max_j, "start_charge": scenario.start_charge},
    }  # fmt: skip
    lines = [line for title, table in sections.items() for line in _section(title, table)]
    for kind in scenario.kinds:
        lines += _section("[kind]", _kind_table(kind))
    return "\n".join(lines).lstrip() + "\n"


def variant_toml(name: str, about: str, base: str, parameters: dict[str, str]) -> str:
    """Write a variant of a built-in suite whose problems are drawn by code."""
    head = {"format": "splitbench/suite@1", "name": name, "about": about, "base": base}
    lines = [*_section("", head), *_section("parameters", parameters)]
    return "\n".join(lines).lstrip() + "\n"


def _kind_table(kind: DeviceKind) -> dict[str, Any]:
    calibration = kind.calibration
    return {
        "network": kind.dnn, "board": kind.board, "cores": kind.cores,
        "seconds": calibration.device_s,
        **{name: getattr(calibration, name) for name in _CALIBRATION},
        "source": calibration.source or None, "server": kind.server,
        **{name: getattr(kind, name) for name in _OWN},
    }  # fmt: skip


def _sun_table(sun: str | SunFile) -> dict[str, Any]:
    if isinstance(sun, str):
        return {"trace": sun}
    place = ("latitude_deg", "longitude_deg", "altitude_m")
    known = {name: getattr(sun.station, name) for name in place if sun.station is not None}
    return {"file": sun.path, "column": sun.column, "day": sun.day, **known}


def _section(title: str, table: dict[str, Any]) -> list[str]:
    known = [f"{key} = {_value(value)}" for key, value in table.items() if value is not None]
    return ["", f"[{title}]", *known] if title else known


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    # A TOML text is a JSON text but for the delete character, and a float is as Python writes it.
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
