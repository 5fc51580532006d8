"""`splitbench gap`: optimality gaps on small instances, exact methods cross-checked."""

from __future__ import annotations

from typing import Annotated

import typer

from splitbench.benchmark import options

#: Slots taken of each episode where the suite is one of horizons.
SLOTS_OF_AN_EPISODE = 20


def gap(
    suite: Annotated[str, typer.Argument(metavar="[SUITE]")] = "small",
    solvers: options.Solvers = [],  # noqa: B006 — typer reads it, nobody changes it
    seeds: options.Seeds = 1,
    seed: options.Seed = 0,
    slots: options.Slots = None,
    store: options.StorePath = options.DEFAULT_STORE,
    as_json: options.JsonFlag = False,
    format: options.FormatOption = options.Format.RICH,
    out: options.Out = None,
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
    """Measure optimality gaps on small instances; every exact method is cross-checked.

    A horizon suite gives its first slots, at the states the exact optimum passes through. Exit
    status 1 where two exact methods disagree, with a line for each instance, or a cell failed; a
    heuristic whose decision breaks a constraint is a row, not a failure.
    """
    from splitbench.benchmark.console import warn
    from splitbench.benchmark.isolation.name_check import check_solver_names
    from splitbench.benchmark.output import print_rows
    from splitbench.benchmark.referee.crosscheck import (
        EXACT_SOLVERS,
        HEURISTICS,
        agreement_words,
        disagreements,
    )
    from splitbench.benchmark.runs.plan import Request, cells_of, posed
    from splitbench.benchmark.runs.run_options import RunOptions, run_campaign
    from splitbench.results import rows_of

    options.positive("--slots", slots)
    options.check_out(out)
    wanted = options.chosen_format(as_json, format)
    independent = not posed(suite, options.seed_range(seeds, seed)[0]).episodes
    exact = [name for name in EXACT_SOLVERS if independent or name != "brute-force"]
    chosen = list(dict.fromkeys([*exact, *(solvers or HEURISTICS)]))
    check_solver_names(chosen)
    count = slots or (None if independent else SLOTS_OF_AN_EPISODE)
    request = Request([suite], chosen, options.seed_range(seeds, seed), count, as_instances=True)
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
    conflicts = disagreements(records)
    for line in conflicts:
        warn(f"EXACT METHODS DISAGREE: {line}")
    if conflicts:
        raise typer.Exit(1)
    warn(agreement_words(records))
    failed = any(record.failed and record.status != "invalid" for record in records)
    raise typer.Exit(1 if failed else 0)
