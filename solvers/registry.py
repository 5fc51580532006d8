"""Names to solvers: `exact`, `a+b`, `name[parameter=value]`, `path/to/file.py:ClassName`.

There is no list to edit: see `splitbench.solvers.discovery` for what is found, and where.
"""

from __future__ import annotations

import contextlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from splitbench.problems import InputError, UnknownNameError
from splitbench.solvers.contract import (
    Allocator,
    HasAllocatorDefaults,
    HasBeside,
    Partitioner,
    Solver,
)
from splitbench.solvers.discovery import (
    HALVES,
    Entry,
    class_in_file,
    find,
    kinds_of,
    name_of,
    plugins_of,
)
from splitbench.solvers.scheme import Scheme
from splitbench.solvers.solver_spec import Spec, absolute, bind, parse_solver
from splitbench.solvers.user_files import one_line

__all__ = [
    "Entry",
    "NotInstalledError",
    "all_names",
    "beside",
    "canonical_name",
    "check_name",
    "declared_files",
    "files_of",
    "kinds_of",
    "known_solvers",
    "make",
    "plugins_of",
    "str_name",
]


class NotInstalledError(InputError):
    """A solver whose package is missing."""


def make(name: str) -> Solver:
    """Return the solver that `name` describes.

    Parameters
    ----------
    name
        `exact`, `dads+ta`, `dads[load=heavy]+ta[start=random]`, `path/to/file.py:ClassName`.

    Raises
    ------
    InputError
        An unknown name or parameter (with the nearest known ones), or a value out of place.
    NotInstalledError
        A package that the solver needs is not installed.
    """
    halves = parse_solver(name)
    if len(halves) == 1:
        solver: Solver = _make_one(halves[0], "solver")
        return solver
    if len(halves) == 2:
        partitioner: Partitioner = _make_one(halves[0], "partitioner")
        allocator: Allocator = _make_one(_with_defaults(partitioner, halves[1]), "allocator")
        return Scheme(partitioner, allocator, str_name(halves))
    raise InputError(f"solver {name!r}: expected a solver or partitioner+allocator")


def beside(name: str) -> list[str]:
    """Return the canonical names of the schemes to compare a result of `name` with.

    An allocator's hook `beside` names them. Allocators given as files are not loaded for this.
    """
    halves = parse_solver(name)
    if len(halves) != 2 or halves[1].path:
        return []
    entry = find().entries.get(("allocator", halves[1].name))
    plugin = entry.plugin if entry else None
    if not isinstance(plugin, HasBeside):
        return []
    names = plugin.beside(str(halves[0]), str(halves[1]))
    return [canonical_name(other) for other in names if canonical_name(other) != str_name(halves)]


def files_of(name: str, suite: str) -> list[Path]:
    """Return the files that a solver declares: a list of names, or what a method `files` says.

    Names are relative to the file that the class stands in. A user's file is imported for this.

    Raises
    ------
    InputError
        A file of a list does not exist.
    """
    halves = parse_solver(name)
    kinds = ("solver",) if len(halves) == 1 else ("partitioner", "allocator")
    return [
        path
        for half, kind in zip(halves, kinds, strict=False)
        for path in declared_files(half, kind, suite)
    ]


def declared_files(half: Spec, kind: str, suite: str) -> list[Path]:
    """Return the files that a plug-in, one half of a scheme or all of a solver, declares."""
    if not half.path and (kind, half.name) not in find().entries:
        return []
    plugin = _lookup(half, kind)
    declared = getattr(plugin, "files", ())
    if callable(declared):
        return list(_make_one(half, kind).files(suite))
    home = Path(sys.modules[plugin.__module__].__file__ or "").resolve().parent
    paths = [home / file for file in ([declared] if isinstance(declared, str) else declared)]
    for path in paths:
        if not path.is_file():
            raise InputError(f"{half}: files: no file {path}; expected files beside {home.name}/")
    return paths


def check_name(name: str) -> None:
    """Refuse a name that `make` would refuse; a missing package is no error here.

    Raises
    ------
    InputError
        As `make` does.
    """
    with contextlib.suppress(NotInstalledError):
        make(name)


def str_name(halves: list[Spec]) -> str:
    """Write a parsed name in its canonical form: parameters sorted, no spaces."""
    return "+".join(str(half) for half in halves)


def canonical_name(name: str) -> str:
    """Return the one spelling under which results of `name` are stored.

    Parameters are sorted, and however the path of a file is written, it becomes absolute.
    """
    return str_name([absolute(half) for half in parse_solver(name)])


def in_this_folder(name: str) -> str:
    """Write `mine` as `mine.py` where no plug-in is called so and the working directory has it."""
    entries, broken = find()
    known = {called for _, called in entries} | broken.keys()
    return str_name([
        half if half.path or half.name in known or not Path(f"{half.name}.py").is_file()
        else replace(half, path=f"{half.name}.py", name="")
        for half in parse_solver(name)
    ])  # fmt: skip


def known_solvers() -> list[Entry]:
    """All registered classes, by kind and name."""
    return sorted(find().entries.values(), key=lambda entry: (entry.kind, entry.name))


def all_names() -> list[str]:
    """Every name `make` takes without parameters: solvers, and partitioner+allocator pairs."""
    entries = known_solvers()
    by_kind: dict[str, list[str]] = {"solver": [], "partitioner": [], "allocator": []}
    for entry in entries:
        by_kind[entry.kind].append(entry.name)
    pairs = [f"{a}+{b}" for a in by_kind["partitioner"] for b in by_kind["allocator"]]
    return sorted(by_kind["solver"]) + pairs


def _make_one(spec: Spec, kind: str) -> Any:
    plugin = _lookup(spec, kind)
    spec = spec if spec.name else replace(spec, name=plugin.__name__)
    missing = Entry(kind, spec.name, plugin).missing
    if missing:
        raise NotInstalledError(
            f"{spec.name}: needs {', '.join(missing)}, which is not installed; "
            f"expected after: pip install {' '.join(missing)}"
        )
    arguments = bind(plugin, spec)
    try:
        made = plugin(**arguments)
    except InputError:
        raise
    except ValueError as error:  # a value of the right type that the plug-in refuses
        raise InputError(f"{spec}: {one_line(error)}; expected other values") from error
    if spec.path and not isinstance(getattr(made, "name", None), str):
        plugin.name = name_of(plugin)
    elif spec.parameters and kind == "solver" and not spec.path:
        made.name = str(spec)
    return made


def _with_defaults(partitioner: Partitioner, allocator: Spec) -> Spec:
    """Give an allocator without parameters those that the partitioner asks for."""
    defaults = (
        partitioner.allocator_defaults if isinstance(partitioner, HasAllocatorDefaults) else {}
    )
    wanted = defaults.get(allocator.name)
    if not wanted or allocator.parameters or allocator.path:
        return allocator
    return replace(allocator, parameters={key: str(value) for key, value in wanted.items()})


def _lookup(spec: Spec, kind: str) -> type[Any]:
    if spec.path:
        return class_in_file(Path(spec.path), spec.name, kind)
    entries, broken = find()
    if (kind, spec.name) in entries:
        return entries[(kind, spec.name)].plugin
    if spec.name in broken:
        raise NotInstalledError(f"{spec.name}: {broken[spec.name]}")
    if kind != "solver":
        raise UnknownNameError(kind, spec.name, [name for of, name in entries if of == kind])
    for half, (_, scheme) in HALVES.items():
        if (half, spec.name) in entries:
            other = next(called for name, (called, _) in HALVES.items() if name != half)
            raise InputError(
                f"solver {spec.name!r}: only half of one, it needs {other} as well; "
                f"expected for instance {scheme.format(spec.name)}"
            )
    if "." in spec.name:
        raise InputError(
            f"unknown solver {spec.name!r}; expected a name (splitbench list solvers), or "
            "path/to/file.py:ClassName"
        )
    raise UnknownNameError(kind, spec.name, all_names())
