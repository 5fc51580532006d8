"""The results store: one SQLite file, one row a cell, written as soon as the cell ends."""

from __future__ import annotations

import gc
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from splitbench.problems.errors import InputError
from splitbench.results.store.decode import (
    JSON_FIELDS,
    KEY_FIELDS,
    RECORD_FIELDS,
    ReferenceTime,
    record_query,
    records_from,
    reference_times_from,
)
from splitbench.results.store.open_store import open_for_reading, open_for_writing
from splitbench.results.store.record import CellKey, CellRecord
from splitbench.results.store.schema import SCHEMA_VERSION, packed

__all__ = ["SCHEMA_VERSION", "Store"]

_ROWS_AT_ONCE = 2000
_NAMES = ("digest", *KEY_FIELDS, *RECORD_FIELDS, "seconds")
_INSERT = (
    f"INSERT OR REPLACE INTO cells ({', '.join(_NAMES)}) "
    f"VALUES ({', '.join(f':{name}' for name in _NAMES)})"
)


class Store:
    """Records of cells in a SQLite file; opening one runs nothing that is named in it.

    Several processes may write to one file at a time (write-ahead log, 60 s of patience for a
    lock). A file of an older schema is brought to the present one: in place where it is opened
    for writing, in memory where it is only read.

    Parameters
    ----------
    path
        The file; made if it does not exist. `:memory:` keeps nothing.
    write
        False opens an existing file for reading and never changes it.

    Raises
    ------
    InputError
        The file is no splitbench store, is damaged, or is of a newer schema. Any method may
        find damage that opening did not see.
    """

    def __init__(self, path: str | Path, *, write: bool = True):
        self.path = str(path)
        with self._complaining():
            self._connection = (open_for_writing if write else open_for_reading)(self.path)

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __len__(self) -> int:
        with self._complaining():
            (count,) = self._connection.execute("SELECT count(*) FROM cells").fetchone()
        return int(count)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def put(self, record: CellRecord) -> None:
        """Write a cell's record, replacing an earlier one, and commit.

        `written` becomes the time of writing where it is empty.
        """
        values = _values_of(record)
        with self._complaining():
            self._connection.execute(_INSERT, values)

    def put_all(self, records: Iterable[CellRecord]) -> None:
        """Write many records: all of them, or none where one fails."""
        with self._complaining():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(_INSERT, map(_values_of, records))
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def get(self, keys: Iterable[CellKey]) -> dict[CellKey, CellRecord]:
        """Return the records that the store has of `keys`."""
        digests = list(dict.fromkeys(key.digest for key in keys))
        found = {}
        for start in range(0, len(digests), 500):
            part = digests[start : start + 500]
            where = f"WHERE digest IN ({','.join('?' * len(part))})"
            found.update({record.key: record for record in self._records(where, part)})
        return found

    def all(self) -> list[CellRecord]:
        """Return every record, in the order of writing."""
        return list(self.each())

    def summaries(self) -> list[CellRecord]:
        """Return every record as `all` does, but without `decisions` and `environment`.

        They are most of a file and no table needs them; `solve_s` are arrays of floats.
        """
        collects = gc.isenabled()
        gc.disable()  # it would look through 100,000 records again and again and find nothing
        try:
            return list(self.each(bulky=False))
        finally:
            if collects:
                gc.enable()

    def reference_times(self) -> list[ReferenceTime]:
        """Return the reference times of cells that have one, in order of writing."""
        query = (
            "SELECT environment, reference_cell_s, written FROM cells "
            "WHERE reference_cell_s IS NOT NULL ORDER BY written, rowid"
        )
        with self._complaining():
            rows = self._connection.execute(query).fetchall()
        return list(reference_times_from(rows, self.path))

    def each(self, *, bulky: bool = True) -> Iterator[CellRecord]:
        """Yield every record, in the order of writing, without holding them all."""
        yield from self._records("ORDER BY rowid", [], bulky)

    def _records(
        self, clauses: str, arguments: list[str], bulky: bool = True
    ) -> Iterator[CellRecord]:
        with self._complaining():
            cursor = self._connection.execute(f"{record_query(bulky)} {clauses}", arguments)
            while rows := cursor.fetchmany(_ROWS_AT_ONCE):
                yield from records_from(rows, bulky, self.path)

    @contextmanager
    def _complaining(self) -> Iterator[None]:
        """Say in one line what SQLite has against the file, or the values."""
        try:
            yield
        except (OverflowError, UnicodeEncodeError) as error:
            raise InputError(
                f"{self.path}: a cell cannot be kept: {error}; "
                "expected whole numbers below 2**63 and names that are text"
            ) from None
        except sqlite3.Error as error:
            raise InputError(f"{self.path}: {error}; expected {_expected(error)}") from None


#: What would have done, by what SQLite has against a file.
_EXPECTED = {
    sqlite3.SQLITE_FULL: "room on the disk; what was kept stays, and a run goes on from there",
    sqlite3.SQLITE_IOERR: "a disk that can be written; what was kept stays, and a run goes on",
    sqlite3.SQLITE_BUSY: "no other process that holds the file for a minute",
    sqlite3.SQLITE_CANTOPEN: "a file in a directory that is there and can be written",
    sqlite3.SQLITE_READONLY: "a file that can be written",
}


def _expected(error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # extended codes say the same in detail
    return _EXPECTED.get(code, "a splitbench results store (SQLite)")


def _values_of(record: CellRecord) -> dict[str, Any]:
    values: dict[str, Any] = {"digest": record.key.digest} | asdict(record.key)
    for name in RECORD_FIELDS:
        value = getattr(record, name)
        values[name] = json.dumps(value) if name in JSON_FIELDS else value
    values["solve_s"] = packed(record.solve_s)
    values["seconds"] = float(sum(record.solve_s))
    # An error may quote bytes that are no text; a key may not: it would not be found again.
    values["note"] = record.note.encode("utf-8", "replace").decode()
    values["written"] = record.written or now()
    return values


def now() -> str:
    """Return the time as stores keep it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
