"""Irradiance files of measuring stations, read through pvlib and checked minute by minute."""

from __future__ import annotations

import csv
from datetime import timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from splitbench.problems.arrays import Floats
from splitbench.problems.errors import InputError
from splitbench.problems.sun.station_columns import choose_column
from splitbench.problems.sun.trace import SRRL_BMS, SolarTrace, Station

if TYPE_CHECKING:
    import pandas as pd


MISSING = (-7999.0, -99999.0)  # what MIDC writes where nothing was measured
# Thermal offset and noise of a pyranometer at night stay above, broken cloud in the day below.
PLAUSIBLE_W_M2 = (-50.0, 2000.0)
_OFFSET = r"(?:Z|[+-]\d\d:?\d\d)$"
_FORMATS = "a MIDC file (one day or raw data) or a CSV whose first column is a time with its offset"


def load_irradiance(
    path: str | Path, column: str | None = None, station: Station = SRRL_BMS
) -> SolarTrace:
    """Read one-minute global horizontal irradiance from a file of any number of days.

    Reads MIDC files ("DATE (MM/DD/YYYY)", time), MIDC raw data ("", "Year", "DOY", time) and
    CSV whose first column is a time with its offset from UTC. Values down to −50 W/m², as
    instruments give at night, are clipped to 0; nothing else is repaired.

    Parameters
    ----------
    path
        The file.
    column
        The column to read; None to take the one that is global horizontal irradiance.
    station
        Where it was measured; only the clear-sky course needs it.

    Raises
    ------
    InputError
        No such file or column, several columns to choose from, a missing, implausible or
        non-numeric value, or minutes that do not follow each other; names the first.
    """
    header = _header(path)
    times = 4 if _is_raw(header) else 2 if _is_midc(header) else 1
    chosen = choose_column(header[times:], column, path)
    read = _read(path, header, [*range(times), times + header[times:].index(chosen)])
    if len(read) == 0:
        raise InputError(f"{path}: no rows; expected one value a minute")
    index = _minutes(read, path)
    values = _numbers(read, index, chosen, path)
    _check_values(values, index, chosen, path)
    first = index[0].to_pydatetime()
    start = first.replace(tzinfo=timezone(first.utcoffset() or timedelta(0)))
    values = np.maximum(values, 0.0)
    values.setflags(write=False)
    return SolarTrace(Path(path).stem, start, values, chosen, str(path), station)


def _header(path: str | Path) -> list[str]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            header = [field.strip() for field in next(csv.reader(file), [])]
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; expected {_FORMATS}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: {error}; expected {_FORMATS}") from None
    if len(header) < 2:
        raise InputError(f"{path}: line 1 names fewer than two columns; expected {_FORMATS}")
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
        raise InputError(f"{path}: {reason[:120]}; expected {_FORMATS}") from None


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


def _minutes(read: pd.Series[str], path: str | Path) -> pd.DatetimeIndex:
    """Return the times of the values, one minute after the other."""
    import pandas as pd

    index = pd.DatetimeIndex(read.index)
    steps = np.asarray((index[1:] - index[:-1]).total_seconds())
    bad = np.flatnonzero(steps != 60.0)  # NaN where a time is missing
    if len(bad) == 0:
        return index
    step, before, after = steps[bad[0]], _stamp(index[bad[0]]), _stamp(index[bad[0] + 1])
    if step == 0:
        fault = f"minute {after} stands twice"
    elif step > 60:
        fault = f"nothing between {before} and {after}"
    else:
        fault = f"{after} follows {before}"
    raise InputError(f"{path}: {fault}; expected every minute once, in order")


def _numbers(
    read: pd.Series[str], index: pd.DatetimeIndex, column: str, path: str | Path
) -> Floats:
    values = np.full(len(read), np.nan)
    for row, text in enumerate(read):
        if isinstance(text, str):  # NaN where the field is empty
            try:
                values[row] = float(text)
            except ValueError:
                at = _stamp(index[row])
                fault = f"got {text[:40]!r}; expected a number"
                raise InputError(f"{path}: {column} at {at}: {fault}") from None
    return values


def _check_values(values: Floats, index: pd.DatetimeIndex, column: str, path: str | Path) -> None:
    low, high = PLAUSIBLE_W_M2
    bad = np.flatnonzero(~((values >= low) & (values <= high)))  # NaN too
    if len(bad):
        value = values[bad[0]]
        absent = np.isnan(value) or value in MISSING
        fault = f"missing value ({value:g})" if absent else f"implausible value {value:g}"
        raise InputError(
            f"{path}: {column} at {_stamp(index[bad[0]])}: {fault}; "
            f"expected {low:g} to {high:g} W/m^2 in every minute"
        )


def _stamp(time: pd.Timestamp) -> str:
    if time != time:  # NaT
        return "a row without a time"
    return str(time.strftime("%Y-%m-%d %H:%M:%S" if time.second else "%Y-%m-%d %H:%M"))
