"""`splitbench plot`: figures from the store."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from splitbench.benchmark import options
from splitbench.problems.errors import InputError


class Kind(StrEnum):
    """What can be drawn."""

    PERFORMANCE_PROFILE = "performance-profile"
    GAP = "gap"
    HORIZON_GAP = "horizon-gap"
    DAY = "day"
    UTILITY = "utility"
    TIME = "time"


def plot(
    kind: Annotated[
        Kind, typer.Argument(metavar="performance-profile|gap|horizon-gap|day|utility|time")
    ],
    suites: Annotated[
        list[str] | None, typer.Option("--suite", metavar="SUITE", help="Only this; repeatable.")
    ] = None,
    solvers: Annotated[
        list[str] | None, typer.Option("-s", "--solver", metavar="SOLVER", help="Only these.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="SEED", help="Only this seed.")
    ] = None,
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
    other (Dolan-Moré); slot gaps, gaps to the bound of the whole horizon, and utilities by suite;
    sun, charge, price of energy and utility over the slots of one episode (day); solve time
    against devices.
    """
    from splitbench.benchmark.console import warn
    from splitbench.results import Store
    from splitbench.results.select_cells import latest

    if out is None and kind is not Kind.PERFORMANCE_PROFILE:
        raise InputError(f"plot {kind}: expected --out FILE.png; the terminal has `table --stats`")
    if as_json and kind is not Kind.PERFORMANCE_PROFILE:
        raise InputError(f"plot {kind}: --json is for performance-profile; expected `table --json`")
    with Store(store, write=False) as opened:
        found = latest(opened.summaries())
        if not found.records:
            raise InputError(f"--store: {store} has no cells; expected what `splitbench run` wrote")
        records = _chosen(found.records, suites, solvers, seed)
        if kind is Kind.DAY:
            from splitbench.results.figures.episode_figure import episodes_to_draw

            chosen = [record.key for record in episodes_to_draw(records)]
            with_decisions = opened.get(chosen)
            records = [with_decisions[key] for key in chosen]
    for remark in found.remarks:
        warn(remark)
    if out is not None:
        from splitbench.results.figures.figures import save_figure

        save_figure(str(kind), records, out)
        warn(f"wrote {out}")
    if as_json or out is None:
        _print_profile(records, as_json, ascii_only)


def _chosen(
    records: list[Any], suites: list[str] | None, solvers: list[str] | None, seed: int | None
) -> list[Any]:
    """Keep the cells asked for, and the bounds of their horizons."""
    from splitbench.problems.suites.named_suites import make_suite
    from splitbench.solvers.registry import canonical_name

    kept = _only(records, "suite", [make_suite(text).name for text in suites or []])
    kept = _only(kept, "solver", [canonical_name(text) for text in solvers or []])
    return _only(kept, "seed", [] if seed is None else [seed])


def _only(records: list[Any], name: str, wanted: list[Any]) -> list[Any]:
    """Keep the cells whose key has one of these values; all where none is asked for."""
    from splitbench.results.bounds import BOUND

    known = {getattr(record.key, name) for record in records} - {BOUND}
    for value in wanted:
        if value not in known:
            raise InputError(
                f"--{name}: the store has no such cell of {value}; "
                f"expected one of {', '.join(sorted(map(str, known)))}"
            )
    kept = {*wanted, BOUND} if wanted else {*known, BOUND}
    return [record for record in records if getattr(record.key, name) in kept]


def _print_profile(records: list[Any], as_json: bool, ascii_only: bool) -> None:
    import shutil

    from splitbench.benchmark.console import emit, print_json
    from splitbench.results.figures.profile_chart import profile_chart
    from splitbench.results.statistics.performance import profiles_by_suite
    from splitbench.results.statistics.samples import samples_of

    profiles = profiles_by_suite(samples_of(records))
    if as_json:
        print_json([{"suite": title} | profile.to_json() for title, profile in profiles])
        return
    width = shutil.get_terminal_size((100, 24)).columns
    for title, profile in profiles:
        emit(profile_chart(title, profile, width, ascii_only=ascii_only) + "\n", None)
