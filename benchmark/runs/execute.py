"""Running one cell from its key alone: the same result in any process."""

from __future__ import annotations

import contextlib
import time
from dataclasses import asdict

from splitbench.benchmark.planning.posed import FILE, horizon_of, problem_of
from splitbench.benchmark.referee.episode import (
    SILENT,
    Episode,
    Observer,
    context_of,
    record_of,
    run_episode,
    run_instance,
)
from splitbench.benchmark.runs.environment import environment
from splitbench.benchmark.runs.solver_version import solver_version
from splitbench.problems import (
    Horizon,
    InputError,
)
from splitbench.problems.suites.named_suites import make_suite
from splitbench.results import CellKey, CellRecord
from splitbench.results.bounds import BOUND
from splitbench.solvers import Solver, Status, make
from splitbench.solvers.horizon.bound import horizon_bound
from splitbench.solvers.registry import NotInstalledError


def run_cell(
    key: CellKey, observer: Observer = SILENT, timeout_s: float | None = None
) -> CellRecord:
    """Run a cell and judge it.

    Parameters
    ----------
    observer
        Hears of slots and incumbents as they come.
    timeout_s
        Time the solver is told it has; whoever runs the cell enforces it.
    """
    return described(_run_cell(key, observer, timeout_s), timeout_s)


def described(record: CellRecord, timeout_s: float | None) -> CellRecord:
    """Add what a record says of the solver's version, the limit, the suite and the formulation."""
    key = record.key
    record.limit_s = timeout_s
    record.solver_version = solver_version(key.solver)
    with contextlib.suppress(InputError):  # a cell that poses nothing has no formulation either
        if not key.suite.startswith(FILE):
            record.environment = record.environment | {"model": make_suite(key.suite).model}
        record.formulation = asdict(problem_of(key).formulation)
    return record


def failed_cell(
    key: CellKey, status: Status, note: str, timeout_s: float | None = None, devices: int = 0
) -> CellRecord:
    """Return the record of a cell that left nothing but the reason."""
    record = CellRecord(key, str(status), note, devices=devices, environment=environment())
    return described(record, timeout_s)


def _run_cell(key: CellKey, observer: Observer, timeout_s: float | None) -> CellRecord:
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    if key.solver == BOUND:
        return record_of_bound(key, timeout_s)
    try:
        solver = make(key.solver)
    except NotInstalledError as error:
        return failed_cell(key, Status.NOT_INSTALLED, str(error))
    except InputError as error:
        return failed_cell(key, Status.ERROR, str(error))
    return record_of(key, _episode(key, solver, deadline, observer), environment())


def record_of_bound(key: CellKey, timeout_s: float | None) -> CellRecord:
    """Bound the horizon of an episode, once for all the policies that run on it."""
    horizon = horizon_of(key.suite, key.seed, key.slots)
    found = horizon_bound(horizon, time_limit=timeout_s)
    prices = [] if found.energy_price is None else found.energy_price.tolist()
    return CellRecord(
        key,
        str(Status.FEASIBLE),
        found.reason or f"horizon bound by {found.method}",
        devices=len(horizon.fleet),
        slots_run=len(horizon),
        horizon_bound=found.per_slot,
        solve_s=[found.seconds],
        decisions=[{"energy_price": price} for price in prices],
        environment=environment(),
    )


def _episode(key: CellKey, solver: Solver, deadline: float | None, observer: Observer) -> Episode:
    posed = problem_of(key)
    if isinstance(posed, Horizon):
        return run_episode(
            solver,
            posed,
            key.seed,
            reference=key.reference,
            deadline=deadline,
            observer=observer,
        )
    context = context_of(key.seed, key.instance or 0, deadline, observer, len(posed))
    run = run_instance(solver, posed, context, reference=key.reference)
    observer.slot(context.slot, run)
    return Episode(len(posed), [run])
