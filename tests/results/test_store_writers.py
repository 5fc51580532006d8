"""Several processes that open, make and write one store at the same moment."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

from splitbench.results import Store
from splitbench.results.store.schema import SCHEMA_VERSION, create, version_of

ROOT = Path(__file__).resolve().parents[2]

WRITER = """
import sys
from splitbench.results import Store
from tests.results.records import record
path, solver, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
with Store(path) as store:
    for seed in range(count):
        store.put(record(solver, seed))
"""


def test_a_store_created_between_two_looks_is_not_of_something_else(tmp_path: Path) -> None:
    """A process that opens the file while another creates the store sees it before or after."""
    path = str(tmp_path / "s.sqlite")
    other = sqlite3.connect(path, timeout=0.0, isolation_level=None)

    class Interrupted(sqlite3.Connection):
        def execute(self, statement: str, *rest: Any) -> sqlite3.Cursor:
            if statement == "PRAGMA application_id":
                with contextlib.suppress(sqlite3.OperationalError):  # locked: it comes later
                    create(other, path)
            return super().execute(statement, *rest)

    looking = sqlite3.connect(path, isolation_level=None, factory=Interrupted)
    with contextlib.closing(other), contextlib.closing(looking):
        assert version_of(looking, path) in (0, SCHEMA_VERSION)


def test_several_writers(tmp_path: Path) -> None:
    """Processes that make and write one file at the same moment lose no cell."""
    path = tmp_path / "s.sqlite"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), f"solver{index}", "40"],
            cwd=ROOT,
            stderr=subprocess.PIPE,
        )
        for index in range(4)
    ]
    for writer in writers:
        _, errors = writer.communicate(timeout=120)
        assert writer.returncode == 0, errors.decode()
    with Store(path) as store:
        cells = [cell for cell in store.all() if cell.key.solver.startswith("solver")]
    assert len({cell.key for cell in cells}) == len(cells) == 160
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
