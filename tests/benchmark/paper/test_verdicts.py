"""Verdicts: estimates over seeds, and the fixed rule from numbers to words."""

from __future__ import annotations

import numpy as np
import pytest

from splitbench.benchmark.paper.verdicts import (
    Estimate,
    Verdict,
    Word,
    estimate,
    gain_percent,
    order_verdict,
    overall,
    saving_percent,
    size_verdict,
)

NOTHING = Estimate(np.nan, np.nan, np.nan)


def test_estimate_is_students_interval() -> None:
    """Mean of five, t at four degrees of freedom: 2.7764; NaN is left out."""
    found = estimate(np.array([1.0, 2.0, 3.0, 4.0, 5.0, np.nan]))
    half = 2.7764451 * np.sqrt(2.5) / np.sqrt(5)
    assert found.mean == 3.0
    assert (found.low, found.high) == pytest.approx((3.0 - half, 3.0 + half), rel=1e-6)
    assert np.isnan(estimate(np.array([2.0])).low)
    assert np.isnan(estimate(np.array([])).mean)


def test_percent_is_a_ratio_of_means() -> None:
    """30 on average against 40 saves 25 %; of a negative mean the size counts."""
    found = saving_percent(np.array([20.0, 40.0]), np.array([20.0, 60.0]))
    assert found.mean == pytest.approx(25.0)
    assert found.low < 25.0 < found.high
    assert gain_percent(np.array([1.0, 1.0]), np.array([-2.0, -2.0])).mean == pytest.approx(150.0)


def test_a_constant_ratio_has_no_spread() -> None:
    """Seeds that differ only in size say the same of the ratio."""
    found = saving_percent(np.array([8.0, 16.0, 4.0]), np.array([10.0, 20.0, 5.0]))
    assert (found.low, found.high) == pytest.approx((20.0, 20.0))


@pytest.mark.parametrize(
    ("gain", "word"),
    [
        (Estimate(9.0, 8.0, 10.0), Word.HOLDS),
        (Estimate(12.5, 1.0, 24.0), Word.HOLDS),
        (Estimate(12.6, 12.0, 13.0), Word.PARTLY),
        (Estimate(2.0, 1.0, 3.0), Word.PARTLY),
        (Estimate(10.0, -1.0, 21.0), Word.NOT),
        (Estimate(-5.0, -6.0, -4.0), Word.NOT),
        (NOTHING, Word.UNKNOWN),
    ],
)
def test_size_of_ten_percent(gain: Estimate, word: Word) -> None:
    """Holds within a quarter, partly at another size, not where there may be no gain."""
    found = size_verdict("r", "by up to", 10.0, {"a": gain, "b": Estimate(-9.0, -9.5, -8.0)})
    if word is not Word.UNKNOWN:
        expected = "a" if gain.mean > -9.0 else "b"
        assert (found.word, found.where) == (word, expected)
    assert size_verdict("r", "by up to", 10.0, {"b": NOTHING}).word is Word.UNKNOWN


def test_order_counts_points() -> None:
    """Everywhere ahead holds; one lost of two is partly; mostly behind does not hold."""
    ahead, tied, behind = Estimate(2, 1, 3), Estimate(-0.1, -1, 0.8), Estimate(-2, -3, -1)
    assert order_verdict("r", "c", {"a": ahead, "b": ahead}).word is Word.HOLDS
    assert order_verdict("r", "c", {"a": tied, "b": tied}).word is Word.PARTLY
    assert order_verdict("r", "c", {"a": ahead, "b": behind}).word is Word.PARTLY
    lost = order_verdict("r", "c", {"a": ahead, "b": behind, "c": behind})
    assert lost.word is Word.NOT
    assert "behind at 2" in lost.ours
    assert order_verdict("r", "c", {}).word is Word.UNKNOWN


def test_overall() -> None:
    """Equal verdicts give that verdict, else partly; unmeasured claims do not count."""

    def words(*given: Word) -> Word:
        return overall([Verdict("r", "c", "", "", "", word) for word in given])

    assert words(Word.HOLDS, Word.HOLDS, Word.UNKNOWN) is Word.HOLDS
    assert words(Word.NOT, Word.NOT) is Word.NOT
    assert words(Word.HOLDS, Word.NOT) is Word.PARTLY
    assert words() is Word.UNKNOWN
