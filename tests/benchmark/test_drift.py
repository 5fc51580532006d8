"""The reference cell: the same work every time, and what its times say of a machine."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from splitbench.benchmark.referee import reference_cell
from splitbench.benchmark.referee.reference_cell import reference_cell_seconds
from splitbench.benchmark.runs.drift import drifts
from splitbench.results import Store
from splitbench.results.store.documents import ReferenceTime
from splitbench.solvers.exact.exact import Exact
from tests.results.records import ENVIRONMENT, record, write_store


def test_reference_cell_is_always_the_same_work() -> None:
    """The slot has nothing random, is not trivial, and does not keep what it worked out."""
    first, second = reference_cell._reference_problem(), reference_cell._reference_problem()
    assert first is not second
    decisions = [Exact().solve(problem) for problem in (first, second)]
    assert np.array_equal(decisions[0].partition, decisions[1].partition)
    assert np.min(decisions[0].partition) > 0
    assert np.max(decisions[0].partition) < first.layers.max()
    assert len(set(np.asarray(decisions[0].threads).tolist())) > 1


def test_reference_cell_is_timed() -> None:
    """It takes some time, and a number of solves can be asked for."""
    assert 0.0 < reference_cell_seconds(repeats=1) < 60.0


def test_drift_is_by_machine() -> None:
    """A machine that slows down is reported with its slow cells and when; others are apart."""
    steady = [ReferenceTime(ENVIRONMENT, 0.010 + 0.0001 * s, "") for s in range(4)]
    machine = {"name": "lap1", "processor": "laptop", "cores": 8, "system": "Linux"}
    hot = [
        ReferenceTime({"machine": machine}, seconds, f"2026-01-31T12:0{minute}:00.000Z")
        for minute, seconds in enumerate((0.001, 0.001, 0.002, 0.003, 0.0012))
    ]
    first, second = drifts([*steady, *hot])
    assert (first.cells, first.slow_cells, first.drifted) == (4, 0, False)
    assert (second.least_s, second.median_s, second.most_s) == (0.001, 0.0012, 0.003)
    assert (second.cells, second.slow_cells, second.drifted) == (5, 2, True)
    assert str(second).startswith("lap1: laptop, 8 cores, Linux: reference cell 1.00–3.00 ms")
    assert "2 of 5 cells" in str(second)
    assert str(second).endswith("from 2026-01-31 12:02:00 to 2026-01-31 12:03:00")
    assert "no drift" in str(first)


def test_cells_without_a_reference_time(tmp_path: Path) -> None:
    """Stores from before the reference cell, and machines unknown, are no error."""
    path = write_store(
        tmp_path / "s.sqlite",
        record(seed=0),
        record(seed=1, reference_cell_s=2.0, environment={}, written="2026-01-02"),
        record(seed=2, reference_cell_s=1.0, written="2026-01-01"),
    )
    with Store(path) as store:
        times = store.reference_times()
    assert times == [(ENVIRONMENT, 1.0, "2026-01-01"), ({}, 2.0, "2026-01-02")]
    assert [one.machine for one in drifts(times)] == ["test, 2 cores, Linux", "unknown machine"]
    assert drifts([]) == []
