"""`splitbench gap` and `scaling`: exact methods against each other, in value and in time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splitbench.benchmark import options
from splitbench.benchmark.console import emit, print_json, remark, warn
from splitbench.benchmark.options import RunOptions, TableOptions, taking
from splitbench.benchmark.output import print_table
from splitbench.benchmark.planning.sources import sources_of
from splitbench.benchmark.referee.crosscheck import (
    EXACT_SOLVERS,
    HEURISTICS,
    agreement_words,
    disagreements,
)
from splitbench.benchmark.runs.plan import Request, plan_of
from splitbench.benchmark.runs.run_options import run_plan
from splitbench.benchmark.runs.run_report import print_problems
from splitbench.benchmark.studies.scaling import METHODS, MOST_S, SIZES, Point, measure, table

#: Slots taken of each episode where the suite is one of horizons.
SLOTS_OF_AN_EPISODE = 20
#: `scaling --quick`: as many devices, and seconds of a slot, at most.
QUICK_LARGEST, QUICK_MOST_S = 10_000, 2.0


@taking(how=RunOptions, table=TableOptions)
def gap(
    suites: options.Suites = None,
    solvers: options.Solvers = [],  # noqa: B006 — typer reads it, nothing changes it
    seeds: options.Seeds = 1,
    seed: options.Seed = 0,
    slots: options.Slots = None,
    *,
    how: RunOptions,
    table: TableOptions,
) -> None:
    """Measure optimality gaps on small instances; every exact method is cross-checked.

    Default: the suite `small`. A horizon suite gives its first slots, at the states the exact
    optimum passes through. Exit status 1 if two exact methods disagree (one line for each instance)
    or a cell failed. A heuristic's decision that breaks a constraint is no failure.
    """
    options.positive("--slots", slots)
    options.check_out(table.out)
    wanted = table.chosen
    made = sources_of(suites or ["small"])
    episodes = any(suite.episodes for suite in made)
    exact = [name for name in EXACT_SOLVERS if not episodes or name != "brute-force"]
    plan = plan_of(
        Request(
            suites=made,
            solvers=list(dict.fromkeys([*exact, *(solvers or HEURISTICS)])),
            seeds=options.seed_range(seeds, seed),
            slots=slots or (SLOTS_OF_AN_EPISODE if episodes else None),
            as_instances=True,
        )
    )
    records = run_plan(plan, how, wanted is options.Format.JSON)
    if records is None:
        return
    sound = print_table(records, wanted, table.out)
    print_problems(records, how.traceback, how.output)
    conflicts = disagreements(records)
    for line in conflicts:
        warn(f"EXACT METHODS DISAGREE: {line}")
    if conflicts:
        raise typer.Exit(1)
    remark(agreement_words(records))
    failed = any(record.failed and record.status != "invalid" for record in records)
    raise typer.Exit(1 if failed or not sound else 0)


def scaling(
    methods: Annotated[
        list[str] | None,
        typer.Option(
            "--method", metavar="METHOD", show_default=False, help=f"{', '.join(METHODS)}. All."
        ),
    ] = None,
    largest: Annotated[
        int | None,
        typer.Option("--largest", metavar="N", show_default=False, help="Most devices, 1,000,000."),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Up to 10,000 devices, and 2 s a slot; a minute or two."),
    ] = False,
    as_json: options.JsonFlag = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE.json", help="Keep it, for `plot scaling --points`."),
    ] = None,
) -> None:
    """Measure how time and memory grow with the number of devices, method by method.

    Slots of suite `city`, from 3 devices to 1,000,000: `exact`, each ILP as far as it comes in a
    minute a slot, and the bound on a horizon of 120 slots. Prints a table in markdown, with the
    exponents fitted to the times; about a quarter of an hour.
    """
    options.check_out(out)
    most_devices = largest or (QUICK_LARGEST if quick else max(SIZES))
    chosen = methods or METHODS

    def said(point: Point) -> None:
        remark(f"{point.method}, {point.devices:,} devices: {point.seconds:.3g} s")

    found = measure(most_devices, chosen, QUICK_MOST_S if quick else MOST_S, said)
    if out is not None:
        print_json(found, out)
        warn(f"wrote {out}")
    if as_json:
        print_json(found)
    else:
        emit(table(found), None)
