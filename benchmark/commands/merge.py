"""`splitbench merge`: merge the stores of several machines into one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splitbench.benchmark import options
from splitbench.benchmark.console import print_json, warn
from splitbench.results.store.merge import merge as merge_stores


def merge(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The merged store, a new file.")],
    sources: Annotated[list[Path], typer.Argument(metavar="IN...", help="Stores to merge.")],
    update: Annotated[bool, typer.Option("--update", help="Add to OUT, which exists.")] = False,
    as_json: options.JsonFlag = False,
) -> None:
    """Merge stores; runs nothing and leaves the inputs as they are.

    If several stores have a cell, a finished record is preferred, then the newer one. Exit status 1
    if two stores finished a cell with different results (one line for each).
    """
    merged = merge_stores(out, sources, update=update)
    for line in merged.conflicts:
        warn(f"CONFLICT: {line}")
    if as_json:
        print_json({"out": str(out)} | merged.to_json())
    else:
        taken = ", ".join(f"{count} of {path}" for path, count in merged.taken.items())
        warn(
            f"{out}: {merged.cells} cells ({taken}); {merged.shared} were in several stores, "
            f"{len(merged.conflicts)} of them in conflict"
        )
    raise typer.Exit(1 if merged.conflicts else 0)
