"""Solvers that misbehave get rows that say so, and affect no other solver."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from splitbench.benchmark.cli import main
from splitbench.benchmark.executors.pool import Pool
from splitbench.benchmark.isolation.cell_runner import Finished
from splitbench.benchmark.isolation.limits import Limits
from splitbench.benchmark.isolation.sandbox import confines_signals
from splitbench.benchmark.referee.cell import run_cell
from splitbench.benchmark.runs.plan import Request, cells_of
from splitbench.problems import InputError
from splitbench.results import CellKey, CellRecord

FILES = [Path(__file__).with_name(f"{name}.py") for name in ("misbehaving", "false_answers")]
LIMITS = Limits(timeout_s=2.0, memory_bytes=400 * 2**20)


def _solver(name: str) -> str:
    """File and class of a solver that misbehaves."""
    return next(f"{path}:{name}" for path in FILES if f"\nclass {name}:" in path.read_text())


def _run(
    names: list[str], suite: str = "small", slots: int = 1, timeout_s: float = 60.0
) -> dict[str, list[CellRecord]]:
    solvers = [_solver(name) for name in names]
    keys = cells_of(Request([suite], solvers, [0], slots))
    with Pool(1, replace(LIMITS, timeout_s=timeout_s)) as pool:
        records = [finished.record for finished in pool.run(keys)]
    return {
        name: [record for record in records if record.key.solver.endswith(f":{name}")]
        for name in names
    }


@pytest.fixture(autouse=True)
def _leaves_nothing() -> Iterator[None]:
    """No process of a solver outlives its cell, however that ended."""
    before = {process.pid for process in psutil.process_iter()}
    yield
    give_up = time.monotonic() + 1.0  # what is killed may be listed for a moment
    while (left := _started_since(before)) and time.monotonic() < give_up:
        time.sleep(0.02)
    assert not left


def _started_since(before: set[int]) -> list[str]:
    """Commands of this file's solvers that run and did not before."""
    commands = [
        " ".join(process.info["cmdline"] or [])
        for process in psutil.process_iter(["cmdline"])
        if process.pid not in before
    ]
    return [one for one in commands if "time.sleep(3600)" in one]


#: Expected status of each, and a part of its note.
CASES = [
    ("Loop", "timeout", "killed after 1 s"),
    ("Sleep", "timeout", "killed after 1 s"),
    ("Exit", "error", "exit status 7"),
    ("Raise", "error", "RuntimeError"),
    ("Eat", "memory", ""),
    ("Flood", "feasible", ""),
    ("Children", "feasible", ""),
    ("Words", "error", "expected a Solution"),
    ("Tamper", "error", "read-only"),
    ("ExitLeaving", "error", "exit status 7"),
    ("ForkExit", "error", "exit status 7"),
    ("ForkBoth", "feasible", ""),
    ("ForkStorm", "timeout", "killed after 1 s"),
    ("ChildrenEat", "memory", "killed above"),
    ("LateThread", "feasible", ""),
    ("OddIncumbent", "error", "unusable incumbent: status is 'splendid'"),
    ("NumpyClaims", "feasible", ""),
    ("OddDecision", "error", "expected integers"),
    ("SystemExit0", "error", "SystemExit: 0"),
    ("Segfault", "error", "SIGSEGV"),
    ("CloseAll", "error", "the process ended by itself (exit status 1)"),
    ("Scribble", "error", "the player sent a message of"),
    ("StopSelf", "timeout", "killed after 1 s"),
    # Where the kernel confines signals it is told so, elsewhere it hangs and is killed.
    ("StopParent", "error", "PermissionError")
    if confines_signals()
    else ("StopParent", "timeout", "killed after 1 s"),
    ("DeafSleep", "timeout", "killed after 1 s"),
    ("StartHangs", "timeout", "killed after 1 s"),
    ("Meddle", "feasible", ""),
]


@pytest.fixture(scope="module")
def ended() -> dict[str, tuple[Limits, Finished, Finished]]:
    """Each bad solver's cell, with its limits, and that of the good solver after it."""
    found = {}
    for hangs in (True, False):
        # Only hanging takes the limit's time: the others may be slow on a busy machine.
        limits = replace(LIMITS, timeout_s=1.0 if hangs else 20.0)
        names = [name for name, status, _ in CASES if (status == "timeout") is hangs]
        keys = [key for seed, name in enumerate(names) for key in _pair(name, seed)]
        with Pool(2, limits) as pool:
            done = {one.record.key: one for one in pool.run(keys)}
        assert done.keys() == set(keys)
        for name, bad, good in zip(names, keys[::2], keys[1::2], strict=True):
            found[name] = limits, done[bad], done[good]
    return found


def _pair(name: str, seed: int) -> list[CellKey]:
    solvers = [_solver(name), _solver("Good")]
    return cells_of(Request(["paper-wifi"], solvers, [seed], 1, reference=False))


@pytest.mark.parametrize(("name", "status", "note"), CASES, ids=[case[0] for case in CASES])
def test_misbehaviour_is_a_row_within_the_limit(
    name: str, status: str, note: str, ended: dict[str, tuple[Limits, Finished, Finished]]
) -> None:
    """A bad solver's cell ends within limit + 2 s with its status; a good one after it is right."""
    limits, bad, good = ended[name]
    assert bad.record.status == status, bad.record.note
    assert note in bad.record.note
    assert limits.timeout_s is not None
    assert bad.wall_s < limits.timeout_s + 2.0
    undisturbed = run_cell(good.record.key)
    assert good.record.status == undisturbed.status == "feasible"
    assert good.record.utility_mean == undisturbed.utility_mean
    assert good.record.decisions == undisturbed.decisions
    assert good.record.claims == []


def test_children_left_behind_are_ended_and_reported() -> None:
    """Processes of a solver that returns are ended and counted, those in other sessions too."""
    (record,) = _run(["Children"], "paper-wifi")["Children"]
    assert "left 2 child process" in record.note


def test_thread_left_behind_is_no_incumbent_of_the_next_slot() -> None:
    """What a thread publishes after its slot's answer is never kept for another slot."""
    (record,) = _run(["LateThread"], "paper-wifi", slots=2, timeout_s=5.0)["LateThread"]
    assert record.status == "timeout"
    assert [one["utility"] > -30.0 for one in record.decisions] == [True, False]
    assert "incumbent" not in record.note


def test_memory_left_behind_is_no_burden_of_the_next_cell() -> None:
    """A solver that leaks a third of the limit in each cell, and leaves its directory, goes on."""
    records = _run(["Leak", "Good"], "small", slots=6)
    assert [one.status for one in records["Leak"]] == [one.status for one in records["Good"]]
    assert "feasible" in {one.status for one in records["Leak"]}


def test_an_odd_answer_before_a_kill_is_judged_as_it_was() -> None:
    """Slots before a timeout keep their verdicts, unusable ones too; later ones have its status."""
    (record,) = _run(["OddStatus"], "paper-wifi", slots=3, timeout_s=5.0)["OddStatus"]
    assert record.status == "timeout"
    assert [one["status"] for one in record.decisions] == ["error", "timeout", "timeout"]


def test_time_of_an_incumbent_is_what_it_took() -> None:
    """A killed slot that left an incumbent counts with its time, not with none."""
    (record,) = _run(["Incumbent"], "paper-wifi", timeout_s=2.0)["Incumbent"]
    (seconds,) = record.solve_s
    assert seconds > 1.0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a worker with its parent")
def test_the_harness_killed_takes_everything_with_it(tmp_path: Path) -> None:
    """A harness killed by -9 takes workers and their children along, in other sessions too."""
    arguments = ["run", "paper-wifi", "-s", _solver("ChildThenHang"), "--store"]
    run = subprocess.Popen(
        [sys.executable, "-m", "splitbench", *arguments, str(tmp_path / "s.sqlite")],
        stderr=subprocess.DEVNULL,
    )
    give_up = time.monotonic() + 30.0
    while time.monotonic() < give_up and not _runs_below(run.pid, "time.sleep(3600)"):
        time.sleep(0.05)
    assert _runs_below(run.pid, "time.sleep(3600)")
    run.kill()
    run.wait()  # the fixture sees that nothing is left


def _runs_below(pid: int, command: str) -> bool:
    for process in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if command in " ".join(process.cmdline()):
                return True
    return False


def test_workers_that_cannot_start_are_one_line() -> None:
    """A memory limit too small for any worker is an input error, not an endless restart."""
    (key,) = cells_of(Request(["small"], ["exact"], [0], 1, reference=False))
    with (
        Pool(1, Limits(10.0, 10 * 2**20)) as pool,
        pytest.raises(InputError, match="larger --memory"),
    ):
        list(pool.run([key]))


def test_last_incumbent_survives_the_kill() -> None:
    """A solver that publishes an incumbent and then hangs keeps that decision, as a timeout."""
    (record,) = _run(["Incumbent"], "paper-wifi", timeout_s=2.0)["Incumbent"]
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


def test_a_changed_file_is_read_anew_by_a_pool_that_lives_on(tmp_path: Path) -> None:
    """What a worker has imported or cached is of the file as it was: other content, other worker.

    Dask's workers keep their pools from run to run.
    """
    file = tmp_path / "mine.py"
    text = (
        "from splitbench import Solution\n"
        "class Mine:\n"
        "    name = 'mine'\n"
        "    def solve(self, problem):\n"
        "        return Solution(problem.layers, problem.even_threads(), note='NOTE')\n"
    )
    notes = []
    with Pool(1, LIMITS) as pool:
        for note in ("first", "second"):
            file.write_text(text.replace("NOTE", note), encoding="utf-8")
            keys = cells_of(Request(["small"], [f"{file}:Mine"], [0], 1))
            (finished,) = pool.run(keys)
            notes.append(finished.record.note)
    assert notes == ["first", "second"]


def test_a_record_says_what_stood_for_server_and_split_however_it_ended() -> None:
    """A killed cell's record has the suite's model as a finished one's has."""
    records = _run(["Sleep", "Good"], "paper-wifi", slots=1, timeout_s=2.0)
    (killed,), (good,) = records["Sleep"], records["Good"]
    assert killed.status == "timeout"
    assert killed.environment["model"] == good.environment["model"]
    assert killed.environment["model"]["split"] == "linear"


def test_a_file_that_hangs_on_import_costs_no_more_than_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names are checked within a limit of their own, and the row says that it timed out."""
    file = tmp_path / "endless.py"
    file.write_text("while True:\n    pass\n", encoding="utf-8")
    monkeypatch.setattr("splitbench.benchmark.planning.inspect_files.IMPORT_LIMIT_S", 1.0)
    began = time.monotonic()
    arguments = ["run", "small", "-s", f"{file}:X", "--slots", "1", "--seeds", "1", "--json"]
    store = ["--timeout", "1s", "--store", str(tmp_path / "s.sqlite")]
    assert main([*arguments, *store]) == 1
    out, err = capsys.readouterr()
    assert "takes more than 1 s to import" in err
    assert json.loads(out)[0]["status"] == "timeout"
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("command", ["solve", "simulate"])
def test_a_users_file_cannot_end_solve_or_simulate(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a limit too its code runs apart: what it prints or ends is its own."""
    suite = "paper-wifi" if command == "simulate" else "small"
    assert main(["sample", suite, "--slots", "1", "--out", str(tmp_path)]) == 0
    path = capsys.readouterr().out.split("\n")[0]
    file = tmp_path / "rude.py"
    file.write_text(
        "import os\n"
        "class Rude:\n"
        "    name = 'rude'\n"
        "    def solve(self, problem):\n"
        "        print('noise', flush=True)\n"
        "        os._exit(0)\n",
        encoding="utf-8",
    )
    assert main([command, path, "-s", f"{file}:Rude", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    row = found if command == "solve" else found[0]
    assert row["status"] == "error"
    assert "ended by itself" in row["note"]


def test_a_longer_limit_tries_again_what_ran_out_of_a_shorter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A stored timeout is run again with a longer limit, and not with an equal or shorter one."""
    store = str(tmp_path / "s.sqlite")
    arguments = ["run", "small", "-s", _solver("Sleep"), "--slots", "1", "--seeds", "1"]
    assert main([*arguments, "--store", store, "--timeout", "1s"]) == 1
    capsys.readouterr()
    for limit, left in (("1s", 0), ("500ms", 0), ("2s", 1), ("none", 1)):
        assert main([*arguments, "--store", store, "--timeout", limit, "--dry-run", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["left"] == left
