"""Run solvers on one file, as the cells they are, without a store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from splitbench.benchmark.isolation.cell_runner import CellRunner
from splitbench.benchmark.isolation.limits import Limits
from splitbench.benchmark.planning.posed import FILE
from splitbench.benchmark.referee.cell import run_cell
from splitbench.benchmark.runs.solver_version import solver_version
from splitbench.results import CellKey, CellRecord
from splitbench.results.bounds import bound_key, with_horizon_gaps
from splitbench.solvers.registry import canonical_name
from splitbench.solvers.solver_spec import parse_solver


def run_file(
    file: Path, solvers: Sequence[str], seed: int, reference: bool, limits: Limits
) -> Iterator[CellRecord]:
    """Run each solver on a slot instance or a horizon file, and yield its record.

    In a process of its own where there is a limit or the solver's code is a user's file; else
    here, which starts sooner.
    """
    path = f"{FILE}{file.resolve()}"
    with closing(CellRunner(limits)) as runner:
        for name in solvers:
            key = CellKey(path, canonical_name(name), seed, None, None, reference, "")
            ours = not any(half.path for half in parse_solver(name))
            here = ours and limits == Limits(None, None)
            record = run_cell(key) if here else runner.run(key).record
            record.solver_version = solver_version(key.solver)
            yield record


def with_bound(records: Sequence[CellRecord]) -> list[CellRecord]:
    """Return the records of a horizon file with their gaps to its clairvoyant bound."""
    return with_horizon_gaps([*records, run_cell(bound_key(records[0].key))])
