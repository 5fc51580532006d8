"""`splitbench run`: the benchmark table."""

from __future__ import annotations

from typing import Annotated

import typer

from splitbench.benchmark import options


def run(
    suites: Annotated[
        list[str] | None, typer.Argument(metavar="[SUITE]...", show_default=False)
    ] = None,
    solvers: options.Solvers = [],  # noqa: B006 — typer reads it, nobody changes it
    seeds: options.Seeds = 3,
    seed: options.Seed = 0,
    slots: options.Slots = None,
    store: options.StorePath = options.DEFAULT_STORE,
    as_json: options.JsonFlag = False,
    format: options.FormatOption = options.Format.RICH,
    out: options.Out = None,
    no_reference: options.NoReference = False,
    truth: options.Truth = None,
    jobs: options.Jobs = 1,
    executor: options.ExecutorOption = options.Where.LOCAL,
    scheduler: options.Scheduler = None,
    timeout: options.Timeout = "10m",
    memory: options.Memory = "4GiB",
    rerun: options.Rerun = False,
    rerun_failed: options.RerunFailed = False,
    rerun_timeouts: options.RerunTimeouts = False,
    dry_run: options.DryRun = False,
) -> None:
    """Run solvers on suites and print the benchmark table.

    Without arguments: the paper's schemes and the exact optimum on the paper's WiFi and 5G
    suites. What the store already has is not run again.
    """
    from splitbench.benchmark.console import warn
    from splitbench.benchmark.isolation.name_check import check_solver_names
    from splitbench.benchmark.output import print_rows
    from splitbench.benchmark.runs.plan import (
        DEFAULT_SOLVERS,
        DEFAULT_SUITES,
        Request,
        cells_of,
        posed,
    )
    from splitbench.benchmark.runs.run_options import RunOptions, run_campaign
    from splitbench.problems.suites.named_suites import with_truth
    from splitbench.results import rows_of

    options.positive("--slots", slots)
    options.check_out(out)
    wanted = options.chosen_format(as_json, format)
    chosen = list(solvers) or list(DEFAULT_SOLVERS)
    check_solver_names(chosen)
    named = list(suites or DEFAULT_SUITES)
    request = Request(
        suites=named if truth is None else [with_truth(text, truth) for text in named],
        solvers=chosen,
        seeds=options.seed_range(seeds, seed),
        slots=slots,
        reference=not no_reference,
    )
    for text in request.suites:
        for remark in posed(text, seed).remarks:
            warn(remark)
    how = RunOptions(
        store,
        jobs,
        executor,
        scheduler,
        timeout,
        memory,
        rerun,
        rerun_failed,
        rerun_timeouts,
        dry_run,
    )
    records = run_campaign(cells_of(request), how)
    if records is None:
        return
    print_rows(rows_of(records), wanted, out)
    raise typer.Exit(1 if any(record.failed for record in records) else 0)
