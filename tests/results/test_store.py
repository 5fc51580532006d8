"""The store: round trips, versions, several writers, and files of other kinds."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from splitbench.problems.errors import InputError
from splitbench.results import CellRecord, Store
from splitbench.results.store.schema import APPLICATION_ID, SCHEMA_VERSION
from tests.results.records import CODE, failed, key, record, write_store

ROOT = Path(__file__).resolve().parents[2]


def stored(cell: CellRecord) -> CellRecord:
    """The record as it comes back, but for the time of writing."""
    return replace(cell, written="")


def execute(path: Path, *statements: str) -> list[Any]:
    """Run SQL on a file behind the store's back; return the rows of the last statement."""
    connection = sqlite3.connect(path)
    try:
        with connection:
            rows = [connection.execute(statement).fetchall() for statement in statements]
    finally:
        connection.close()
    return rows[-1]


def one_line(error: pytest.ExceptionInfo[InputError], *words: str) -> None:
    """The message is one line, and has all of `words`."""
    message = str(error.value)
    assert "\n" not in message
    for word in words:
        assert word in message, message


class TestRecords:
    def test_comes_back_as_it_was(self, tmp_path: Path) -> None:
        """Every field survives, those with awkward values too."""
        cells = [
            record("ilp-cbc[time_limit=10]", utility=0.1 + 0.2, solve_s=(1e-9, 1 / 3, 0.0)),
            failed("mine.py:Évil", status="error", note='a "quote"\nand a line', limit_s=60.0),
            record(
                violations={"queue": 3},
                claims=["claimed optimal, but it is not"],
                instance=7,
                slots=40,
                reference=False,
                reference_cell_s=0.001,
                horizon_bound=12.5,
            ),
        ]
        path = write_store(tmp_path / "s.sqlite", *cells)
        with Store(path) as store:
            assert [stored(cell) for cell in store.all()] == cells
            assert len(store) == 3

    def test_summaries_leave_decisions_out_and_nothing_else(self, tmp_path: Path) -> None:
        """A summary equals the record but for what is bulky, its times in an array."""
        cell = record(traceback="x", output="y", per_device=[{"name": "md0"}])
        with Store(write_store(tmp_path / "s.sqlite", cell)) as store:
            (summary,) = store.summaries()
        assert list(summary.solve_s) == cell.solve_s
        left_out = replace(cell, decisions=[], per_device=[], traceback="", output="")
        assert replace(stored(summary), solve_s=cell.solve_s) == left_out

    def test_row_names_machine_versions_seed_and_formulation(self, tmp_path: Path) -> None:
        """In SQLite a row holds everything that a result depends on."""
        path = write_store(tmp_path / "s.sqlite", record(seed=5))
        ((seed, formulation, solver, environment, written),) = execute(
            path,
            "SELECT seed, json_extract(document, '$.formulation.energy_term'), "
            "json_extract(document, '$.solver_version'), "
            "json_extract(environment, '$.machine.cores', '$.versions.numpy'), written FROM cells",
        )
        assert (seed, formulation, solver) == (5, "residual", "splitbench 0.1.0")
        assert environment == '[2,"2.4.6"]'
        assert written.endswith("Z")
        assert len(written) == len("2026-01-31T12:00:00.000Z")

    def test_replaces_a_cell_and_keeps_the_order_of_writing(self, tmp_path: Path) -> None:
        """A cell has one row; written again it is the newest."""
        with Store(tmp_path / "s.sqlite") as store:
            for cell in (record("a"), record("b"), record("a", utility=2.0)):
                store.put(cell)
            assert [(c.key.solver, c.utility_mean) for c in store.all()] == [("b", 1.0), ("a", 2.0)]

    def test_each_cell_is_on_disk_at_once(self, tmp_path: Path) -> None:
        """Another process sees a cell as soon as `put` returns, before the store is closed."""
        with Store(tmp_path / "s.sqlite") as store:
            store.put(record())
            with Store(tmp_path / "s.sqlite", write=False) as other:
                assert len(other.all()) == 1

    def test_finds_by_key(self, tmp_path: Path) -> None:
        """Of many keys those that are known come back, under their key."""
        cells = [record(seed=seed) for seed in range(1200)]
        with Store(write_store(tmp_path / "s.sqlite", *cells)) as store:
            found = store.get([key(seed=seed) for seed in range(1100, 1300)])
        assert sorted(cell.seed for cell in found) == list(range(1100, 1200))
        assert all(found[cell].key == cell for cell in found)

    def test_put_all_is_all_or_nothing(self, tmp_path: Path) -> None:
        """Records before one that cannot be kept are not kept either."""
        with Store(tmp_path / "s.sqlite") as store:
            with pytest.raises(InputError, match="below 2\\*\\*63"):
                store.put_all([record(seed=1), record(seed=2**70)])
            assert store.all() == []

    def test_values_that_sqlite_cannot_take(self, tmp_path: Path) -> None:
        """A name that is no text is refused in one line; in a note it is marked."""
        with Store(tmp_path / "s.sqlite") as store:
            with pytest.raises(InputError) as error:
                store.put(record("bad\udcff.py:X"))
            one_line(error, "cannot be kept")
            store.put(failed("x", status="error", note="bytes \udcff here"))
            assert store.all()[0].note == "bytes ? here"

    def test_nan_is_nothing(self, tmp_path: Path) -> None:
        """Undefined numbers come back as None, so that they do not spoil means."""
        with Store(write_store(tmp_path / "s.sqlite", record(utility=float("nan")))) as store:
            assert store.all()[0].utility_mean is None

    def test_a_full_disk(self, tmp_path: Path) -> None:
        """What cannot be written is one line that says so, and what was there stays."""
        path = write_store(tmp_path / "s.sqlite", record())
        writer = (
            "import resource, sys\n"
            "from splitbench.problems.errors import InputError\n"
            "from splitbench import Store\n"
            "from tests.results.records import record\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))\n"
            "with Store(sys.argv[1]) as store:\n"
            "    try:\n"
            "        for seed in range(1, 100):\n"
            "            store.put(record(seed=seed))\n"
            "    except InputError as error:\n"
            "        print(error)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", writer, str(path)],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout.count("\n") == 1
        assert "what was kept stays" in done.stdout
        with Store(path, write=False) as store:
            seeds = [cell.key.seed for cell in store.all()]
        assert seeds == list(range(len(seeds)))
        assert len(seeds) > 1


class TestVersions:
    def test_columns_for_queries(self, tmp_path: Path) -> None:
        """In SQLite the file can be searched by key and status."""
        path = write_store(tmp_path / "s.sqlite", record(seed=5, instance=2, utility=0.5))
        query = "SELECT suite, solver, seed, instance, code, status FROM cells"
        assert execute(path, query) == [("hetero[devices=2]", "exact", 5, 2, CODE, "feasible")]
        assert execute(path, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
        assert execute(path, "PRAGMA application_id") == [(APPLICATION_ID,)]

    def test_every_field_is_kept(self, tmp_path: Path) -> None:
        """A record with another value in each of its fields comes back as it was."""
        other: dict[str, Any] = {
            "int": 3, "str": "x", "float | None": 0.25, "str | None": "y", "list[str]": ["z"],
            "dict[str, int]": {"queue": 1}, "dict[str, str]": {"a": "b"},
            "dict[str, Any]": {"machine": {"cores": 2}}, "list[dict[str, Any]]": [{"a": [1.5]}],
            "Sequence[float]": [0.5, 0.25], "tuple[str, ...]": ("threads_sum",),
        }  # fmt: skip
        values = {
            entry.name: other[str(entry.type)]
            for entry in fields(CellRecord)
            if entry.name not in ("key", "status", "written")
        }
        cell = CellRecord(key(), "invalid", **values)
        with Store(write_store(tmp_path / "s.sqlite", cell)) as store:
            assert [stored(one) for one in store.all()] == [cell]

    @pytest.mark.parametrize("write", [True, False])
    def test_older_store(self, tmp_path: Path, write: bool) -> None:
        """A store of a schema that was never released is refused and left alone."""
        path = write_store(tmp_path / "s.sqlite", record())
        execute(path, "PRAGMA user_version = 3", "PRAGMA journal_mode=DELETE")
        content = path.read_bytes()
        with pytest.raises(InputError) as error:
            Store(path, write=write)
        one_line(error, "of schema 3", f"expected schema {SCHEMA_VERSION}")
        assert path.read_bytes() == content


class TestOtherFiles:
    @pytest.mark.parametrize("write", [True, False])
    def test_text(self, tmp_path: Path, write: bool) -> None:
        """A file that is no database is refused and left alone."""
        path = tmp_path / "notes.txt"
        path.write_text("not a database, but long enough to look for a header in it " * 20)
        content = path.read_bytes()
        with pytest.raises(InputError) as error:
            Store(path, write=write)
        one_line(error, "notes.txt", "expected")
        assert path.read_bytes() == content

    @pytest.mark.parametrize("write", [True, False])
    def test_no_connection_stays_open(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: bool
    ) -> None:
        """Whatever is opened of a file that is no database is closed again."""
        opened: list[sqlite3.Connection] = []

        class Recorded(sqlite3.Connection):
            def __init__(self, *arguments: Any, **named: Any) -> None:
                super().__init__(*arguments, **named)
                opened.append(self)

        monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Recorded))
        path = tmp_path / "notes.txt"
        path.write_text("not a database, but long enough to look for a header in it " * 20)
        with pytest.raises(InputError):
            Store(path, write=write)
        assert opened
        for connection in opened:
            with pytest.raises(sqlite3.ProgrammingError, match="closed"):
                connection.execute("SELECT 1")

    @pytest.mark.parametrize("write", [True, False])
    @pytest.mark.parametrize("version", [0, 1, SCHEMA_VERSION, 9])
    def test_foreign_database(self, tmp_path: Path, write: bool, version: int) -> None:
        """A database of something else is refused, whatever its version, and left alone."""
        path = tmp_path / "music.db"
        execute(path, "CREATE TABLE songs (title)", f"PRAGMA user_version = {version}")
        content = path.read_bytes()
        with pytest.raises(InputError) as error:
            Store(path, write=write)
        one_line(error, "music.db: a database of something else", "expected a splitbench store")
        assert path.read_bytes() == content

    @pytest.mark.parametrize("write", [True, False])
    def test_newer_store(self, tmp_path: Path, write: bool) -> None:
        """A store of a later splitbench is refused with both versions, and left alone."""
        path = write_store(tmp_path / "s.sqlite", record())
        execute(path, f"PRAGMA user_version = {SCHEMA_VERSION + 1}", "PRAGMA journal_mode=DELETE")
        content = path.read_bytes()
        with pytest.raises(InputError) as error:
            Store(path, write=write)
        one_line(error, "newer splitbench", str(SCHEMA_VERSION + 1), f"up to {SCHEMA_VERSION}")
        assert path.read_bytes() == content

    def test_reading_makes_no_file(self, tmp_path: Path) -> None:
        """A missing file, an empty one and a directory are refused when read."""
        empty = tmp_path / "empty.sqlite"
        empty.touch()
        for path in (tmp_path / "none.sqlite", empty, tmp_path):
            with pytest.raises(InputError) as error:
                Store(path, write=False)
            one_line(error, path.name, "splitbench run")
        assert not (tmp_path / "none.sqlite").exists()
        assert empty.stat().st_size == 0

    def test_reading_leaves_nothing_beside_the_file(self, tmp_path: Path) -> None:
        """Nothing can be written through a store opened for reading, and it leaves no file."""
        path = write_store(tmp_path / "s.sqlite", record())
        content = path.read_bytes()
        with Store(path, write=False) as store:
            assert len(store.all()) == 1
            with pytest.raises(InputError) as error:
                store.put(record(seed=1))
            one_line(error, "readonly")
        assert path.read_bytes() == content
        assert list(tmp_path.iterdir()) == [path]

    def test_no_place_to_write(self, tmp_path: Path) -> None:
        """A path that cannot be made is refused in one line."""
        for path in (tmp_path, tmp_path / "no" / "such" / "s.sqlite"):
            with pytest.raises(InputError) as error:
                Store(path)
            one_line(error, str(path))

    def test_torn_file(self, tmp_path: Path) -> None:
        """A file whose pages are overwritten is refused, on opening or on reading."""
        path = write_store(tmp_path / "s.sqlite", *(record(seed=seed) for seed in range(200)))
        execute(path, "PRAGMA journal_mode=DELETE")
        content = bytearray(path.read_bytes())
        content[4096 : len(content) : 2] = b"\xa5" * len(content[4096 : len(content) : 2])
        path.write_bytes(content)
        with pytest.raises(InputError) as error, Store(path) as store:
            store.all()
        one_line(error, str(path))

    @pytest.mark.parametrize(
        ("column", "value", "field", "expected"),
        [
            ("document", "json_set(document, '$.utility_mean', 'high')", "utility_mean", "number"),
            ("document", "json_set(document, '$.status', 'splendid')", "status", "optimal"),
            ("document", "json_set(document, '$.key.seed', 'zero')", "key.seed", "integer"),
            ("document", "json_set(document, '$.key.reference', 1)", "key.reference", "boolean"),
            ("document", "json_set(document, '$.violations.queue', 'x')", "violations.queue", "in"),
            ("document", "json_set(document, '$.claims', 3)", "claims", "array"),
            ("document", "'[1]'", "document", "object"),
            ("document", "'null'", "document", "object"),
            ("document", "substr(document, 10)", "document", "JSON"),
            ("document", "x'ff'", "document", "JSON"),
            ("environment", "'{'", "environment", "JSON"),
            ("solve_s", "x'0102'", "solve_s", "8 bytes"),
            ("solve_s", "'0.1'", "solve_s", "bytes"),
            ("details", "'{\"decisions\": 1}'", "decisions", "array"),
        ],
    )
    def test_damaged_cell(
        self, tmp_path: Path, column: str, value: str, field: str, expected: str
    ) -> None:
        """A value of the wrong kind is named with its field and what would be accepted."""
        path = write_store(tmp_path / "s.sqlite", record(), record(seed=1))
        execute(path, f"UPDATE cells SET {column} = {value} WHERE rowid = 2")
        with Store(path) as store, pytest.raises(InputError) as error:
            store.all()
        one_line(error, str(path), f"damaged: a cell's {field} is", expected)

    def test_missing_column(self, tmp_path: Path) -> None:
        """A table that lacks a column is damaged, and the column is named."""
        path = write_store(tmp_path / "s.sqlite", record())
        execute(path, "ALTER TABLE cells DROP COLUMN details")
        with pytest.raises(InputError) as error:
            Store(path)
        one_line(error, "lacks details")

    @pytest.mark.parametrize("write", [True, False])
    def test_pipe_and_device(self, tmp_path: Path, write: bool) -> None:
        """A named pipe or a device is refused at once, not waited for."""
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        for path in (pipe, Path("/dev/full")):
            with pytest.raises(InputError) as error:
                Store(path, write=write)
            one_line(error, str(path), "expected")

    @pytest.mark.parametrize("name", ["a b.sqlite", "Läufe.sqlite", "x?mode=ro", "50%20.db", "#1"])
    def test_any_file_name(self, tmp_path: Path, name: str) -> None:
        """Spaces, umlauts and what would be part of an address are parts of a name."""
        path = write_store(tmp_path / name, record())
        with Store(path, write=False) as store:
            assert len(store) == 1
        assert [one.name for one in tmp_path.iterdir()] == [name]


def test_any_number_of_cells_is_looked_up(tmp_path: Path) -> None:
    """More keys than one query takes are all found: a resumed run would run the rest again."""
    records = [record(seed=seed) for seed in range(1203)]
    path = write_store(tmp_path / "many.sqlite", *records)
    with Store(path, write=False) as store:
        assert set(store.get([one.key for one in records])) == {one.key for one in records}
