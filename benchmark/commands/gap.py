"""`splitbench gap`: optimality gaps on small instances, exact methods cross-checked."""

from __future__ import annotations

import typer

from splitbench.benchmark import options
from splitbench.benchmark.console import remark, warn
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

#: Slots taken of each episode where the suite is one of horizons.
SLOTS_OF_AN_EPISODE = 20


@taking(how=RunOptions, table=TableOptions)
def gap(
    suites: options.Suites = None,
    solvers: options.Solvers = [],  # noqa: B006 — typer reads it, nobody changes it
    seeds: options.Seeds = 1,
    seed: options.Seed = 0,
    slots: options.Slots = None,
    *,
    how: RunOptions,
    table: TableOptions,
) -> None:
    """Measure optimality gaps on small instances; every exact method is cross-checked.

    Default: the suite `small`. A horizon suite gives its first slots, at the states the exact
    optimum passes through. Exit status 1 where two exact methods disagree, with a line for each
    instance, or a cell failed; a heuristic whose decision breaks a constraint is a row, not a
    failure.
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
