"""Formats that pvlib reads: the same irradiance as pvlib's, local days, coarse data, refusals."""

import warnings
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from splitbench.problems.errors import InputError
from splitbench.problems.horizon.scenario import Scenario
from splitbench.problems.suites.named_suites import make_suite, toml_of
from splitbench.problems.sun.days import load_irradiance
from splitbench.problems.sun.sun_file import SunFile
from splitbench.problems.sun.trace import Station
from tests.problems.test_solar import GHI

SAMPLES = Path(__file__).parent.parent / "data" / "solar"
EUGENE = Station("Eugene", 44.05, -123.07, 133.0)
TUCSON = Station("Tucson", 32.24, -111.17, 713.0)
SLOT_S = 450.0  # cuts both minutes and hours


def bsrn_file(folder: Path, minutes: int = 1440) -> Path:
    """Write a BSRN file of June 2016, its global irradiance a ramp, west of Greenwich."""
    head = [
        "*C0001", " 21  6 2016  1", "*C0004", " 1  6 2016", "  1  1", "Nowhere Street 1",
        "1234567890          1234567890", "10.0.0.1       a@b.example", " 129.740  74.820 1829",
        "", "-1 -1", "*C0100",
    ]  # fmt: skip
    rows = []
    for minute in range(minutes):
        day, within = divmod(minute, 1440)
        rows += [
            f"{1 + day:3d} {within:5d} {minute % 900:6d}{1.0:6.1f}{0:5d}{9:5d}{5:7d}{1.0:6.1f}",
            f"{'':10}{7:6d}{1.0:6.1f}{0:5d}{9:5d}{300:7d}{1.0:6.1f}{0:5d}{9:5d}{20.0:9.1f}{50.0:6.1f}{990:5d}",
        ]
    path = folder / "now0616.dat"
    path.write_text("\n".join(head + rows) + "\n", encoding="utf-8")
    return path


def pvgis_tmy_file(folder: Path, longitude: float = -105.0) -> Path:
    """Write a PVGIS TMY file in CSV, months of 2008 (a leap year) and 2009 in turn."""
    months = [f"{month},{2008 + month % 2}" for month in range(1, 13)]
    lines = [
        "Latitude (decimal degrees): 40.000", f"Longitude (decimal degrees): {longitude:.3f}",
        "Elevation (m): 1600.0", "Irradiance Time Offset (h): 0.1761", "month,year", *months,
        "time(UTC),T2m,RH,G(h)",
    ]  # fmt: skip
    for hour in range(8760):
        time = datetime(2009, 1, 1) + timedelta(hours=hour)
        year = 2008 + time.month % 2
        lines.append(f"{year}{time:%m%d:%H%M},10.0,50.0,{hour % 900}.0")
    path = folder / "tmy.csv"
    path.write_text("\n".join([*lines, "", "G(h): Global irradiance (W/m2)"]), encoding="utf-8")
    return path


def flat_pvgis_file(folder: Path) -> Path:
    """Write PVGIS's hourly file as it would be for a horizontal plane."""
    text = (SAMPLES / "pvgis_hourly.csv").read_text(encoding="utf-8")
    path = folder / "flat.csv"
    path.write_text(text.replace("Slope: 30 deg.", "Slope: 0 deg."), encoding="utf-8")
    return path


def sample(name: str) -> Callable[[Path], Path]:
    """Return a maker of the path of a sample."""
    return lambda _: SAMPLES / name


def read(name: str, **options: Any) -> Callable[[Path], pd.DataFrame]:
    """Return a plain call of one of pvlib's readers."""

    def call(path: Path) -> pd.DataFrame:
        from pvlib import iotools

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            found = getattr(iotools, name)(str(path), **options)
        frame: pd.DataFrame = found[0] if isinstance(found, tuple) else found
        return frame

    return call


@pytest.mark.parametrize(
    ("make", "reader", "label", "column", "day", "start", "station"),
    [
        (sample("surfrad.dat"), read("read_surfrad"), "end", "ghi", None,
         "2016-01-01 10:59-07:00", None),
        (sample("srml.txt"), read("read_srml"), "start", "ghi_0", None,
         "2018-01-01 11:59-08:00", EUGENE),
        (sample("crn.txt"), read("read_crn"), "end", "ghi", None,
         "2019-01-01 09:05-07:00", TUCSON),
        (sample("tmy3.csv"), read("read_tmy3"), "end", "ghi", "07-01",
         "1981-07-01 00:00-05:00", None),
        (sample("psm.csv"), read("read_nsrdb_psm4"), "instant", "ghi", "2023-06-21",
         "2023-06-21 00:00-07:00", None),
        (sample("pvgis_tmy.json"), read("read_pvgis_tmy"), "instant+11", "ghi", "07-01",
         "2006-07-01 00:00+01:00", None),
        (pvgis_tmy_file, read("read_pvgis_tmy"), "instant+11", "ghi", "07-01",
         "2009-07-01 00:00-07:00", None),
        (flat_pvgis_file, read("read_pvgis_hourly"), "instant", "sum of poa", None,
         "2016-01-01 01:00+01:00", None),
        (sample("epw.epw"), read("read_epw"), "start", "ghi", "07-01",
         "1985-07-01 00:00+01:00", None),
        (bsrn_file, read("read_bsrn"), "start", "ghi", "2016-06-01",
         "2016-06-01 00:00-07:00", None),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)  # fmt: skip
def test_slots_are_those_of_pvlib(
    make: Callable[[Path], Path],
    reader: Callable[[Path], pd.DataFrame],
    label: str,
    column: str,
    day: str | None,
    start: str,
    station: Station | None,
    tmp_path: Path,
) -> None:
    """Slot means are pandas' on what pvlib reads: held over intervals, linear between instants."""
    path = make(tmp_path)
    trace = load_irradiance(path, station=station, day=day)
    assert trace.start == pd.Timestamp(start).to_pydatetime()
    assert trace.start.utcoffset() == pd.Timestamp(start).utcoffset()
    frame = reader(path)
    parts = ["poa_direct", "poa_sky_diffuse", "poa_ground_diffuse"]
    series = frame[parts].sum(axis=1) if column == "sum of poa" else frame[column]
    kind, _, late = label.partition("+")
    step = series.index.to_series().diff().mode()[0]
    if late:
        series.index = series.index + pd.Timedelta(minutes=int(late))
    if kind == "end":
        series.index = series.index - step
    seconds = pd.date_range(trace.start, periods=60 * trace.minutes, freq="s")
    if day is not None and len(day) == 5:  # a month's own year may not be its neighbour's
        turn = series.index.tz_convert(trace.start.tzinfo)
        years = {time: time.replace(year=trace.start.year) for time in turn}
        series.index = pd.DatetimeIndex([years[time] for time in turn])
        series = series.sort_index()
    if kind == "instant":
        middles = seconds[::60] + pd.Timedelta(seconds=30)
        values = np.interp(
            middles.as_unit("ns").asi8, series.index.as_unit("ns").asi8, series.to_numpy()
        )
        held = pd.Series(np.repeat(values, 60), index=seconds)
    else:
        held = series[~series.index.duplicated()].reindex(seconds, method="ffill")
    slots = int(60 * trace.minutes // SLOT_S)
    expected = held.clip(lower=0).to_numpy()[: int(slots * SLOT_S)].reshape(slots, -1).mean(axis=1)
    np.testing.assert_allclose(trace.mean_over(0, SLOT_S, slots), expected, rtol=1e-9, atol=1e-9)
    assert expected.max() > 10


@pytest.mark.parametrize("step", [5, 10, 15, 30, 60])
def test_coarse_means_are_held(step: int, tmp_path: Path) -> None:
    """Rows of a CSV 5 to 60 minutes apart hold from their time to the next."""
    times = [f"2022-01-20 {m // 60:02d}:{m % 60:02d}:00-07:00" for m in range(0, 240, step)]
    rows = [f"{time},{index}" for index, time in enumerate(times)]
    path = tmp_path / "coarse.csv"
    path.write_text("\n".join([f",{GHI}", *rows]) + "\n", encoding="utf-8")
    expected = np.repeat(np.arange(len(rows)), step)
    np.testing.assert_array_equal(load_irradiance(path).irradiance_w_m2, expected)


def test_a_utc_file_begins_at_its_local_midnight(tmp_path: Path) -> None:
    """Without a day, a file in UTC is cut to start at the first midnight of local standard time."""
    trace = load_irradiance(bsrn_file(tmp_path, 3000))
    assert trace.start == datetime(2016, 6, 1, tzinfo=timezone(timedelta(hours=-7)))
    assert trace.minutes == 3000 - 7 * 60
    assert trace.irradiance_w_m2[0] == 420
    named = load_irradiance(bsrn_file(tmp_path, 3000), day="06-01")
    np.testing.assert_array_equal(named.irradiance_w_m2, trace.irradiance_w_m2[:1440])
    assert trace.station == Station(
        "now0616.dat", pytest.approx(39.74), pytest.approx(-105.18), 1829
    )


def test_a_typical_year_has_no_seams(tmp_path: Path) -> None:
    """Every local day of a year of mixed years is whole, west and east; 29 February is none."""
    for longitude in (-105.0, 105.0):
        path = pvgis_tmy_file(tmp_path, longitude)
        for day in ("01-01", "02-28", "03-01", "06-30", "07-01", "12-31"):
            trace = load_irradiance(path, day=day)
            assert trace.minutes == 1440
            assert f"{trace.start:%m-%d}" == day
        with pytest.raises(InputError, match="no day 02-29; the file has a year of typical"):
            load_irradiance(path, day="02-29")


def test_tmy3_of_a_leap_year_keeps_28_february_whole(tmp_path: Path) -> None:
    """Hour 24 of 28 February belongs to that day where the month is a leap year's, too."""
    head = (SAMPLES / "tmy3.csv").read_text(encoding="latin-1").splitlines()[:3]
    rows = []
    for date in ("02/27/1996", "02/28/1996", "03/01/1999"):
        for hour in range(1, 25):
            fields = head[2].split(",")
            fields[:2], fields[4] = [date, f"{hour:02d}:00"], str(hour)
            rows.append(",".join(fields))
    path = tmp_path / "leap.csv"
    path.write_text("\n".join([*head[:2], *rows]) + "\n", encoding="utf-8")
    trace = load_irradiance(path, day="02-28")
    np.testing.assert_array_equal(trace.irradiance_w_m2, np.repeat(np.arange(1, 25), 60))
    with pytest.raises(InputError, match="no day 02-29"):
        load_irradiance(path, day="02-29")


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("tmy3.csv", {}, "TMY3.*several years; expected a day beside it, sun_day=MM-DD"),
        ("tmy3.csv", {"day": "1912-07-01"}, "no day 1912-07-01; that day of the file is of 1981"),
        ("epw.epw", {"day": "July 1"}, "got 'July 1'; expected YYYY-MM-DD or MM-DD"),
        ("psm.csv", {"day": "2023-06-22"}, "no day 2023-06-22; the file has 2023-06-21 to"),
        ("srml.txt", {}, "SRML.*does not say where.*expected station beside it"),
        ("srml.txt", {"station": EUGENE, "day": "01-01"}, "01-01 begins at 11:59"),
        ("surfrad.dat", {"column": "GHI"}, "SURFRAD.*no column 'GHI'; accepted: year, jday"),
        ("pvgis_hourly.csv", {}, "PVGIS hourly.*no column of global hor.*poa_global"),
    ],
)
def test_refusals_name_the_format(name: str, options: dict[str, Any], says: str) -> None:
    """What cannot be read is one line with the file, its format and what would be accepted."""
    with pytest.raises(InputError, match=says) as caught:
        load_irradiance(SAMPLES / name, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("# Coding: utf-8\n# Title: CAMS\n", "a CAMS file, which is not read; expected a MIDC"),
        (" 12839 MIAMI                  FL  -5 N 25 48 W  80 16     2\n", "a TMY2 file"),
        ("CDF\x01 and more", "a NetCDF file"),
        (" Madison\n   43.07250 -89.41133 271 -6 version 1\n 2019\n", "a SOLRAD file"),
    ],
)
def test_known_formats_that_are_not_read_are_named(text: str, says: str, tmp_path: Path) -> None:
    """A format that is recognised and not read is refused by its name."""
    path = tmp_path / "any.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        load_irradiance(path)


@pytest.mark.parametrize(
    ("name", "day", "old", "new", "says"),
    [
        ("surfrad.dat", None, "2016   1  1  1 18 30", None, "nothing between 2016-01-01 18:29 UTC"),
        (
            "crn.txt",
            None,
            "    340 0",
            " -99999 0",
            r"ghi at 2019-01-01 16:20 UTC: missing value \(nan\)",
        ),
        ("epw.epw", "07-01", ",808,", ",9999,", r"ghi at 1985-07-01 12:00: missing value \(9999\)"),
        (
            "psm.csv",
            "06-21",
            "2023,6,21,12,0,",
            "2023,6,99,12,0,",
            "NSRDB PSM.*expected a whole file",
        ),
    ],
)
def test_damage_is_named(
    name: str, day: str | None, old: str, new: str | None, says: str, tmp_path: Path
) -> None:
    """A missing row, a missing value's code and a broken row are refused, not repaired."""
    text = (SAMPLES / name).read_text(encoding="latin-1")
    assert old in text
    if new is None:
        text = "\n".join(line for line in text.splitlines() if old not in line) + "\n"
    path = tmp_path / name
    path.write_text(text if new is None else text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError, match=says):
        load_irradiance(path, station=TUCSON, day=day)


def test_damage_on_another_day_does_not_matter(tmp_path: Path) -> None:
    """Only the rows of the day that is asked for are looked at."""
    text = (SAMPLES / "epw.epw").read_text(encoding="latin-1")
    lines = text.splitlines()
    at = next(index for index, line in enumerate(lines) if ",6,30,12," in line)
    del lines[at]
    path = tmp_path / "gap.epw"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    whole = load_irradiance(SAMPLES / "epw.epw", day="07-01")
    part = load_irradiance(path, day="07-01")
    np.testing.assert_array_equal(part.irradiance_w_m2, whole.irradiance_w_m2)


def test_suites_take_a_day_of_a_file(tmp_path: Path) -> None:
    """`sun=FILE,sun_day=` and `day` of a suite file give the same harvest; alone it is refused."""
    file = SAMPLES / "epw.epw"
    suite = make_suite(f"hetero[devices=1,slots=4,sun={file},sun_day=07-01]")
    trace = load_irradiance(file, day="07-01")
    assert isinstance(suite.scenario, Scenario)
    assert isinstance(suite.scenario.sun, SunFile)
    np.testing.assert_array_equal(suite.scenario.sun.trace().irradiance_w_m2, trace.irradiance_w_m2)
    harvest = suite.horizon(0).harvest_j
    assert harvest.min() > 0
    copy = tmp_path / "mine.toml"
    copy.write_text(toml_of(suite), encoding="utf-8")
    np.testing.assert_array_equal(make_suite(str(copy)).horizon(0).harvest_j, harvest)
    with pytest.raises(InputError, match="sun_day, station: got a value; expected sun=FILE"):
        make_suite("hetero[sun_day=07-01]")
