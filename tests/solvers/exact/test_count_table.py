"""Tables that begin narrow: nothing is lost, and runs of counts are bounded."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from splitbench.problems import Fleet, Formulation, SlotProblem, TableCurve
from splitbench.problems.arrays import Floats, Ints
from splitbench.problems.status import Status
from splitbench.solvers import Context, make, solve_slot
from splitbench.solvers.exact import count_table
from splitbench.solvers.exact import slot_optimum as module
from splitbench.solvers.exact.count_table import CountTable
from splitbench.solvers.exact.cut_front import cut_front, run_table, thread_table
from splitbench.solvers.exact.division import Division, Method, divide
from splitbench.solvers.exact.exact import ExactThreads
from splitbench.solvers.exact.knapsack import best_division
from splitbench.solvers.exact.max_plus import widened
from splitbench.solvers.exact.slot_optimum import slot_optimum, worth_asleep
from tests.strategies import random_problem


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin every table with two counts or twice the average, and bound runs of few more."""
    monkeypatch.setattr(count_table, "_SMALL", 0)
    for name, count in (("_NARROW", 2), ("_NARROW_AVERAGES", 2), ("_WIDE", 7)):
        monkeypatch.setattr(count_table, name, count)
    monkeypatch.setattr(count_table, "_WIDE_AVERAGES", 3)


def whole_table(problem: SlotProblem, later: Floats) -> Floats:
    """Return g by the model's own table, with a worth of each cut in later slots."""
    value = (problem.utility_table() + later[:, :, None]).max(axis=1)
    return widened(value, problem.spare_threads)


def wide_problem(seed: int) -> SlotProblem:
    """Draw a slot of any regime with many threads for few devices."""
    rng = np.random.default_rng([seed, 31])
    return random_problem(rng, devices=int(rng.integers(1, 7)), spare=int(rng.integers(0, 40)))


@pytest.mark.usefixtures("narrow")
def test_a_narrow_table_loses_no_optimum() -> None:
    """Status and optimum are those of the plain programme on the whole table."""
    decided = 0
    for seed in range(600):
        problem = wide_problem(seed)
        plain = solve_slot(make("exact[method=dp]"), problem)
        found = solve_slot(make("exact[method=core]"), problem)
        assert found.status == plain.status
        if not plain.decided:
            continue
        decided += 1
        outcome = problem.evaluate(found.partition, found.threads)  # type: ignore[arg-type]
        size = 1e-12 * max(1.0, float(np.abs(outcome.device_utility).sum()))
        assert outcome.feasible
        assert outcome.utility == pytest.approx(plain.utility, rel=0, abs=size)
        assert found.bound == pytest.approx(plain.bound, rel=0, abs=size)
        given = ExactThreads().allocate(problem, np.asarray(plain.partition))
        best = problem.evaluate(given.partition, given.threads).utility  # type: ignore[arg-type]
        assert best == pytest.approx(plain.utility, rel=0, abs=size)
    assert decided > 200


@pytest.mark.usefixtures("narrow")
def test_worth_later_counts_in_a_narrow_table() -> None:
    """With a worth of each cut in later slots, core and plain programme agree too."""
    for seed in range(200):
        problem = wide_problem(seed)
        rng = np.random.default_rng([seed, 32])
        later = rng.uniform(-0.5, 0.5, (len(problem), problem.fleet.width))
        asleep = worth_asleep(problem)
        core = slot_optimum(problem, cut_front(problem, later), asleep=asleep, always_core=True)
        value = whole_table(problem, later)
        if asleep is not None:
            within = (
                np.arange(value.shape[1]) <= (problem.thread_caps - problem.min_threads)[:, None]
            )
            np.maximum(value, np.where(within, asleep[:, None], -np.inf), out=value)
        best, _ = best_division(value)
        assert (best == -np.inf) == (core.partition is None)
        if core.partition is not None:
            assert core.utility == pytest.approx(best, rel=0, abs=1e-12 * max(1.0, abs(best)))


@pytest.mark.usefixtures("narrow")
def test_tables_stay_narrow_where_a_price_allows_it() -> None:
    """Some devices are widened, and most are not: both ways through the table are taken."""
    widened = left_narrow = 0
    for seed in range(100):
        rng = np.random.default_rng([seed, 34])
        problem = random_problem(rng, devices=8, spare=24, load="light", battery="full")
        table = CountTable(problem, cut_front(problem), worth_asleep(problem))
        first = table.tabled.copy()
        division = divide(table.value, problem.spare_threads, "core")
        partly = table.partly_tabled()
        wanted = partly[table.gains_beyond(division, partly) >= 0.0]
        if len(wanted):
            table.widen(wanted)
        widened += int((table.tabled > first).sum())
        left_narrow += int((table.tabled == first).sum())
    assert widened > 50
    assert left_narrow > 20


def test_runs_bound_their_counts() -> None:
    """No count of a run is worth more than the run; a run of one count is worth what it is."""
    for seed in range(300):
        problem = wide_problem(seed)
        total = problem.spare_threads
        rng = np.random.default_rng([seed, 33])
        later = rng.uniform(-0.5, 0.5, (len(problem), problem.fleet.width))
        front = cut_front(problem, later)
        value = whole_table(problem, later)
        edges = np.unique(rng.integers(0, total + 1, 4))
        runs = run_table(problem, front, edges, total + 1)
        for run, (start, stop) in enumerate(
            zip(edges, np.append(edges[1:], total + 1), strict=True)
        ):
            most = value[:, start:stop].max(axis=1)
            assert (runs[:, run] >= most - 1e-12 * (1.0 + np.abs(most))).all()
        singles = thread_table(problem, front, total + 1)
        assert ((singles == -np.inf) == (value == -np.inf)).all()
        np.testing.assert_allclose(singles, value, rtol=1e-12, atol=1e-12)


def table_curves(problem: SlotProblem, tables: list[Floats]) -> SlotProblem:
    """Return the slot with measured curves, one for each device."""
    devices = [
        replace(device, curve=TableCurve(tuple(seconds.tolist())))
        for device, seconds in zip(problem.fleet.devices, tables, strict=True)
    ]
    return replace(problem, fleet=Fleet(devices))


def late_gains() -> SlotProblem:
    """A slot whose devices gain most at counts far beyond the first table."""
    problem = random_problem(
        np.random.default_rng(35), devices=30, spare=600, curve="exp2", caps=False,
        load="light", battery="full", min_threads=1,
    )  # fmt: skip
    rng, count = np.random.default_rng(36), np.arange(1, problem.threads + 1)
    slow = [0.05 / count**0.1 for _ in problem.fleet.devices]
    return table_curves(
        problem, [np.where(count < rng.integers(170, 300), one, 1e-3) for one in slow]
    )


def test_a_decision_found_is_kept_when_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The division of a narrower table is the answer, `feasible`, with a bound that holds."""
    problem = late_gains()
    plain = solve_slot(make("exact[method=dp]"), problem)
    turns: list[Division] = []

    def hurried(value: Floats, total: int, method: Method, ends: float, near: float) -> Division:
        found = divide(value, total, method, ends, near)
        turns.append(found)
        if len(turns) == 1:
            return found
        return found._replace(extra=None, utility=-np.inf, proved=False)

    monkeypatch.setattr(module, "divide", hurried)
    found = solve_slot(make("exact[method=core]"), problem)
    assert len(turns) == 2
    assert found.status == Status.FEASIBLE
    assert problem.evaluate(found.partition, found.threads).feasible  # type: ignore[arg-type]
    assert plain.bound is not None
    assert found.bound is None or found.bound >= plain.bound - 1e-12 * abs(plain.bound)
    assert found.utility == pytest.approx(turns[0].utility)


def test_tables_grow_no_further_when_time_is_up() -> None:
    """A limit that is over before the first table is made allows that table and no wider one."""
    problem = late_gains()
    widest = []

    class Watched(CountTable):
        def widen(self, devices: Ints) -> None:
            widest.append(len(devices))
            super().widen(devices)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CountTable", Watched)
        found = solve_slot(make("exact"), problem, Context(deadline=time.monotonic() - 1.0))
    assert widest == []
    assert found.status in (Status.FEASIBLE, Status.TIMEOUT)


@pytest.mark.parametrize("why", ["battery", "cap"])
def test_a_device_that_cannot_be_served_ends_the_search(why: str) -> None:
    """A slot that is infeasible for one device is told so without a table of all counts."""
    problem = random_problem(
        np.random.default_rng(37), devices=200, spare=20_000, curve="exp2", caps=False,
        load="light", battery="full", min_threads=2, formulation=Formulation(),
    )  # fmt: skip
    if why == "battery":
        charge = problem.battery_j.copy()
        charge[7] = 0.0
        problem = replace(problem, battery_j=charge, harvest_j=np.zeros(len(problem)))
    else:
        devices = list(problem.fleet.devices)
        devices[7] = replace(devices[7], max_threads=1)
        problem = replace(problem, fleet=Fleet(devices))
    widths = []

    def watched(value: Floats, *others: Any) -> Division:
        widths.append(value.shape[1])
        return divide(value, *others)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "divide", watched)
        found = solve_slot(make("exact"), problem)
    assert found.status == Status.INFEASIBLE
    assert len(widths) == 1
