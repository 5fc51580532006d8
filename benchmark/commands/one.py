"""`splitbench solve`, `simulate`, `export`: one file at a time."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmark import options
from problems.errors import InputError

File = Annotated[Path, typer.Argument(metavar="FILE", help="A splitbench JSON file.")]


class ModelFormat(StrEnum):
    """Formats of the slot ILP."""

    MPS = "mps"
    LP = "lp"


def solve(
    file: File,
    solver: Annotated[str, typer.Option("-s", "--solver", metavar="SOLVER")] = "exact",
    seed: options.Seed = 0,
    as_json: options.JsonFlag = False,
    no_reference: options.NoReference = False,
    out: options.Out = None,
) -> None:
    """Solve one slot instance and say how far the decision is from the optimum.

    Exit status: 0 solved; 1 no valid decision; 3 proven infeasible.
    """
    from benchmark.console import print_json
    from benchmark.episode import run_instance
    from benchmark.report_one import print_solution, solution_object
    from problems import load_instance
    from solvers import Context, Status, make

    problem = load_instance(file)
    made = make(solver)
    run = run_instance(made, problem, Context(seed=seed), reference=not no_reference)
    found = solution_object(solver, problem, run)
    if as_json:
        print_json(found, out)
    else:
        print_solution(found, out)
    status = run.verdict.status
    if status is Status.INFEASIBLE:
        raise typer.Exit(3)
    raise typer.Exit(0 if status in (Status.OPTIMAL, Status.FEASIBLE) else 1)


def simulate(
    file: File,
    solvers: options.Solvers = [],  # noqa: B006 — typer reads it, nobody changes it
    seed: options.Seed = 0,
    as_json: options.JsonFlag = False,
    no_reference: options.NoReference = False,
    out: options.Out = None,
) -> None:
    """Run solvers through one horizon file, charge carried from slot to slot."""
    from benchmark.console import print_json, progress
    from benchmark.report_one import print_simulations, simulate_one
    from problems import load_horizon
    from solvers.registry import check_name

    names = list(solvers) or ["exact"]
    for name in names:
        check_name(name)
    horizon = load_horizon(file)
    found: list[dict[str, Any]] = []
    with progress("slots", len(names) * len(horizon)) as advance:
        for name in names:
            found.append(simulate_one(name, horizon, seed, not no_reference, advance))
    if as_json:
        print_json(found, out)
    else:
        print_simulations(found, out)
    good = all(one["status"] in ("optimal", "feasible") for one in found)
    raise typer.Exit(0 if good else 1)


def export(
    file: File,
    format: Annotated[ModelFormat, typer.Option("--format", help="Format of the model.")],
    out: options.Out = None,
) -> None:
    """Write the slot's integer linear programme for any other MIP solver."""
    from problems import load_instance
    from problems.mip_export import export_lp, export_mps

    problem = load_instance(file)
    path = out or file.with_suffix(f".{format}")
    if path.resolve() == file.resolve():
        raise InputError(f"--out: {path} is the instance itself; expected another file")
    (export_mps if format is ModelFormat.MPS else export_lp)(problem, path)
    typer.echo(f"wrote {path}", err=True)
