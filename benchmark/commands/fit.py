"""`splitbench fit`: fit Eq. 7 and alternative forms to measured thread sweeps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splitbench.benchmark import options
from splitbench.benchmark.console import emit, print_json, progress, warn
from splitbench.benchmark.fit_report import fit_lines, fitted, statements, sweeps_of
from splitbench.problems.errors import InputError
from splitbench.results.figures.figures import check_suffix
from splitbench.results.figures.latency_figures import draw_fits


def fit(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="CSV",
            show_default=False,
            help="machine,model,threads,latency_ms; or a profile. Default: published.",
        ),
    ] = None,
    form: Annotated[
        list[str] | None,
        typer.Option(
            "--form",
            metavar="FORM",
            show_default=False,
            help="exp2 (Eq. 7), amdahl, inverse, table (as measured), table[idle=allowed] (its "
            "running minimum), constant. Default: all that fit but table[idle=allowed].",
        ),
    ] = None,
    machine: Annotated[
        str | None, typer.Option("--machine", metavar="NAME", help="Only this machine.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="NAME", help="Only this DNN.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="PATH.png", help="Draw points and curves.")
    ] = None,
    as_json: options.JsonFlag = False,
    out: options.Out = None,
) -> None:
    """Fit D(k) to measured thread sweeps; constants are in seconds.

    Eq. 7 needs five thread counts; with fewer, a message says so and a simpler form is fitted. The
    preferred form has the smallest leave-one-out error.
    """
    from functools import partial

    if plot is not None:
        check_suffix(plot, "--plot")
        if not plot.resolve().parent.is_dir():
            raise InputError(f"--plot: no directory {plot.parent}; expected an existing one")
    options.check_out(out)
    sweeps = sweeps_of(file, machine, model)
    with progress("sweeps", len(sweeps)) as advance:
        found = [
            fitted(sweep, form or (), partial(advance, f"{sweep.model} on {sweep.machine}"))
            for sweep in sweeps
        ]
    for line in statements(found, form or ()):
        warn(line)
    if plot is not None:
        draw_fits([(one.sweep, one.fits, one.preferred) for one in found], plot)
        warn(f"wrote {plot}")
    if as_json:
        rows = [row for one in found for row in one.rows()]
        print_json(rows, out)
    else:
        emit("\n".join(line for one in found for line in fit_lines(one)), out)
