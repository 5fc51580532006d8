"""Irradiance files: those of MIDC and plain CSV, and through `pvlib_formats` the others."""

from __future__ import annotations

import csv
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from splitbench.problems.arrays import Floats
from splitbench.problems.errors import InputError
from splitbench.problems.sun.pvlib_formats import accepted, clock, read_format, recognise
from splitbench.problems.sun.readings import Readings
from splitbench.problems.sun.station_columns import choose_column
from splitbench.problems.sun.trace import SRRL_BMS, SolarTrace, Station

if TYPE_CHECKING:
    import pandas as pd

_OFFSET = r"(?:Z|[+-]\d\d:?\d\d)$"


def load_irradiance(
    path: str | Path,
    column: str | None = None,
    station: Station | None = None,
    day: str | None = None,
) -> SolarTrace:
    """Read global horizontal irradiance from a file, as one value a minute.

    Reads the formats of `pvlib_formats.FORMATS`, recognised by their first lines, and those whose
    values hold from their time to the next: MIDC files ("DATE (MM/DD/YYYY)", time), MIDC raw
    data ("", "Year", "DOY", time) and CSV whose first column is a time with its offset from UTC.
    Rows stand 1 to 60 minutes apart. A mean is held over its interval, an instant's value is
    interpolated linearly; see `Readings`. Values down to −50 W/m², as instruments give at night,
    are clipped to 0; nothing else is repaired.

    Parameters
    ----------
    path
        The file.
    column
        The column to read, by pvlib's name where it has one (`ghi`); None to take the one that
        is global horizontal irradiance.
    station
        Where it was measured; the clear-sky course needs it, and the local time of a file in UTC.
        None: what the file says; of MIDC and plain CSV, which say nothing, NREL's in Golden.
    day
        The day to take, `YYYY-MM-DD` or `MM-DD`, midnight to midnight in local standard time:
        the file's own where it has one, else the whole-hour offset nearest to the longitude.
        None: all rows, of a file in UTC from the first local midnight on.

    Raises
    ------
    InputError
        No such file, column or day, an unknown format, several columns to choose from, a
        missing, implausible or non-numeric value, or rows that do not follow each other; names
        the first.
    """
    found = recognise(path)
    if found is not None:
        readings, place = read_format(path, found, column, station)
    else:
        readings, place = _read_rows(path, column), station or SRRL_BMS
    start, values = readings.minutes(day)
    values.setflags(write=False)
    return SolarTrace(Path(path).stem, start, values, readings.column, str(path), place)


def _read_rows(path: str | Path, column: str | None) -> Readings:
    """Read a MIDC file or a plain CSV."""
    header = _header(path)
    first = 4 if _is_raw(header) else 2 if _is_midc(header) else 1
    chosen = choose_column(header[first:], column, path)
    read = _read(path, header, [*range(first), first + header[first:].index(chosen)])
    if len(read) == 0:
        raise InputError(f"{path}: no rows; expected one value a minute")
    absent = np.flatnonzero(read.index.isna())
    if len(absent):
        raise InputError(f"{path}: row {absent[0] + 1} has no time; expected one in every row")
    times, zone = clock(read.index)
    values = _numbers(read, chosen, path)
    return Readings(str(path), chosen, times, values, "start", zone or UTC)


def _header(path: str | Path) -> list[str]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            header = [field.strip() for field in next(csv.reader(file), [])]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: {error}; expected {accepted()}") from None
    if len(header) < 2:
        raise InputError(f"{path}: line 1 names fewer than two columns; expected {accepted()}")
    return header


def _is_midc(header: list[str]) -> bool:
    return header[0] == "DATE (MM/DD/YYYY)"


def _is_raw(header: list[str]) -> bool:
    return header[1:3] == ["Year", "DOY"]


def _read(path: str | Path, header: list[str], columns: list[int]) -> pd.Series[str]:
    """Return the last of `columns` as text by time; the others are the time's columns."""
    try:
        return _parse(path, header, columns)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OSError) as error:
        # What pvlib and pandas raise for a damaged file; their first line says what.
        reason = (str(error).splitlines() or [""])[0] or type(error).__name__
        raise InputError(f"{path}: {reason[:120]}; expected {accepted()}") from None


def _parse(path: str | Path, header: list[str], columns: list[int]) -> pd.Series[str]:
    # Values stay text here: how pandas reads decimals depends on its version, float() does not.
    # Naming the columns by number also copes with raw data, whose rows may outgrow the header.
    names = [header[column] for column in columns]
    if not (_is_raw(header) or _is_midc(header)):
        import pandas as pd

        frame = pd.read_csv(
            path, usecols=columns, names=names, header=0, dtype=str, encoding="utf-8-sig"
        )
        return frame.set_index(_times(frame.iloc[:, 0])).iloc[:, -1]
    from pvlib.iotools import read_midc

    read = read_midc(
        path, raw_data=_is_raw(header), usecols=columns, names=names, header=0,
        dtype={names[-1]: str}, encoding="utf-8-sig",
    )  # fmt: skip
    text: pd.Series[str] = read.iloc[:, -1]
    return text


def _times(texts: pd.Series[str]) -> pd.DatetimeIndex:
    import pandas as pd

    bad = np.flatnonzero(~texts.str.contains(_OFFSET, na=False).to_numpy(dtype=bool))
    if len(bad):
        raise ValueError(f"line {bad[0] + 2}: got time {texts.iloc[bad[0]]!r} without an offset")
    times = pd.DatetimeIndex(pd.to_datetime(texts, utc=True, format="ISO8601"))
    return times if len(texts) == 0 else times.tz_convert(pd.Timestamp(texts.iloc[0]).tz)


def _numbers(read: pd.Series[str], column: str, path: str | Path) -> Floats:
    values = np.full(len(read), np.nan)
    for row, text in enumerate(read):
        if isinstance(text, str):  # NaN where the field is empty
            try:
                values[row] = float(text)
            except ValueError:
                at = read.index[row].strftime("%Y-%m-%d %H:%M")
                fault = f"got {text[:40]!r}; expected a number"
                raise InputError(f"{path}: {column} at {at}: {fault}") from None
    return values
