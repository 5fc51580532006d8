"""`splitbench plot` and `report`: figures from the store, and one HTML page about it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from splitbench.benchmark import options
from splitbench.benchmark.console import emit, print_json, remark, warn
from splitbench.benchmark.store_cells import chosen
from splitbench.problems.errors import InputError
from splitbench.results import Store
from splitbench.results.figures.episode_figure import episodes_to_draw
from splitbench.results.figures.figures import (
    DAY,
    NAMES,
    SCALING,
    save_day,
    save_figure,
    save_scaling,
)
from splitbench.results.figures.panels import Paper
from splitbench.results.figures.profile_chart import profile_chart
from splitbench.results.figures.scaling_figure import MEASURED
from splitbench.results.frame import frame_of
from splitbench.results.report.report import report as page_of
from splitbench.results.select_cells import latest
from splitbench.results.statistics.performance import profiles_by_suite

if TYPE_CHECKING:
    from pandas import DataFrame


#: The one figure that can also be printed in the terminal or as JSON.
_PROFILE = "performance-profile"


class Width(StrEnum):
    """How wide a figure is."""

    SCREEN = "screen"
    ONE_COLUMN = "1"
    TWO_COLUMNS = "2"


def plot(
    kind: Annotated[
        str,
        typer.Argument(metavar="KIND", help=", ".join(NAMES), autocompletion=lambda: list(NAMES)),
    ],
    suites: options.OnlySuites = None,
    solvers: options.OnlySolvers = None,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="SEED", help="Only this seed.")
    ] = None,
    store: options.StorePath = options.DEFAULT_STORE,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.png", help="PNG, SVG or PDF.")
    ] = None,
    width: Annotated[
        Width,
        typer.Option("--width", help="For a screen, or one or two columns of a paper."),
    ] = Width.SCREEN,
    points: Annotated[
        Path,
        typer.Option(
            "--points",
            metavar="FILE.json",
            show_default=False,
            help="scaling: what `splitbench scaling --out` wrote. Default: the shipped points.",
        ),
    ] = MEASURED,
    as_json: options.JsonFlag = False,
    ascii_only: Annotated[
        bool, typer.Option("--ascii", help="Draw in the terminal with ASCII only.")
    ] = False,
) -> None:
    """Draw what a store has; runs nothing.

    Without --out a performance profile is drawn in the terminal. Kinds: solve times against each
    other (Dolan-Moré); slot gaps, gaps to the bound of the whole horizon, and utilities by suite;
    sun, charge, price of energy and utility over the slots of one episode (day); solve time
    against devices; gap against solve time (quality); mean utility of the first
    n seeds (convergence). `scaling` draws how time and memory grow with N, as `splitbench
    scaling` measured it, and reads no store.
    """
    if kind not in NAMES:
        raise InputError(f"plot: got {kind!r}; expected one of {', '.join(NAMES)}")
    if out is None and kind != _PROFILE:
        raise InputError(f"plot {kind}: expected --out FILE.png; the terminal has `table --stats`")
    if as_json and kind != _PROFILE:
        raise InputError(f"plot {kind}: --json is for performance-profile; expected `table --json`")
    if kind == SCALING and out is not None:
        save_scaling(out, Paper[width.name], points)
        warn(f"wrote {out}")
        return
    with Store(store, write=False) as opened:
        found = latest(frame_of(opened.summaries()))
        if found.frame.empty:
            raise InputError(f"--store: {store} has no cells; expected what `splitbench run` wrote")
        frame = chosen(found.frame, suites, solvers, seed)
        if out is not None:
            _save(kind, frame, opened, out, width)
    for one in found.remarks:
        warn(one)
    if out is not None:
        warn(f"wrote {out}")
    if as_json or out is None:
        _print_profile(frame, as_json, ascii_only)


def report(
    store: options.StorePath = options.DEFAULT_STORE,
    suites: options.OnlySuites = None,
    solvers: options.OnlySolvers = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE.html", help="The page to write.")
    ] = Path("report.html"),
) -> None:
    """Write one HTML page about a store: tables, figures, failures; runs nothing.

    The page needs no network: its style, script and figures are inside.
    """
    if out.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"--out: got {out}; expected a name that ends in .html")
    options.check_out(out)
    with Store(store, write=False) as opened:
        found = latest(frame_of(opened.summaries()))
        if found.frame.empty:
            raise InputError(f"--store: {store} has no cells; expected what `splitbench run` wrote")
        frame = chosen(found.frame, suites, solvers)
        emit(page_of(frame, opened, found.remarks).rstrip("\n"), out)
    remark(f"wrote {out}")
    if (frame["impossible"] != "").any():
        raise typer.Exit(1)


def _save(kind: str, frame: DataFrame, store: Store, out: Path, width: Width) -> None:
    paper = Paper[width.name]
    if kind != DAY:
        save_figure(kind, frame, out, paper)
        return
    save_day(list(store.get(episodes_to_draw(frame)).values()), out, paper)


def _print_profile(frame: DataFrame, as_json: bool, ascii_only: bool) -> None:
    import shutil

    profiles = profiles_by_suite(frame)
    if as_json:
        print_json([{"suite": title} | profile.to_json() for title, profile in profiles])
        return
    width = shutil.get_terminal_size((100, 24)).columns
    for title, profile in profiles:
        emit(profile_chart(title, profile, width, ascii_only=ascii_only) + "\n", None)
