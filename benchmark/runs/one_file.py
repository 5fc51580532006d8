"""Run solvers on one file as ordinary cells, without a store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from splitbench.benchmark.isolation.cell_runner import CellRunner
from splitbench.benchmark.isolation.limits import Limits
from splitbench.benchmark.referee.cell import run_cell
from splitbench.benchmark.runs.plan import Plan
from splitbench.benchmark.runs.solver_version import solver_version
from splitbench.results import CellRecord
from splitbench.results.bounds import BOUND
from splitbench.solvers.solver_spec import parse_solver


def run_here(plan: Plan, limits: Limits) -> Iterator[CellRecord]:
    """Run a plan's cells and yield each record, the bound of a horizon last.

    A separate process is used if there is a limit or the solver is a user's file; otherwise this
    process, which starts faster.
    """
    labels = {solver.name: solver.label for solver in plan.solvers}
    with closing(CellRunner(limits)) as runner:
        for key in plan.cells:
            if key.solver == BOUND:
                yield run_cell(key)
                continue
            ours = not any(half.path for half in parse_solver(key.solver))
            here = ours and limits == Limits(None, None)
            record = run_cell(key) if here else runner.run(key).record
            record.solver_version = solver_version(key.solver)
            record.suite_label = plan.suites[0].label
            record.solver_label = labels.get(key.solver, "")
            yield record
