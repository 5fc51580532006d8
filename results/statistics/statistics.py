"""Statistics beside the rows of a table: intervals, times, ranks, paired comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from splitbench.problems.errors import UnknownNameError
from splitbench.results.rows import Row
from splitbench.results.statistics.bootstrap import FEWEST, LEVEL, bootstrap_interval
from splitbench.results.statistics.geometric import SHIFT_S, mean_time
from splitbench.results.statistics.paired import Comparison, compare_all
from splitbench.results.statistics.ranks import MeanRank, mean_ranks, ranks_by_suite
from splitbench.results.statistics.samples import Sample, Samples


@dataclass(frozen=True)
class RowStatistics:
    """What a row's means are worth.

    Attributes
    ----------
    utility_low, utility_high
        Bootstrap interval of the mean utility over seeds; None with too few.
    seeds, seeds_lost
        Seeds that the interval stands on; seeds with a cell that did not come to an end.
    time_s, time_shift_s, time_charged
        Shifted geometric mean of the seconds a cell took, its shift, cells charged their limit.
    rank
        Rank in this suite; 1 is best, ties share the mean of their places.
    mean_rank, rank_suites, suites
        Mean over the suites the solver was run on, their number, and how many there are.
    """

    utility_low: float | None
    utility_high: float | None
    level: float
    seeds: int
    seeds_lost: int
    time_s: float | None
    time_shift_s: float
    time_charged: int
    rank: float | None
    mean_rank: float | None
    rank_suites: int
    suites: int

    @property
    def mean_rank_text(self) -> str:
        """The mean rank never stands without the number of suites."""
        if self.mean_rank is None:
            return "–"
        of = "" if self.rank_suites == self.suites else f" of {self.suites}"
        return f"{self.mean_rank:.4g} ({self.rank_suites}{of})"

    @property
    def legend(self) -> str:
        """Explain the columns of statistics."""
        return (
            f"{self.level:.0%} interval: percentile bootstrap of the mean over complete seeds, "
            f"from {FEWEST} on; s/cell: shifted geometric mean of solve time, shift "
            f"{self.time_shift_s:g} s, failures charged their limit; rank: by mean utility over "
            "common seeds, failures last, ties averaged; mean rank (over how many suites)."
        )


def with_statistics(
    rows: Sequence[Row], samples: Samples, limit_s: float | None = None
) -> list[Row]:
    """Return rows with `statistics`, from samples of the records that the rows were made of.

    Parameters
    ----------
    limit_s
        Time limit charged to failures of which the store knows none.
    """
    in_suite = ranks_by_suite(samples)
    over_suites = mean_ranks(in_suite)
    return [
        _with(
            row, samples[group][row.solver], in_suite[group], over_suites.get(row.solver), limit_s
        )
        for row in rows
        for group in [(row.suite, row.cells, row.slots_asked)]
    ]


def with_comparison(rows: Sequence[Row], samples: Samples, against: str) -> list[Row]:
    """Return rows with `comparison`, the paired comparison with one solver in each suite.

    Rows of that solver, and of suites it was not run on, stay without.

    Raises
    ------
    UnknownNameError
        No suite has that solver.
    """
    if not any(against in of_suite for of_suite in samples.values()):
        known = {name for of_suite in samples.values() for name in of_suite}
        raise UnknownNameError("solver in this store", against, known)
    found: dict[tuple[Any, str], Comparison] = {
        (group, name): comparison
        for group, of_suite in samples.items()
        if against in of_suite
        for name, comparison in compare_all(of_suite, against).items()
    }
    return [
        replace(row, comparison=found.get(((row.suite, row.cells, row.slots_asked), row.solver)))
        for row in rows
    ]


def _with(
    row: Row,
    sample: Sample,
    in_suite: dict[str, float],
    over: MeanRank | None,
    limit_s: float | None,
) -> Row:
    values = list(sample.by_seed().values())
    interval, time = bootstrap_interval(values), mean_time(sample, limit_s)
    statistics = RowStatistics(
        utility_low=interval.low,
        utility_high=interval.high,
        level=LEVEL,
        seeds=len(values),
        seeds_lost=len(sample.lost_seeds),
        time_s=time.seconds,
        time_shift_s=SHIFT_S,
        time_charged=time.charged,
        rank=in_suite.get(row.solver),
        mean_rank=over.mean if over else None,
        rank_suites=over.suites if over else 0,
        suites=over.of if over else 0,
    )
    notes = [*row.notes, *([time.note] if time.note else [])]
    if sample.lost_seeds:
        lost = len(sample.lost_seeds)
        notes.append(f"{lost} of {row.seeds} seeds did not complete; statistics are without them")
    return replace(row, statistics=statistics, notes=notes)
