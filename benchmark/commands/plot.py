"""`splitbench plot`: figures from the store."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmark import options
from problems.errors import InputError


class Kind(StrEnum):
    """What can be drawn."""

    PERFORMANCE_PROFILE = "performance-profile"
    GAP = "gap"
    UTILITY = "utility"
    TIME = "time"


def plot(
    kind: Annotated[Kind, typer.Argument(metavar="performance-profile|gap|utility|time")],
    store: options.StorePath = options.DEFAULT_STORE,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.png", help="PNG, SVG or PDF.")
    ] = None,
    as_json: options.JsonFlag = False,
    ascii_only: Annotated[
        bool, typer.Option("--ascii", help="Draw in the terminal with ASCII only.")
    ] = False,
) -> None:
    """Draw what a store has; runs nothing.

    Without --out a performance profile is drawn in the terminal. Kinds: solve times against each
    other (Dolan-Moré), slot gaps and utilities by suite, solve time against devices.
    """
    from benchmark.console import warn
    from results import Store
    from results.latest import latest

    if out is None and kind is not Kind.PERFORMANCE_PROFILE:
        raise InputError(f"plot {kind}: expected --out FILE.png; the terminal has `table --stats`")
    if as_json and kind is not Kind.PERFORMANCE_PROFILE:
        raise InputError(f"plot {kind}: --json is for performance-profile; expected `table --json`")
    with Store(store, write=False) as opened:
        found = latest(opened.summaries())
    for remark in found.remarks:
        warn(remark)
    if not found.records:
        raise InputError(f"--store: {store} has no cells; expected what `splitbench run` wrote")
    if out is not None:
        from results.figures import save_figure

        save_figure(str(kind), found.records, out)
        warn(f"wrote {out}")
    if as_json or out is None:
        _print_profile(found.records, as_json, ascii_only)


def _print_profile(records: list[Any], as_json: bool, ascii_only: bool) -> None:
    import shutil

    from benchmark.console import emit, print_json
    from results.performance import profiles_by_suite
    from results.profile_chart import profile_chart
    from results.samples import samples_of

    profiles = profiles_by_suite(samples_of(records))
    if as_json:
        print_json([{"suite": title} | profile.to_json() for title, profile in profiles])
        return
    width = shutil.get_terminal_size((100, 24)).columns
    for title, profile in profiles:
        emit(profile_chart(title, profile, width, ascii_only=ascii_only) + "\n", None)
