"""A killed run resumes where it stopped: nothing lost, nothing doubled, the same table."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

ARGUMENTS = ["run", "small", "-s", "greedy", "-s", "eo+ta", "--slots", "15", "--seeds", "2"]
TIMES = {"solve_s_median"}


def _command(store: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "splitbench", *ARGUMENTS, "--store", str(store), *more]


def _table(store: Path) -> list[dict[str, object]]:
    """Run to the end and return the table without times."""
    done = subprocess.run(
        _command(store, "--json"), capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode in (0, 1), done.stderr
    rows = json.loads(done.stdout)
    return [{name: value for name, value in row.items() if name not in TIMES} for row in rows]


def _cells(store: Path) -> int:
    if not store.exists():
        return 0
    connection = sqlite3.connect(store)
    try:
        count: int = connection.execute("SELECT count(*) FROM cells").fetchone()[0]
    except sqlite3.OperationalError:  # killed before the table was made
        count = 0
    connection.close()
    return count


def _kill_many_times(store: Path, kills: int, rng: random.Random) -> int:
    """Start the run and kill -9 its process group at a random moment, repeatedly."""
    most = 0
    for _ in range(kills):
        run = subprocess.Popen(
            _command(store),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(rng.uniform(0.1, 2.5))
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
        now = _cells(store)
        assert now >= most, "a cell that was stored is gone"
        most = now
    return most


@pytest.mark.parametrize(
    "kills", [4, pytest.param(20, marks=pytest.mark.slow)], ids=["four", "twenty"]
)
def test_kill_nine_at_random_moments(tmp_path: Path, kills: int) -> None:
    """However often the harness is killed, the table in the end is an undisturbed run's."""
    undisturbed = _table(tmp_path / "calm.sqlite")
    store = tmp_path / "killed.sqlite"
    _kill_many_times(store, kills, random.Random(kills))
    assert _table(store) == undisturbed
    assert _cells(store) == _cells(tmp_path / "calm.sqlite")


def test_interrupt_leaves_a_resumable_store(tmp_path: Path) -> None:
    """Ctrl-C ends the run with one line and no process left, and the store goes on."""
    store = tmp_path / "store.sqlite"
    many = ("-s", "ilp-cp-sat", "--seeds", "60")  # far more than are done when the signal comes
    run = subprocess.Popen(
        _command(store, *many),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Processes in the background inherit that Ctrl-C is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while _cells(store) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    _, error = run.communicate(timeout=30)
    assert run.returncode == 130
    assert "Traceback" not in error
    assert error.count("splitbench: interrupted") == 1
    stored = _cells(store)
    assert stored >= 3
    planned = subprocess.run(
        _command(store, *many, "--dry-run", "--json"),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    plan = json.loads(planned.stdout)
    assert plan["cached"] == stored
    assert plan["left"] == plan["cells"] - stored


def test_a_solver_with_a_state_starts_its_episode_again(tmp_path: Path) -> None:
    """An episode killed in the middle is run from its start, with a solver that knows nothing."""
    store, calm = tmp_path / "store.sqlite", tmp_path / "calm.sqlite"
    solver = f"{Path(__file__).with_name('misbehaving.py')}:Stateful"
    arguments = ["run", "paper-wifi", "-s", solver, "--slots", "100", "--seeds", "2", "--json"]

    def command(path: Path) -> list[str]:
        return [sys.executable, "-m", "splitbench", *arguments, "--store", str(path)]

    run = subprocess.Popen(
        command(store), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while _cells(store) < 1 and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.7)  # into the second episode
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    assert _cells(store) == 1
    ended = [
        subprocess.run(command(path), capture_output=True, text=True, check=True, timeout=120)
        for path in (store, calm)
    ]
    tables = [
        [{name: row[name] for name in row if name not in TIMES} for row in json.loads(done.stdout)]
        for done in ended
    ]
    assert tables[0] == tables[1]


def test_order_of_flags_finds_the_same_cells(tmp_path: Path) -> None:
    """Solvers, parameters and suites named in another order are the same cells."""
    store = tmp_path / "store.sqlite"
    first = ["run", "small", "-s", "eo+ta[start=random,objective=utility]", "-s", "greedy"]
    second = ["run", "small", "-s", "greedy", "-s", "eo+ta[objective=utility,start=random]"]
    common = ["--slots", "3", "--seeds", "1", "--store", str(store)]
    subprocess.run(
        [sys.executable, "-m", "splitbench", *first, *common],
        capture_output=True,
        check=False,
        timeout=120,
    )
    planned = subprocess.run(
        [sys.executable, "-m", "splitbench", *second, *common, "--dry-run", "--json"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    plan = json.loads(planned.stdout)
    assert plan["cells"] == 6
    assert plan["left"] == 0
