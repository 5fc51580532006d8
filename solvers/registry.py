"""Names to solvers: files found by themselves, `a+b`, [parameters], entry points, path.py:Class.

A class belongs to the registry when it is defined in a module of `solvers` or `baselines` (or
named by an entry point), is public, and has a `name` and a method `solve`, `partition` or
`allocate`. There is no list to edit.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import inspect
import pkgutil
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from problems import InputError, UnknownNameError
from solvers.parameters import Spec, bind, parse_solver
from solvers.scheme import Scheme

_ROOMS = ("solvers", "baselines")
_METHODS = {"solve": "solver", "partition": "partitioner", "allocate": "allocator"}
ENTRY_POINT_GROUP = "splitbench.solvers"


class NotInstalledError(InputError):
    """A solver whose package is missing."""


class Entry(NamedTuple):
    """A registered class: what it is, where it stands, what it needs."""

    kind: str
    name: str
    plugin: type[Any]

    @property
    def missing(self) -> tuple[str, ...]:
        """Packages that the class declares in `requires` and that are not installed."""
        needed: tuple[str, ...] = getattr(self.plugin, "requires", ())
        return tuple(name for name in needed if importlib.util.find_spec(name) is None)


def make(name: str) -> Any:
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
        return _make_one(halves[0], "solver")
    if len(halves) == 2:
        partitioner = _make_one(halves[0], "partitioner")
        return Scheme(partitioner, _make_one(halves[1], "allocator"), str_name(halves))
    raise InputError(f"solver {name!r}: expected a solver or partitioner+allocator")


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
    """Return the one spelling under which results of `name` are stored."""
    return str_name(parse_solver(name))


def known_solvers() -> list[Entry]:
    """All registered classes, by kind and name."""
    return sorted(_entries().values(), key=lambda entry: (entry.kind, entry.name))


def all_names() -> list[str]:
    """Every name `make` takes without parameters: solvers, and partitioner+allocator pairs."""
    entries = known_solvers()
    by_kind: dict[str, list[str]] = {"solver": [], "partitioner": [], "allocator": []}
    for entry in entries:
        by_kind[entry.kind].append(entry.name)
    pairs = [f"{a}+{b}" for a in by_kind["partitioner"] for b in by_kind["allocator"]]
    return sorted(by_kind["solver"]) + pairs


def _make_one(spec: Spec, kind: str) -> Any:
    plugin, label = _lookup(spec, kind)
    missing = Entry(kind, label, plugin).missing
    if missing:
        raise NotInstalledError(
            f"{label}: needs {', '.join(missing)}, which is not installed; "
            f"expected after: pip install {' '.join(missing)}"
        )
    made = plugin(**bind(plugin, spec))
    if spec.path:
        return made
    if spec.parameters and kind == "solver":
        made.name = str(spec)
    return made


def _lookup(spec: Spec, kind: str) -> tuple[type[Any], str]:
    if spec.path:
        return _class_in_file(spec), spec.name
    entries = _entries()
    if (kind, spec.name) in entries:
        return entries[(kind, spec.name)].plugin, spec.name
    names = [name for of_kind, name in entries if of_kind == kind]
    if kind == "solver":
        names = all_names()
        if ("partitioner", spec.name) in entries:
            raise InputError(
                f"solver {spec.name!r} is a partitioner and needs an allocator; "
                f"expected for instance {spec.name}+ta"
            )
    raise UnknownNameError(kind, spec.name, names)


@cache
def _entries() -> dict[tuple[str, str], Entry]:
    found: dict[tuple[str, str], Entry] = {}
    for room in _ROOMS:
        package = importlib.import_module(room)
        for module in pkgutil.walk_packages(package.__path__, prefix=f"{room}."):
            if not module.name.rsplit(".", 1)[-1].startswith("_"):
                _register(importlib.import_module(module.name), found)
    for entry_point in _entry_points():
        plugin = entry_point.load()
        for kind in kinds_of(plugin):
            found[(kind, plugin.name)] = Entry(kind, plugin.name, plugin)
    return found


def _entry_points() -> Any:
    from importlib.metadata import entry_points

    return entry_points(group=ENTRY_POINT_GROUP)


def _register(module: ModuleType, found: dict[tuple[str, str], Entry]) -> None:
    for plugin in plugins_of(module):
        for kind in kinds_of(plugin):
            key = (kind, plugin.name)
            if key in found and found[key].plugin is not plugin:
                raise RuntimeError(
                    f"{kind} {plugin.name!r} stands in {module.__name__} "
                    f"and in {found[key].plugin.__module__}"
                )
            found[key] = Entry(kind, plugin.name, plugin)


def plugins_of(module: ModuleType) -> list[type[Any]]:
    """Public classes defined in `module` that carry a name and a plug-in's method."""
    return [
        member
        for name, member in vars(module).items()
        if inspect.isclass(member)
        and member.__module__ == module.__name__
        and not name.startswith("_")
        and isinstance(getattr(member, "name", None), str)
        and not getattr(member, "_is_protocol", False)
        and kinds_of(member)
    ]


def kinds_of(plugin: type[Any]) -> list[str]:
    """What a class can serve as: solver, partitioner, allocator."""
    return [kind for method, kind in _METHODS.items() if callable(getattr(plugin, method, None))]


def _class_in_file(spec: Spec) -> type[Any]:
    path = Path(spec.path)
    if not path.is_file():
        raise InputError(f"solver {spec}: no file {spec.path}; expected path/to/file.py:ClassName")
    module = _load_file(path)
    classes = {plugin.__name__: plugin for plugin in plugins_of(module)}
    if spec.name in classes:
        return classes[spec.name]
    if hasattr(module, spec.name):
        raise InputError(
            f"solver {spec}: {spec.name} has no name or no solve method; expected a class with "
            'name = "…" and solve(self, problem)'
        )
    raise UnknownNameError(f"class in {spec.path}", spec.name, classes)


def _load_file(path: Path) -> ModuleType:
    resolved = path.resolve()
    digest = hashlib.sha256(str(resolved).encode()).hexdigest()[:12]
    name = f"splitbench_user_{resolved.stem}_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    module_spec = importlib.util.spec_from_file_location(name, resolved)
    if module_spec is None or module_spec.loader is None:
        raise InputError(f"{path}: cannot be imported; expected a Python file (.py)")
    module = importlib.util.module_from_spec(module_spec)
    sys.modules[name] = module
    try:
        module_spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise InputError(
            f"{path}: importing it raised {type(error).__name__}: {error}; "
            "expected a module that imports"
        ) from error
    return module
