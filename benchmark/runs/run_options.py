"""Run a plan with the options of a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from splitbench.benchmark import options
from splitbench.benchmark.console import note, print_json, remark
from splitbench.benchmark.executors.dask_executor import DaskExecutor
from splitbench.benchmark.executors.pool import Pool
from splitbench.benchmark.isolation.limits import Limits
from splitbench.benchmark.options import RunOptions
from splitbench.benchmark.runs.campaign import Campaign, Executor, InProcess
from splitbench.benchmark.runs.drift import drifts
from splitbench.benchmark.runs.dry_run import print_forecast
from splitbench.benchmark.runs.plan import Plan, code_here
from splitbench.benchmark.runs.progress import Progress, at_work, shown
from splitbench.benchmark.runs.run_report import summary_line
from splitbench.results import CellKey, CellRecord, Store
from splitbench.results.store.documents import ReferenceTime

#: With fewer cells, one slow moment would be reported as a change of the machine.
FEWEST_FOR_DRIFT = 10


def run_plan(plan: Plan, how: RunOptions, as_json: bool = False) -> list[CellRecord] | None:
    """Run a plan's cells with progress on stderr; return their records, or None after a dry run.

    Parameters
    ----------
    as_json
        Whether a dry run prints a JSON object, not a table.
    """
    how.check()
    limits = how.limits
    # A dry run writes nothing: a missing store is not created.
    exists = how.store.exists()
    path = how.store if exists or not how.dry_run else ":memory:"
    with Store(path, write=not (exists and how.dry_run)) as store:
        campaign = Campaign.planned(plan.cells, store, how.again, limits.timeout_s)
        if how.dry_run:
            forecast = campaign.forecast(store, limits, how.jobs)
            if as_json:
                print_json(forecast.to_json())
            else:
                labels = {suite.name: suite.label for suite in plan.suites}
                labels |= {solver.name: solver.label for solver in plan.solvers}
                print_forecast(forecast, labels)
            return None
        stored = dict(campaign.known)
        records = _labelled(_run(campaign, store, how, limits), plan, store)
    _say_what_was_done(campaign, stored, records)
    return records


def _labelled(records: list[CellRecord], plan: Plan, store: Store) -> list[CellRecord]:
    """Give records the labels of this run, and store changed ones."""
    solvers = {solver.name: solver.label for solver in plan.solvers}
    suites = {suite.name: suite.label for suite in plan.suites}
    changed = []
    for record in records:
        labels = suites.get(record.key.suite, ""), solvers.get(record.key.solver, "")
        if (record.suite_label, record.solver_label) != labels:
            record.suite_label, record.solver_label = labels
            changed.append(record)
    store.put_all(changed)
    return records


def _say_what_was_done(
    campaign: Campaign, stored: dict[CellKey, CellRecord], records: list[CellRecord]
) -> None:
    remark(summary_line(list(stored.values()), campaign.cells_run, campaign.seconds))
    if campaign.isolation_s:
        note(
            f"harness: isolation {median(campaign.isolation_s) * 1e3:.1f} ms a cell, model and "
            f"verification {median(campaign.model_s) * 1e3:.2f} ms a slot, reference "
            f"{median(campaign.reference_s) * 1e3:.2f} ms a slot (medians of "
            f"{len(campaign.isolation_s)} cell{'s' if len(campaign.isolation_s) > 1 else ''})"
        )
    timed = [
        ReferenceTime(one.environment, one.reference_cell_s, one.written)
        for one in sorted(records, key=lambda one: one.written)
        if one.reference_cell_s is not None
    ]
    for drift in drifts(timed):
        if drift.drifted and drift.cells >= FEWEST_FOR_DRIFT:
            note(f"the machine's speed changed: {drift}")


def _run(campaign: Campaign, store: Store, how: RunOptions, limits: Limits) -> list[CellRecord]:
    if not campaign.left:
        return campaign.run(InProcess(), store)
    with _executor(how, limits) as executor:
        progress = Progress(
            campaign.left,
            len(campaign.known),
            executor.jobs,
            campaign.estimator(store),
            lambda: at_work(executor.at_work),
        )
        with shown(progress) as advance:
            return campaign.run(executor, store, advance)


@contextmanager
def _executor(how: RunOptions, limits: Limits) -> Iterator[Executor]:
    if how.executor is options.Where.IN_PROCESS:
        yield InProcess()
    elif how.executor is options.Where.DASK:
        with DaskExecutor(how.scheduler, how.jobs, limits, code_here) as dask:
            yield dask
    else:
        with Pool(how.jobs, limits) as pool:
            yield pool
