"""`splitbench solve`, `simulate`, `export`: one file at a time."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from splitbench.benchmark import options
from splitbench.problems.errors import InputError

File = Annotated[Path, typer.Argument(metavar="FILE", help="A splitbench JSON file.")]


class ModelFormat(StrEnum):
    """Formats of the slot ILP."""

    MPS = "mps"
    LP = "lp"


def solve(
    file: File,
    solvers: options.Solvers = [],  # noqa: B006 — typer reads it, nobody changes it
    seed: options.Seed = 0,
    timeout: options.Timeout = "none",
    memory: options.Memory = "none",
    as_json: options.JsonFlag = False,
    no_reference: options.NoReference = False,
    out: options.Out = None,
) -> None:
    """Solve one slot instance and say how far the decision is from the optimum.

    Exit status: 0 solved; 1 no valid decision; 3 proven infeasible. With a limit of time or
    memory the solver runs in a process of its own, which is killed when it goes beyond.
    """
    from splitbench.benchmark.console import print_json
    from splitbench.benchmark.planning.chosen_solvers import choose_solvers
    from splitbench.benchmark.runs.one_file import run_file
    from splitbench.benchmark.runs.report_one import print_solution, solution_object
    from splitbench.problems import load_instance
    from splitbench.solvers import Status

    limits = options.limits_of(timeout, memory)
    options.seed_range(1, seed)
    if len(solvers) > 1:
        raise InputError(f"--solver: got {', '.join(solvers)}; expected one, as in -s exact")
    solver = solvers[0] if solvers else "exact"
    (solver,) = [one.name for one in choose_solvers([solver])][:1]
    problem = load_instance(file)
    (record,) = run_file(file, [solver], seed, not no_reference, limits)
    found = solution_object(problem, record)
    if as_json:
        print_json(found, out)
    else:
        print_solution(found, out)
    if record.status == Status.INFEASIBLE:
        raise typer.Exit(3)
    raise typer.Exit(0 if record.status in (Status.OPTIMAL, Status.FEASIBLE) else 1)


def simulate(
    file: File,
    solvers: options.Solvers = [],  # noqa: B006 — typer reads it, nobody changes it
    seed: options.Seed = 0,
    timeout: options.Timeout = "none",
    memory: options.Memory = "none",
    as_json: options.JsonFlag = False,
    no_reference: options.NoReference = False,
    out: options.Out = None,
) -> None:
    """Run solvers through one horizon file, charge carried from slot to slot.

    With a limit of time or memory each solver runs in a process of its own.
    """
    from splitbench.benchmark.console import print_json, progress
    from splitbench.benchmark.planning.chosen_solvers import choose_solvers
    from splitbench.benchmark.runs.one_file import run_file, with_bound
    from splitbench.benchmark.runs.report_one import print_simulations, simulation_object
    from splitbench.problems import load_horizon

    limits = options.limits_of(timeout, memory)
    options.seed_range(1, seed)
    names = [one.name for one in choose_solvers(solvers or ["exact"])]
    load_horizon(file)  # refuse another file before anything runs
    records = []
    with progress("solvers", len(names)) as advance:
        for record in run_file(file, names, seed, not no_reference, limits):
            records.append(record)
            advance(record.key.solver)
    if not no_reference:
        records = with_bound(records)
    found = [simulation_object(record) for record in records]
    if as_json:
        print_json(found, out)
    else:
        print_simulations(found, out)
    raise typer.Exit(1 if any(record.failed for record in records) else 0)


def export(
    file: File,
    format: Annotated[ModelFormat, typer.Option("--format", help="Format of the model.")],
    out: options.Out = None,
) -> None:
    """Write the slot's integer linear programme for any other MIP solver."""
    from splitbench.problems import load_instance
    from splitbench.problems.ilp.mip_export import export_lp, export_mps

    problem = load_instance(file)
    path = out or file.with_suffix(f".{format}")
    if path.resolve() == file.resolve():
        raise InputError(f"--out: {path} is the instance itself; expected another file")
    (export_mps if format is ModelFormat.MPS else export_lp)(problem, path)
    typer.echo(f"wrote {path}", err=True)
