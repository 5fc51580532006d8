"""Profile files: round trips, refused files, and descriptions of curves."""

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splitbench.problems.errors import InputError, UnknownNameError
from splitbench.problems.latency.profiles.measured_dnn import EXTRAPOLATED_TO
from splitbench.problems.latency.profiles.observation2 import observation2
from splitbench.problems.latency.profiles.profile_file import (
    ProfileFile,
    load_profile,
    save_profile,
)
from splitbench.problems.thread_curves import Exp2Curve, TableCurve
from tests.profile_data import profile_object


def _saved(tmp_path: Path, **made: Any) -> ProfileFile:
    return save_profile(profile_object(**made), tmp_path / "my.json")


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    """save_profile then load_profile gives every number back, and the file is the same JSON."""
    data = profile_object()
    save_profile(data, tmp_path / "my.json")
    assert json.loads((tmp_path / "my.json").read_text(encoding="utf-8")) == data
    run = load_profile(tmp_path / "my.json").dnn("mobilenet_v2").run(2)
    entry = data["dnns"][0]["measured"][1]
    assert float(run.whole.median_s) == entry["whole"]["median_s"]
    np.testing.assert_array_equal(run.suffix.low_s, entry["suffix"]["low_s"])
    np.testing.assert_array_equal(run.prefix.high_s, entry["prefix"]["high_s"])


def test_a_rewritten_file_is_read_anew(tmp_path: Path) -> None:
    """The cache never shows what the file held before."""
    path = tmp_path / "my.json"
    save_profile(profile_object(threads=(1, 2)), path)
    assert len(load_profile(path).dnn("mobilenet_v2").runs) == 2
    save_profile(profile_object(threads=(1, 2, 4, 8)), path)
    assert len(load_profile(path).dnn("mobilenet_v2").runs) == 4


def _shorter(data: dict[str, Any]) -> None:
    data["dnns"][0]["measured"][1]["suffix"]["low_s"].pop()


def _crossed(data: dict[str, Any]) -> None:
    data["dnns"][0]["measured"][0]["whole"]["low_s"] = 9.0


def _unsorted(data: dict[str, Any]) -> None:
    data["dnns"][0]["measured"].reverse()


def _twice(data: dict[str, Any]) -> None:
    data["dnns"].append(copy.deepcopy(data["dnns"][0]))


def _nothing_left(data: dict[str, Any]) -> None:
    for name in ("median_s", "low_s"):
        data["dnns"][0]["measured"][0]["suffix"][name][0] = 0.0


def _not_from_zero(data: dict[str, Any]) -> None:
    data["dnns"][0]["measured"][0]["prefix"]["median_s"][0] = 0.1


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda d: d.pop("dnns"), "dnns: missing"),
        (lambda d: d.update(extra=1), "extra: unknown field"),
        (lambda d: d["machine"].update(cores=0), "machine.cores: got 0"),
        (lambda d: d["machine"].update(cores=None), "machine.cores: got null"),
        (lambda d: d["machine"].update(load_before=None), "machine.load_before: got null"),
        (lambda d: d["dnns"][0]["measured"][0]["whole"].update(median_s=0), "whole.median_s"),
        (lambda d: d.update(format="splitbench/slot@1"), "format"),
        (_shorter, "measured[1].suffix.low_s"),
        (_crossed, "at 1 threads, whole: a median outside its interval"),
        (_unsorted, "ascending thread counts"),
        (_twice, "each DNN once"),
        (_nothing_left, "no time for the whole DNN"),
        (_not_from_zero, "prefix from 0"),
    ],
)
def test_bad_files_are_refused_in_one_line(spoil: Any, says: str, tmp_path: Path) -> None:
    """The line names the file, the place and what is wrong."""
    data = profile_object()
    spoil(data)
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_profile(path)
    message = str(caught.value)
    assert says in message
    assert "bad.json" in message
    assert "\n" not in message


def test_a_missing_dnn_or_count_says_what_there_is(tmp_path: Path) -> None:
    """Unknown names offer the known ones, unmeasured counts the measured ones."""
    profile = _saved(tmp_path)
    with pytest.raises(UnknownNameError, match="mobilenet_v2"):
        profile.dnn("mobilenet")
    with pytest.raises(InputError, match="1, 2, 4"):
        profile.dnn("mobilenet_v2").run(3)


def test_five_counts_give_eq7(tmp_path: Path) -> None:
    """Through five counts of a two-exponential the curve is that two-exponential, scaled."""
    constants = (0.2, -0.8, 0.05, -0.01)

    def whole_s(k: int) -> float:
        return float(Exp2Curve(*constants).seconds(np.array(k)))

    dnn = _saved(tmp_path, threads=(1, 2, 3, 4, 6, 8), whole_s=whole_s).dnn("mobilenet_v2")
    curve, words = dnn.curve("exp2", scale=3.0)
    assert isinstance(curve, Exp2Curve)
    k = np.array([1, 3, 5, 8])
    np.testing.assert_allclose(curve.seconds(k), 3.0 * Exp2Curve(*constants).seconds(k), rtol=1e-5)
    assert words == "Eq. 7 through 6 counts, beyond 8 extrapolated"


@pytest.mark.parametrize(
    "constants", [(-0.074, -1.4, 0.121, -0.089), (0.2, -0.8, 0.02, 0.09), (0.1, -0.3, 1e-9, -0.1)]
)
def test_eq7_is_not_followed_where_it_runs_away(
    constants: tuple[float, float, float, float], tmp_path: Path
) -> None:
    """Faster than threads are added, or slower than twice one thread: held at the last count."""

    def whole_s(k: int) -> float:
        return float(Exp2Curve(*constants).seconds(np.array(k)))

    dnn = _saved(tmp_path, threads=(1, 2, 3, 4, 6), whole_s=whole_s).dnn("mobilenet_v2")
    curve, words = dnn.curve()
    measured = np.array([1, 2, 3, 4, 6])
    np.testing.assert_allclose(curve.seconds(measured), [whole_s(k) for k in measured], rtol=1e-3)
    np.testing.assert_allclose(curve.seconds(np.array([7, 20, 64])), whole_s(6), rtol=1e-3)
    assert "held constant beyond 6" in words


@pytest.mark.parametrize(
    "measured",
    [
        {1: 1.0, 2: 0.52, 4: 0.27, 8: 0.15},
        {1: 1.0, 2: 0.6, 3: 0.4, 4: 0.25},
        {1: 1.0, 2: 0.4},
        {2: 1.0, 4: 0.7, 6: 0.6},
        {4: 0.5, 5: 0.34, 6: 0.33, 8: 0.32, 12: 0.31},
        {4: 0.2, 6: 0.3, 8: 0.35, 12: 0.37, 16: 0.38},
        {1: 1.0, 2: 0.6, 3: 0.5, 4: 0.45, 6: 0.6},
    ],
)
@pytest.mark.parametrize("kind", ["exp2", "table"])
def test_no_curve_leaves_what_a_machine_can_do(
    measured: dict[int, float], kind: str, tmp_path: Path
) -> None:
    """Before the first count and behind the last D(k) stays near what was measured: never
    negative, never beyond twice the slowest, never faster than threads are added.
    """
    dnn = _saved(tmp_path, threads=tuple(measured), whole_s=measured.__getitem__).dnn(
        "mobilenet_v2"
    )
    curve, words = dnn.curve(kind)
    k = np.arange(1, (curve.max_threads or 256) + 1)
    seconds = curve.seconds(k)
    between = curve.seconds(np.arange(min(measured), max(measured) + 1))
    assert np.all(seconds > 0)
    assert np.all(seconds <= 2 * between.max())
    behind = k > max(measured)
    floor = between[-1] * max(measured) / k[behind]
    assert np.all(seconds[behind] >= floor * (1 - 1e-9))
    assert np.all(seconds[k < min(measured)] == between[0])
    if kind == "exp2" and min(measured) > 1:
        assert f"held constant below {min(measured)}" in words


@pytest.mark.parametrize(
    ("threads", "form"), [((1, 2), "inverse"), ((1, 2, 4), "inverse"), ((1, 2, 3, 4), "amdahl")]
)
def test_fewer_counts_say_which_form_they_support(
    threads: tuple[int, ...], form: str, tmp_path: Path
) -> None:
    """The form a + b/k is found again from points of it, and the words call it no Eq. 7."""
    dnn = _saved(tmp_path, threads=threads).dnn("mobilenet_v2")
    curve, words = dnn.curve()
    assert "too few for Eq. 7" in words
    assert form in words
    assert "extrapolated" in words
    k = np.arange(1, EXTRAPOLATED_TO + 1)
    np.testing.assert_allclose(curve.seconds(k), 0.1 / k + 0.02, rtol=1e-6)


def test_one_count_is_no_curve(tmp_path: Path) -> None:
    """A single thread count supports no D(k), and the message says what to measure."""
    dnn = _saved(tmp_path, threads=(1,)).dnn("mobilenet_v2")
    with pytest.raises(InputError, match="two thread counts or more"):
        dnn.curve()


def test_the_table_is_what_was_measured(tmp_path: Path) -> None:
    """At measured counts D(k) is the median; the table ends at the last count."""
    dnn = _saved(tmp_path).dnn("mobilenet_v2")
    curve, _ = dnn.curve("table")
    assert isinstance(curve, TableCurve)
    assert curve.max_threads == 4
    k = np.array([1, 2, 4])
    np.testing.assert_array_equal(curve.seconds(k), 0.1 / k + 0.02)


def test_shares_run_from_one_to_zero_whatever_the_noise(tmp_path: Path) -> None:
    """A longer prefix that came out faster is levelled: shares are monotone with exact ends."""
    data = profile_object()
    for part in ("prefix", "suffix"):
        band = data["dnns"][0]["measured"][2][part]
        for values in band.values():
            values[3], values[4] = values[4], values[3]
    run = save_profile(data, tmp_path / "noisy.json").dnn("mobilenet_v2").run(4)
    for share, sign in ((run.prefix_share, 1), (run.suffix_share, -1)):
        assert np.all(sign * np.diff(share) >= 0)
        assert sorted([share[0], share[-1]]) == [0.0, 1.0]


def test_splits_are_taken_where_each_thread_has_a_core(tmp_path: Path) -> None:
    """`split_run` is the largest count up to the cores."""
    dnn = _saved(tmp_path, threads=(1, 2, 4, 8), cores=3).dnn("mobilenet_v2")
    assert dnn.split_run.threads == 2


def test_observation2_measures_the_error_of_eq8(tmp_path: Path) -> None:
    """Of a share (1 − l/S)² the largest error of 1 − l/S is 1/4, at l = S/2."""
    found = observation2(_saved(tmp_path).dnn("mobilenet_v2"))
    assert found.linear_error == pytest.approx(0.25, abs=1e-9)
    assert found.linear_worst == (len(found.ratio) - 1) // 2
    assert found.threads == 4
    straight = observation2(_saved(tmp_path, power=1.0).dnn("mobilenet_v2"))
    assert straight.linear_error == pytest.approx(0.0, abs=1e-12)
    assert straight.macs_error > 0.05
