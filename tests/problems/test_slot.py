"""One slot: its constructor, and the tables of all decisions against `evaluate`."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbench.problems import (
    Fleet,
    Formulation,
    InputError,
    SlotProblem,
)
from tests.problems.paper_device import ALLOWED, PAPER, paper_slot
from tests.strategies import problems, random_problem


@pytest.mark.parametrize("changes", [{"battery_j": 10.0}, {"arrival_rate_hz": 2.5, "slot_s": 1.0}])
def test_the_tables_stop_where_the_constraints_do(changes: dict[str, float]) -> None:
    """E' = 0 and ρ = 1 exactly are infeasible in every table, as `evaluate` says they are."""
    problem = paper_slot(**changes)
    assert not problem.evaluate([0], [1]).feasible
    assert problem.utility_table()[0, 0, 0] == -np.inf
    assert problem.utility_by_threads([0])[0, 0] == -np.inf
    assert problem.latency_by_threads([0])[0, 0] == np.inf
    assert problem.best_by_threads().partition[0, 0] != 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"arrival_rate_hz": [0.5, np.nan]}, r"arrival_rate_hz\[1\]: got nan; expected"),
        ({"arrival_rate_hz": 0.0}, r"arrival_rate_hz\[0\]: got 0; expected"),
        ({"uplink_bps": [1e7, np.inf]}, r"uplink_bps\[1\]: got inf; expected"),
        ({"battery_j": [50, -1]}, r"battery_j\[1\]: got -1; expected"),
        ({"battery_j": [50, 101]}, r"battery_j\[1\]: got 101; expected at most"),
        ({"harvest_j": -0.5}, r"harvest_j\[0\]: got -0.5; expected"),
        ({"threads": 0}, r"threads: got 0; expected at least 1"),
        ({"min_threads": 0}, r"min_threads: got 0; expected at least 1"),
        ({"slot_s": 0.0}, r"slot_s: got 0; expected"),
        ({"utility_weight": 1.01}, r"utility_weight: got 1.01; expected"),
    ],
)
def test_a_slot_of_impossible_numbers_is_refused(changes: dict[str, Any], message: str) -> None:
    """The constructor says what, where and what would be accepted."""
    with pytest.raises(InputError, match=message):
        paper_slot(2, **changes)


def test_wrong_shapes_are_refused() -> None:
    """Arrays must have one entry for each device; devices must be unique and consistent."""
    problem = paper_slot(2)
    with pytest.raises(InputError, match=r"harvest_j: got shape \(3,\); expected \(2,\)"):
        replace(problem, harvest_j=np.zeros(3))
    with pytest.raises(InputError, match="appears twice"):
        Fleet([PAPER, PAPER])
    with pytest.raises(InputError, match="at least one device"):
        Fleet([])
    with pytest.raises(InputError, match="lengths 3, 2, 3"):
        replace(PAPER, local_s=(0.0, 0.4))
    with pytest.raises(InputError, match=r"energy_term: got 'other'; expected residual or paper"):
        Formulation(energy_term="other")  # type: ignore[arg-type]


def own_utility(problem: SlotProblem, device: int, cut: int, threads: int) -> float:
    """What `evaluate` says that one device alone earns, other threads idle; −inf if it breaks."""
    row = slice(device, device + 1)
    alone = replace(
        problem,
        fleet=Fleet(problem.fleet.devices[row]),
        arrival_rate_hz=problem.arrival_rate_hz[row],
        uplink_bps=problem.uplink_bps[row],
        battery_j=problem.battery_j[row],
        harvest_j=problem.harvest_j[row],
    )
    outcome = alone.evaluate([cut], [threads], relax=("threads_sum",))
    return outcome.utility if outcome.feasible else -np.inf


@given(problems())
def test_table_is_evaluate_elementwise(problem: SlotProblem) -> None:
    """f_n(l, k) is what `evaluate` scores, −inf exactly where it names a broken constraint."""
    table = problem.utility_table()
    assert table.shape == (len(problem), problem.layers.max() + 1, len(problem.thread_range))
    for (device, cut, column), value in np.ndenumerate(table):
        threads = int(problem.thread_range[column])
        if cut > problem.layers[device]:
            assert value == -np.inf
        else:
            expected = own_utility(problem, device, cut, threads)
            assert value == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(problems())
def test_rows_of_the_table(problem: SlotProblem) -> None:
    """`utility_by_threads`, `latency_by_threads` and `best_by_threads` agree with the table."""
    table = problem.utility_table()
    device = np.arange(len(problem))
    asleep = -10.0 if problem.formulation.hibernation_allowed else -np.inf
    within = problem.thread_range <= problem.thread_caps[:, None]
    best = problem.best_by_threads()
    expected = np.maximum(table.max(axis=1), np.where(within, asleep, -np.inf))
    assert np.array_equal(best.utility, expected)
    for column in range(table.shape[2]):
        row = best.partition[:, column]
        awake = row >= 0
        picked = table[device[awake], row[awake], column]
        assert np.array_equal(picked, best.utility[awake, column])
        assert np.all(best.utility[~awake, column] == -10.0)
    for cut in (0, *set(problem.layers.tolist())):
        rows = np.minimum(cut, problem.layers)
        utility = problem.utility_by_threads(rows)
        np.testing.assert_allclose(utility, table[device, rows], rtol=1e-12)
        latency = problem.latency_by_threads(rows)
        assert np.array_equal(np.isfinite(latency), np.isfinite(utility))
    hibernating = problem.utility_by_threads(np.full(len(problem), -1))
    assert np.array_equal(hibernating, np.where(within, asleep, -np.inf))


@given(problems(spare=st.integers(0, 6)), st.data())
def test_latency_rows_are_evaluate(problem: SlotProblem, data: st.DataObject) -> None:
    """`latency_by_threads` is the end-to-end latency that `evaluate` reports for a feasible k."""
    cuts = np.array([data.draw(st.integers(0, int(layers))) for layers in problem.layers])
    latency = problem.latency_by_threads(cuts)
    for column, threads in enumerate(problem.thread_range):
        outcome = problem.evaluate(cuts, np.full(len(problem), threads))
        feasible = np.isfinite(latency[:, column])
        assert latency[feasible, column] == pytest.approx(outcome.end_to_end_s[feasible], rel=1e-12)


def test_tables_end_at_the_largest_cap() -> None:
    """No column for counts that no device can hold; what is in play stays as it was."""
    rng = np.random.default_rng(4)
    problem = random_problem(
        rng, devices=3, spare=20, battery="full", min_threads=1, curve="exp2", caps=False
    )
    caps = (2, 5, 3)
    devices = [
        replace(one, max_threads=cap) for one, cap in zip(problem.fleet.devices, caps, strict=True)
    ]
    capped = replace(problem, fleet=Fleet(devices))
    assert capped.thread_range.tolist() == [1, 2, 3, 4, 5]
    assert capped.utility_table().shape[2] == capped.best_by_threads().utility.shape[1] == 5
    whole = problem.utility_table()[:, :, :5]
    within = capped.thread_range <= capped.thread_caps[:, None]
    assert np.array_equal(capped.utility_table(), np.where(within[:, None], whole, -np.inf))
    some = capped.best_by_threads(1, 3)
    assert np.array_equal(some.utility, capped.best_by_threads().utility[1:3])


def test_texts_are_a_few_lines() -> None:
    """`repr` of a slot and of an outcome lists five devices and counts the rest."""
    problem = paper_slot(9, name="demo", threads=10)
    outcome = problem.evaluate([0] * 9, [1] * 9)
    for text in (repr(problem), repr(outcome)):
        assert len(text.splitlines()) == 7
        assert text.endswith("… and 4 more")
    assert "SlotProblem 'demo': 9 devices, 10 threads" in repr(problem)
    assert "breaks threads_sum by 1" in repr(outcome)
    assert "feasible\n  l = 1, k = 1: U = 0.72651" in repr(paper_slot().evaluate([1], [1]))


@pytest.mark.parametrize("number", [1e308, 5e-324])
@pytest.mark.parametrize(
    "field",
    ["arrival_rate_hz", "uplink_bps", "harvest_j", "slot_s", "compute_power_w", "deadline_s"],
)
@pytest.mark.parametrize("power_w", [2.5, 0.0])
def test_extreme_numbers_overflow_quietly(field: str, number: float, power_w: float) -> None:
    """What a file may say and no float can hold is infinite, without a warning, and consistent."""
    device = {"transmit_power_w": power_w}
    device |= {field: number} if field in ("compute_power_w", "deadline_s") else {}
    changes = {} if field in device else {field: number}
    problem = paper_slot(threads=3, device=device, **changes)
    for cut, value in enumerate(problem.utility_table()[0, :, -1]):
        assert value == pytest.approx(own_utility(problem, 0, cut, 3), rel=1e-12)


def test_best_by_threads_in_chunks_is_the_same() -> None:
    """A fleet too large for one table is done in chunks of devices, with the same result."""
    devices = 1000
    rng = np.random.default_rng(7)
    base = random_problem(rng, devices=30, layers=20, min_threads=1, spare=120, caps=True)
    fleet = Fleet([replace(base.fleet.devices[i % 30], name=f"d{i}") for i in range(devices)])
    problem = replace(
        base,
        fleet=fleet,
        threads=devices + 120,
        arrival_rate_hz=np.tile(base.arrival_rate_hz, 34)[:devices],
        uplink_bps=rng.uniform(2e6, 2e7, devices),
        battery_j=np.tile(base.battery_j, 34)[:devices],
        harvest_j=np.tile(base.harvest_j, 34)[:devices],
        formulation=ALLOWED,
    )
    table = problem.utility_table()
    assert table.size > 2_000_000  # else this is one chunk
    asleep = np.where(problem.thread_range <= problem.thread_caps[:, None], -10.0, -np.inf)
    best = problem.best_by_threads()
    assert np.array_equal(best.utility, np.maximum(table.max(axis=1), asleep))
    assert np.array_equal(
        best.partition, np.where(asleep > table.max(axis=1), -1, table.argmax(axis=1))
    )


def test_what_a_solver_is_handed_cannot_be_changed() -> None:
    """Attributes are frozen, arrays are read-only copies of what was passed in."""
    battery = np.array([50.0, 50.0])
    problem = paper_slot(2, battery_j=battery, threads=4)
    battery[0] = 1.0
    assert problem.battery_j[0] == 50.0
    with pytest.raises(FrozenInstanceError):
        problem.threads = 9  # type: ignore[misc]
    fleet = problem.fleet
    for array in (
        *(problem.arrival_rate_hz, problem.uplink_bps, problem.battery_j, problem.harvest_j),
        *(problem.layers, problem.thread_caps, problem.thread_range),
        *(fleet.cut_bits, fleet.local_s, fleet.server_share, fleet.in_range, fleet.curve_s(2)),
        *(fleet.deadline_s, fleet.battery_max_j, fleet.compute_power_w, fleet.transmit_power_w),
    ):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    problem.even_threads()[0] = 99
    assert problem.even_threads().tolist() == [2, 2]


def test_two_slots_compare_and_hash_by_identity() -> None:
    """Slots hold arrays; `==` and `in` must work nevertheless."""
    first, second = paper_slot(), paper_slot()
    assert first != second
    assert first in [second, first]
    assert len({first, second}) == 2


def test_too_few_threads_leave_no_thread_count() -> None:
    """K < N·k_min is no bad problem but an infeasible one: tables without columns."""
    problem = paper_slot(3, threads=3, min_threads=3)
    assert problem.spare_threads == -6
    assert problem.utility_table().shape == (3, 3, 0)
    assert problem.best_by_threads().utility.shape == (3, 0)
    assert problem.latency_by_threads([0, 0, 0]).shape == (3, 0)
    assert {v.constraint for v in problem.evaluate([2, 2, 2], [1, 1, 1]).violations} == {
        "threads_min"
    }
