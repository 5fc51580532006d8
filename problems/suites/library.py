"""The instance library: named slots and horizons as files, with proved optima or best bounds.

The files and `index.json` (`splitbench/library@1`) are in `problems/data/library/`;
`tools/make_library.py` wrote them. A result on `library:NAME` can be quoted by that name.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from splitbench.problems.errors import UnknownNameError
from splitbench.problems.package_paths import DATA

FOLDER = DATA / "library"
FORMAT = "splitbench/library@1"
#: Begins the name of an entry where a suite or file is expected.
PREFIX = "library:"


@dataclass(frozen=True)
class LibraryEntry:
    """One named slot or horizon.

    Attributes
    ----------
    kind
        `slot` or `horizon`.
    devices, threads, slots
        N, K (of the first slot) and T (1 for a slot).
    sha256
        Checksum of the file.
    optimum
        Proved U* of a slot, None where it is infeasible; of a horizon, the proved best mean
        utility, None where none is proved.
    bound
        Upper bound on the utility (mean over slots); equals `optimum` where that is proved.
    best_known
        Best (mean) utility known, and the solver that earned it.
    """

    name: str
    kind: Literal["slot", "horizon"]
    about: str
    devices: int
    threads: int
    slots: int
    sha256: str
    status: Literal["optimal", "infeasible", "open"]
    optimum: float | None
    bound: float | None
    best_known: float | None
    best_known_by: str

    @property
    def path(self) -> Path:
        """The entry's file."""
        return FOLDER / f"{self.name}.json"

    @property
    def unchanged(self) -> bool:
        """Whether the file has the checksum of the index."""
        return checksum(self.path) == self.sha256


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def library() -> dict[str, LibraryEntry]:
    """Return the library's entries by name, slots first."""
    data = json.loads((FOLDER / "index.json").read_text(encoding="utf-8"))
    assert data["format"] == FORMAT
    return {entry["name"]: LibraryEntry(**entry) for entry in data["entries"]}


def library_file(name: str) -> Path:
    """Return the file of an entry, named with or without the prefix `library:`.

    Raises
    ------
    UnknownNameError
        No entry has the name.
    """
    plain = name.removeprefix(PREFIX)
    if plain not in library():
        raise UnknownNameError("library instance", plain, library())
    return library()[plain].path
