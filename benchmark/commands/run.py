"""`splitbench run`: the benchmark table."""

from __future__ import annotations

import typer

from splitbench.benchmark import options
from splitbench.benchmark.console import remark
from splitbench.benchmark.options import RunOptions, TableOptions, taking
from splitbench.benchmark.output import print_table
from splitbench.benchmark.runs.plan import DEFAULT_SOLVERS, DEFAULT_SUITES, Request, plan_of
from splitbench.benchmark.runs.run_options import run_plan
from splitbench.benchmark.runs.run_report import print_problems
from splitbench.problems.suites.named_suites import with_truth

#: Default number of seeds, for suites that do not set their own.
SEEDS = 3


@taking(how=RunOptions, table=TableOptions)
def run(
    suites: options.Suites = None,
    solvers: options.Solvers = [],  # noqa: B006 — typer reads it, nothing changes it
    seeds: options.SeedCount = None,
    seed: options.Seed = 0,
    slots: options.Slots = None,
    no_reference: options.NoReference = False,
    truth: options.Truth = None,
    *,
    how: RunOptions,
    table: TableOptions,
) -> None:
    """Run solvers on suites and files, and print the benchmark table.

    Without arguments: the paper's schemes and the exact optimum on the paper's WiFi and 5G
    suites. Stored cells are not run again.
    """
    options.positive("--slots", slots)
    options.positive("--seeds", seeds)
    options.check_out(table.out)
    wanted = table.chosen
    named = list(suites or DEFAULT_SUITES)
    plan = plan_of(
        Request(
            suites=named if truth is None else [with_truth(text, truth) for text in named],
            solvers=list(solvers) or list(DEFAULT_SOLVERS),
            seeds=options.seed_range(seeds or SEEDS, seed),
            own_seeds=seeds is None,
            slots=slots,
            reference=not no_reference,
        )
    )
    for suite in plan.suites:
        for line in suite.remarks:
            remark(line)
    records = run_plan(plan, how, wanted is options.Format.JSON)
    if records is None:
        return
    sound = print_table(records, wanted, table.out)
    print_problems(records, how.traceback, how.output)
    raise typer.Exit(1 if not sound or any(record.failed for record in records) else 0)
