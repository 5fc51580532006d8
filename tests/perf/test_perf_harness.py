"""What isolation costs a slot and a cell, and what a second worker gains.

`pytest tests/perf/test_perf_harness.py -m perf -s`, on a machine that does nothing else. Medians
and the ratio of each pair of runs are printed; no time is asserted.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from statistics import median
from typing import Any

import numpy as np
import pytest

from splitbench.benchmark.executors.pool import Pool
from splitbench.benchmark.isolation.cell_runner import CellRunner
from splitbench.benchmark.isolation.limits import Limits
from splitbench.benchmark.referee.cell import run_cell
from splitbench.benchmark.runs.campaign import Again, Campaign
from splitbench.benchmark.runs.plan import DEFAULT_SOLVERS, DEFAULT_SUITES, Request, cells_of
from splitbench.results import CellKey, Store
from splitbench.results.bounds import BOUND

pytestmark = pytest.mark.perf

PAIRS = 3
REPEATS = 7


def run(keys: list[CellKey], jobs: int) -> tuple[Campaign, float]:
    """Run cells as `splitbench run` does, workers started and ended; return the seconds."""
    start = time.perf_counter()
    with Store(":memory:") as store, Pool(jobs, Limits()) as pool:
        campaign = Campaign.planned(keys, store, Again.ALL)
        campaign.run(pool, store)
    return campaign, time.perf_counter() - start


@contextmanager
def one_core() -> Iterator[int]:
    """Keep this process on one core, as `splitbench run` keeps a referee and its player."""
    before = os.sched_getaffinity(0)
    core = min(before)
    os.sched_setaffinity(0, {core})
    try:
        yield core
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.parametrize("suite", DEFAULT_SUITES)
def test_price_of_a_slot(suite: str) -> None:
    """What a player in another process costs a slot, beside one in the referee's own process.

    Both run the same cells in turns. Each slot counts with its shortest time of several, which
    others on the machine disturb least; the price is the mean over slots.
    """
    keys = cells_of(Request([suite], ["exact", "greedy"], range(2), reference=False))
    times: dict[str, list[list[float]]] = {"apart": [], "here": []}
    with one_core() as core, closing(CellRunner(Limits(), core)) as runner:
        for _ in range(REPEATS):
            apart = [runner.run(key).record for key in keys]
            here = [run_cell(key) for key in keys]
            assert [one.decisions for one in apart] == [one.decisions for one in here]
            for name, records in (("apart", apart), ("here", here)):
                times[name].append([second for one in records for second in one.solve_s])
    shortest = {name: np.min(found, axis=0) for name, found in times.items()}
    mean_ms = {name: float(of.mean()) * 1e3 for name, of in shortest.items()}
    price_ms, ratio = mean_ms["apart"] - mean_ms["here"], mean_ms["apart"] / mean_ms["here"]
    empty_ms = median(one.empty_round_trip_s or 0.0 for one in apart) * 1e3
    print(
        f"\n{suite}: {price_ms:.3f} ms a slot more ({ratio:.2f} times); "
        f"empty round trip {empty_ms:.3f} ms"
    )


@pytest.mark.parametrize("suite", ["small", "paper-wifi", "hetero"])
def test_overhead(suite: str, benchmark: Any) -> None:
    """Milliseconds beside the solver: of isolation a cell, of model and reference a slot."""
    keys = cells_of(Request([suite], ["exact", "greedy", "random"], range(3)))
    campaign, _ = benchmark.pedantic(run, (keys, 1), rounds=1)
    isolation, model, reference = (
        median(seconds) * 1e3
        for seconds in (campaign.isolation_s, campaign.model_s, campaign.reference_s)
    )
    print(
        f"\n{suite}: isolation {isolation:.2f} ms a cell, model {model:.3f} and reference "
        f"{reference:.3f} ms a slot (medians)"
    )
    assert len(campaign.model_s) == sum(key.solver != BOUND for key in keys)


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
