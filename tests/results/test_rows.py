"""Rows: aggregates over the cells of a solver on a suite, and which cells count."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbench.results import CellRecord
from splitbench.results.bounds import BOUND, SOLVER_CODE, with_horizon_gaps
from splitbench.results.frame import frame_of
from splitbench.results.rows import Row, row_objects
from splitbench.results.rows import rows_of as rows_of_frame
from splitbench.results.select_cells import latest
from splitbench.results.store.record import STATUS_ORDER
from tests.results.records import CODE, bound, failed, record


def rows_of(records: list[CellRecord]) -> list[Row]:
    """Rows of these records, as objects."""
    return row_objects(rows_of_frame(frame_of(records)))


def row_of(*records: CellRecord) -> Row:
    """The one row of these records."""
    (row,) = rows_of(list(records))
    return row


def test_means_are_weighted_as_the_legend_says() -> None:
    """Utility and gap by slots, latency by device-slots served, energy by all device-slots."""
    long = record(
        seed=0,
        utility=1.0,
        solve_s=(0.1, 0.1, 0.1),
        served=6,
        latency_s_mean=0.1,
        energy_j_mean=10.0,
        slot_gap_mean=0.0,
        slot_gap_max=0.0,
        slots_optimal=3,
    )
    short = record(
        seed=1,
        utility=5.0,
        solve_s=(0.5,),
        served=1,
        latency_s_mean=0.8,
        energy_j_mean=50.0,
        slot_gap_mean=0.4,
        slot_gap_max=0.4,
        slots_optimal=0,
    )
    row = row_of(long, short)
    assert row["utility_mean"] == pytest.approx((3 * 1.0 + 5.0) / 4)
    assert row["utility_per_device"] == pytest.approx((1.0 / 2 + 5.0 / 2) / 2)
    assert row["latency_s_mean"] == pytest.approx((6 * 0.1 + 0.8) / 7)
    assert row["energy_j_mean"] == pytest.approx((6 * 10.0 + 2 * 50.0) / 8)
    assert row["slot_gap_mean"] == pytest.approx(0.4 / 4)
    assert row["slot_gap_max"] == 0.4
    assert row["slot_gap_per_device"] == pytest.approx(0.2 / 2)
    assert row["optimal_share"] == pytest.approx(3 / 4)
    assert row["availability"] == pytest.approx(7 / 8)
    assert row["solve_s_median"] == pytest.approx(0.1)
    assert (row["slots"], row["seeds"], row["cells"]) == (2, 2, "episodes")


@settings(deadline=None)
@given(st.lists(st.lists(st.floats(0, 10), min_size=1, max_size=5), min_size=1, max_size=8))
def test_median_is_over_all_slots(times: list[list[float]]) -> None:
    """The median of a row is that of all its slots, not of its cells' medians."""
    row = row_of(*(record(seed=seed, solve_s=tuple(of)) for seed, of in enumerate(times)))
    ordered = sorted(second for of in times for second in of)
    middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
    assert row["solve_s_median"] is not None
    assert math.isclose(row["solve_s_median"], middle, rel_tol=1e-12, abs_tol=1e-300)


def test_status_is_the_worst_cell() -> None:
    """One failed cell is in the status, the others are counted."""
    row = row_of(record(seed=0, status="optimal"), record(seed=1), failed("exact", 2, note="slow"))
    assert row["status"] == "timeout"
    assert row["statuses"] == {"optimal": 1, "feasible": 1, "timeout": 1}
    assert row["notes"] == ["slow"]


@pytest.mark.parametrize("status", STATUS_ORDER)
def test_every_status_has_a_row(status: str) -> None:
    """A row can be made of cells of any status, with nothing else known."""
    row = row_of(failed("exact", status=status, solve_s=()))
    assert row["status"] == status
    assert (
        row["utility_mean"]
        is row["slot_gap_mean"]
        is row["solve_s_median"]
        is row["availability"]
        is None
    )


def test_infeasible_instances_have_no_utility_for_anybody() -> None:
    """Where no decision exists, what a solver scores there is not in its mean."""
    hopeless = record(seed=0, utility=-20.0, status="invalid", reference_status="infeasible")
    row = row_of(hopeless, record(seed=1, utility=1.0))
    assert row["utility_mean"] == 1.0
    assert not hopeless.failed


def test_relaxed_schemes_have_no_gap() -> None:
    """A cell without a gap leaves the row's gap unknown, not zero."""
    row = row_of(
        record(slot_gap_mean=None, slot_gap_max=None, gap_relative_mean=None, gap_against=None)
    )
    assert (
        row["slot_gap_mean"]
        is row["slot_gap_max"]
        is row["gap_relative"]
        is row["gap_against"]
        is None
    )
    assert row["utility_mean"] == 1.0


def test_what_is_not_the_same_problem_stays_apart() -> None:
    """Episodes, single slots and other lengths of one suite are rows of their own."""
    rows = rows_of([record(), record(slots=5), record(slots=5, instance=0)])
    assert [(row["cells"], row["slots_asked"]) for row in rows] == [
        ("episodes", None),
        ("episodes", 5),
        ("instances", 5),
    ]


def test_violations_and_claims_add_up() -> None:
    """Broken constraints are summed by name, refuted claims listed once."""
    cells = [record(seed=s, violations={"queue": 2}, claims=["claimed optimal"]) for s in (0, 1)]
    row = row_of(*cells)
    assert row["violations"] == {"queue": 4}
    assert row["notes"] == ["claimed optimal"]


def test_json_has_the_promised_fields() -> None:
    """Scripts find every field that the interface promises."""
    promised = (
        "suite solver slots seeds utility_mean latency_s_mean energy_j_mean slot_gap_mean "
        "slot_gap_max horizon_gap availability violations solve_s_median status"
    )
    one = row_of(record())
    assert set(promised.split()) <= set(one)
    assert "statistics" not in one
    assert "comparison" not in one


class TestLatest:
    def test_older_code_is_left_out_and_said(self) -> None:
        """Cells of the code that ran last count; a mean over two versions is of neither."""
        old = [record(seed=s, utility=1.0, code="old", written="2026-01-01") for s in (0, 1)]
        new = record(seed=0, utility=5.0, code="new", written="2026-01-02")
        found = latest(frame_of([new, *old]))
        assert found.frame["utility_mean"].tolist() == [5.0]
        assert found.remarks == ["2 cells of older code are left out; --cells has them"]

    def test_solvers_of_different_code_are_named(self) -> None:
        """A table that mixes code says which solver is from which."""
        found = latest(frame_of([record("exact", code="old"), record("greedy", code="new+file")]))
        (remark,) = found.remarks
        assert "old: exact" in remark
        assert "new: greedy" in remark
        assert len(found.frame) == 2

    def test_with_its_reference_wins(self) -> None:
        """The same cell with and without reference counts once."""
        with_gap, without = record(), record(reference=False)
        assert latest(frame_of([with_gap, without])).frame["reference"].tolist() == [True]
        assert latest(frame_of([without, with_gap])).frame["reference"].tolist() == [True]

    def test_nothing(self) -> None:
        """An empty store has an empty table."""
        assert latest(frame_of([])).frame.empty
        assert rows_of([]) == []


def test_bounds_of_horizons_are_no_solver() -> None:
    """The cell that holds a horizon's bound gives gaps, and is in no row and no frame."""
    bound = failed(BOUND, status="feasible", horizon_bound=3.0, slots_run=2, solve_s=())
    frame = latest(frame_of([bound, record("exact", utility=1.0)])).frame
    assert frame["solver"].tolist() == ["exact"]
    (row,) = row_objects(rows_of_frame(frame))
    assert (row["horizon_bound"], row["horizon_gap"]) == (3.0, 2.0)


@pytest.mark.parametrize(
    ("fields", "bound_of", "why"),
    [
        ({}, None, "no horizon bound: not proved"),
    ],
)
def test_a_row_without_a_horizon_gap_says_why(
    fields: dict[str, Any], bound_of: float | None, why: str
) -> None:
    """A note explains a horizon without a bound, and a decision that no bound covers."""
    bound = failed(BOUND, status="feasible", horizon_bound=bound_of, slots_run=2, note="not proved")
    (row,) = rows_of([bound, record("exact", **fields)])
    assert row["horizon_gap"] is None
    assert any(why in note for note in row["notes"])


def test_every_mean_has_its_own_weight() -> None:
    """Energy by device-slots, gaps by slots, the optimum's share over slots with a gap alone."""
    small = record(seed=0, devices=1, energy_j_mean=10.0, served=2, slots_optimal=2)
    large = record(seed=1, devices=3, energy_j_mean=50.0, served=6, slot_gap_mean=None)
    assert row_of(small, large)["energy_j_mean"] == pytest.approx((10.0 + 3 * 50.0) / 4)
    assert row_of(small, large)["optimal_share"] == 1.0
    long = record(seed=0, solve_s=(0.1,) * 3, gap_relative_mean=0.0, horizon_gap=2.0)
    short = record(seed=1, solve_s=(0.1,), gap_relative_mean=0.4, horizon_gap=0.0)
    assert row_of(long, short)["gap_relative"] == pytest.approx(0.1)
    assert row_of(long, short)["horizon_gap"] == pytest.approx(1.5)


def test_refuted_claims_are_counted_by_cell() -> None:
    """A cell with two refuted claims is counted once."""
    assert row_of(record(claims=["x", "y"]), record(seed=1))["claims_refuted"] == 1


@pytest.mark.parametrize(
    ("status", "finished"),
    [("optimal", True), ("feasible", True), ("infeasible", True), ("invalid", True),
     ("timeout", False), ("memory", False), ("error", False), ("unsupported", False)],
)  # fmt: skip
def test_what_came_to_an_end(status: str, finished: bool) -> None:
    """A cell with an invalid decision is finished; a killed one is not."""
    assert record(status=status).finished is finished


def test_a_bound_is_held_against_the_slots_asked_for() -> None:
    """An unfinished episode has a gap over all its slots; the solver's own file is no part."""
    whole = record(utility=3.0, solve_s=(0.1,) * 3)
    cut = record(utility=3.0, solve_s=(0.1,) * 2, slots_asked=3, status="timeout")
    other = record(utility=3.0, solve_s=(0.1,) * 2)
    own = record(utility=3.0, solve_s=(0.1,) * 3, code=f"{CODE}{SOLVER_CODE}file")
    for cell, gap in ((whole, 2.0), (cut, 2.0), (other, None), (own, 2.0)):
        (judged,) = with_horizon_gaps([cell, bound(5.0)])
        assert judged.horizon_gap == gap


class TestEverySlotCounts:
    def test_failed_instances_are_in_every_mean(self) -> None:
        """Two of three instances without a decision: −20 each, served and at optimum a third."""
        done = record("a", 0, utility=1.0, instance=0, solve_s=(0.1,), slots_asked=1,
                      slots_optimal=1, slot_gap_mean=0.0, slot_gap_max=0.0)  # fmt: skip
        lost = [
            record("a", 0, utility=-20.0, instance=i, status="error", solve_s=(), slots_run=0,
                   slots_asked=1, served=0, latency_s_mean=None, energy_j_mean=0.0,
                   slot_gap_mean=21.0, slot_gap_max=21.0)
            for i in (1, 2)
        ]  # fmt: skip
        row = row_of(done, *lost)
        assert row["utility_mean"] == pytest.approx((1.0 - 40.0) / 3)
        assert row["slot_gap_mean"] == pytest.approx(14.0)
        assert row["availability"] == row["optimal_share"] == pytest.approx(1 / 3)
        assert row["latency_s_mean"] == 0.2
        assert (row["served"], row["device_slots"]) == (2, 6)
        assert (row["slots"], row["slots_run"], row["failed"]) == (3, 1, True)

    def test_an_unfinished_episode_weighs_as_a_whole_one(self) -> None:
        """The means of an episode that stopped after one of ten slots are over ten."""
        stopped = record("a", 0, utility=-18.0, solve_s=(0.1,), slots_asked=10, status="timeout")
        done = record("a", 1, utility=2.0, solve_s=(0.1,) * 10, slots_asked=10)
        row = row_of(stopped, done)
        assert row["utility_mean"] == pytest.approx(-8.0)
        assert (row["slots"], row["slots_run"]) == (10, 5)

    def test_a_cell_without_numbers_leaves_its_row_without(self) -> None:
        """A mean over fewer cells than were asked for would flatter the solver."""
        row = row_of(record("a", 0, utility=9.0), failed("a", 1, status="memory"))
        assert row["utility_mean"] is row["slot_gap_mean"] is row["availability"] is None
        assert row["failed"]

    @pytest.mark.parametrize("status", ["unsupported", "not_installed"])
    def test_what_was_not_run_has_no_numbers(self, status: str) -> None:
        """Not even where the record has some."""
        row = row_of(record("a", 0), record("a", 1, utility=-20.0, status=status))
        assert row["utility_mean"] is row["energy_j_mean"] is row["gap_against"] is None
        assert row["status"] == status

    def test_unsupported_on_an_infeasible_instance_costs_nothing(self) -> None:
        """An instance that does not count removes no solver's numbers."""
        hopeless = failed("a", 0, status="unsupported", instance=0, reference_status="infeasible")
        row = row_of(hopeless, record("a", 0, instance=1))
        assert row["utility_mean"] == 1.0
        assert not row["failed"]

    def test_what_one_cell_proves_holds_for_a_cell_that_was_not_run(self) -> None:
        """The reference of any solver's cell shows that an instance does not count."""
        skipped = failed("a", 0, status="unsupported", instance=0)
        proved = failed("exact", 0, status="infeasible", instance=0, reference_status="infeasible")
        rows = rows_of([skipped, record("a", 0, instance=1), proved])
        assert rows[0]["utility_mean"] == 1.0
        assert rows[0]["cells_infeasible"] == rows[1]["cells_infeasible"] == 1

    def test_without_a_reference_infeasible_needs_agreement(self) -> None:
        """Without a proof, a claim of infeasibility that another solver refutes is ignored."""
        lazy = failed("lazy", 0, status="infeasible", instance=0, solve_s=(0.1,))
        done = record("exact", 0, instance=0)
        rows = rows_of([lazy, done])
        assert [row["utility_mean"] for row in rows] == [None, 1.0]
        both = [lazy, failed("exact", 0, status="infeasible", instance=0)]
        assert [row["cells_infeasible"] for row in rows_of(both)] == [1, 1]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"slot_gap_min": -0.1}, ["slot gap -0.1"]),
        ({"slot_gap_mean": -0.1, "slot_gap_min": None}, ["slot gap -0.1"]),
        ({"horizon_gap": -1.2}, ["horizon gap -1.2"]),
        ({"slot_gap_min": -1e-9, "horizon_gap": -1e-9}, []),
        ({"slot_gap_min": -0.1, "gap_against": "best_known"}, []),
    ],
)
def test_impossible_gaps_are_named(fields: dict[str, Any], said: list[str]) -> None:
    """A gap below zero by more than rounding is impossible, unless it is to the best known."""
    assert row_of(record(**fields))["impossible"] == said


def test_gap_in_percent_is_of_the_mean_reference() -> None:
    """Gaps 1 and 0 of references 2 and 0.001: half of the mean reference, not of each."""
    cells = [
        record(seed=0, utility=1.0, slot_gap_mean=1.0),
        record(seed=1, utility=0.0, slot_gap_mean=0.0),
    ]
    assert row_of(*cells)["gap_percent"] == pytest.approx(100.0 * 0.5 / 1.0)
