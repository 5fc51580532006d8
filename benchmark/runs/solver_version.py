"""The version of a solver: its package and the packages that it requires."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from splitbench.solvers.discovery import find
from splitbench.solvers.solver_spec import Spec, parse_solver


@cache
def solver_version(name: str) -> str:
    """Return `splitbench 0.1.0, highspy 1.16.0`, or a digest of the file that defines a solver.

    Parameters
    ----------
    name
        A name as for `solvers.make`; of `a+b` both halves count. An unknown name has the version
        "".
    """
    halves = parse_solver(name)
    kinds = ("solver",) if len(halves) == 1 else ("partitioner", "allocator")
    parts = [part for half, kind in zip(halves, kinds, strict=False) for part in _parts(half, kind)]
    return ", ".join(dict.fromkeys(parts))


def _parts(half: Spec, kind: str) -> list[str]:
    if half.path:
        path = Path(half.path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.is_file() else "?"
        return [f"{path.name} sha256:{digest}"]
    entry = find().entries.get((kind, half.name))
    if entry is None:
        return []
    return [_distribution(entry.plugin), *map(_package, getattr(entry.plugin, "requires", ()))]


def _distribution(plugin: type[Any]) -> str:
    """Name and version of the distribution that has the plug-in's module."""
    root = plugin.__module__.partition(".")[0]
    return _package("splitbench" if root in ("solvers", "baselines") else root)


def _package(name: str) -> str:
    root = name.partition(".")[0]
    try:
        return f"{root} {version(root)}"
    except PackageNotFoundError:
        return f"{root} ?"
