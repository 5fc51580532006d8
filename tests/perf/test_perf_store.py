"""Loading and tabling 100,000 cells: `pytest tests/perf/test_perf_store.py -m perf -s`.

No time is asserted; the seconds are printed. What is timed is what `splitbench table` does
between opening the file and printing.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pandas import DataFrame

from splitbench.results import CellKey, CellRecord, Store
from splitbench.results.frame import frame_of
from splitbench.results.rows import rows_of
from splitbench.results.select_cells import latest
from splitbench.results.statistics.beside_rows import with_comparison, with_statistics
from tests.results.records import CODE, ENVIRONMENT

pytestmark = pytest.mark.perf

CELLS = 100_000
SUITES, SOLVERS = 10, 20


def cells(slots: int, devices: int, decisions: bool) -> Iterator[CellRecord]:
    """Synthetic cells of 200 rows; instances where `slots` is 1, episodes otherwise."""
    rng = random.Random(0)
    for index in range(CELLS):
        row, repeat = index % (SUITES * SOLVERS), index // (SUITES * SOLVERS)
        instance = repeat % 40 if slots == 1 else None
        seed = repeat // 40 if slots == 1 else repeat
        slot = {
            "partition": [5] * devices,
            "threads": [4] * devices,
            "utility": rng.random(),
            "battery_next_j": [rng.random() * 2000 for _ in range(devices)],
            "gap": 0.0,
            "status": "feasible",
        }
        yield CellRecord(
            CellKey(
                f"hetero[devices={row % SUITES}]",
                f"ilp-cbc[time_limit={row // SUITES}]",
                seed,
                None,
                instance,
                True,
                CODE,
            ),
            "feasible",
            devices=devices,
            slots_run=slots,
            utility_mean=rng.random(),
            latency_s_mean=rng.random(),
            energy_j_mean=rng.random(),
            served=slots * devices,
            slot_gap_mean=rng.random(),
            slot_gap_max=1.0,
            gap_relative_mean=0.1,
            gap_against="optimum",
            solve_s=[rng.random() * 0.01 for _ in range(slots)],
            decisions=[slot] * slots if decisions else [],
            environment=ENVIRONMENT,
            formulation={"energy_term": "residual", "energy_scope": "slot"},
            written="2026-01-01T00:00:00.000Z",
        )


@pytest.fixture(
    scope="module",
    params=[(1, 4, True), (120, 9, False)],
    ids=["instances with decisions", "episodes of 120 slots without"],
)
def store(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 100,000 cells."""
    path = tmp_path_factory.mktemp("perf") / "s.sqlite"
    with Store(path) as opened:
        opened.put_all(cells(*request.param))
    return path


def table(path: Path) -> DataFrame:
    """What `splitbench table` does before it prints."""
    with Store(path, write=False) as opened:
        return rows_of(latest(frame_of(opened.summaries())).frame)


def test_table(store: Path, benchmark: Any) -> None:
    """Every cell is in the table."""
    rows = benchmark.pedantic(table, (store,), rounds=3, warmup_rounds=1)
    assert len(rows) == SUITES * SOLVERS
    assert rows["utility_mean"].notna().all()
    size = store.stat().st_size / 1e6
    print(f"\n{CELLS} cells, {size:.0f} MB: {benchmark.stats.stats.min:.2f} s")


def test_statistics(store: Path, benchmark: Any) -> None:
    """Intervals, ranks and comparisons of the same cells, beside the table's time."""
    with Store(store, write=False) as opened:
        frame = frame_of(opened.summaries())
    rows = rows_of(frame)

    def statistics() -> DataFrame:
        return with_comparison(with_statistics(rows, frame), frame, rows["solver"][0])

    found = benchmark.pedantic(statistics, rounds=1)
    assert found["statistics_rank"].notna().all()
    print(f"\nstatistics of {CELLS} cells: {benchmark.stats.stats.min:.2f} s")
