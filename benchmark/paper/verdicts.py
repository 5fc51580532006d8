"""Judge claims of the paper by measured numbers: holds, holds partly, does not hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from splitbench.problems.arrays import Floats

LEVEL = 0.95
#: Two numbers are the same claim if they differ by no more than this share of the claimed one.
TOLERANCE = 0.25


class Word(StrEnum):
    """Verdict on a claim."""

    HOLDS = "holds"
    PARTLY = "holds partly"
    NOT = "does not hold"
    UNKNOWN = "not measured"


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds with the ends of its 95 % t interval; NaN ends of fewer than two seeds."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.1f} ({self.low:.1f} to {self.high:.1f})"


@dataclass(frozen=True)
class Verdict:
    """One claim: the claimed number, our number where it is largest, and the verdict.

    Attributes
    ----------
    reading
        Calibration and scheme that were judged.
    where
        The point (network, DNN, number of devices) of our number.
    """

    reading: str
    claim: str
    claimed: str
    ours: str
    where: str
    word: Word

    def row(self) -> dict[str, object]:
        """Return the verdict as a row of a table."""
        return {
            "reading": self.reading, "claim": self.claim, "claimed": self.claimed,
            "ours": self.ours, "at": self.where, "verdict": str(self.word),
        }  # fmt: skip


def estimate(values: Floats) -> Estimate:
    """Return the mean over seeds and its 95 % interval (Student's t)."""
    from scipy.stats import t

    known = values[~np.isnan(values)]
    if len(known) == 0:
        return Estimate(np.nan, np.nan, np.nan)
    mean = float(known.mean())
    if len(known) < 2:
        return Estimate(mean, np.nan, np.nan)
    spread = float(known.std(ddof=1)) / np.sqrt(len(known))
    half = float(t.ppf((1 + LEVEL) / 2, len(known) - 1)) * spread
    return Estimate(mean, mean - half, mean + half)


def gain_percent(ours: Floats, rival: Floats) -> Estimate:
    """By how much our mean is above the rival's, in percent of the latter, with its interval. Both
    have one number per seed, for the same seeds. The ratio is of the means, as the paper's averages
    are; its interval is that of the linearised ratio, paired by seed.
    """
    known = ~(np.isnan(ours) | np.isnan(rival))
    own, other = ours[known], rival[known]
    if len(own) == 0 or other.mean() == 0.0:
        return Estimate(np.nan, np.nan, np.nan)
    ratio = own.mean() / other.mean()
    scale = 100.0 / abs(other.mean())
    mean = scale * (own.mean() - other.mean())
    spread = estimate(scale * (own - ratio * other))
    return Estimate(float(mean), float(mean) + spread.low, float(mean) + spread.high)


def saving_percent(ours: Floats, rival: Floats) -> Estimate:
    """By how much our mean is below the rival's, in percent of the latter, with its interval."""
    gain = gain_percent(ours, rival)
    return Estimate(-gain.mean, -gain.high, -gain.low)


def size_verdict(
    reading: str, claim: str, claimed: float, points: Mapping[str, Estimate]
) -> Verdict:
    """Judge "by up to `claimed` %".

    `points` has the gain in percent at each point that the claim may be of; the largest counts.
    It holds if there is a gain (the interval lies above 0) within a quarter of the claimed number,
    partly if the gain has another size, else not. A wide interval does not help a claim.
    """
    known = {where: one for where, one in points.items() if not np.isnan(one.mean)}
    if not known:
        return Verdict(reading, claim, f"{claimed:g} %", "–", "–", Word.UNKNOWN)
    where = max(known, key=lambda name: known[name].mean)
    best = known[where]
    word = Word.NOT
    if best.low > 0.0 or (np.isnan(best.low) and best.mean > 0.0):
        near = abs(best.mean - claimed) <= TOLERANCE * claimed
        word = Word.HOLDS if near else Word.PARTLY
    return Verdict(reading, claim, f"{claimed:g} %", f"{best} %", where, word)


def order_verdict(reading: str, claim: str, points: Mapping[str, Estimate]) -> Verdict:
    """Judge "ours is best everywhere".

    `points` has the lead of ours in percent at each point, one for each rival. A point is lost if
    its interval lies below 0. It holds if the mean lead is above 0 at every point, partly if no
    point is lost or at least half are won, else not.
    """
    known = {where: one for where, one in points.items() if not np.isnan(one.mean)}
    if not known:
        return Verdict(reading, claim, "everywhere", "–", "–", Word.UNKNOWN)
    lost = [where for where, one in known.items() if _below_zero(one)]
    won = [where for where, one in known.items() if one.mean > 0.0]
    worst = min(known, key=lambda name: known[name].mean)
    word = Word.NOT
    if len(won) == len(known):
        word = Word.HOLDS
    elif not lost or 2 * len(won) >= len(known):
        word = Word.PARTLY
    ours = f"ahead at {len(won)} of {len(known)}, behind at {len(lost)}; least {known[worst]} %"
    return Verdict(reading, claim, "everywhere", ours, worst, word)


def share_verdict(
    reading: str, claim: str, points: Mapping[str, bool], failing: str = ""
) -> Verdict:
    """Judge a claim that is true or false at each point: all hold, some partly, none not.

    `failing` describes where it fails; by default the names of the points.
    """
    true = [where for where, holds in points.items() if holds]
    lost = failing or ", ".join(where for where in points if where not in true) or "–"
    word = Word.NOT
    if not points:
        word = Word.UNKNOWN
    elif true:
        word = Word.HOLDS if len(true) == len(points) else Word.PARTLY
    return Verdict(reading, claim, "everywhere", f"at {len(true)} of {len(points)}", lost, word)


def _below_zero(one: Estimate) -> bool:
    return one.high < 0.0 or (np.isnan(one.high) and one.mean < 0.0)


def overall(verdicts: Sequence[Verdict]) -> Word:
    """All hold: holds; none holds in any part: does not hold; else holds partly."""
    words = {verdict.word for verdict in verdicts} - {Word.UNKNOWN}
    if not words:
        return Word.UNKNOWN
    return words.pop() if len(words) == 1 else Word.PARTLY
