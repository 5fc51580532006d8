"""Wherever cells run, the rows are the same: here, on several workers, on a Dask cluster."""

import json
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from splitbench.benchmark.cli import main
from splitbench.benchmark.executors.dask_executor import DaskExecutor, run_remotely
from splitbench.benchmark.executors.pool import Pool
from splitbench.benchmark.isolation.limits import Limits
from splitbench.benchmark.referee.cell import run_cell
from splitbench.benchmark.runs.campaign import Again, Campaign, InProcess
from splitbench.benchmark.runs.plan import Request, cells_of, code_here
from splitbench.problems import InputError
from splitbench.results import CellKey, Store
from splitbench.results.frame import frame_of
from splitbench.results.rows import row_objects, rows_of

LIMITS = Limits(timeout_s=60.0, memory_bytes=2**31)
TIMES = ("solve_s_median",)


def _keys() -> list[CellKey]:
    small = cells_of(Request(["small"], ["exact", "eo+ta[start=random]"], [3], 6))
    return small + cells_of(Request(["paper-wifi"], ["dads+bs", "random"], [1, 2], 5))


def _rows(executor: Any) -> list[dict[str, Any]]:
    with Store(":memory:") as store:
        records = Campaign.planned(_keys(), store, Again.NOTHING).run(executor, store)
    rows = row_objects(rows_of(frame_of(records)))
    return [{name: row[name] for name in row if name not in TIMES} for row in rows]


@pytest.fixture(scope="module")
def expected() -> list[dict[str, Any]]:
    """Rows of a run without any isolation."""
    return _rows(InProcess())


@pytest.mark.parametrize("jobs", [1, 3])
def test_worker_processes_give_the_same_rows(expected: Any, jobs: int) -> None:
    """One worker or several, in whatever order cells end: the same table."""
    with Pool(jobs, LIMITS) as pool:
        assert _rows(pool) == expected


def test_a_dask_cluster_gives_the_same_rows(expected: Any) -> None:
    """Cells on a local Dask cluster give the table that cells here give."""
    with DaskExecutor(None, 2, LIMITS, code_here) as dask:
        assert _rows(dask) == expected


@pytest.mark.slow
def test_a_lost_dask_worker_loses_no_cell(expected: Any) -> None:
    """A Dask worker killed in the middle has its cells run again by another."""
    with DaskExecutor(None, 2, LIMITS, code_here) as dask:

        def kill_one() -> None:
            time.sleep(1.0)
            workers = dask._client.scheduler_info()["workers"]
            pids = list(dask._client.run(os.getpid).values()) if workers else []
            if pids:
                os.kill(pids[0], signal.SIGKILL)

        killer = threading.Thread(target=kill_one)
        killer.start()
        assert _rows(dask) == expected
        killer.join()


@pytest.mark.slow
def test_a_cell_that_takes_every_dask_worker_down_harms_no_other() -> None:
    """It becomes an error; cells that waited on the same workers are run again and are right."""
    solvers = [
        f"{Path(__file__).with_name('misbehaving.py')}:{name}" for name in ("KillsDask", "Good")
    ]
    keys = cells_of(Request(["paper-wifi"], solvers, [0, 1], 2, reference=False))
    with DaskExecutor(None, 2, LIMITS, code_here) as dask:
        records = [finished.record for finished in dask.run(keys)]
    assert sorted((one.key.solver.rpartition(":")[2], one.status) for one in records) == [
        ("Good", "feasible"), ("Good", "feasible"), ("KillsDask", "error"), ("KillsDask", "error"),
    ]  # fmt: skip


def test_a_dask_worker_with_other_code_is_refused() -> None:
    """A result of other code would be kept under this code's key: the run ends in one line."""
    (key,) = cells_of(Request(["small"], ["exact"], [0], 1, reference=False))
    with pytest.raises(InputError, match="has other code for exact on small"):
        run_remotely(replace(key, code="0" * 16), LIMITS, code_here)


def test_a_dask_worker_of_several_threads_keeps_cells_apart() -> None:
    """Threads of one Dask worker run cells at the same time, each in a process of its own."""
    keys = cells_of(Request(["small"], ["greedy"], [5], 6, reference=False))
    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(lambda key: run_remotely(key, LIMITS, code_here), keys))
    for key, finished in zip(keys, found, strict=True):
        assert finished.record.key == key
        assert finished.record.decisions == run_cell(key).decisions


def test_dry_run_runs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The plan counts cells, those known, those left, and the worst case from the limit."""
    store = tmp_path / "store.sqlite"
    common = ["small", "-s", "exact", "--seeds", "1", "--store", str(store)]
    assert main(["run", *common, "--dry-run", "--json"]) == 0
    assert not store.exists()
    assert main(["run", *common, "--slots", "4"]) == 0
    capsys.readouterr()
    plan = [*common, "--slots", "4", "-s", "greedy", "--dry-run", "--json", "--timeout", "10s"]
    assert main(["run", *plan, "--jobs", "2"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["cells"], found["cached"], found["left"]) == (8, 4, 4)
    assert found["worst_case_s"] == 20.0
    assert found["estimated"] == 0
    assert 0.0 < found["likely_s"] < found["worst_case_s"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--jobs", "0"],
        ["run", "--timeout", "soon"],
        ["run", "--memory", "-1"],
        ["run", "--scheduler", "tcp://127.0.0.1:1"],
        ["run", "nowhere"],
        ["run", "-s", "exat"],
        ["run", "--seeds", "0"],
        ["run", "--slots", "0"],
        ["run", "hetero[devises=3]"],
        ["run", "hetero[dnn=foo]"],
        ["run", "hetero[server=foo]"],
        ["run", "--json", "--format", "csv"],
        ["run", "--out", "no/such/directory/table.txt"],
        ["run", "-s", "mine.py"],
        ["gap", "hetero[dnn=foo]"],
        ["gap", "smal"],
        ["solve", "no-such-file.json"],
        ["frobnicate"],
    ],
)
def test_unusable_arguments_are_one_line(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bad arguments: exit status 2, one line on stderr, nothing on stdout."""
    where = ["--store", str(tmp_path / "s.sqlite")] if arguments[0] in ("run", "gap") else []
    assert main([*arguments, *where]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("splitbench: ")
    assert captured.err.count("\n") == 1
