"""The parameters that every suite accepts in brackets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from math import isfinite
from pathlib import Path
from typing import Any, cast

from splitbench.problems.bracket_parameters import convert
from splitbench.problems.errors import InputError, UnknownNameError
from splitbench.problems.formulation import EnergyScope, EnergyTerm, Formulation
from splitbench.problems.horizon.scenario import DeviceKind
from splitbench.problems.latency.profiles.device_builder import CurveKind, Split
from splitbench.problems.sun.days import solar_names
from splitbench.problems.sun.sun_file import SunFile
from splitbench.problems.sun.trace import Station

#: Parameters that are set for each kind of device, with the type of a value.
CALIBRATED: dict[str, type] = {
    "cores": int,
    "device_s": float,
    "merged_layers": str,
    "server_s": float,
    "serial_share": float,
    "input_bits_per_value": float,
}


@dataclass(frozen=True)
class SuiteParameters:
    """Parameters of a suite; None keeps the suite's own value.

    Attributes
    ----------
    devices, slots
        N, and slots (`small`: instances) per seed.
    arrival_scale, server_scale, uplink_scale, battery_scale, sun_scale
        Factors on arrivals, server latency, uplinks, battery capacity (charge with it), harvest.
    threads_scale
        Factor on the server's threads; by default N over the suite's own N where the server grows
        with the fleet (congested, starved, cloudy, hetero, scale), else 1.
    cores, device_s, merged_layers, server_s, serial_share, input_bits_per_value
        Calibration: one value for all kinds of device, or one for each in the suite's order with
        slashes between, `2/1/1`; a dash keeps the suite's own. See `Calibration` and
        `DeviceKind.cores`. Suites of horizons only, but for `input_bits_per_value`.
    source
        Where the calibration comes from, in words; for the record and `show`.
    energy_term, energy_scope, utility_weight, min_threads
        Formulation switches, V and k_min.
    curve, split
        `exp2`, `table` or `table[idle=allowed]` for D(k), `linear`, `macs` or `measured`
        for the layers' shares.
    board, server, dnn
        A board or server for all devices, shipped or a profile file; a DNN for all devices.
    sun, sun_column, sun_day, station
        A shipped trace or a solar file; the column of the file (default: global horizontal
        irradiance); its day, `YYYY-MM-DD` or `MM-DD` (default: all rows); where it was measured,
        `latitude/longitude/altitude` in degrees and metres (default: as the file says).
    truth
        True D(k), while solvers plan with `curve`; shows the cost of the model's error.

    Raises
    ------
    InputError
        A value out of place.
    """

    devices: int | None = None
    slots: int | None = None
    arrival_scale: float = 1.0
    server_scale: float = 1.0
    uplink_scale: float = 1.0
    battery_scale: float = 1.0
    sun_scale: float = 1.0
    threads_scale: float | None = None
    cores: str | None = None
    device_s: str | None = None
    merged_layers: str | None = None
    server_s: str | None = None
    serial_share: str | None = None
    input_bits_per_value: str | None = None
    source: str | None = None
    energy_term: EnergyTerm | None = None
    energy_scope: EnergyScope | None = None
    utility_weight: float | None = None
    min_threads: int | None = None
    curve: CurveKind | None = None
    split: Split | None = None
    board: str | None = None
    server: str | None = None
    dnn: str | None = None
    truth: CurveKind | None = None
    sun: str | None = None
    sun_column: str | None = None
    sun_day: str | None = None
    station: str | None = None

    def __post_init__(self) -> None:
        for name in ("devices", "slots", "min_threads"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name}: got {value}; expected a whole number ≥ 1")
        for name in (field.name for field in fields(self)):
            value = getattr(self, name)
            if (
                name.endswith("_scale")
                and name != "sun_scale"
                and value is not None
                and not 0 < value < 1e9
            ):
                raise InputError(f"{name}: got {value:g}; expected a number > 0")
        if not (isfinite(self.sun_scale) and self.sun_scale >= 0):
            raise InputError(f"sun_scale: got {self.sun_scale:g}; expected a number ≥ 0")
        if self.utility_weight is not None and not 0 <= self.utility_weight <= 1:
            raise InputError(f"utility_weight: got {self.utility_weight:g}; expected 0 to 1")

    def sun_of(self, base: str | SunFile) -> str | SunFile:
        """Return the sun that was given, or `base`.

        Raises
        ------
        InputError
            A column, day or station without a file, or a station that is no three numbers.
        """
        if self.sun is None or self.sun in solar_names():
            if any((self.sun_column, self.sun_day, self.station)):
                raise InputError(
                    "sun_column, sun_day, station: got a value; expected sun=FILE beside it"
                )
            return base if self.sun is None else self.sun
        if not Path(self.sun).suffix:
            raise UnknownNameError("solar trace", self.sun, solar_names())
        path = str(Path(self.sun).resolve())
        if self.station is None:
            return SunFile(path, self.sun_column, day=self.sun_day)
        try:
            latitude, longitude, altitude = map(float, self.station.split("/"))
        except ValueError:
            raise InputError(
                f"station: got {self.station!r}; expected latitude/longitude/altitude, as in "
                "39.74/-105.18/1829"
            ) from None
        place = Station(self.sun, latitude, longitude, altitude)
        return SunFile(path, self.sun_column, place, self.sun_day)

    @property
    def input_bits(self) -> float | None:
        """Bits of an input value where one number holds for all devices."""
        text = self.input_bits_per_value
        return None if text is None else cast(float, _values("input_bits_per_value", text, 1)[0])

    @property
    def calibrated(self) -> tuple[str, ...]:
        """Names of the calibration's parameters that were given."""
        return tuple(name for name in CALIBRATED if getattr(self, name) is not None)

    def calibrate(self, kinds: Sequence[DeviceKind]) -> tuple[DeviceKind, ...]:
        """Return the kinds of device with the calibration that was given.

        Raises
        ------
        InputError
            Neither one value nor one for each kind, or a value that is not of its type.
        """
        if not self.calibrated:
            return tuple(kinds)
        columns = {name: _values(name, getattr(self, name), len(kinds)) for name in self.calibrated}
        source = self.source or "given as a suite parameter"
        made = []
        for index, kind in enumerate(kinds):
            given = {name: column[index] for name, column in columns.items()}
            known = {name: value for name, value in given.items() if value is not None}
            cores = known.pop("cores", kind.cores)
            calibration = kind.calibration
            if known:
                calibration = replace(calibration, **known, source=source)
            made.append(replace(kind, cores=cores, calibration=calibration))
        return tuple(made)

    def formulation(self, base: Formulation) -> Formulation:
        """Return `base` with the switches that were given."""
        return Formulation(
            self.energy_term or base.energy_term,
            self.energy_scope or base.energy_scope,
            base.hibernation,
        )


def _values(name: str, text: str, kinds: int) -> list[Any]:
    """Return a parameter's value for each kind of device; None where it is a dash."""
    parts = [part.strip() for part in text.split("/")]
    if len(parts) not in (1, kinds):
        raise InputError(
            f"{name}: got {len(parts)} values, {text}; expected one, or {kinds} with slashes "
            "between (one for each kind of device)"
        )
    values = [None if part == "-" else convert(part, CALIBRATED[name], name) for part in parts]
    return values if len(values) == kinds else values * kinds
