"""`splitbench.run`: the benchmark from Python."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splitbench.benchmark.options import DEFAULT_STORE, RunOptions, Where, seed_range
from splitbench.benchmark.runs.plan import DEFAULT_SOLVERS, DEFAULT_SUITES, Request, plan_of
from splitbench.benchmark.runs.run_options import run_plan
from splitbench.problems.errors import InputError
from splitbench.results.frame import frame_of

if TYPE_CHECKING:
    from pandas import DataFrame


def run(
    suites: str | Sequence[str] = DEFAULT_SUITES,
    solvers: str | type[Any] | Sequence[str | type[Any]] = DEFAULT_SOLVERS,
    seeds: int = 3,
    *,
    seed: int = 0,
    slots: int | None = None,
    reference: bool = True,
    store: str | Path = DEFAULT_STORE,
    jobs: int = 1,
    executor: str = "local",
    timeout: str = "10m",
    memory: str = "4GiB",
    rerun: bool = False,
) -> DataFrame:
    """Run solvers on suites and return one row per cell; stored cells are not run again.

    Parameters
    ----------
    suites
        Names of suites, suite files, instance and horizon files, folders, patterns.
    solvers
        Names, `mine.py:Mine`, `label=name`, or classes that are defined in a file.
    seeds, seed
        How many seeds, and the first of them.
    slots
        Slots (or instances) per seed; None: the suite's own number.
    reference
        Whether to compute the optimum beside each decision.
    store
        The results file, made if it does not exist.
    executor
        `local` (worker processes), `dask`, or `in-process` for a debugger.

    Returns
    -------
    DataFrame
        As `splitbench.results` describes it.

    Raises
    ------
    InputError
        A suite, a solver or an option that cannot be used.
    """
    if executor not in list(Where):
        raise InputError(f"executor: got {executor!r}; expected {' or '.join(Where)}")
    how = RunOptions(
        store=Path(store), jobs=jobs, executor=Where(executor), timeout=timeout, memory=memory,
        rerun=rerun,
    )  # fmt: skip
    named = [suites] if isinstance(suites, str) else list(suites)
    chosen = (
        solvers if isinstance(solvers, Sequence) and not isinstance(solvers, str) else [solvers]
    )
    plan = plan_of(
        Request(named, [_name_of(one) for one in chosen], seed_range(seeds, seed), slots, reference)
    )
    return frame_of(run_plan(plan, how) or [])


def _name_of(solver: str | type[Any]) -> str:
    """Return a solver's name; for a class, its file and class name."""
    if isinstance(solver, str):
        return solver
    try:
        file = inspect.getsourcefile(solver)
    except TypeError:  # a class in a notebook, or not a class
        file = None
    name = getattr(solver, "__qualname__", str(solver))
    if file is None or not Path(file).is_file() or "." in name:
        raise InputError(
            f"solver {name}: is not defined in a file; expected a name, or a class at top level "
            "of a .py file, which workers can import"
        )
    return f"{file}:{solver.__name__}"
