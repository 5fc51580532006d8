"""Two solvers on the same seeds: difference, interval, Wilcoxon signed-rank with Holm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from splitbench.results.statistics.bootstrap import bootstrap_interval
from splitbench.results.statistics.samples import Sample
from splitbench.results.store.record import same

#: Of n pairs the smallest two-sided p-value is 2/2^n: five cannot fall below 0.05.
FEWEST_PAIRS = 6


@dataclass(frozen=True)
class Comparison:
    """A solver against another, paired by seed.

    Attributes
    ----------
    difference, low, high
        Mean of U(solver) − U(against) over the pairs, its 95 % bootstrap interval.
    pairs, pairs_lost
        Seeds that both completed; seeds both ran and one of them did not complete.
    wins, ties, losses
        Pairs in which the solver is better, the same to 1e-9, worse.
    p_value, p_holm
        Wilcoxon signed-rank, two-sided; corrected (Holm) for the comparisons of the suite.
        None with too few pairs.
    note
        Why there is no p-value; "" where there is.
    """

    against: str
    difference: float | None
    low: float | None
    high: float | None
    pairs: int
    pairs_lost: int
    wins: int
    ties: int
    losses: int
    p_value: float | None
    p_holm: float | None = None
    note: str = ""

    @property
    def legend(self) -> str:
        """Explain the columns of a comparison."""
        return (
            f"Δ {self.against}: mean of U − U({self.against}) over seeds that both completed; p: "
            "Wilcoxon signed-rank, two-sided, Holm over the solvers of the suite, from "
            f"{FEWEST_PAIRS} pairs on."
        )


def compare(solver: Sample, other: Sample, against: str) -> Comparison:
    """Compare two solvers of a suite, seed by seed; p-values not yet corrected.

    A seed of several instances counts once, with the mean over the instances both have.
    """
    places = set(solver.utility) & set(other.utility)
    mine, theirs = solver.by_seed(places), other.by_seed(places)
    seeds = sorted(mine.keys() & theirs.keys())
    lost = (solver.lost_seeds | other.lost_seeds) & solver.seeds & other.seeds
    signed = [0.0 if same(mine[s], theirs[s]) else mine[s] - theirs[s] for s in seeds]
    interval = bootstrap_interval(signed)
    p_value, note = _p_value(signed)
    return Comparison(
        against=against,
        difference=fmean(signed) if signed else None,
        low=interval.low,
        high=interval.high,
        pairs=len(seeds),
        pairs_lost=len(lost),
        wins=sum(value > 0 for value in signed),
        ties=sum(value == 0 for value in signed),
        losses=sum(value < 0 for value in signed),
        p_value=p_value,
        note=note,
    )


def compare_all(samples: Mapping[str, Sample], against: str) -> dict[str, Comparison]:
    """Compare every other solver of a suite with `against`, p-values corrected (Holm)."""
    found = {
        name: compare(sample, samples[against], against)
        for name, sample in samples.items()
        if name != against
    }
    tested = [name for name, one in found.items() if one.p_value is not None]
    corrected = holm([found[name].p_value or 0.0 for name in tested])
    for name, p_value in zip(tested, corrected, strict=True):
        found[name] = replace(found[name], p_holm=p_value)
    return found


def wilcoxon(differences: Sequence[float]) -> float:
    """Return the two-sided p-value of the Wilcoxon signed-rank test; 1 where nothing differs.

    Zero differences are dropped (Wilcoxon 1945). The distribution is exact without ties up to
    50 pairs, and with ties up to 13; the normal approximation beyond.
    """
    from scipy import stats

    values = [value for value in differences if value != 0.0]
    if not values:
        return 1.0
    return float(stats.wilcoxon(values).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for their number (Holm 1979), in the order given.

    The i-th smallest of m is multiplied by m − i + 1; none is below one before it, none above 1.
    """
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p_values[index]))
        corrected[index] = largest
    return corrected


def _p_value(signed: Sequence[float]) -> tuple[float | None, str]:
    if len(signed) < FEWEST_PAIRS:
        count = f"{len(signed)} pair{'s' * (len(signed) != 1)}"
        return None, f"{count}, {FEWEST_PAIRS} needed"
    return wilcoxon(signed), ""
