"""Running solvers on one file: here, or apart where a limit is set or the code is a user's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from splitbench.benchmark.console import Advance
from splitbench.benchmark.isolation.limits import Limits
from splitbench.benchmark.isolation.pool import Pool
from splitbench.benchmark.planning.posed import FILE
from splitbench.benchmark.referee.episode import SlotRun, run_instance, solve_reference
from splitbench.benchmark.referee.verify import judge
from splitbench.benchmark.runs.execute import run_cell
from splitbench.problems import Horizon, SlotProblem
from splitbench.results import CellKey, CellRecord
from splitbench.results.bounds import bound_key, with_horizon_gaps
from splitbench.solvers import Context, Solution, Status, make
from splitbench.solvers.horizon.bound import horizon_bound
from splitbench.solvers.registry import canonical_name
from splitbench.solvers.solver_spec import parse_solver


def solve_file(
    file: Path, problem: SlotProblem, solver: str, seed: int, reference: bool, limits: Limits
) -> SlotRun:
    """Solve a slot instance, in a process of its own where that is asked for (`_here`)."""
    if _here(solver, limits):
        return run_instance(make(solver), problem, Context(seed=seed), reference=reference)
    record = _apart([_key(file, solver, seed, reference)], limits)[0]
    return _run_of(record, problem, reference)


def simulate_file(
    file: Path,
    horizon: Horizon,
    solvers: Sequence[str],
    seed: int,
    reference: bool,
    limits: Limits,
    advance: Advance,
) -> list[CellRecord]:
    """Run solvers through a horizon file; with a reference, set against the horizon's bound."""
    records = []
    for name in solvers:
        key = _key(file, name, seed, reference)
        records.append(run_cell(key) if _here(name, limits) else _apart([key], limits)[0])
        advance(name)
    if not reference:
        return records
    found = horizon_bound(horizon)
    bound = CellRecord(
        bound_key(records[0].key),
        str(Status.FEASIBLE),
        found.reason,
        slots_run=len(horizon),
        horizon_bound=found.per_slot,
    )
    return with_horizon_gaps([*records, bound])


def _here(solver: str, limits: Limits) -> bool:
    """Whether a solver runs in this process: ours, without a limit.

    A file's code may end its process, print or hang; none of that may cost the answers of others.
    """
    return limits == Limits(None, None) and not any(half.path for half in parse_solver(solver))


def _key(file: Path, solver: str, seed: int, reference: bool) -> CellKey:
    path = f"{FILE}{file.resolve()}"
    return CellKey(path, canonical_name(solver), seed, None, None, reference, "")


def _apart(keys: list[CellKey], limits: Limits) -> list[CellRecord]:
    with Pool(1, limits) as pool:
        return [finished.record for finished in pool.run(keys)]


def _run_of(record: CellRecord, problem: SlotProblem, reference: bool) -> SlotRun:
    """Judge again, here, what a worker brought back."""
    solution = Solution(None, None, Status(record.status), note=record.note)
    if record.decisions:
        solution = _solution_of(record.decisions[0], record.note)
    known = solve_reference(problem) if reference else None
    verdict = judge(problem, solution, known)
    if record.failed:  # what ended the process says more than the decision that was kept
        verdict = replace(verdict, status=Status(record.status), note=record.note)
    seconds = sum(record.solve_s)
    return SlotRun(verdict, verdict.outcome, known, seconds, solution)


def _solution_of(kept: dict[str, Any], note: str) -> Solution:
    if kept["partition"] is None:
        return Solution(None, None, Status(kept["claimed"]), note=note)
    return Solution(
        np.array(kept["partition"]),
        np.array(kept["threads"]),
        Status(kept["claimed"]),
        bound=kept["bound"],
        utility=kept["claimed_utility"],
        relaxes=tuple(kept["relaxes"]),
        note=note,
    )
