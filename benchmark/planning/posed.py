"""The problem that a cell poses: a horizon, or one slot instance."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from splitbench.benchmark.planning.sources import Source, source_of
from splitbench.problems import Horizon, Simulation, SlotProblem
from splitbench.results import CellKey
from splitbench.solvers.exact.exact import Exact
from splitbench.solvers.user_files import Stamp, stamp_of


def problem_of(key: CellKey) -> Horizon | SlotProblem:
    """Return the problem that a cell poses.

    Raises
    ------
    InputError
        The suite or the file cannot be used.
    """
    source = source_of(key.suite)
    stamps = tuple(stamp_of(Path(file)) for file in source.files)
    if key.instance is None:
        return _horizon(source, stamps, key.seed, key.slots)
    return _instances(source, stamps, key.seed, key.slots)[key.instance]


@lru_cache(maxsize=32)
def _horizon(source: Source, stamps: tuple[Stamp, ...], seed: int, slots: int | None) -> Horizon:
    """Draw the horizon of a seed; cached until a file changes."""
    return source.horizon(seed, slots)


@lru_cache(maxsize=32)
def _instances(
    source: Source, stamps: tuple[Stamp, ...], seed: int, slots: int | None
) -> list[SlotProblem]:
    """Draw the instances of a seed (cached); of a horizon, its slots along the exact optimum."""
    if source.episodes:
        return slots_of_optimum(_horizon(source, stamps, seed, slots))
    return source.instances(seed, slots)


def slots_of_optimum(horizon: Horizon) -> list[SlotProblem]:
    """Return each slot at the charges that result from the per-slot optimum."""
    simulation, problems = Simulation(horizon), []
    while not simulation.done:
        problem = simulation.problem
        solution = Exact().solve(problem)
        assert solution.partition is not None  # hibernation is always a choice
        simulation.advance(np.asarray(solution.partition))
        problems.append(problem)
    return problems
