"""Solvers that misbehave become rows that say so, and harm nobody else."""

import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from benchmark.limits import Limits
from benchmark.plan import Request, cells_of
from benchmark.pool import Pool
from results import CellRecord

SOLVERS = Path(__file__).with_name("misbehaving.py")
LIMITS = Limits(timeout_s=2.0, memory_bytes=400 * 2**20)


def _run(names: list[str], suite: str = "small", slots: int = 1) -> dict[str, list[CellRecord]]:
    solvers = [f"{SOLVERS}:{name}" for name in names]
    keys = cells_of(Request([suite], solvers, [0], slots))
    with Pool(1, LIMITS) as pool:
        records = [finished.record for finished in pool.run(keys)]
    return {
        name: [record for record in records if record.key.solver.endswith(f":{name}")]
        for name in names
    }


@pytest.mark.parametrize(
    ("name", "status", "note"),
    [
        ("Loop", "timeout", "killed after 2 s"),
        ("Sleep", "timeout", "killed after 2 s"),
        ("Exit", "error", "exit status 7"),
        ("Raise", "error", "RuntimeError"),
        ("Eat", "memory", ""),
        ("Flood", "feasible", ""),
        ("Children", "feasible", ""),
        ("Words", "error", "expected a Solution"),
        ("Tamper", "error", "read-only"),
    ],
)
def test_misbehaviour_is_a_row_within_the_limit(name: str, status: str, note: str) -> None:
    """A bad solver's cell ends within limit + 2 s with its status; a good one after it is right."""
    keys = cells_of(Request(["paper-wifi"], [f"{SOLVERS}:{name}", f"{SOLVERS}:Good"], [0], 1))
    # Touching memory for the first time is slow on some machines: that is no solver's hang.
    limits = replace(LIMITS, timeout_s=20.0) if status == "memory" else LIMITS
    with Pool(1, limits) as pool:
        finished = list(pool.run(keys))
    by_name = {done.record.key.solver.rpartition(":")[2]: done for done in finished}
    bad, good = by_name[name], by_name["Good"]
    assert bad.record.status == status, bad.record.note
    assert note in bad.record.note
    assert limits.timeout_s is not None
    assert bad.wall_s < limits.timeout_s + 2.0
    assert good.record.status == "feasible"
    assert good.record.utility_mean is not None


def test_children_left_behind_are_ended_and_reported() -> None:
    """No process of a solver outlives its cell, not even one in a session of its own."""
    before = {process.pid for process in psutil.process_iter()}
    (record,) = _run(["Children"], "paper-wifi")["Children"]
    assert any("2 child process" in claim for claim in record.claims)
    time.sleep(0.2)
    left = [
        process
        for process in psutil.process_iter(["cmdline"])
        if process.pid not in before
        and "time.sleep(3600)" in " ".join(process.info["cmdline"] or [])
    ]
    assert not left


def test_last_incumbent_survives_the_kill() -> None:
    """A solver that publishes an incumbent and then hangs keeps that decision, as a timeout."""
    (record,) = _run(["Incumbent"], "paper-wifi")["Incumbent"]
    assert record.status == "timeout"
    assert "incumbent" in record.note
    (good,) = _run(["Good"], "paper-wifi")["Good"]
    assert record.utility_mean == good.utility_mean


def test_lies_are_refuted() -> None:
    """A false claim of optimality, a false bound and a false relaxation are all flagged."""
    rows = _run(["Liar", "Overspend"], "paper-wifi")
    (liar,), (overspend,) = rows["Liar"], rows["Overspend"]
    assert liar.status != "optimal"
    assert any("claimed optimal" in claim for claim in liar.claims)
    assert any("claimed the bound" in claim for claim in liar.claims)
    assert overspend.status == "invalid"
    assert overspend.violations == {"threads_sum": 1}
