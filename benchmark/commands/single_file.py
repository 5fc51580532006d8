"""`splitbench solve`, `simulate` and `export`: one file, run as a cell like any other."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from splitbench.benchmark import options
from splitbench.benchmark.console import print_json, progress, remark
from splitbench.benchmark.isolation.limits import Limits
from splitbench.benchmark.options import taking
from splitbench.benchmark.output import all_possible
from splitbench.benchmark.runs.one_file import run_here
from splitbench.benchmark.runs.plan import Plan, Request, plan_of
from splitbench.benchmark.runs.report_one import (
    print_simulations,
    print_solution,
    simulation_object,
    solution_object,
)
from splitbench.benchmark.runs.run_report import print_problems
from splitbench.problems import InputError, load_horizon, load_instance
from splitbench.problems.ilp.mip_export import export_lp, export_mps
from splitbench.problems.suites.library import PREFIX as LIBRARY
from splitbench.problems.suites.library import library_file
from splitbench.results import CellRecord
from splitbench.results.bounds import with_horizon_gaps
from splitbench.results.shown_names import with_shown_names
from splitbench.solvers import Status

File = Annotated[str, typer.Argument(metavar="FILE", help="A slot instance, or library:NAME.")]
HorizonFile = Annotated[
    str, typer.Argument(metavar="FILE", help="A horizon file, or library:NAME.")
]

#: As `--out`: the model goes to stdout.
STDOUT = Path("-")


class ModelFormat(StrEnum):
    """Formats of the slot ILP."""

    MPS = "mps"
    LP = "lp"


@dataclass(frozen=True)
class FileOptions:
    """How one file is run: the options that `solve` and `simulate` share."""

    seed: options.Seed = 0
    timeout: options.Timeout = "none"
    memory: options.Memory = "none"
    as_json: options.JsonFlag = False
    no_reference: options.NoReference = False
    out: options.Out = None
    traceback: options.Traceback = False
    output: options.Output = False

    def limits(self) -> Limits:
        """Check the options and return the limits of each solver."""
        options.seed_range(1, self.seed)
        options.check_out(self.out)
        return options.limits_of(self.timeout, self.memory)

    def plan(self, file: str, solvers: list[str]) -> Plan:
        """Return the cells of a file."""
        seeds = options.seed_range(1, self.seed)
        return plan_of(Request([file], solvers, seeds, reference=not self.no_reference))


@taking(how=FileOptions)
def solve(
    file: File,
    solvers: options.Solvers = [],  # noqa: B006 — typer reads it, nothing changes it
    *,
    how: FileOptions,
) -> None:
    """Solve one slot instance and say how far the decision is from the optimum.

    Exit status: 0 solved; 1 no valid decision; 3 proven infeasible. With a limit on time or memory
    the solver runs in a separate process, which is killed when it exceeds the limit.
    """
    limits = how.limits()
    if len(solvers) > 1:
        raise InputError(f"--solver: got {', '.join(solvers)}; expected one, as in -s exact")
    load_instance(_path(file))  # refuse an unsuitable file before anything runs
    plan = how.plan(file, solvers or ["exact"])
    if len(plan.solvers) > 1:
        names = " or ".join(solver.name for solver in plan.solvers)
        raise InputError(f"--solver: {solvers[0]} has several; expected {names}")
    (record,) = with_shown_names(run_here(plan, limits))
    found = solution_object(load_instance(_path(file)), record)
    if how.as_json:
        print_json(found, how.out)
    else:
        print_solution(found, how.out)
    print_problems([record], how.traceback, how.output)
    if not all_possible([record]):
        raise typer.Exit(1)
    if record.status == Status.INFEASIBLE:
        raise typer.Exit(3)
    raise typer.Exit(0 if record.status in (Status.OPTIMAL, Status.FEASIBLE) else 1)


@taking(how=FileOptions)
def simulate(
    file: HorizonFile,
    solvers: options.Solvers = [],  # noqa: B006 — typer reads it, nothing changes it
    *,
    how: FileOptions,
) -> None:
    """Run solvers through one horizon file, charge carried from slot to slot.

    With a limit on time or memory each solver runs in a separate process.
    """
    limits = how.limits()
    load_horizon(_path(file))  # refuse an unsuitable file before anything runs
    plan = how.plan(file, solvers or ["exact"])
    records: list[CellRecord] = []
    with progress("solvers", len(plan.cells)) as advance:
        for record in run_here(plan, limits):
            records.append(record)
            advance(record.key.solver)
    records = with_horizon_gaps(with_shown_names(records))
    found = [simulation_object(record) for record in records]
    if how.as_json:
        print_json(found, how.out)
    else:
        print_simulations(found, how.out)
    print_problems(records, how.traceback, how.output)
    possible = all_possible(records)
    raise typer.Exit(1 if not possible or any(record.failed for record in records) else 0)


def _path(file: str) -> Path:
    """Return the path of a file, or of an entry of the library."""
    return library_file(file) if file.startswith(LIBRARY) else Path(file)


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A slot instance.")],
    format: Annotated[ModelFormat, typer.Option("--format", help="Format of the model.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="PATH",
            show_default=False,
            help="Where to write; - is stdout. Default: beside FILE, with the format's extension.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Write the slot's integer linear programme for any other MIP solver."""  # fmt: skip
    problem = load_instance(file)
    write = export_mps if format is ModelFormat.MPS else export_lp
    if out == STDOUT:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"model.{format}"
            write(problem, path)
            sys.stdout.write(path.read_text(encoding="utf-8"))
        return
    path = out or file.with_suffix(f".{format}")
    if path.exists() and path.resolve() == file.resolve():
        raise InputError(f"--out: {path} is the instance itself; expected another file")
    if path.exists() and not force:
        raise InputError(f"--out: {path} exists; expected another file, or --force to replace it")
    try:
        write(problem, path)
    except OSError as error:
        raise InputError(f"--out: {path}: {error.strerror}; expected a file to write") from None
    remark(f"wrote {path}")
