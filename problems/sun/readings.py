"""Irradiance as a file has it, and the one-minute values of a day that are made of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal

import numpy as np

from splitbench.problems.arrays import Floats, Ints
from splitbench.problems.errors import InputError

#: What a time stands for: the start or the end of the interval of a mean, or an instant.
Label = Literal["start", "end", "instant"]

# Values that stand for missing measurements; pvlib turns those it knows into NaN.
MISSING = (-7999.0, -99999.0, -9999.0, -9999.9, -9900.0, -999.0, 9999.0, 99999.0)
# Thermal offset and noise of a pyranometer at night stay above, broken cloud in the day below.
PLAUSIBLE_W_M2 = (-50.0, 2000.0)
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400
LEAP_YEAR = 2000
_DAY = re.compile(r"(?:(?P<year>\d{4})-)?(?P<day>\d\d-\d\d)")


@dataclass(frozen=True, eq=False)
class Readings:
    """Irradiance in W/m², `values` (M,), at `times` (M,), seconds since 1970 on the file's clock.

    Attributes
    ----------
    what, column
        File and column, for messages.
    label
        What a time stands for. A mean is held over its interval; between instants the value is
        interpolated linearly.
    zone
        Local standard time, in which days and minutes are counted.
    utc
        Whether the file's clock is UTC instead.
    typical
        Whether months of different years may stand for one year.
    """

    what: str
    column: str
    times: Ints
    values: Floats
    label: Label
    zone: timezone
    utc: bool = False
    typical: bool = False

    def minutes(self, day: str | None) -> tuple[datetime, Floats]:
        """Return the first minute and one-minute values, (minutes,): of a day, or of all rows.

        A day is local standard time from midnight to midnight, or to the end of the file. Without
        one all rows are taken; of a file in UTC those from the first local midnight on, so that
        minutes count from a midnight. An instant's value is held to the ends of the steps that
        the first and the last of them lie in. A year of months of different years (a typical
        year) has no leap day and repeats itself.

        Raises
        ------
        InputError
            A day that the file does not have, or not from its midnight; none in a typical year;
            a row without a time, a missing or implausible value, or rows that do not follow
            each other at a constant step of 1 to 60 minutes; names the first.
        """
        self._check_times()
        step = self._step()
        begins, rows, nominal_year = self._rows(step)
        if day is None:
            if nominal_year is not None:
                raise InputError(
                    f"{self.what}: months of several years; expected a day beside it, sun_day=MM-DD"
                )
            first, last = int(begins[0]) - DAY_S, int(begins[-1]) + DAY_S
        else:
            first = self._midnight(day, begins, nominal_year)
            last = first + DAY_S
            after = step if self.label == "instant" else 0
            used = (begins > first - step) & (begins < last + after)
            begins, rows = begins[used], rows[used]
        self._check_steps(begins, rows, step)
        self._check_values(rows)
        start, values = self._expanded(begins, self.values[rows], step)
        if day is None and self.utc and -start % DAY_S < MINUTE_S * len(values):
            first = start + -start % DAY_S
        cut = max(0, (first - start) // MINUTE_S)
        values = np.maximum(values[cut : (last - start) // MINUTE_S], 0.0)
        start += cut * MINUTE_S
        if day is not None and start != first:
            raise InputError(
                f"{self.what}: {day} begins at {_text(start)[11:]} ({self.zone}); "
                "expected every minute of the day from its midnight"
            )
        moment = datetime.fromisoformat(_text(start)).replace(tzinfo=self.zone)
        if nominal_year is None:
            return moment, values
        of_day = rows[np.searchsorted(begins, first)]
        year = int(_years(self.times[[of_day]] + self._shift)[0])
        if day is not None and not _year_fits(day, year):
            raise InputError(f"{self.what}: no day {day}; that day of the file is of {year}")
        return moment.replace(year=year), values

    @property
    def _shift(self) -> int:
        """Seconds from the file's clock to local standard time."""
        return int(self.zone.utcoffset(None).total_seconds()) if self.utc else 0

    def _rows(self, step: int) -> tuple[Ints, Ints, int | None]:
        """Return where each row begins in local time, its number, and a typical year's year.

        A typical year is laid into a single one, three times in a row.
        """
        begins = self.times - step if self.label == "end" else self.times
        rows = np.arange(len(begins))
        years = _years(begins)
        if not (self.typical and np.any(years != years[0])):
            return begins + self._shift, rows, None
        nominal, year = _in_one_year(begins)
        length = (366 if year == LEAP_YEAR else 365) * DAY_S
        begins = np.concatenate([nominal + turn * length for turn in (-1, 0, 1)]) + self._shift
        order = np.argsort(begins, kind="stable")
        return begins[order], np.tile(rows, 3)[order], year

    def _midnight(self, day: str, begins: Ints, nominal_year: int | None) -> int:
        """Return the second at which a day begins."""
        match = _DAY.fullmatch(day)
        if match is None:
            raise InputError(f"sun_day: got {day!r}; expected YYYY-MM-DD or MM-DD")
        midnights = np.unique(begins // DAY_S) * DAY_S
        dates = [_text(int(one))[:10] for one in midnights]
        wanted = match["year"] if nominal_year is None else str(nominal_year)
        found = [
            int(midnight)
            for midnight, date in zip(midnights, dates, strict=True)
            if date[5:] == match["day"] and wanted in (None, date[:4])
        ]
        if len(found) == 1:
            return found[0]
        fault = f"no day {day}" if not found else f"{len(found)} days {day}"
        has = f"{dates[0]} to {dates[-1]}" if nominal_year is None else "a year of typical months"
        raise InputError(f"{self.what}: {fault}; the file has {has}")

    def _check_times(self) -> None:
        if len(self.times) == 0:
            raise InputError(f"{self.what}: no rows; expected values at a constant step")
        odd = np.flatnonzero(self.times % MINUTE_S != 0)
        if len(odd):
            raise InputError(
                f"{self.what}: got {_text(int(self.times[odd[0]]))}; expected whole minutes"
            )

    def _step(self) -> int:
        """Return the step between rows in seconds, the most common one."""
        steps = np.diff(self.times)
        rising, counts = np.unique(steps[steps > 0], return_counts=True)
        step = int(rising[np.argmax(counts)]) if len(rising) else MINUTE_S
        if step > HOUR_S or HOUR_S % step:
            raise InputError(
                f"{self.what}: a value every {step / MINUTE_S:g} minutes; expected a step of 1 to "
                "60 minutes that divides the hour"
            )
        return step

    def _check_steps(self, begins: Ints, rows: Ints, step: int) -> None:
        bad = np.flatnonzero(np.diff(begins) != step)
        if len(bad) == 0:
            return
        before, after = (self._stamp(rows[bad[0] + one]) for one in (0, 1))
        gap = begins[bad[0] + 1] - begins[bad[0]]
        if gap == 0:
            fault = f"minute {after} appears twice"
        elif gap > 0:
            fault = f"nothing between {before} and {after}"
        else:
            fault = f"{after} follows {before}"
        each = f"every {step // MINUTE_S} minutes once" if step > MINUTE_S else "every minute once"
        raise InputError(f"{self.what}: {fault}; expected {each}, in order")

    def _check_values(self, rows: Ints) -> None:
        low, high = PLAUSIBLE_W_M2
        values = self.values[rows]
        bad = np.flatnonzero(~((values >= low) & (values <= high)))  # NaN too
        if len(bad):
            value = values[bad[0]]
            absent = np.isnan(value) or value in MISSING
            fault = f"missing value ({value:g})" if absent else f"implausible value {value:g}"
            raise InputError(
                f"{self.what}: {self.column} at {self._stamp(rows[bad[0]])}: {fault}; "
                f"expected {low:g} to {high:g} W/m^2 in every row that is used"
            )

    def _expanded(self, begins: Ints, values: Floats, step: int) -> tuple[int, Floats]:
        """Return the first second and one-minute values of rows at a constant step."""
        if self.label != "instant":
            return int(begins[0]), np.repeat(values, step // MINUTE_S)
        start, end = int(begins[0]) // step * step, int(begins[-1]) // step * step + step
        # The mean over a minute of a line that bends at whole minutes only is its middle.
        return start, np.interp(np.arange(start + 30, end, MINUTE_S), begins, values)

    def _stamp(self, row: int) -> str:
        """Return a row's time as the file has it."""
        return _text(int(self.times[row])) + (" UTC" if self.utc else "")


def standard_zone(longitude_deg: float) -> timezone:
    """Return the whole-hour offset from UTC that is nearest to the sun's at a longitude."""
    return timezone(timedelta(hours=round(longitude_deg / 15.0)))


def _year_fits(day: str, year: int) -> bool:
    """Say whether a day, `YYYY-MM-DD` or `MM-DD`, may lie in a year."""
    match = _DAY.fullmatch(day)
    return match is not None and match["year"] in (None, str(year))


def _text(second: int) -> str:
    return str(np.datetime64(second, "s").astype("datetime64[m]")).replace("T", " ")


def _years(seconds: Ints) -> Ints:
    years: Ints = seconds.astype("datetime64[s]").astype("datetime64[Y]").astype(np.int64) + 1970
    return years


def _in_one_year(seconds: Ints) -> tuple[Ints, int]:
    """Return the same seconds in one year, which has a leap day if they do, and that year."""
    times = seconds.astype("datetime64[s]")
    months = times.astype("datetime64[M]")
    within = times - months.astype("datetime64[s]")
    number = months.astype(np.int64) % 12
    leap = bool(np.any((number == 1) & (within >= np.timedelta64(28, "D"))))
    year = LEAP_YEAR if leap else LEAP_YEAR + 1
    start = (np.datetime64(f"{year}-01", "M") + number).astype("datetime64[s]")
    return (start + within).astype(np.int64), year
