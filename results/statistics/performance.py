"""Performance profiles (Dolan & Moré, Mathematical Programming 91, 2002)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from splitbench.problems.arrays import Floats
from splitbench.results.frame import group_title, groups_of
from splitbench.results.select_cells import GROUP

if TYPE_CHECKING:
    from pandas import DataFrame

#: The clock's resolution: shorter times are rounded up to it, so that ratios stay finite.
SHORTEST_S = 1e-9


@dataclass(frozen=True, eq=False)
class PerformanceProfile:
    """How far from the best each solver is, cell by cell.

    Attributes
    ----------
    solvers
        Names, in the order of the rows of `ratios`.
    ratios
        t(solver, cell) / best t(cell), shape (solvers, cells), ≥ 1; infinite where the solver did
        not finish.
    left_out
        Cells that not every solver was run on, which are not in `ratios`.
    """

    solvers: tuple[str, ...]
    ratios: Floats
    left_out: int = 0

    @property
    def cells(self) -> int:
        """Cells that every solver was run on."""
        return int(self.ratios.shape[1])

    def share(self, factor: float) -> Floats:
        """ρ(τ): share of cells each solver ends within `factor` of the best, shape (solvers,)."""
        return np.asarray((self.ratios <= factor).mean(axis=1), dtype=np.float64)

    def steps(self) -> Floats:
        """Factors at which some profile rises, with both ends, ascending."""
        return np.unique(np.append(self.ratios[np.isfinite(self.ratios)], self.factors(2)))

    def to_json(self) -> dict[str, Any]:
        """Return the profile as a JSON object: at each factor the share of each solver."""
        factors = self.steps()
        shares = np.array([self.share(factor) for factor in factors])
        return {
            "cells": self.cells,
            "left_out": self.left_out,
            "factors": factors.tolist(),
            "shares": {name: shares[:, row].tolist() for row, name in enumerate(self.solvers)},
        }

    @property
    def largest(self) -> float:
        """The largest finite ratio, at least 1: beyond it no profile rises any more."""
        finite = self.ratios[np.isfinite(self.ratios)]
        return float(finite.max()) if finite.size else 1.0

    def factors(self, count: int) -> Floats:
        """Factors from 1 to the largest, evenly spaced by their logarithm, shape (count,)."""
        factors = np.geomspace(1.0, max(self.largest, 2.0), count)
        factors[-1] = max(self.largest, 2.0)  # rounding must not leave the last ratio out
        return factors


def profile_of(times: Mapping[str, Mapping[object, float | None]]) -> PerformanceProfile:
    """Compare times (or any positive measure, smaller is better) cell by cell.

    Parameters
    ----------
    times
        For each solver, its time on each cell; None where it failed. Cells that not every
        solver has are left out and counted.
    """
    everywhere = [set(of_solver) for of_solver in times.values()]
    shared = set.intersection(*everywhere) if everywhere else set()
    cells = [cell for cell in next(iter(times.values()), {}) if cell in shared]
    seconds = np.array(
        [[_time(of_solver[cell]) for cell in cells] for of_solver in times.values()]
    ).reshape(len(times), len(cells))
    best = seconds.min(axis=0, initial=np.inf)
    solved = np.isfinite(seconds)
    ratios = np.where(solved, seconds / np.where(np.isfinite(best), best, 1.0), np.inf)
    left_out = len(set().union(*everywhere)) - len(shared)
    return PerformanceProfile(tuple(times), ratios, left_out)


def profiles_by_suite(frame: DataFrame) -> list[tuple[str, PerformanceProfile]]:
    """Return the profile of each suite with its title, then that of all suites together.

    One profile over all suites alone would hide on which of them a solver is slow.
    """
    profiles = [(group_title(*group), time_profile(of)) for group, of in groups_of(frame).items()]
    return [*profiles, ("all suites", time_profile(frame))] if len(profiles) > 1 else profiles


def time_profile(frame: DataFrame) -> PerformanceProfile:
    """Return the profile of solve times per cell; failures count as never solved."""
    place = frame[[*GROUP, "seed", "instance"]].astype(object).fillna(-1)
    keys = list(place.itertuples(index=False, name=None))
    seconds = frame["seconds"].where(frame["finished"], np.inf)
    times: dict[str, dict[object, float | None]] = {name: {} for name in frame["solver"]}
    for name, key, value in zip(frame["solver"], keys, seconds, strict=True):
        times[name][key] = None if np.isinf(value) else value
    return profile_of(times)


def _time(seconds: float | None) -> float:
    return np.inf if seconds is None else max(seconds, SHORTEST_S)
