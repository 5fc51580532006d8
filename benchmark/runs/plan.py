"""Which cells a run consists of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from splitbench.benchmark.runs.environment import code_digest
from splitbench.problems.suites.named_suites import Suite, make_suite
from splitbench.results import CellKey
from splitbench.results.bounds import SOLVER_CODE, bound_key
from splitbench.solvers.registry import beside, canonical_name, files_of
from splitbench.solvers.solver_spec import parse_solver

#: The paper's two suites, which the benchmark table shows by default.
DEFAULT_SUITES = ("paper-wifi", "paper-5g")
#: The paper's schemes, strong and simple opponents, and the optimum.
DEFAULT_SOLVERS = (
    "exact",
    "lookahead",
    "greedy",
    "imitation+ta",
    "ddp-shared+ta",
    "ddp[actions=candidates]+ta",
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
    """What the command line asks for.

    Attributes
    ----------
    slots
        Slots of an episode, or instances of an instance suite; None: the suite's own number.
    as_instances
        Take a horizon suite's slots one by one, at the states the exact optimum passes through,
        so that every solver answers the same problems.
    """

    suites: Sequence[str]
    solvers: Sequence[str]
    seeds: Sequence[int]
    slots: int | None = None
    reference: bool = True
    as_instances: bool = False


def with_companions(solvers: Iterable[str]) -> list[str]:
    """Return canonical names, each followed by the schemes it has to stand beside; none twice."""
    asked = [canonical_name(name) for name in solvers]
    return list(dict.fromkeys(one for name in asked for one in [name, *beside(name)]))


def posed(text: str, seed: int) -> Suite:
    """Return the suite of a name, once its first slot could be made.

    Raises
    ------
    InputError
        An unknown suite, or a parameter (a DNN, a server) that it cannot be made with; before
        anything runs, and not in every cell.
    """
    suite = make_suite(text)
    if suite.episodes:
        suite.horizon(seed, 1)
    else:
        suite.instances(seed, 1)
    return suite


def cells_of(request: Request) -> list[CellKey]:
    """List the cells of a request: an episode, or each independent instance, per seed.

    Where the reference is computed, the bound of each horizon is a cell of its own, behind them.
    """
    cells = []
    solvers = with_companions(request.solvers)
    for text in request.suites:
        suite = make_suite(text)
        for solver in solvers:
            code = code_of(suite, solver)
            for seed in request.seeds:
                instances: Sequence[int | None] = [None]
                if not suite.episodes or request.as_instances:
                    instances = range(request.slots or suite.slots)
                cells += [
                    CellKey(
                        suite=suite.name,
                        solver=solver,
                        seed=seed,
                        slots=request.slots,
                        instance=instance,
                        reference=request.reference,
                        code=code,
                    )
                    for instance in instances
                ]
    bounds = [bound_key(key) for key in cells if key.reference and key.instance is None]
    return list(dict.fromkeys([*cells, *bounds]))


def code_of(suite: Suite, solver: str) -> str:
    """Return the digest of all that decides a result: code, files of the suite and the solver."""
    return code_of_world(suite) + _file_digest(solver, suite.name)


def code_of_world(suite: Suite) -> str:
    """Return the part of `code_of` that does not concern the solver."""
    return code_digest() + _digest(suite.files)


def _file_digest(solver: str, suite: str) -> str:
    """Digest of the files a solver is loaded from or plays, so that a new one is run again."""
    paths = [half.path for half in parse_solver(solver) if half.path]
    paths += map(str, files_of(solver, suite))
    return SOLVER_CODE + _digest(paths) if paths else ""


def _digest(paths: Iterable[str]) -> str:
    return "".join("-" + hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16] for path in paths)
