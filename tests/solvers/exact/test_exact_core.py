"""Price and core against the plain programme and enumeration, on adversarial tables and slots."""

from __future__ import annotations

import time
from itertools import product

import numpy as np
import pytest

from splitbench.problems.arrays import Floats
from splitbench.problems.status import Status
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers import Context, make, solve_slot
from splitbench.solvers.exact import core
from splitbench.solvers.exact.cut_front import cut_front, thread_table
from splitbench.solvers.exact.division import Division, divide
from splitbench.solvers.exact.exact import ExactThreads
from splitbench.solvers.exact.thread_price import evaluated, reduced_costs
from tests.strategies import random_problem

#: Shapes of g: what each row of a table is drawn as.
SHAPES = (
    "noise", "concave", "convex", "whole numbers", "stairs", "scales", "saw", "flat", "huge",
)  # fmt: skip
#: Shapes whose numbers are whole, so that ties are ties whatever the order of adding.
WHOLE = ("whole numbers", "stairs", "flat")


def table(rng: np.random.Generator, shape: str, most_rows: int = 12, most: int = 40) -> Floats:
    """Draw a table of one shape, perhaps with holes, single counts, equal rows or a cap."""
    rows, columns = int(rng.integers(1, most_rows + 1)), int(rng.integers(1, most + 1))
    count, column = np.arange(columns), (rows, 1)
    if shape == "noise":
        value = rng.standard_normal((rows, columns))
    elif shape == "concave":
        value = -np.exp(-count * rng.uniform(0.05, 1.0, column)) * rng.uniform(0.1, 3.0, column)
    elif shape == "convex":
        value = count**2 * rng.uniform(-0.01, 0.02, column)
    elif shape == "whole numbers":
        value = rng.integers(-2, 3, (rows, columns)).astype(float)
    elif shape == "stairs":
        value = count // rng.integers(1, 6, column) * rng.integers(1, 4, column).astype(float)
    elif shape == "scales":
        value = rng.standard_normal((rows, columns)) * 10.0 ** rng.integers(-9, 10, column)
    elif shape == "saw":
        teeth = np.sqrt(count) * rng.uniform(0.5, 2.0, column)
        value = np.where(
            count % rng.integers(2, 5, column) == 0, teeth, rng.uniform(-1.0, 1.0, (rows, columns))
        )
    elif shape == "flat":
        value = np.full((rows, columns), float(rng.integers(-3, 4)))
    else:
        value = -(10.0 ** rng.uniform(-3.0, 9.0, (rows, columns)))
    value = np.array(value, dtype=float)
    if rng.random() < 0.5:
        value[rng.random(value.shape) < rng.uniform(0.0, 0.9)] = -np.inf
    if rng.random() < 0.3:
        single = rng.random(rows) < 0.5
        other = count[None] != rng.integers(0, columns, column)
        value[single[:, None] & other] = -np.inf
    if rng.random() < 0.3:
        value[1:] = value[0]
    if rng.random() < 0.3:
        value[:, rng.integers(1, columns + 1) :] = -np.inf
    return value


def budget(rng: np.random.Generator, value: Floats) -> int:
    """Draw R: anything up to all that the table holds, or less than a row, or balanced."""
    rows, columns = value.shape
    most = (rows * (columns - 1), columns - 1, rows * (columns - 1) // 3)[int(rng.integers(3))]
    return int(rng.integers(0, most + 1))


def worth(value: Floats, found: Division) -> float:
    """Sum what a division gives, smallest numbers first."""
    assert found.extra is not None
    return float(sum(sorted(value[np.arange(len(value)), found.extra], key=abs)))


def check_equal(value: Floats, total: int, shape: str) -> None:
    """The core ends as the plain programme does, to 1e-12 of what is added up."""
    plain, found = divide(value, total, "dp"), divide(value, total, "core")
    assert found.proved
    assert (found.extra is None) == (plain.extra is None)
    if found.extra is None or plain.extra is None:
        return
    assert found.extra.sum() == total
    size = np.abs(value[np.arange(len(value)), plain.extra]).sum()
    assert worth(value, found) == pytest.approx(worth(value, plain), rel=0, abs=1e-12 * size)
    assert found.bound >= found.utility
    if shape in WHOLE:
        assert np.array_equal(found.extra, plain.extra)


def check_seeds(first: int, many: int) -> None:
    """Check one table of each seed, its shape in turn."""
    for seed in range(first, first + many):
        rng = np.random.default_rng([seed, 17])
        value = table(rng, SHAPES[seed % len(SHAPES)])
        check_equal(value, budget(rng, value), SHAPES[seed % len(SHAPES)])


def test_core_is_the_plain_programme() -> None:
    """450 adversarial tables: equal utility and feasibility, and equal counts where ties tie."""
    check_seeds(0, 450)


def test_a_core_of_too_many_departures(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where departures have to be left out, because there are more than a few."""
    monkeypatch.setattr(core, "_MANY", 4)
    monkeypatch.setattr(core, "_FIRST", 2)
    for seed in range(900):
        rng = np.random.default_rng([seed, 22])
        shape = SHAPES[seed % len(SHAPES)]
        value = table(rng, shape)
        check_equal(value, budget(rng, value), "")  # which of the tied counts are left out is free


def test_all_counts_of_a_few_devices_tie() -> None:
    """Flat tables with thousands of counts: the division still hands out all threads."""
    for devices, columns, total in ((20, 200, 150), (24, 130, 3000)):
        found = divide(np.zeros((devices, columns)), total, "core")
        assert found.proved
        assert found.extra is not None
        assert found.extra.sum() == total


def test_a_slot_in_which_every_device_runs_alone() -> None:
    """Slow uplinks and a large server: nobody wants a thread, and each thread has an owner."""
    horizon = make_suite("hetero[devices=20,threads_scale=20,uplink_scale=0.01]").horizon(0, 1)
    problem = horizon.slot(0, horizon.battery_start_j)
    found = solve_slot(make("exact"), problem)
    outcome = problem.evaluate(found.partition, found.threads)  # type: ignore[arg-type]
    assert outcome.feasible
    assert outcome.utility == pytest.approx(found.bound, rel=1e-12)


@pytest.mark.slow
def test_core_is_the_plain_programme_on_many_tables() -> None:
    """5,400 more of them."""
    check_seeds(450, 5_400)


def test_core_is_enumeration() -> None:
    """Tables small enough to try every division: the same best sum, or none."""
    for seed in range(180):
        rng = np.random.default_rng([seed, 18])
        value = table(rng, SHAPES[seed % len(SHAPES)], most_rows=4, most=6)
        total = budget(rng, value)
        sums = [
            value[np.arange(len(value)), list(counts)].sum()
            for counts in product(range(value.shape[1]), repeat=len(value))
            if sum(counts) == total
        ]
        best, found = max(sums, default=-np.inf), divide(value, total, "core")
        assert found.utility == pytest.approx(best, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.1], ids=["whole", "not whole"])
def test_many_equal_devices(value: float) -> None:
    """20,000 equal devices with a choice of one thread more: proved at once, the last have it."""
    rows = np.tile([value, value + 1.0, value + 1.5], (20_000, 1))
    begun = time.monotonic()
    found = divide(rows, 31_234, "core")
    assert found.proved
    assert found.utility == pytest.approx(20_000 * (value + 1.0) + 11_234 * 0.5, rel=1e-12)
    assert found.extra is not None
    assert np.array_equal(found.extra, np.repeat([1, 2], [8_766, 11_234]))
    assert time.monotonic() - begun < 20.0


def test_many_equal_devices_with_gaps() -> None:
    """2,000 equal devices that take 0, 3 or 7: only some of the many departures are needed."""
    row = np.array([0.0, -np.inf, -np.inf, 1.0, -np.inf, -np.inf, -np.inf, 1.9])
    found = divide(np.tile(row, (2_000, 1)), 9_001, "core")
    # 3a + 7b = 9,001 with a + b ≤ 2,000: the most of a + 1.9·b.
    best = max(
        a + 1.9 * b
        for b in range(9_001 // 7 + 1)
        for a in [(9_001 - 7 * b) // 3]
        if 3 * a + 7 * b == 9_001 and a + b <= 2_000
    )
    assert found.proved
    assert found.utility == pytest.approx(best, rel=1e-12)


def test_a_price_proves_its_bound() -> None:
    """At any price L − Σ r is exactly what a division is worth, and r ≥ 0."""
    rng = np.random.default_rng(3)
    value = rng.standard_normal((6, 9))
    extra = np.array([0, 3, 8, 2, 1, 4])
    for price in (-0.4, 0.0, 0.3):
        costs = reduced_costs(value, price)
        assert costs.min() == 0.0
        priced = evaluated(value, price, int(extra.sum()))
        assert priced.bound - costs[np.arange(6), extra].sum() == pytest.approx(
            value[np.arange(6), extra].sum()
        )
        assert priced.runner_up == pytest.approx(np.sort(costs, axis=1)[:, 1])


def test_slots_of_every_regime() -> None:
    """`dp`, `core` and `auto` agree on slots of every regime, and so do the allocators."""
    for seed in range(250):
        rng = np.random.default_rng([seed, 19])
        problem = random_problem(rng, devices=int(rng.integers(1, 6)))
        answers = [
            solve_slot(make(name), problem)
            for name in ("exact[method=dp]", "exact[method=core]", "exact")
        ]
        assert len({answer.status for answer in answers}) == 1
        if not answers[0].decided:
            continue
        outcomes = [problem.evaluate(one.partition, one.threads) for one in answers]  # type: ignore[arg-type]
        size = 1e-12 * max(1.0, float(np.abs(outcomes[0].device_utility).sum()))
        for answer, outcome in zip(answers, outcomes, strict=True):
            assert outcome.feasible
            assert outcome.utility == pytest.approx(outcomes[0].utility, rel=0, abs=size)
            assert answer.utility == pytest.approx(outcome.utility, rel=0, abs=size)
        again = ExactThreads().allocate(problem, np.asarray(answers[0].partition))
        assert problem.evaluate(again.partition, again.threads).utility == pytest.approx(  # type: ignore[arg-type]
            outcomes[0].utility, rel=0, abs=size
        )


def test_the_front_loses_nothing() -> None:
    """The best of the front's cuts is the best of all at every thread count, but for rounding."""
    fewer = 0
    for seed in range(200):
        rng = np.random.default_rng([seed, 20])
        problem = random_problem(rng, devices=4, layers=8, spare=6)
        front = cut_front(problem)
        whole = problem.utility_table().max(axis=1)
        found = thread_table(problem, front, whole.shape[1])
        assert ((found == -np.inf) == (whole == -np.inf)).all()
        np.testing.assert_allclose(found, whole, rtol=1e-13, atol=1e-14)
        fewer += len(front.cut) < problem.fleet.in_range.sum()
    assert fewer > 100


def test_notes_say_the_method() -> None:
    """The note names the dynamic programme, or the core and its size."""
    problem = random_problem(np.random.default_rng(5), devices=3, battery="full", spare=5)
    assert "dynamic programme" in solve_slot(make("exact"), problem).note
    assert "dynamic programme" in solve_slot(make("exact[method=dp]"), problem).note
    assert "core of" in solve_slot(make("exact[method=core]"), problem).note


def test_no_time_is_no_claim() -> None:
    """A core that is given up is no proof: `feasible` or `timeout`, with a bound that holds."""
    over = Context(deadline=time.monotonic() - 1.0)
    ended = set()
    for seed in range(60):
        rng = np.random.default_rng([seed, 21])
        problem = random_problem(rng, devices=5, battery="full", spare=6, curve="table")
        exact = solve_slot(make("exact[method=dp]"), problem)
        found = solve_slot(make("exact[method=core]"), problem, over)
        ended.add(found.status)
        if found.status in (Status.TIMEOUT, Status.FEASIBLE):
            assert found.bound is not None
            assert exact.bound is None or found.bound >= exact.bound - 1e-9
    assert Status.TIMEOUT in ended
