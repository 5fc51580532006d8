"""From the options of `run` and `gap` to a campaign that has been run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from splitbench.benchmark import options
from splitbench.benchmark.console import print_json, warn
from splitbench.benchmark.isolation.limits import Limits
from splitbench.benchmark.isolation.pool import Pool
from splitbench.benchmark.runs.campaign import Again, Campaign, Executor, InProcess
from splitbench.benchmark.runs.drift import drifts
from splitbench.benchmark.runs.progress import Progress, at_work, shown
from splitbench.problems.errors import InputError
from splitbench.results import CellKey, CellRecord, Store
from splitbench.results.store.documents import ReferenceTime

#: Of fewer cells one slow moment would be called a change of the machine.
FEWEST_FOR_DRIFT = 10


@dataclass(frozen=True)
class RunOptions:
    """How cells are run, as the command line says it."""

    store: Path
    jobs: int = 1
    executor: options.Where = options.Where.LOCAL
    scheduler: str | None = None
    timeout: str = "10m"
    memory: str = "4GiB"
    rerun: bool = False
    rerun_failed: bool = False
    rerun_timeouts: bool = False
    dry_run: bool = False

    @property
    def limits(self) -> Limits:
        """Limits of a cell."""
        return options.limits_of(self.timeout, self.memory)

    @property
    def again(self) -> Again:
        """Which stored cells are made anew."""
        if self.rerun:
            return Again.ALL
        if self.rerun_failed:
            return Again.FAILED
        return Again.TIMEOUTS if self.rerun_timeouts else Again.NOTHING


def run_campaign(keys: list[CellKey], how: RunOptions) -> list[CellRecord] | None:
    """Run cells with progress on stderr and return their records, or None after a dry run."""
    options.positive("--jobs", how.jobs)
    if how.scheduler is not None and how.executor is not options.Where.DASK:
        raise InputError("--scheduler: is for --executor dask; expected both or neither")
    limits = how.limits
    # A plan leaves nothing behind: what is not there yet is not made.
    there = how.store.exists()
    path = how.store if there or not how.dry_run else ":memory:"
    with Store(path, write=not (there and how.dry_run)) as store:
        campaign = Campaign.planned(keys, store, how.again, limits.timeout_s)
        if how.dry_run:
            print_json(campaign.plan(store, limits, how.jobs))
            return None
        records = _run(campaign, store, how, limits)
    if campaign.isolation_s:
        warn(
            f"harness: isolation {median(campaign.isolation_s) * 1e3:.1f} ms a cell, model and "
            f"verification {median(campaign.model_s) * 1e3:.2f} ms a slot (medians of "
            f"{len(campaign.isolation_s)} cell{'s' if len(campaign.isolation_s) > 1 else ''})"
        )
    timed = [
        ReferenceTime(one.environment, one.reference_cell_s, one.written)
        for one in sorted(records, key=lambda one: one.written)
        if one.reference_cell_s is not None
    ]
    for drift in drifts(timed):
        if drift.drifted and drift.cells >= FEWEST_FOR_DRIFT:
            warn(f"the machine's speed changed: {drift}")
    return records


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
        from splitbench.benchmark.isolation.dask_executor import DaskExecutor

        with DaskExecutor(how.scheduler, how.jobs, limits) as dask:
            yield dask
    else:
        with Pool(how.jobs, limits) as pool:
            yield pool
