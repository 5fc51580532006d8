"""The store's tables, version by version, and the way from each version to the next."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence

import numpy as np

from splitbench.problems.errors import InputError

SCHEMA_VERSION = 3
#: "splb" in the file's header since version 2, so that no other database is taken for a store.
APPLICATION_ID = 0x73706C62

#: `decisions` stands last: SQLite then reads the columns before it without its pages. `solve_s` is
#: float64, little-endian, a number a slot (`numpy.frombuffer`): as text it would be most of the
#: time a table takes; `seconds` is their sum. Other lists and objects are JSON.
CREATE_2 = """CREATE TABLE cells (
    digest TEXT PRIMARY KEY NOT NULL,
    suite TEXT NOT NULL,
    solver TEXT NOT NULL,
    seed INTEGER NOT NULL,
    slots INTEGER,
    instance INTEGER,
    reference INTEGER NOT NULL,
    code TEXT NOT NULL,
    status TEXT NOT NULL,
    note TEXT NOT NULL,
    devices INTEGER NOT NULL,
    slots_run INTEGER NOT NULL,
    utility_mean REAL,
    latency_s_mean REAL,
    local_s_mean REAL,
    transmit_s_mean REAL,
    queue_s_mean REAL,
    server_s_mean REAL,
    energy_j_mean REAL,
    served INTEGER NOT NULL,
    violations TEXT NOT NULL,
    slot_gap_mean REAL,
    slot_gap_max REAL,
    gap_relative_mean REAL,
    gap_against TEXT,
    reference_status TEXT,
    slots_optimal INTEGER NOT NULL,
    horizon_bound REAL,
    horizon_gap REAL,
    claims TEXT NOT NULL,
    formulation TEXT NOT NULL DEFAULT '{}',
    solver_version TEXT NOT NULL DEFAULT '',
    limit_s REAL,
    reference_cell_s REAL,
    written TEXT NOT NULL,
    seconds REAL NOT NULL,
    solve_s BLOB NOT NULL,
    environment TEXT NOT NULL,
    decisions TEXT NOT NULL
)"""

#: 3 adds the wall-clock seconds of a cell.
CREATE_3 = CREATE_2.replace("    written TEXT", "    wall_s REAL,\n    written TEXT")

_KEPT_FROM_1 = (
    "digest, suite, solver, seed, slots, instance, reference, code, status, note, devices, "
    "slots_run, utility_mean, latency_s_mean, local_s_mean, transmit_s_mean, queue_s_mean, "
    "server_s_mean, energy_j_mean, served, violations, slot_gap_mean, slot_gap_max, "
    "gap_relative_mean, gap_against, reference_status, slots_optimal, horizon_bound, "
    "horizon_gap, claims, decisions, environment, written"
)


def _from_1_to_2(connection: sqlite3.Connection) -> None:
    """Add formulation, solver version, limit and reference cell, unknown for what is there.

    `solve_s` was JSON.
    """
    connection.create_function("seconds_1", 1, lambda text: sum(json.loads(text)))
    connection.create_function("packed_1", 1, lambda text: packed(json.loads(text)))
    connection.execute("ALTER TABLE cells RENAME TO cells_1")
    connection.execute(CREATE_2)
    connection.execute(
        f"INSERT INTO cells ({_KEPT_FROM_1}, seconds, solve_s) "
        f"SELECT {_KEPT_FROM_1}, seconds_1(solve_s), packed_1(solve_s) "
        "FROM cells_1 ORDER BY rowid"
    )
    connection.execute("DROP TABLE cells_1")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _from_2_to_3(connection: sqlite3.Connection) -> None:
    """Add the wall-clock time, unknown for what is there.

    The table is made anew: a column added to it would stand behind `decisions`.
    """
    connection.execute("ALTER TABLE cells RENAME TO cells_2")
    kept = ", ".join(row[1] for row in connection.execute("PRAGMA table_info(cells_2)"))
    connection.execute(CREATE_3)
    connection.execute(f"INSERT INTO cells ({kept}) SELECT {kept} FROM cells_2 ORDER BY rowid")
    connection.execute("DROP TABLE cells_2")


def packed(seconds: Sequence[float]) -> bytes:
    """Return numbers as the store keeps them."""
    return np.asarray(seconds, dtype="<f8").tobytes()


#: From a version to the next. Each statement of an old version stays as it was then.
MIGRATIONS: dict[int, Callable[[sqlite3.Connection], None]] = {
    1: _from_1_to_2,
    2: _from_2_to_3,
}


def version_of(connection: sqlite3.Connection, path: str) -> int:
    """Return the schema version of a store, 0 of an empty file.

    Raises
    ------
    InputError
        A database of something else, or of a newer splitbench.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    things = dict(connection.execute("SELECT name, type FROM sqlite_master"))
    if not things and version == application == 0:
        return 0
    known = application == APPLICATION_ID or (application == 0 and version == 1)
    if not known or (version <= SCHEMA_VERSION and things.get("cells") != "table"):
        raise InputError(f"{path}: a database of something else; expected a splitbench store")
    if version > SCHEMA_VERSION:
        raise InputError(
            f"{path}: written by a newer splitbench, schema {version}; "
            f"expected a schema up to {SCHEMA_VERSION}"
        )
    return int(version)


def upgrade(connection: sqlite3.Connection, path: str) -> None:
    """Bring a store, or an empty file, to the present version: all of it or nothing.

    Safe beside other processes that do the same.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = version_of(connection, path)  # again: somebody may have been faster
        if version == 0:
            connection.execute(CREATE_3)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        for old in range(max(version, 1), SCHEMA_VERSION) if version else ():
            MIGRATIONS[old](connection)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
