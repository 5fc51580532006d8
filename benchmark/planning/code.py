"""The `code` of a cell's key: digests of everything that determines its result.

It has three parts: the model with the exact references, the suite's problems, and the solver with
everything it imports or declares. A stored result is shown only if all three are unchanged. So an
edit of one solver reruns only that solver, and a new suite reruns nothing. The digest of a suite
covers its data and the numbers of its first seed, not its source code.

Not covered: packages of installed distributions (their versions are in the record), modules
imported under names made at run time, files that a solver reads without declaring them (`files` on
the class), environment variables, the network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import astuple, fields
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from splitbench.benchmark.planning.import_closure import our_closure
from splitbench.benchmark.planning.sources import Source
from splitbench.problems import Fleet, Horizon, SlotProblem
from splitbench.results.bounds import SOLVER_CODE
from splitbench.solvers.discovery import find
from splitbench.solvers.registry import declared_files
from splitbench.solvers.solver_spec import parse_solver
from splitbench.solvers.user_files import Stamp, stamp_of

#: The model, and the references that every result is compared with.
_MODEL = (
    "splitbench.problems.slot",
    "splitbench.problems.horizon.simulation",
    "splitbench.solvers.exact.exact",
    "splitbench.solvers.horizon.bound",
)
#: Number of digits kept of a digest.
_LENGTH = 16


def code_of(suite: Source, solver: str, files: Iterable[Path] = ()) -> str:
    """Return the `code` of a solver's cells on a suite.

    Parameters
    ----------
    solver
        Canonical name.
    files
        Files that determine a user's solver.
    """
    return f"{world_code(suite)}{SOLVER_CODE}{solver_code(solver, suite.known_as, files)}"


def world_code(suite: Source) -> str:
    """Return the part of `code_of` that does not concern the solver."""
    return _world_code(suite, tuple(stamp_of(Path(file)) for file in suite.files))


@lru_cache(maxsize=256)
def _world_code(suite: Source, stamps: tuple[Stamp, ...]) -> str:
    """Digest a suite; cached until one of its files changes."""
    model = digest_of_files(our_closure(*_MODEL))
    whole = hashlib.sha256(repr(getattr(suite, "scenario", "")).encode())
    for posed in [suite.horizon(0)] if suite.episodes else suite.instances(0):
        whole.update(content_digest(posed).encode())
    whole.update(digest_of_files(map(Path, suite.files)).encode())
    return f"{model}-{whole.hexdigest()[:_LENGTH]}"


def solver_code(solver: str, suite: str, files: Iterable[Path] = ()) -> str:
    """Return the digest of a solver's modules and of the files it depends on."""
    own = list(files)
    for half, kind in _halves(solver):
        entry = None if half.path else find().entries.get((kind, half.name))
        if entry is not None:  # a user's file is not imported here
            own += _files_of_module(entry.plugin)
            own += declared_files(half, kind, suite)
    return digest_of_files(own)


def _halves(solver: str) -> list[tuple[Any, str]]:
    halves = parse_solver(solver)
    kinds = ("solver",) if len(halves) == 1 else ("partitioner", "allocator")
    return list(zip(halves, kinds, strict=False))


def _files_of_module(plugin: type[Any]) -> tuple[Path, ...]:
    """Return the files behind a registered class: all imported ones for ours, else its module."""
    module = plugin.__module__
    if module.startswith("splitbench."):
        return our_closure(module)
    import sys

    file = getattr(sys.modules.get(module), "__file__", None)
    return () if file is None else (Path(file),)


def digest_of_files(paths: Iterable[Path]) -> str:
    """Return one digest of the content of files, whatever their order."""
    whole = hashlib.sha256()
    for digest in sorted({_digest_of_file(path, stamp_of(path)) for path in paths}):
        whole.update(digest.encode())
    return whole.hexdigest()[:_LENGTH]


@lru_cache(maxsize=4096)
def _digest_of_file(path: Path, stamp: Stamp) -> str:
    """Digest a file's name and content; cached until its time or size changes."""
    try:
        content = path.read_bytes()
    except OSError:
        content = b""
    return hashlib.sha256(path.name.encode() + b"\0" + content).hexdigest()


def content_digest(posed: Horizon | SlotProblem) -> str:
    """Return a digest of a problem's numbers, and of the names that a solver may depend on."""
    whole = hashlib.sha256()
    for field in fields(posed):
        if field.name in ("name", "suite") or not field.init:
            continue
        whole.update(field.name.encode())
        _add(whole, getattr(posed, field.name))
    return whole.hexdigest()[:_LENGTH]


def _add(whole: Any, value: Any) -> None:
    if isinstance(value, np.ndarray):
        whole.update(f"{value.dtype}{value.shape}".encode())
        whole.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, Fleet):
        whole.update(_fleet_digest(value))
    elif isinstance(value, tuple):
        for part in value:
            _add(whole, part)
    else:
        whole.update(repr(value).encode())


@cache
def _device_digest(device: Any) -> bytes:
    return hashlib.sha256(repr((astuple(device), type(device.curve))).encode()).digest()


def _fleet_digest(fleet: Fleet) -> bytes:
    whole = hashlib.sha256()
    for part in fleet.parts:
        if isinstance(part, np.ndarray):
            _add(whole, part)
        else:
            whole.update(_device_digest(part))
    return whole.digest()
