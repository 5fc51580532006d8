"""Open a store: for writing, next to other writers, or for reading, without changing it."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from splitbench.problems.errors import InputError
from splitbench.results.store.schema import COLUMNS, SCHEMA_VERSION, create, version_of

#: Seconds that a process waits for others to release the file.
PATIENCE_S = 60.0


def open_for_writing(path: str) -> sqlite3.Connection:
    """Open or create a store, with a write-ahead log.

    Raises
    ------
    InputError
        No regular file, another database, or a store of another schema; none is touched.
    sqlite3.Error
        No database, or one that cannot be written.
    """
    if path != ":memory:" and Path(path).exists() and not Path(path).is_file():
        raise InputError(f"{path}: not a regular file; expected a results store or a new file")
    connection = sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None)
    try:
        if version_of(connection, path) == 0:
            create(connection, path)
        _check_columns(connection, path)
        _write_ahead(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def open_for_reading(path: str) -> sqlite3.Connection:
    """Open a store read-only.

    Raises
    ------
    InputError
        No file, an empty one, another database, or a store of another schema.
    sqlite3.Error
        No database.
    """
    file = Path(path)
    if not file.is_file():
        wrong = "not a regular file" if file.exists() else "no such file"
        raise InputError(f"{path}: {wrong}; expected what `splitbench run` wrote")
    connection = _connect_read_only(file)
    try:
        if version_of(connection, path) == 0:
            raise InputError(f"{path}: an empty file; expected what `splitbench run` wrote")
        _check_columns(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_read_only(file: Path) -> sqlite3.Connection:
    uri = file.resolve().as_uri()
    # Not mode=ro: such a connection cannot remove the log files that SQLite creates.
    connection = _connect(f"{uri}?mode=rw")
    try:
        connection.execute("PRAGMA user_version").fetchone()
        connection.execute("PRAGMA query_only=ON")
    except sqlite3.OperationalError:
        connection.close()
        # A write-ahead log needs a writable directory, unless there is no writer.
        log = file.with_name(file.name + "-wal")
        if log.exists() and log.stat().st_size:
            raise
        connection = _connect(f"{uri}?mode=ro&immutable=1")
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri, uri=True, timeout=PATIENCE_S, isolation_level=None)


def _check_columns(connection: sqlite3.Connection, path: str) -> None:
    connection.execute("PRAGMA trusted_schema=OFF")
    found = {row[1] for row in connection.execute("PRAGMA table_info(cells)")}
    missing = sorted(set(COLUMNS) - found)
    if missing:
        raise InputError(
            f"{path}: damaged: the table cells lacks {', '.join(missing)}; "
            f"expected a splitbench store of schema {SCHEMA_VERSION}"
        )


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Let readers and a writer work side by side.

    SQLite does not wait for a lock while it changes the mode, so this function does. Where the mode
    is not available (a network file system), SQLite keeps its default: slower, but as safe.
    """
    give_up = time.monotonic() + PATIENCE_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > give_up:
                raise
            time.sleep(0.01)
    # A power cut may lose the last cells, which are then run again; it cannot damage the file.
    connection.execute("PRAGMA synchronous=NORMAL")
