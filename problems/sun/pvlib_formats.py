"""Formats of solar files that pvlib reads, recognised by what is in the file."""

from __future__ import annotations

import gzip
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from splitbench.problems.arrays import Floats, Ints
from splitbench.problems.errors import InputError
from splitbench.problems.sun.readings import Label, Readings, standard_zone
from splitbench.problems.sun.station_columns import choose_column
from splitbench.problems.sun.trace import Station

if TYPE_CHECKING:
    import pandas as pd

HEAD_BYTES = 16384


@dataclass(frozen=True)
class Place:
    """Where and on which clock a file says it was measured; None: it does not say."""

    latitude_deg: float | None = None
    longitude_deg: float | None = None
    altitude_m: float | None = None
    zone: timezone | None = None


@dataclass(frozen=True)
class SolarFormat:
    """A format: its name, what its first lines match, what a time stands for, pvlib's reader.

    `read` returns a frame with a time index and pvlib's column names, and the place.
    """

    name: str
    mark: str
    label: Label
    read: Callable[[str], tuple[pd.DataFrame, Place]]
    typical: bool = False


def recognise(path: str | Path) -> SolarFormat | None:
    """Return the format of a file by its first lines; None where it is none of `FORMATS`.

    Raises
    ------
    InputError
        A file that cannot be opened, or a known format that is not read; names it.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD_BYTES)
        if head.startswith(b"\x1f\x8b"):
            with gzip.open(path) as packed:
                head = packed.read(HEAD_BYTES)
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: {reason}; expected {accepted()}") from None
    text = head.decode("utf-8-sig", errors="replace")
    for name, mark in UNREAD.items():
        if re.match(mark, text):
            raise InputError(f"{path}: a {name} file, which is not read; expected {accepted()}")
    return next((one for one in FORMATS if re.match(one.mark, text)), None)


def accepted() -> str:
    """Return the formats that are read, in words."""
    names = ", ".join(one.name for one in FORMATS)
    return f"a MIDC file (one day or raw data), {names}, or a CSV of times with their offset"


def read_format(
    path: str | Path, found: SolarFormat, column: str | None, station: Station | None
) -> tuple[Readings, Station]:
    """Read a file of a known format; `station` takes the place of what the file says.

    Raises
    ------
    InputError
        A damaged file, a column that is not there, or a file that does not say where it was
        measured.
    """
    what = f"{path} ({found.name})"
    try:
        with warnings.catch_warnings():
            # The user cannot fix what pandas warns about in pvlib's code.
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", FutureWarning)
            frame, place = found.read(str(path))
        times, own_zone = clock(frame.index)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OSError) as error:
        # What pvlib and pandas raise for a damaged file; their first line says what.
        reason = (str(error).splitlines() or [""])[0] or type(error).__name__
        raise InputError(f"{what}: {reason[:120]}; expected a whole file of this format") from None
    chosen = choose_column(list(map(str, frame.columns)), column, what)
    station = station or _station(place, what, path)
    readings = Readings(
        what, chosen, times, _floats(frame[chosen], what), found.label,
        own_zone or place.zone or standard_zone(station.longitude_deg),
        own_zone is None, found.typical,
    )  # fmt: skip
    return readings, station


def clock(index: pd.Index[Any]) -> tuple[Ints, timezone | None]:
    """Return times in seconds since 1970 on their own clock, and its offset; None for UTC."""
    import pandas as pd

    times = pd.DatetimeIndex(index)
    offset = times[0].utcoffset()
    seconds = times.tz_localize(None).to_numpy("datetime64[s]").astype(np.int64)
    return seconds, timezone(offset) if offset else None


def _station(place: Place, what: str, path: str | Path) -> Station:
    known = (place.latitude_deg, place.longitude_deg, place.altitude_m)
    if place.latitude_deg is None or place.longitude_deg is None or place.altitude_m is None:
        said = "/".join("?" if one is None else f"{one:g}" for one in known)
        raise InputError(
            f"{what}: does not say where it was measured (latitude/longitude/altitude: {said}); "
            "expected station beside it, as in station=39.74/-105.18/1829"
        )
    return Station(Path(path).name, place.latitude_deg, place.longitude_deg, place.altitude_m)


def _floats(values: pd.Series[Any], what: str) -> Floats:
    try:
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    except (ValueError, TypeError):
        raise InputError(f"{what}: {values.name} is no column of numbers") from None


def _surfrad(path: str) -> tuple[pd.DataFrame, Place]:
    from pvlib.iotools import read_surfrad

    frame, about = read_surfrad(path)
    # Every station lies in the United States; older files write degrees west without a sign.
    west = -abs(about["longitude"])
    return frame, Place(about["latitude"], west, about["elevation"])


def _srml(path: str) -> tuple[pd.DataFrame, Place]:
    from pvlib.iotools import read_srml

    return read_srml(path), Place()


def _crn(path: str) -> tuple[pd.DataFrame, Place]:
    import pandas as pd
    from pvlib.iotools import read_crn

    frame = read_crn(path)
    first = frame.iloc[0]
    local = pd.Timestamp(f"{first['LST_DATE']} {int(first['LST_TIME']):04d}")
    ahead = local - frame.index[0].tz_localize(None)
    zone = timezone(timedelta(seconds=ahead.total_seconds()))
    return frame, Place(float(first["latitude"]), float(first["longitude"]), None, zone)


def _tmy3(path: str) -> tuple[pd.DataFrame, Place]:
    import pandas as pd
    from pvlib.iotools import read_tmy3

    frame, about = read_tmy3(path)
    # pvlib calls hour 24 of 28 February 0:00 of 1 March, also in a leap year without its leap day.
    index = pd.DatetimeIndex(frame.index)
    seam = (index.month == 3) & (index.day == 1) & (index.hour == 0) & index.is_leap_year
    if not any((index.month == 2) & (index.day == 29)):
        frame.index = index.where(~seam, index - pd.Timedelta(days=1))
    return frame, Place(*_place_and_zone(about))


def _psm(path: str) -> tuple[pd.DataFrame, Place]:
    from pvlib import iotools

    # PSM3 and PSM4 are one layout; pvlib before 0.13 has the reader under the older name.
    read = getattr(iotools, "read_nsrdb_psm4", None) or iotools.read_psm3
    frame, about = read(path)
    zone = timezone(timedelta(hours=about["Local Time Zone"]))
    return frame, Place(about["latitude"], about["longitude"], about["altitude"], zone)


def _pvgis_hourly(path: str) -> tuple[pd.DataFrame, Place]:
    from pvlib.iotools import read_pvgis_hourly

    frame, about = read_pvgis_hourly(path, pvgis_format=_json_or_csv(path))
    if "poa_global" not in frame:
        parts = ["poa_direct", "poa_sky_diffuse", "poa_ground_diffuse"]
        frame = frame.assign(poa_global=frame[parts].sum(axis=1, skipna=False))
    slope = _inside(about, "slope")  # "30 deg.", {"value": 30} or, of two axes, {"value": "-"}
    slope = slope["value"] if isinstance(slope, Mapping) else str(slope).split(" ")[0]
    # On a horizontal plane the plane's irradiance is the global horizontal one.
    if str(slope) in ("0", "0.0"):
        frame = frame.assign(ghi=frame["poa_global"])
    return frame, _pvgis_place(about)


def _pvgis_tmy(path: str) -> tuple[pd.DataFrame, Place]:
    import pandas as pd
    from pvlib.iotools import read_pvgis_tmy

    frame, about = read_pvgis_tmy(path, pvgis_format=_json_or_csv(path))
    # Times are whole hours; the satellite passed so much later.
    hours = _inside(about, "irradiance time offset") or 0.0
    frame.index = frame.index + pd.Timedelta(minutes=round(60 * float(hours)))
    return frame, _pvgis_place(about)


def _epw(path: str) -> tuple[pd.DataFrame, Place]:
    from pvlib.iotools import read_epw

    frame, about = read_epw(path)
    return frame, Place(*_place_and_zone(about))


def _place_and_zone(about: Mapping[str, Any]) -> tuple[float, float, float, timezone]:
    zone = timezone(timedelta(hours=about["TZ"]))
    return about["latitude"], about["longitude"], about["altitude"], zone


def _bsrn(path: str) -> tuple[pd.DataFrame, Place]:
    from pvlib.iotools import read_bsrn

    frame, about = read_bsrn(path)
    return frame, Place(about["latitude"], about["longitude"], float(about["altitude"]))


def _pvgis_place(about: Mapping[str, Any]) -> Place:
    latitude, longitude, elevation = (
        float(_inside(about, name)) for name in ("latitude", "longitude", "elevation")
    )
    return Place(latitude, longitude, elevation)


def _json_or_csv(path: str) -> str:
    with open(path, encoding="utf-8-sig") as file:
        return "json" if file.read(1) == "{" else "csv"


def _inside(about: object, name: str) -> Any:
    """Return the first value of that name in nested metadata, None where there is none."""
    if not isinstance(about, Mapping):
        return None
    for key, value in about.items():
        if str(key).lower().replace("_", " ") == name:
            return value
    found = (_inside(value, name) for key, value in about.items() if key != "descriptions")
    return next((one for one in found if one is not None), None)


FORMATS: tuple[SolarFormat, ...] = (
    SolarFormat(
        "SURFRAD", r"[^\n]*\n\s*-?\d+\.\d+\s+-?\d+\.\d+\s+-?\d+ m\s+version \d", "end", _surfrad
    ),
    SolarFormat("SRML", r"\d+\t\d{4}\t\d{4}\t", "start", _srml),
    SolarFormat("CRN", r"\s*\d{5} \d{8} \d{3,4} +\d{8} +\d{3,4} ", "end", _crn),
    SolarFormat("TMY3", r"[^\n]*\n\"?Date \(MM/DD/YYYY\),", "end", _tmy3, typical=True),
    SolarFormat("NSRDB PSM", r"Source,Location ID,", "instant", _psm, typical=True),
    SolarFormat(
        "PVGIS TMY", r"(?s)(?:Latitude \(decimal|\{).*time\(UTC\)", "instant", _pvgis_tmy,
        typical=True,
    ),
    SolarFormat(
        "PVGIS hourly", r"(?s)Latitude \(decimal degrees\):|\{.*\"radiation_db\"", "instant",
        _pvgis_hourly,
    ),
    SolarFormat("EPW", r"LOCATION,", "start", _epw, typical=True),
    SolarFormat("BSRN", r"\*[CU]0001", "start", _bsrn),
)  # fmt: skip

#: Known formats that are not read.
UNREAD: dict[str, str] = {
    "SOLRAD": r"[^\n]*\n\s*-?\d+\.\d+\s+-?\d+\.\d+\s+-?\d+\s+-?\d+\s+version \d",
    "CAMS": r"# Coding: ",
    "TMY2": r" \d{5} [A-Z][^,\n]* [A-Z]{2} +-?\d+ [NS] ",
    "SolarAnywhere": r"(?i)#?[^\n]*SolarAnywhere",
    "NetCDF": r"CDF[\x01\x02\x05]|.HDF\r\n",
    "Excel": r"PK\x03\x04",
}
