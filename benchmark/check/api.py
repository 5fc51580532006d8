"""`splitbench.check(solver)`: the conformance suite in one's own tests."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from splitbench.baselines.dads.chain import Dads
from splitbench.benchmark.check.askers import InProcess
from splitbench.benchmark.check.conformance import Failure, verdicts
from splitbench.problems import InputError
from splitbench.solvers import make
from splitbench.solvers.discovery import kinds_of
from splitbench.solvers.scheme import Scheme
from splitbench.solvers.threads.thread_allocation import ThreadAllocation

#: Where failing instances are saved.
FOLDER = Path("splitbench-check")


class ConformanceError(AssertionError):
    """A solver violates a property that every solver must have."""


def check(solver: Any, *, seed: int = 0, folder: str | Path = FOLDER) -> None:
    """Check that a solver keeps the contract; meant for one's own pytest.

    Parameters
    ----------
    solver
        A class, an object, or a name that `splitbench.make` takes. A partitioner is paired with
        `ta`, an allocator with `dads`.
    seed
        Seed of the drawn instances.
    folder
        Where the smallest failing instance of each property is saved.

    Raises
    ------
    ConformanceError
        One paragraph for each property that does not hold.
    """
    asker = InProcess(factory_of(solver))
    found = [verdict.failure for verdict in verdicts(asker, seed)]
    failed = [failure for failure in found if failure is not None]
    if failed:
        raise ConformanceError("\n\n".join(describe(one, Path(folder)) for one in failed))


def describe(failure: Failure, folder: Path) -> str:
    """Save the failing instance and describe the failure."""
    path = failure.save(folder)
    return f"{failure.says}: not so.\nOn {failure.case!r}, saved as {path}: {failure.why}"


def factory_of(solver: Any) -> Callable[[], Any]:
    """Return a function that makes a fresh solver of a class, an object or a name.

    Raises
    ------
    InputError
        Not a solver, partitioner or allocator.
    """
    if isinstance(solver, str):
        return lambda: make(solver)
    fresh: Callable[[], Any] = solver if inspect.isclass(solver) else lambda: copy.deepcopy(solver)
    kinds = kinds_of(solver if inspect.isclass(solver) else type(solver))
    if "solver" in kinds:
        return fresh
    if "partitioner" in kinds:
        return lambda: Scheme(fresh(), ThreadAllocation())
    if "allocator" in kinds:
        return lambda: Scheme(Dads(), fresh())
    raise InputError(
        f"check: got {solver!r}; expected a class or object with a method solve, partition or "
        "allocate, or a solver's name"
    )
