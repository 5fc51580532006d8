"""Plan which cells a run consists of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from splitbench.benchmark.planning.chosen_solvers import ChosenSolver, choose_solvers
from splitbench.benchmark.planning.code import code_of, world_code
from splitbench.benchmark.planning.sources import FileSource, Source, source_of, sources_of
from splitbench.results import CellKey
from splitbench.results.bounds import BOUND, bound_key

#: The paper's two suites, which the benchmark table shows by default.
DEFAULT_SUITES = ("paper-wifi", "paper-5g")
#: The paper's schemes, strong and simple opponents, and the optimum.
DEFAULT_SOLVERS = (
    "exact",
    "lookahead",
    "greedy",
    "imitation+ta",
    "ddp-shared+ta",
    "ddp+ta",
    "dads+ta",
    "dads+bs",
    "eo+ta",
    "eo+bs",
    "local+ta",
    "random",
)


@dataclass(frozen=True)
class Request:
    """A request from the command line.

    Attributes
    ----------
    slots
        Slots of an episode, or instances of an instance suite; None: the suite's own number.
    own_seeds
        Whether a suite's own number of seeds is used, starting at the first of `seeds`.
    as_instances
        Take a horizon suite's slots one by one, at the states the exact optimum passes through,
        so that every solver answers the same problems.
    """

    suites: Sequence[str | Source]
    solvers: Sequence[str]
    seeds: Sequence[int]
    slots: int | None = None
    reference: bool = True
    as_instances: bool = False
    own_seeds: bool = False


@dataclass(frozen=True)
class Plan:
    """The cells of a run in the order of the table, with their sources and solvers."""

    cells: list[CellKey]
    suites: list[Source] = field(default_factory=list)
    solvers: list[ChosenSolver] = field(default_factory=list)


def plan_of(request: Request) -> Plan:
    """Plan a request; its suites are built, and its names and files inspected, once.

    With the reference, the bound of each horizon is a separate cell after the others.

    Raises
    ------
    InputError
        A suite or solver that cannot be used, before anything runs and not in every cell.
    """
    suites = sources_of(request.suites)
    for suite in suites:
        _posed(suite, request.seeds[0])
    solvers = choose_solvers(request.solvers, [suite.name for suite in suites])
    cells = [key for suite in suites for key in _cells(suite, solvers, request)]
    bounds = [bound_key(key) for key in cells if key.reference and key.instance is None]
    return Plan(list(dict.fromkeys([*cells, *bounds])), suites, solvers)


def cells_of(request: Request) -> list[CellKey]:
    """List the cells of a request; see `plan_of`."""
    return plan_of(request).cells


def _posed(suite: Source, seed: int) -> None:
    """Build the first slot of a suite, to detect errors in it before the run."""
    if suite.episodes:
        suite.horizon(seed, 1)
    else:
        suite.instances(seed, 1)


def _cells(suite: Source, solvers: Sequence[ChosenSolver], request: Request) -> Iterator[CellKey]:
    slots, instances = request.slots, list[int | None]([None])
    if isinstance(suite, FileSource):
        slots = None if slots is None or not suite.episodes else min(slots, suite.slots)
    if not suite.episodes or request.as_instances:
        instances = list(range(slots or suite.slots))
    seeds = request.seeds
    if request.own_seeds and suite.seeds is not None:
        seeds = range(seeds[0], seeds[0] + suite.seeds)
    for solver in solvers:
        code = code_of(suite, solver.name, solver.files.get(suite.name, ()))
        for seed in seeds:
            for instance in instances:
                yield CellKey(
                    suite=suite.name,
                    solver=solver.name,
                    seed=seed,
                    slots=slots,
                    instance=instance,
                    reference=request.reference,
                    code=code,
                )


def code_here(key: CellKey) -> str:
    """Return the code that a cell would have with the present files of this machine.

    Raises
    ------
    InputError
        What the key names cannot be used here.
    """
    suite = source_of(key.suite)
    if key.solver == BOUND:
        return world_code(suite)
    code = code_of(suite, key.solver, _files_here(key.solver, suite.name))
    if code != key.code:  # a user's file may import other files than before
        _files_here.cache_clear()
        code = code_of(suite, key.solver, _files_here(key.solver, suite.name))
    return code


@lru_cache(maxsize=64)
def _files_here(solver: str, suite: str) -> tuple[Path, ...]:
    return choose_solvers([solver], [suite])[0].files.get(suite, ())
