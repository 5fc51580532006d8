"""Solar traces: known totals, the parsed form, exact slot means, and refusal of bad files."""

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbench.problems.errors import InputError, UnknownNameError
from splitbench.problems.sun.days import (
    FOLDER,
    SHIPPED,
    SRRL_BMS,
    SolarTrace,
    clear_sky_w_m2,
    computed_clear_sky_w_m2,
    load_irradiance,
    load_solar,
    solar_names,
)
from splitbench.problems.sun.shipped_days import read_original

MST = timezone(timedelta(hours=-7))
GHI = "Global Horizontal [W/m^2]"


def _trace(values: list[float]) -> SolarTrace:
    return SolarTrace("t", datetime(2022, 1, 20, tzinfo=MST), np.array(values), GHI, "here")


def _midc(values: list[str], column: str = GHI, minutes: list[int] | None = None) -> str:
    """Return a MIDC file of one day that begins at noon."""
    rows = [
        f"10/14/2018,{12 + m // 60:02d}:{m % 60:02d},{v},9.5"
        for m, v in zip(minutes or range(len(values)), values, strict=True)
    ]
    return "\n".join([f"DATE (MM/DD/YYYY),MST,{column},Temperature @ 2m [deg C]", *rows]) + "\n"


def _raw(values: list[str]) -> str:
    """Return a MIDC raw file over midnight, its rows longer than its header."""
    rows = []
    for m, v in enumerate(values, start=1438):
        day, minute = divmod(m, 1440)
        rows.append(f"0,2018,{291 + day},{100 * (minute // 60) + minute % 60},{v},1.5,77,88")
    return "\n".join([f",Year,DOY,MST,{GHI},Air Temperature [deg C]", *rows]) + "\n"


def _plain(values: list[str]) -> str:
    rows = [f"2022-01-20 12:{m:02d}:00-07:00,{v}" for m, v in enumerate(values)]
    return "\n".join([f",{GHI}", *rows]) + "\n"


def energy_kwh_m2(trace: SolarTrace) -> float:
    """Return the energy of a whole trace of one-minute values."""
    return float(trace.irradiance_w_m2.sum()) / 60.0 / 1000.0


def _file(folder: Path, text: str) -> Path:
    path = folder / "mine.txt"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "kwh_m2", "highest"),
    [
        ("srrl-20220120", 3.38, 566),
        ("midc-20181014", 3.09, 885),
        ("midc-20181018", 5.52, 812),
    ],
)
def test_known_facts(name: str, kwh_m2: float, highest: float) -> None:
    """The shipped days have the energy and the maximum that are known of them."""
    trace = load_solar(name)
    assert energy_kwh_m2(trace) == pytest.approx(kwh_m2, abs=0.005)
    assert trace.irradiance_w_m2.max() == pytest.approx(highest, abs=0.5)
    assert trace.irradiance_w_m2.min() == 0
    assert trace.minutes == 1440
    assert trace.start.utcoffset() == timedelta(hours=-7)
    assert (trace.start.hour, trace.start.minute) == (0, 0)


@pytest.mark.parametrize("name", solar_names())
def test_parsed_form_equals_pvlib(name: str) -> None:
    """The parsed form is exactly what pvlib reads; the columns are found without being named."""
    shipped, read = load_solar(name), read_original(name)
    np.testing.assert_array_equal(shipped.irradiance_w_m2, read.irradiance_w_m2)
    assert shipped.start == read.start
    found = load_irradiance(FOLDER / SHIPPED[name].file)
    assert found.column == shipped.column == read.column
    clear = computed_clear_sky_w_m2(shipped)
    np.testing.assert_allclose(clear_sky_w_m2(shipped), clear, atol=0.01)


@pytest.mark.parametrize("name", ["midc-20181014", "midc-20181018"])
def test_equals_a_plain_call_of_read_midc(name: str) -> None:
    """Value by value, a MIDC file is what pvlib's read_midc gives, clipped at 0."""
    from pvlib.iotools import read_midc

    shipped = SHIPPED[name]
    frame = read_midc(FOLDER / shipped.file, raw_data="raw" in shipped.file)
    plain = frame[shipped.column].clip(lower=0).to_numpy()
    np.testing.assert_allclose(load_solar(name).irradiance_w_m2, plain, rtol=1e-14)


def test_shipped_traces_load_without_pvlib() -> None:
    """Shipped traces and their clear sky need neither pvlib nor pandas."""
    code = (
        "import sys; from splitbench.problems.sun.days import *;"
        "[clear_sky_w_m2(load_solar(name)) for name in solar_names()];"
        "sys.exit(bool({'pandas', 'pvlib', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_unknown_name() -> None:
    """An unknown trace is refused with those that are shipped."""
    with pytest.raises(UnknownNameError, match="srrl-20220120"):
        load_solar("srrl-2022")


def test_clear_sky_of_the_right_station() -> None:
    """The clear sky follows the clear day of its own station, and is dark at night."""
    trace = load_solar("midc-20181018")
    clear = clear_sky_w_m2(trace)
    assert np.corrcoef(clear, trace.irradiance_w_m2)[0, 1] > 0.999
    assert abs(clear.sum() / trace.irradiance_w_m2.sum() - 1) < 0.05
    assert np.all(clear[:300] == 0)
    assert clear.min() == 0


def test_clear_sky_of_a_users_own_minutes(tmp_path: Path) -> None:
    """A file of one's own from a shipped station gets the same clear sky, at its own minutes."""
    noon = 12 * 60
    own = load_irradiance(_file(tmp_path, _plain(["500"] * 30)))
    assert own.station == SRRL_BMS
    shipped = clear_sky_w_m2(load_solar("srrl-20220120"))
    np.testing.assert_allclose(clear_sky_w_m2(own), shipped[noon : noon + 30], atol=0.01)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 1400), min_size=1, max_size=12),
    st.integers(0, 40),
    st.sampled_from([1, 15, 30, 45, 60, 90, 100, 240]),
    st.integers(1, 20),
)
def test_mean_over_is_the_exact_integral(
    values: list[int], start_quarters: int, slot_s: int, slots: int
) -> None:
    """Slot means equal a second-by-second average in exact fractions, or leave the trace."""
    trace = _trace([float(v) for v in values])
    first = 15 * start_quarters
    seconds = [v for v in values for _ in range(60)]
    if first + slots * slot_s > len(seconds):
        with pytest.raises(InputError, match=f"minutes 0 to {len(values)}"):
            trace.mean_over(start_quarters / 4, slot_s, slots)
        return
    expected = [
        float(Fraction(sum(seconds[first + i * slot_s : first + (i + 1) * slot_s]), slot_s))
        for i in range(slots)
    ]
    means = trace.mean_over(start_quarters / 4, slot_s, slots)
    assert means.shape == (slots,)
    np.testing.assert_allclose(means, expected, rtol=1e-13, atol=0)


def test_half_minute_slots_are_the_minutes_twice() -> None:
    """Slots of 30 s (the paper's) repeat each minute's value, to the last bit."""
    trace = load_solar("srrl-20220120")
    means = trace.mean_over(600, 30.0, 120)
    np.testing.assert_array_equal(means, np.repeat(trace.irradiance_w_m2[600:660], 2))


def test_mean_over_keeps_the_energy_for_odd_slots() -> None:
    """Slots of any length that tile a stretch hold its energy, however they cut the minutes."""
    trace = load_solar("midc-20181014")
    means = trace.mean_over(400, 7.3, 1000)
    whole = trace.mean_over(400, 7300.0, 1)
    assert means.mean() == pytest.approx(whole[0], rel=1e-12)
    assert means.min() >= 0


@pytest.mark.parametrize(
    ("start", "slot_s", "slots"),
    [(0, 0.0, 1), (0, -30.0, 1), (0, float("nan"), 1), (0, float("inf"), 1), (0, 30.0, 0),
     (-1, 30.0, 1), (float("nan"), 30.0, 1), (2, 30.0, 3), (3, 1.0, 1)],
)  # fmt: skip
def test_mean_over_refuses(start: float, slot_s: float, slots: int) -> None:
    """Slots without length, none at all, and slots outside the trace are input errors."""
    with pytest.raises(InputError, match="expected"):
        _trace([1.0, 2.0, 3.0]).mean_over(start, slot_s, slots)


@pytest.mark.parametrize("layout", [_midc, _raw, _plain])
def test_own_file_in_every_layout(layout: Callable[[list[str]], str], tmp_path: Path) -> None:
    """Day files, raw files (over midnight, long rows) and plain CSV give the same values."""
    trace = load_irradiance(_file(tmp_path, layout(["-1.5", "0", "10.25", "400"])))
    assert trace.irradiance_w_m2.tolist() == [0, 0, 10.25, 400]
    assert trace.start.utcoffset() == timedelta(hours=-7)
    assert trace.column == GHI
    assert trace.name == "mine"


def test_raw_file_starts_where_it_says(tmp_path: Path) -> None:
    """Day of year and HMM time of a raw file become the date and the minute."""
    start = load_irradiance(_file(tmp_path, _raw(["1", "2", "3"]))).start
    assert start == datetime(2018, 10, 18, 23, 58, tzinfo=MST)


@pytest.mark.parametrize("layout", [_midc, _raw, _plain])
@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("-7999", "missing value (-7999)"),
        ("-99999", "missing value (-99999)"),
        ("", "missing value (nan)"),
        ("NaN", "missing value (nan)"),
        ("-50.5", "implausible value -50.5"),
        ("3000", "implausible value 3000"),
        ("inf", "implausible value inf"),
        ("bright", "got 'bright'"),
    ],
)
def test_first_bad_minute_is_named(
    layout: Callable[[list[str]], str], value: str, part: str, tmp_path: Path
) -> None:
    """A missing, implausible or non-numeric value is refused, naming column and first minute."""
    path = _file(tmp_path, layout(["1", "2", value, "4", value]))
    with pytest.raises(InputError) as caught:
        load_irradiance(path)
    message = str(caught.value)
    minute = {"_midc": "2018-10-14 12:02", "_raw": "2018-10-19 00:00", "_plain": "2022-01-20 12:02"}
    assert message.startswith(f"{path}: {GHI} at {minute[layout.__name__]}: {part}; expected")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("minutes", "part"),
    [
        ([0, 1, 3, 4, 9], "nothing between 2018-10-14 12:01 and 2018-10-14 12:03"),
        ([0, 1, 1, 2], "minute 2018-10-14 12:01 appears twice"),
        ([0, 1, 3, 2], "nothing between 2018-10-14 12:01 and 2018-10-14 12:03"),
        ([5, 4], "2018-10-14 12:04 follows 2018-10-14 12:05"),
    ],
)
def test_gaps_and_repeats_are_refused(minutes: list[int], part: str, tmp_path: Path) -> None:
    """Minutes that are absent, repeated or out of order are refused, naming the first."""
    path = _file(tmp_path, _midc(["1"] * len(minutes), minutes=minutes))
    with pytest.raises(InputError, match="expected every minute once") as caught:
        load_irradiance(path)
    assert part in str(caught.value)


def test_column_is_chosen_or_asked_for(tmp_path: Path) -> None:
    """A tilted or accumulated column is never taken; two candidates have to be chosen between."""
    day = FOLDER / "midc_20181014.txt"
    with pytest.raises(InputError, match="Global PSP"):
        load_irradiance(day, column="Global CMP22")
    temperature = tmp_path / "t.csv"
    temperature.write_text(_midc(["1"]).replace(GHI, "Direct Normal [W/m^2]"), encoding="utf-8")
    with pytest.raises(InputError, match=r"no column of global.*Direct Normal"):
        load_irradiance(temperature)
    two = _midc(["1", "2"], "Global A [W/m^2]").replace(
        "Temperature @ 2m [deg C]", "Global B [W/m^2]"
    )
    with pytest.raises(InputError, match=r"several.*Global A .*Global B"):
        load_irradiance(_file(tmp_path, two))
    assert load_irradiance(_file(tmp_path, two), "Global A [W/m^2]").irradiance_w_m2[1] == 2
    tilted = two.replace("Global A", "Global 40-South LI-200")
    assert load_irradiance(_file(tmp_path, tilted)).column == "Global B [W/m^2]"
    raw = FOLDER / "midc_raw_20181018.txt"
    tracker = load_irradiance(raw, column="Global Horiz (tracker) [W/m^2]")
    assert energy_kwh_m2(tracker) == pytest.approx(5.64, abs=0.005)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "one\n1\n",
        _midc([]),
        _plain([]),
        _midc(["1", "2"]).replace("12:01", "25:61"),
        _midc(["1", "2"]).replace("MST", "XYZ"),
        _raw(["1", "2"]).replace(",291,", ",none,"),
        _plain(["1", "2"]).replace("-07:00", ""),
        _plain(["1", "2"]).replace("12:01:00", "noon"),
    ],
)
def test_damaged_files_are_one_line_errors(text: str, tmp_path: Path) -> None:
    """Whatever is wrong with a file, it is one line that names it and what is expected."""
    path = _file(tmp_path, text)
    with pytest.raises(InputError) as caught:
        load_irradiance(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "expected" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_absent_and_binary_files_are_input_errors(tmp_path: Path) -> None:
    """A path to nothing, to a folder, or to bytes is an input error."""
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe,\x00\n1,2\n")
    for path in (tmp_path / "none.txt", tmp_path, tmp_path / "b.txt"):
        with pytest.raises(InputError, match="expected a MIDC file"):
            load_irradiance(path)
