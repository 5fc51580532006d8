"""`splitbench paper`: figures and tables of the paper, claimed and ours side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splitbench.benchmark import options
from splitbench.problems.errors import InputError


def paper(
    items: Annotated[
        list[str] | None, typer.Argument(metavar="[ITEM]...", show_default=False)
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Directory for figures.")] = (
        Path("paper-figures")
    ),
    profile: Annotated[
        Path | None,
        typer.Option(
            "--profile",
            metavar="PATH",
            help="Profile to fit on; default: ours.",
            show_default=False,
        ),
    ] = None,
    test_profile: Annotated[
        Path | None,
        typer.Option(
            "--test-profile",
            metavar="PATH",
            help="Profile to judge on; default: ours.",
            show_default=False,
        ),
    ] = None,
    as_json: options.JsonFlag = False,
) -> None:
    """Make figures and tables of the paper (all, or those named), claimed and ours."""
    from splitbench.benchmark.console import emit, print_json, warn
    from splitbench.benchmark.inventory import print_listing
    from splitbench.benchmark.paper.items import PaperRequest, chosen_items, make_item

    names = chosen_items(items or [])
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out: {out}: {error.strerror}; expected a directory") from None
    given = {"profile": profile, "test_profile": test_profile}
    request = PaperRequest(out, **{name: path for name, path in given.items() if path is not None})
    results = [make_item(name, request) for name in names]
    for result in results:
        for path in result.figures:
            warn(f"wrote {path}")
    if as_json:
        print_json([result.to_json() for result in results])
        return
    for result in results:
        print_listing(result.title, result.rows)
        emit("\n".join(f"  {note}" for note in result.notes), None)
