"""The shipped solar traces, a user's own, and the course of a clear sky.

Importing pvlib and pandas takes longer than a second, so each shipped file also has a parsed form
(`data/solar/parsed`, see `problems.sun.shipped_days`): one value a minute as read by
`load_irradiance`, and the clear sky of that minute.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np

from splitbench.problems.arrays import Floats
from splitbench.problems.errors import UnknownNameError
from splitbench.problems.package_paths import DATA
from splitbench.problems.sun.station_files import load_irradiance
from splitbench.problems.sun.trace import SRRL_BMS, SolarTrace, Station

__all__ = [
    "SRRL_BMS",
    "SolarTrace",
    "Station",
    "clear_sky_w_m2",
    "computed_clear_sky_w_m2",
    "load_irradiance",
    "load_solar",
    "solar_names",
]


FOLDER = DATA / "solar"
# Clean and dry air, as over the high west of the United States; not fitted to any trace.
AEROSOL_DEPTH_700NM = 0.05
PRECIPITABLE_WATER_CM = 1.0


@dataclass(frozen=True)
class ShippedFile:
    """A file in `data/solar`, the column it is read by, where that was measured, and the day.

    `day` is None where all rows are taken.
    """

    file: str
    column: str
    station: Station
    day: str | None
    source: str


def _read_index() -> dict[str, ShippedFile]:
    with open(FOLDER / "days.csv", encoding="utf-8", newline="") as file:
        return {row["name"]: _shipped_file(row) for row in csv.DictReader(file)}


def _shipped_file(row: dict[str, str]) -> ShippedFile:
    place = (float(row[name]) for name in ("latitude_deg", "longitude_deg", "altitude_m"))
    station = Station(row["station"], *place)
    return ShippedFile(row["file"], row["column"], station, row["day"] or None, row["source"])


#: What ships, a line of `data/solar/days.csv` each.
SHIPPED = _read_index()


def solar_names() -> tuple[str, ...]:
    """Return the names of the shipped traces."""
    return tuple(SHIPPED)


def load_solar(name: str) -> SolarTrace:
    """Return a shipped trace, without pvlib.

    Raises
    ------
    UnknownNameError
        No trace of that name is shipped.
    """
    return _shipped(name)[0]


def parsed_path(name: str) -> Path:
    """Return where the parsed form of a shipped trace lies."""
    return FOLDER / "parsed" / f"{name}.csv"


def clear_sky_w_m2(trace: SolarTrace) -> Floats:
    """Return what a clear sky would give in each minute of `trace`: W/m², shape (minutes,).

    Without pvlib where a shipped trace covers the same minutes of the same station.
    """
    for name, shipped in SHIPPED.items():
        if shipped.station == trace.station:
            known, clear = _shipped(name)
            if (known.start, known.minutes) == (trace.start, trace.minutes):
                return clear
    return computed_clear_sky_w_m2(trace)


def computed_clear_sky_w_m2(trace: SolarTrace) -> Floats:
    """Return the clear-sky course by pvlib: simplified Solis in clean, dry air.

    The sun's position is that at the middle of each minute.
    """
    import pandas as pd
    from pvlib import atmosphere, clearsky, solarposition

    station = trace.station
    middle = trace.start + timedelta(seconds=30)
    times = pd.date_range(middle, periods=trace.minutes, freq="min")
    sun = solarposition.get_solarposition(
        times, station.latitude_deg, station.longitude_deg, altitude=station.altitude_m
    )
    clear = clearsky.simplified_solis(
        sun["apparent_elevation"],
        aod700=AEROSOL_DEPTH_700NM,
        precipitable_water=PRECIPITABLE_WATER_CM,
        pressure=atmosphere.alt2pres(station.altitude_m),
    )
    value: Floats = clear["ghi"].to_numpy(dtype=np.float64)
    return value


@lru_cache(maxsize=len(SHIPPED))
def _shipped(name: str) -> tuple[SolarTrace, Floats]:
    """Return the trace and its clear sky from the parsed form."""
    if name not in SHIPPED:
        raise UnknownNameError("solar trace", name, SHIPPED)
    with open(parsed_path(name), encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    columns = np.array([row[1:] for row in rows], dtype=np.float64).T.copy()
    columns.setflags(write=False)
    shipped, start = SHIPPED[name], datetime.fromisoformat(rows[0][0])
    trace = SolarTrace(name, start, columns[0], shipped.column, shipped.source, shipped.station)
    return trace, columns[1]
