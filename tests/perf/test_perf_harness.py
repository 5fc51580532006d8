"""What isolation costs a cell, and what a second worker gains.

`pytest tests/perf/test_perf_harness.py -m perf -s`, on a machine that does nothing else. No time is
asserted; medians and the ratio of each pair of runs are printed.
"""

from __future__ import annotations

import os
import resource
import time
from statistics import median
from typing import Any

import pytest

from splitbench.benchmark.executors.pool import Pool
from splitbench.benchmark.isolation.limits import Limits
from splitbench.benchmark.runs.campaign import Again, Campaign
from splitbench.benchmark.runs.plan import DEFAULT_SOLVERS, DEFAULT_SUITES, Request, cells_of
from splitbench.results import CellKey, Store

pytestmark = pytest.mark.perf

PAIRS = 3


def run(keys: list[CellKey], jobs: int) -> tuple[Campaign, float]:
    """Run cells as `splitbench run` does, workers started and ended; return the seconds."""
    start = time.perf_counter()
    with Store(":memory:") as store, Pool(jobs, Limits()) as pool:
        campaign = Campaign.planned(keys, store, Again.ALL)
        campaign.run(pool, store)
    return campaign, time.perf_counter() - start


@pytest.mark.parametrize("suite", ["small", "paper-wifi"])
def test_overhead(suite: str, benchmark: Any) -> None:
    """Milliseconds beyond the solver's own time: of isolation a cell, of the model a slot."""
    keys = cells_of(Request([suite], ["exact", "greedy", "random"], range(3), reference=False))
    campaign, _ = benchmark.pedantic(run, (keys, 1), rounds=1)
    isolation, model = median(campaign.isolation_s) * 1e3, median(campaign.model_s) * 1e3
    print(f"\n{suite}: isolation {isolation:.2f} ms a cell, model {model:.3f} ms a slot (medians)")
    assert len(campaign.isolation_s) == len(keys)


def test_two_workers(benchmark: Any) -> None:
    """The paper's suites by one worker and by two, in turns."""
    keys = cells_of(Request(DEFAULT_SUITES, DEFAULT_SOLVERS, range(3)))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    ratios = []
    for _ in range(PAIRS):
        one, two = run(keys, 1)[1], run(keys, 2)[1]
        ratios.append(one / two)
        print(f"\none worker {one:.2f} s, two {two:.2f} s: {ratios[-1]:.2f} times as fast")
    benchmark.pedantic(lambda: None, rounds=1)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{len(keys)} cells, {os.cpu_count()} cores: median {median(ratios):.2f}; "
        f"{(after.ru_utime - used.ru_utime) / PAIRS / 2:.1f} s of processor time a run"
    )
