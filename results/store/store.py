"""The results store: one SQLite file with one row per cell, committed when the cell ends."""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from splitbench.problems.errors import InputError
from splitbench.results.store.documents import (
    ReferenceTime,
    columns_of,
    records_from,
    reference_times_from,
)
from splitbench.results.store.open_store import open_for_reading, open_for_writing
from splitbench.results.store.record import CellKey, CellRecord
from splitbench.results.store.schema import COLUMNS, READ, SCHEMA_VERSION

__all__ = ["SCHEMA_VERSION", "Store"]

_ROWS_AT_ONCE = 2000
_INSERT = (
    f"INSERT OR REPLACE INTO cells ({', '.join(COLUMNS)}) "
    f"VALUES ({', '.join('?' for _ in COLUMNS)})"
)


class Store:
    """Records of cells in a SQLite file; opening it never runs anything named in it.

    Several processes may write to one file at a time (write-ahead log; a lock is awaited for 60 s).

    Parameters
    ----------
    path
        The file; created if it does not exist. `:memory:` stores nothing on disk.
    write
        False opens an existing file for reading and never changes it.

    Raises
    ------
    InputError
        The file is no splitbench store, is damaged, or is of another schema. Any method may detect
        damage that opening did not.
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
        values = self._columns_of(record)
        with self._complaining():
            self._connection.execute(_INSERT, values)

    def put_all(self, records: Iterable[CellRecord]) -> None:
        """Write many records in one transaction: all, or none if one fails."""
        with self._complaining():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(_INSERT, map(self._columns_of, records))
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def get(self, keys: Iterable[CellKey]) -> dict[CellKey, CellRecord]:
        """Return the records that the store has of `keys`, in their order."""
        keys = list(keys)
        digests = list(dict.fromkeys(key.digest for key in keys))
        found = {}
        for start in range(0, len(digests), 500):
            part = digests[start : start + 500]
            where = f"WHERE digest IN ({','.join('?' * len(part))})"
            found.update({record.key: record for record in self._records(where, part)})
        return {key: found[key] for key in keys if key in found}

    def all(self) -> list[CellRecord]:
        """Return every record, in the order of writing."""
        return list(self.each())

    def summaries(self) -> list[CellRecord]:
        """Return every record as `all` does, but without decisions, devices, traceback, output.

        These are most of a file and no table needs them; `solve_s` are arrays of floats.
        """
        collects = gc.isenabled()
        gc.disable()  # it would scan 100,000 records repeatedly and free nothing
        try:
            return list(self.each(bulky=False))
        finally:
            if collects:
                gc.enable()

    def reference_times(self) -> list[ReferenceTime]:
        """Return the reference times of cells that have one, in order of writing."""
        seconds = "json_extract(document, '$.reference_cell_s')"
        query = (
            f"SELECT environment, {seconds}, written FROM cells "
            f"WHERE {seconds} IS NOT NULL ORDER BY written, rowid"
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
            names = READ if bulky else READ[:-1]
            cursor = self._connection.execute(
                f"SELECT {', '.join(names)} FROM cells {clauses}", arguments
            )
            while rows := cursor.fetchmany(_ROWS_AT_ONCE):
                yield from records_from(rows, self.path)

    def _columns_of(self, record: CellRecord) -> tuple[Any, ...]:
        # A note may quote bytes that are not text. A key may not, since it could not be found
        # again.
        note = record.note.encode("utf-8", "replace").decode()
        try:
            return columns_of(replace(record, note=note, written=record.written or now()))
        except ValueError as error:
            raise InputError(
                f"{self.path}: a cell cannot be kept: {error}; "
                "expected whole numbers below 2**63 and names that are text"
            ) from None

    @contextmanager
    def _complaining(self) -> Iterator[None]:
        """Turn an error of SQLite into one line."""
        try:
            yield
        except sqlite3.Error as error:
            raise InputError(f"{self.path}: {error}; expected {_expected(error)}") from None


#: What would have been accepted, by SQLite's error code.
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


def now() -> str:
    """Return the current time in the stores' format."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
