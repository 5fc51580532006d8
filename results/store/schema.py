"""The store's one table, its version, and how a file is recognised as a store."""

from __future__ import annotations

import sqlite3

from splitbench.problems.errors import InputError

SCHEMA_VERSION = 4
#: "splb" in the file's header, so that no other database is taken for a store.
APPLICATION_ID = 0x73706C62

#: `document` is the record as JSON, except for the fields in the columns behind it. The columns
#: before it are for queries; a record is read from the document alone. `solve_s` is float64,
#: little-endian, one per slot. `details` (decisions, devices, traceback, output) is most of a file,
#: and no table needs it. It is the last column, so that SQLite can read a row without it.
CREATE = """CREATE TABLE cells (
    digest TEXT PRIMARY KEY NOT NULL,
    suite TEXT NOT NULL,
    solver TEXT NOT NULL,
    seed INTEGER NOT NULL,
    instance INTEGER,
    code TEXT NOT NULL,
    status TEXT NOT NULL,
    written TEXT NOT NULL,
    document TEXT NOT NULL,
    environment TEXT NOT NULL,
    solve_s BLOB NOT NULL,
    details TEXT NOT NULL
)"""
#: Columns for queries, and those that a record is read from; `details` only where asked for.
QUERIED = ("digest", "suite", "solver", "seed", "instance", "code", "status", "written")
READ = ("document", "environment", "solve_s", "details")
COLUMNS = (*QUERIED, *READ)


def version_of(connection: sqlite3.Connection, path: str) -> int:
    """Return the schema version of a store, 0 of an empty file.

    Raises
    ------
    InputError
        A database of something else, or a store of another schema.
    """
    version, application, things = _described(connection)
    if not things and version == application == 0:
        return 0
    if application != APPLICATION_ID:
        raise InputError(f"{path}: a database of something else; expected a splitbench store")
    if version > SCHEMA_VERSION:
        raise InputError(
            f"{path}: written by a newer splitbench, schema {version}; "
            f"expected a schema up to {SCHEMA_VERSION}"
        )
    if version < SCHEMA_VERSION:
        raise InputError(
            f"{path}: of schema {version}, from before the first release; "
            f"expected schema {SCHEMA_VERSION}: run the cells again into a new file"
        )
    if things.get("cells") != "table":
        raise InputError(f"{path}: a database of something else; expected a splitbench store")
    return int(version)


def _described(connection: sqlite3.Connection) -> tuple[int, int, dict[str, str]]:
    """Return schema version, application and contents, all of one state of the file.

    Another process may create the store at the same moment.
    """
    alone = not connection.in_transaction
    if alone:
        connection.execute("BEGIN")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        things = dict(connection.execute("SELECT name, type FROM sqlite_master"))
    finally:
        if alone and connection.in_transaction:
            connection.execute("ROLLBACK")  # nothing was written
    return version, application, things


def create(connection: sqlite3.Connection, path: str) -> None:
    """Create the table in an empty file; safe if other processes do the same."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if version_of(connection, path) == 0:  # checked again: another process may have been faster
            connection.execute(CREATE)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
