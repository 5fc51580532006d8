"""The store: what is kept, its versions, several writers, and files that are something else."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from splitbench.problems.errors import InputError
from splitbench.results import CellKey, CellRecord, Store
from splitbench.results.store.schema import APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION
from tests.results.records import failed, key, record, write_store

ROOT = Path(__file__).resolve().parents[2]
#: Made by splitbench when the schema was 1: real solves of random slots, `exact` among them.
VERSION_1 = Path(__file__).parent / "data" / "store-v1.db"
#: Made by splitbench when the schema was 2: real cells of two suites and the bounds of horizons.
VERSION_2 = Path(__file__).parent / "data" / "store-v2.db"


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
        cell = record()
        with Store(write_store(tmp_path / "s.sqlite", cell)) as store:
            (summary,) = store.summaries()
        assert list(summary.solve_s) == cell.solve_s
        left_out = replace(cell, decisions=[], environment={})
        assert replace(stored(summary), solve_s=cell.solve_s) == left_out

    def test_row_names_machine_versions_seed_and_formulation(self, tmp_path: Path) -> None:
        """Whoever opens the file with SQLite finds all that a result depends on in its row."""
        path = write_store(tmp_path / "s.sqlite", record(seed=5))
        ((seed, formulation, solver, environment, seconds, written),) = execute(
            path,
            "SELECT seed, json_extract(formulation, '$.energy_term'), solver_version, "
            "json_extract(environment, '$.machine.cores', '$.versions.numpy'), seconds, written "
            "FROM cells",
        )
        assert (seed, formulation, solver) == (5, "residual", "splitbench 0.1.0")
        assert environment == '[2,"2.4.6"]'
        assert seconds == pytest.approx(0.03)
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
        """What is undefined comes back as None, so that no mean is poisoned."""
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
    def test_columns_are_what_a_record_has(self, tmp_path: Path) -> None:
        """A field added to the record needs a column, a new version, and a migration."""
        path = write_store(tmp_path / "s.sqlite")
        columns = {row[1] for row in execute(path, "PRAGMA table_info(cells)")}
        names = {entry.name for kind in (CellKey, CellRecord) for entry in fields(kind)}
        assert columns == (names - {"key"}) | {"digest", "seconds"}
        assert execute(path, "PRAGMA user_version") == [(SCHEMA_VERSION,)]

    def test_every_version_has_a_way_up(self) -> None:
        """From each older version there is a migration to the next."""
        assert sorted(MIGRATIONS) == list(range(1, SCHEMA_VERSION))

    def old(self, tmp_path: Path) -> Path:
        return Path(shutil.copy(VERSION_1, tmp_path / "old.sqlite"))

    def test_version_1_is_upgraded_in_place(self, tmp_path: Path) -> None:
        """Opened for writing, a version-1 file has the present schema and all its cells."""
        path = self.old(tmp_path)
        before = execute(
            path,
            "SELECT suite, solver, seed, instance, status, utility_mean, solve_s, decisions, note, "
            "written FROM cells ORDER BY rowid",
        )
        with Store(path) as store:
            cells = store.all()
            store.put(record())
        after = [
            (c.key.suite, c.key.solver, c.key.seed, c.key.instance, c.status, c.utility_mean)
            for c in cells
        ]
        assert after == [row[:6] for row in before]
        assert len(before) == 9
        assert [str(c.solve_s) for c in cells] == [row[6] for row in before]
        assert [len(c.decisions) for c in cells] == [1] * 6 + [4, 4, 0]
        assert [c.note for c in cells] == [row[8] for row in before]
        assert [c.written for c in cells] == [row[9] for row in before]
        assert {str(c.formulation) for c in cells} == {"{}"}
        assert cells[0].environment["versions"]["python"]
        assert execute(path, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
        assert execute(path, "PRAGMA application_id") == [(APPLICATION_ID,)]
        with Store(path) as store:
            assert len(store) == 10

    @pytest.mark.parametrize("write", [True, False])
    def test_version_2_keeps_every_value(self, tmp_path: Path, write: bool) -> None:
        """A version-2 file has all its cells, every column as it was, and no wall-clock time."""
        path = Path(shutil.copy(VERSION_2, tmp_path / "old.sqlite"))
        names = ", ".join(row[1] for row in execute(path, "PRAGMA table_info(cells)"))
        before = execute(path, f"SELECT {names} FROM cells ORDER BY rowid")
        with Store(path, write=write) as store:
            cells = store.all()
        assert len(cells) == len(before) == 20
        assert {cell.wall_s for cell in cells} == {None}
        assert [c.utility_mean for c in cells] == [
            row[0] for row in execute(path, "SELECT utility_mean FROM cells ORDER BY rowid")
        ]
        assert execute(path, f"SELECT {names} FROM cells ORDER BY rowid") == before
        assert execute(path, "PRAGMA user_version") == [(SCHEMA_VERSION if write else 2,)]

    @pytest.mark.parametrize("old", [VERSION_1, VERSION_2], ids=["1", "2"])
    def test_upgraded_schema_is_that_of_a_new_file(self, tmp_path: Path, old: Path) -> None:
        """Upgraded and new files have the same tables, to the letter."""
        shutil.copy(old, tmp_path / "old.sqlite")
        with Store(tmp_path / "old.sqlite"), Store(tmp_path / "new.sqlite"):
            pass
        query = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name"
        assert execute(tmp_path / "old.sqlite", query) == execute(tmp_path / "new.sqlite", query)

    def test_upgraded_cells_are_found_by_key(self, tmp_path: Path) -> None:
        """The key of a version-1 cell still finds it, so that it is not run again."""
        with Store(self.old(tmp_path)) as store:
            cells = store.all()
            assert len(store.get([cell.key for cell in cells])) == len(cells)

    def test_reading_upgrades_in_memory(self, tmp_path: Path) -> None:
        """Opened for reading, an old file is read like a new one and not a byte of it changes."""
        path = self.old(tmp_path)
        content = path.read_bytes()
        with Store(path, write=False) as store:
            assert len(store.all()) == 9
        assert path.read_bytes() == content

    def test_failed_upgrade_changes_nothing(self, tmp_path: Path) -> None:
        """A version-1 file with damaged times is refused and stays at version 1."""
        path = self.old(tmp_path)
        execute(path, "UPDATE cells SET solve_s = 'not json' WHERE seed = 1")
        with pytest.raises(InputError) as error:
            Store(path)
        one_line(error, str(path))
        assert execute(path, "PRAGMA user_version") == [(1,)]
        assert execute(path, "SELECT count(*) FROM cells") == [(9,)]


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
        ("column", "value", "expected"),
        [
            ("utility_mean", "'high'", "float"),
            ("status", "'splendid'", "optimal"),
            ("seed", "'zero'", "int"),
            ("violations", "'[1]'", "a JSON object"),
            ("violations", '\'{"queue": "x"}\'', "a JSON object"),
            ("claims", "'no json'", "JSON"),
            ("solve_s", "x'0102'", "8 bytes"),
            ("solve_s", "'0.1'", "bytes"),
            ("note", "x'ff'", "str"),
            ("decisions", "'{}'", "a JSON list"),
        ],
    )
    def test_damaged_cell(self, tmp_path: Path, column: str, value: str, expected: str) -> None:
        """A value of the wrong kind is named with its column and what would be accepted."""
        path = write_store(tmp_path / "s.sqlite", record(), record(seed=1))
        execute(path, f"UPDATE cells SET {column} = {value} WHERE solver = 'exact' AND served = 4")
        with Store(path) as store, pytest.raises(InputError) as error:
            store.all()
        one_line(error, str(path), f"damaged: a cell's {column} is", expected)

    def test_missing_column(self, tmp_path: Path) -> None:
        """A table that lacks a column is damaged, and the column is named."""
        path = write_store(tmp_path / "s.sqlite", record())
        execute(path, "ALTER TABLE cells DROP COLUMN horizon_gap")
        with pytest.raises(InputError) as error:
            Store(path)
        one_line(error, "lacks horizon_gap")


WRITER = """
import sys
from splitbench.results import Store
from tests.results.records import record
path, solver, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
with Store(path) as store:
    for seed in range(count):
        store.put(record(solver, seed))
"""


@pytest.mark.parametrize("start", ["new", "old"])
def test_several_writers(tmp_path: Path, start: str) -> None:
    """Processes that open, make or upgrade one file at the same moment lose no cell."""
    path = tmp_path / "s.sqlite"
    if start == "old":
        shutil.copy(VERSION_1, path)
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
    assert execute(path, "PRAGMA integrity_check") == [("ok",)]


def test_any_number_of_cells_is_looked_up(tmp_path: Path) -> None:
    """More keys than one query takes are all found: a resumed run would run the rest again."""
    records = [record(seed=seed) for seed in range(1203)]
    path = write_store(tmp_path / "many.sqlite", *records)
    with Store(path, write=False) as store:
        assert set(store.get([one.key for one in records])) == {one.key for one in records}
