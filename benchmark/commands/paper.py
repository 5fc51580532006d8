"""`splitbench paper`: figures and tables of the paper, claimed and ours side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splitbench.benchmark import options
from splitbench.benchmark.console import emit, print_json, warn
from splitbench.benchmark.inventory import print_listing
from splitbench.benchmark.paper.figure import plain, write_index, write_tables
from splitbench.benchmark.paper.items import (
    ASKED_FOR,
    FIRST_SEED,
    ITEMS,
    QUICK_SEEDS,
    QUICK_SLOTS,
    SEEDS,
    PaperRequest,
    chosen_items,
    make_item,
)
from splitbench.problems.errors import InputError

_ITEMS = f"{', '.join(ITEMS)}, all; {', '.join(ASKED_FOR)} only where named."


def paper(
    items: Annotated[
        list[str] | None, typer.Argument(metavar="[ITEM]...", show_default=False, help=_ITEMS)
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
    store: options.StorePath = options.DEFAULT_STORE,
    seeds: options.Seeds = SEEDS,
    seed: options.Seed = FIRST_SEED,
    slots: options.Slots = None,
    jobs: options.Jobs = 1,
    quick: Annotated[
        bool, typer.Option("--quick", help="Two seeds, 40 slots, fewer points: minutes.")
    ] = False,
    as_json: options.JsonFlag = False,
) -> None:
    """Make figures and tables of the paper (all, or those named), claimed and ours.

    Each item is a figure (PNG and SVG), a table and a verdict on each claim. Stored cells are not
    run again. `calibrate` searches the calibration of the suites paper-calibrated-*; it is not part
    of `all`.
    """
    names = chosen_items(items or [])
    options.positive("--slots", slots)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out: {out}: {error.strerror}; expected a directory") from None
    if quick:
        seeds, slots = min(seeds, QUICK_SEEDS), slots or QUICK_SLOTS
    given = {"profile": profile, "test_profile": test_profile}
    request = PaperRequest(
        out,
        store=store,
        seeds=options.seed_range(seeds, seed),
        slots=slots,
        quick=quick,
        jobs=jobs,
        **{name: path for name, path in given.items() if path is not None},
    )
    results = []
    for name in names:
        result = make_item(name, request)
        for path in [*result.figures, *write_tables(result, out)]:
            warn(f"wrote {path}")
        results.append(result)
    warn(f"wrote {write_index(out)}")
    if as_json:
        print_json(plain([result.to_json() for result in results]))
        return
    for result in results:
        print_listing(result.title, result.rows)
        for title, rows in result.more.items():
            print_listing(title, rows)
        if result.verdicts:
            print_listing(f"{result.item}: claims of the paper", result.verdicts)
        emit("\n".join(f"  {note}" for note in result.notes), None)
