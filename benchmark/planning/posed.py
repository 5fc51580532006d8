"""The problem that a cell poses: a horizon, or one slot instance."""

from __future__ import annotations

from functools import lru_cache

from splitbench.problems import Horizon, Simulation, SlotProblem, load_horizon, load_instance
from splitbench.problems.files.json_file import read_json_object
from splitbench.problems.suites.named_suites import make_suite
from splitbench.results import CellKey
from splitbench.solvers.exact.exact import Exact

#: Begins the "suite" of a cell that is one file.
FILE = "file:"


def problem_of(key: CellKey) -> Horizon | SlotProblem:
    """Return what a cell poses; of `file:PATH` the file is read.

    Raises
    ------
    InputError
        The suite or the file cannot be used.
    """
    if key.suite.startswith(FILE):
        return load_any(key.suite.removeprefix(FILE))
    if key.instance is None:
        return horizon_of(key.suite, key.seed, key.slots)
    return instances_of(key.suite, key.seed, key.slots)[key.instance]


def load_any(path: str) -> Horizon | SlotProblem:
    """Read a slot instance or a horizon, whichever the file says it is."""
    data = read_json_object(path)
    if isinstance(data, dict) and str(data.get("format", "")).startswith("splitbench/horizon"):
        return load_horizon(path)
    return load_instance(path)


@lru_cache(maxsize=32)
def horizon_of(suite: str, seed: int, slots: int | None) -> Horizon:
    """Draw the horizon of a seed, once."""
    return make_suite(suite).horizon(seed, slots)


@lru_cache(maxsize=32)
def instances_of(suite: str, seed: int, slots: int | None) -> list[SlotProblem]:
    """Draw the instances of a seed, once; of a horizon its slots along the exact optimum."""
    made = make_suite(suite)
    if not made.episodes:
        return made.instances(seed, slots)
    return slots_of_optimum(horizon_of(suite, seed, slots))


def slots_of_optimum(horizon: Horizon) -> list[SlotProblem]:
    """Return each slot at the charges that the per-slot optimum leaves behind."""
    simulation, problems = Simulation(horizon), []
    while not simulation.done:
        problem = simulation.problem
        solution = Exact().solve(problem)
        assert solution.partition is not None  # hibernation is always a choice
        assert solution.threads is not None
        simulation.step(solution.partition, solution.threads)
        problems.append(problem)
    return problems
