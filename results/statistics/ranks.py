"""Ranks of solvers: suite by suite, and their mean beside the number of suites."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from typing import NamedTuple

from splitbench.results.rows import Group
from splitbench.results.statistics.samples import Sample, Samples
from splitbench.results.store.record import same


class MeanRank(NamedTuple):
    """Mean of a solver's ranks over the suites it was run on, of how many there are."""

    mean: float
    suites: int
    of: int


def ranks(samples: Mapping[str, Sample]) -> dict[str, float]:
    """Rank the solvers of a suite by mean utility over the seeds that all of them ran; 1 is best.

    Ties (to 1e-9) share the mean of their places. Solvers that did not complete one of those
    seeds share the last places: the mean over the seeds they did complete would flatter them.
    """
    seeds = set.intersection(*(sample.seeds for sample in samples.values()))
    if not seeds:
        return {}
    completed, failed = {}, []
    places = _shared_places(samples)
    for name, sample in samples.items():
        of_seed = sample.by_seed(places)
        if not seeds & sample.lost_seeds and all(seed in of_seed for seed in seeds):
            completed[name] = fmean(of_seed[seed] for seed in seeds)
        else:
            failed.append(name)
    found: dict[str, float] = {}
    for tied in [*_ties(completed), failed]:
        place = len(found) + (len(tied) + 1) / 2
        found.update(dict.fromkeys(tied, place))
    return found


def ranks_by_suite(samples: Samples) -> dict[Group, dict[str, float]]:
    """Rank the solvers of each suite."""
    return {group: ranks(of_suite) for group, of_suite in samples.items()}


def mean_ranks(by_suite: Mapping[Group, Mapping[str, float]]) -> dict[str, MeanRank]:
    """Average each solver's ranks over suites."""
    places: dict[str, list[float]] = {}
    for of_suite in by_suite.values():
        for name, rank in of_suite.items():
            places.setdefault(name, []).append(rank)
    return {name: MeanRank(fmean(of), len(of), len(by_suite)) for name, of in places.items()}


def _shared_places(samples: Mapping[str, Sample]) -> set[tuple[int, int | None]]:
    """Cells that everybody who completed their seed has a utility for."""
    answered = [
        set(sample.utility) | {place for place in sample.seconds if place[0] in sample.lost_seeds}
        for sample in samples.values()
    ]
    return set.intersection(*answered)


def _ties(values: Mapping[str, float]) -> list[list[str]]:
    """Names from best to worst, those of the same value together."""
    groups: list[list[str]] = []
    for name in sorted(values, key=lambda name: -values[name]):
        if groups and same(values[groups[-1][0]], values[name]):
            groups[-1].append(name)
        else:
            groups.append([name])
    return groups
