"""A hostile player affects only its own row, and none of its processes survives the run.

Each of `hostile.py` and `hostile_processes.py` runs in a pool between cells of an honest solver.
Its row says what happened, the honest rows are bit for bit those of a run without it, and no
process is left.
"""

import contextlib
import dataclasses
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from splitbench.benchmark.cli import main
from splitbench.benchmark.executors.pool import Pool
from splitbench.benchmark.isolation.limits import Limits
from splitbench.benchmark.isolation.sandbox import confines_signals
from splitbench.benchmark.referee.cell import run_cell
from splitbench.benchmark.runs.plan import Request, cells_of
from splitbench.results import CellKey, CellRecord

FILES = [Path(__file__).with_name(f"hostile{which}.py") for which in ("", "_processes")]
SLOTS = 2
MEMORY = 500 * 2**20
#: Fields of a record that are times.
TIMES = {
    "solve_s", "wall_s", "player_s", "empty_round_trip_s", "reference_s", "reference_cell_s",
    "limit_s", "written",
}  # fmt: skip
#: Utility of two slots in which three devices hibernate, a mean over slots.
NOTHING = -30.0

#: Hostile players: the status of the row, a part of its note, whether its decisions are honest.
#: `None` for honest: nothing is said of the utility.
CASES: list[tuple[str, str, str, bool | None]] = [
    ("WritesUplink", "error", "cannot set WRITEABLE flag", False),
    ("WritesFleet", "feasible", "", True),
    ("ReplacesJudge", "feasible", "", True),
    ("ReplacesReference", "feasible", "", True),
    ("ReplacesClock", "feasible", "", True),
    ("FinishedRecord", "error", "the player sent a message of kind 2 to request", False),
    ("RecordOfAnother", "error", "the player sent a message of", False),
    ("SlotThatIsNone", "error", "a message of kind 0 to request 1000000", False),
    ("NoteRelaxes", "feasible", "relaxes my mind", True),
    ("RelaxesWords", "feasible", "", True),
    ("OddStatus", "error", "whose status or flags do not exist", False),
    ("OddNumbers", "error", "24 bytes of numbers where 48 were expected", False),
    ("NotANumber", "error", "the player sent a number that is none", False),
    ("NoTime", "error", "the player sent a time that is none", False),
    ("OtherWords", "error", "the player sent words of unknown fields", False),
    ("DeepHeader", "error", "words that are no JSON", False),
    ("PickleBomb", "error", "words that are no JSON", False),
    ("LongFrame", "error", "a message of 4294967295 + 4294967295 bytes", False),
    ("HalfFrame", "timeout", "killed after", False),
    ("EndlessIncumbents", "timeout", "the last incumbent is kept", None),
    ("Repeated", "error", "a message", None),
    ("Early", "error", "a message", None),
    ("Late", "error", "a message", None),
    ("Overflows", "error", "expected integers of size below", False),
    ("SeesFuture", "unsupported", "clairvoyant = True", None),
    ("ClaimsFuture", "feasible", "clairvoyant: it sees the future", True),
    ("Daemon", "feasible", "left 2 child process(es) behind", True),
    ("EndlessOutput", "timeout", "killed after", False),
    ("PrintsAndFails", "error", "ValueError: as announced", False),
    ("Breakpoint", "error", "--executor in-process", False),
    ("AsksForInput", "error", "--executor in-process", False),
    ("SetsTrace", "error", "--executor in-process", False),
    ("WritesTarget", "error", "PermissionError", False),
    ("DeletesTarget", "error", "PermissionError", False),
    ("MovesTarget", "error", "PermissionError", False),
    ("UsesTemporary", "feasible", "", True),
    ("ChangesDirectory", "feasible", "", True),
    ("AtExit", "feasible", "", True),
    ("LeavesThreads", "feasible", "left 6 thread(s) running", True),
    ("KillsItself", "error", "signal SIGKILL", False),
    ("KillsGuard", "error", "PermissionError", False),
    ("KillsReferee", "error", "PermissionError", False),
    ("WritesMemory", "error", "PermissionError", False),
    ("ClosesSocket", "error", "closed its connection to the referee", False),
    ("StopsItself", "timeout", "killed after", False),
    ("EatsMemory", "memory", "killed above", False),
    ("DeniesSupport", "error", "too hard", None),
    ("DeniesFeasibility", "error", "", False),
    ("Interrupts", "error", "KeyboardInterrupt", False),
    ("HidesTraceback", "error", "Hidden", False),
    ("Recurses", "error", "RecursionError", False),
    ("ReplacesProtocol", "error", "the player sent", False),
]
#: Players that rely on what only Linux with Landlock refuses.
NEED_LANDLOCK = {
    "WritesTarget", "DeletesTarget", "MovesTarget", "KillsGuard", "KillsReferee", "WritesMemory",
}  # fmt: skip
HANGS = {name for name, status, *_ in CASES if status == "timeout"}


def _solver(name: str) -> str:
    """File and class of a hostile player."""
    return next(f"{path}:{name}" for path in FILES if f"\nclass {name}:" in path.read_text())


def _keys(name: str) -> list[CellKey]:
    return cells_of(Request(["paper-wifi"], [_solver(name)], [0], SLOTS))[:1]


def _lasting(record: CellRecord) -> dict[str, object]:
    """A record without its times."""
    fields = {one.name: getattr(record, one.name) for one in dataclasses.fields(record)}
    return {name: value for name, value in fields.items() if name not in TIMES}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file of the user's that players know of."""
    path = tmp_path_factory.mktemp("user") / "store.sqlite"
    path.write_bytes(b"precious")
    os.environ["SPLITBENCH_TEST_TARGET"] = str(path)
    yield path
    del os.environ["SPLITBENCH_TEST_TARGET"]


@pytest.fixture(scope="module")
def ran(target: Path) -> dict[str, tuple[CellRecord, CellRecord]]:
    """Each hostile player's record, and that of the honest solver beside it."""
    os.environ["SPLITBENCH_TEST_TARGET"] = str(target)
    (good,) = _keys("Good")
    found = {}
    for hangs in (True, False):
        names = [name for name, *_ in CASES if (name in HANGS) is hangs]
        cells = {_keys(name)[0]: name for name in names}
        mixed = [key for bad in cells for key in (bad, good)]
        with Pool(2, Limits(1.0 if hangs else 30.0, MEMORY)) as pool:
            records = [finished.record for finished in pool.run(mixed)]
        honest = [one for one in records if one.key == good]
        assert len(honest) == len(names)
        bad = [one for one in records if one.key != good]
        found |= {cells[one.key]: (one, two) for one, two in zip(bad, honest, strict=True)}
    give_up = time.monotonic() + 2.0
    while (left := _left(target)) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert not left, "something survived the run"
    return found


def _left(target: Path) -> list[str]:
    """Commands of processes that still run and were started by this module's runs.

    They have inherited the variable that names the target.
    """
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            ours = process.environ().get("SPLITBENCH_TEST_TARGET") == str(target)
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
    return found


@pytest.fixture(scope="module")
def undisturbed() -> CellRecord:
    """The honest solver's record in a run of its own."""
    return run_cell(_keys("Good")[0])


@pytest.mark.parametrize(("name", "status", "note", "honest"), CASES, ids=[one[0] for one in CASES])
def test_a_hostile_player_changes_its_own_row_only(
    name: str,
    status: str,
    note: str,
    honest: bool | None,
    ran: dict[str, tuple[CellRecord, CellRecord]],
    undisturbed: CellRecord,
) -> None:
    """Its row says what happened; the honest row is the one of an undisturbed run."""
    if name in NEED_LANDLOCK and not confines_signals():
        pytest.skip("needs a kernel that confines files and signals")
    record, beside = ran[name]
    assert record.status == status, record.note
    assert note in record.note
    if honest is True:
        assert record.utility_mean == undisturbed.utility_mean
        assert record.slot_gap_mean == undisturbed.slot_gap_mean
        assert record.gap_against == "optimum"
    elif honest is False:
        assert record.utility_mean == NOTHING
        assert record.served == 0
    if status != "unsupported":
        assert record.slots_asked == SLOTS
    assert _lasting(beside) == _lasting(undisturbed)


def test_the_users_file_is_as_it_was(
    ran: dict[str, tuple[CellRecord, CellRecord]], target: Path
) -> None:
    """No player has written, removed or moved a file, and no pickle was loaded."""
    if not confines_signals():
        pytest.skip("needs a kernel that confines files")
    assert target.read_bytes() == b"precious"
    assert [path.name for path in target.parent.iterdir()] == ["store.sqlite"]


def test_a_stopped_clock_is_measured_from_outside(
    ran: dict[str, tuple[CellRecord, CellRecord]],
) -> None:
    """The referee's clock says what the slots took, whatever the player's says."""
    record, _ = ran["ReplacesClock"]
    assert min(record.solve_s) >= 0.25
    assert record.player_s is not None
    assert record.player_s < 0.25
    assert record.empty_round_trip_s is not None
    assert 0.0 < record.empty_round_trip_s < 0.25


def test_output_and_traceback_are_kept(ran: dict[str, tuple[CellRecord, CellRecord]]) -> None:
    """Output at every level is kept, bounded; the error names the line in the plug-in's file."""
    record, _ = ran["PrintsAndFails"]
    assert "on the way to failure\n" in record.output
    assert "from below Python\n" in record.output
    lines = record.traceback.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert _solver("PrintsAndFails").partition(":")[0] in lines[1]
    assert lines[-1] == "ValueError: as announced"
    endless, _ = ran["EndlessOutput"]
    assert "bytes more" in endless.output
    assert len(endless.output) < 20_000


def test_a_hostile_run_leaves_its_store_intact(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`run` beside players that attack the store file: exit status 1, honest rows, a good store."""
    if not confines_signals():
        pytest.skip("needs a kernel that confines files")
    store = tmp_path / "store.sqlite"
    monkeypatch.setenv("SPLITBENCH_TEST_TARGET", str(store))
    solvers = [word for name in ("WritesTarget", "DeletesTarget", "RecordOfAnother")
               for word in ("-s", _solver(name))]  # fmt: skip
    common = ["paper-wifi", "--slots", "2", "--seeds", "1", "--store", str(store), "--json"]
    assert main(["run", *solvers, "-s", "greedy", *common]) == 1
    rows = {row["solver"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["greedy"]["status"] == "feasible"
    assert {rows[name]["status"] for name in ("writes-target", "deletes-target")} == {"error"}
    assert main(["run", "-s", "greedy", *common, "--dry-run"]) == 0
    assert json.loads(capsys.readouterr().out)["left"] == 0
