"""`splitbench new` and `splitbench check`: write a solver of one's own, and check it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splitbench.benchmark import options
from splitbench.benchmark.check.report import check_and_print
from splitbench.benchmark.scaffold.write import Kind, write_new


def new(
    kind: Annotated[Kind, typer.Argument(help="What to write.")],
    name: Annotated[str, typer.Argument(help="Its name, such as my-solver.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write into.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
) -> None:
    """Write a small working solver, partitioner, allocator, policy, suite or instance.

    A plug-in comes with its test. What to type next is printed.

    Example: splitbench new solver mine
    """
    written = write_new(kind, name, out, force)
    for path in written.files:
        typer.echo(f"wrote {path}")
    typer.echo("next:")
    for command in written.next_commands:
        typer.echo(f"  {command}")


def check(
    solver: Annotated[str, typer.Argument(help="A name, or path/to/file.py:ClassName.")],
    seed: options.Seed = 0,
    out: Annotated[Path, typer.Option("--out", help="Folder for the instances that fail.")] = Path(
        "splitbench-check"
    ),
    as_json: options.JsonFlag = False,
) -> None:
    """Check that a solver keeps the contract, on small and degenerate instances.

    Each property that does not hold is named, with the smallest instance found, saved as a file.
    Exit status: 0 all hold; 1 some do not.

    Example: splitbench check mine.py
    """
    passed = check_and_print(solver, seed, out, as_json)
    raise typer.Exit(0 if passed else 1)
