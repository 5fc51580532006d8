"""Finding plug-ins: modules of this repository, entry points of others, classes in a file.

A class is a plug-in when it is defined in a module of `splitbench.solvers` or
`splitbench.baselines`, sub-rooms included, or is named by an entry point; it is public and has a
`name` and a method `solve`, `partition` or `allocate`. A module that cannot be imported is left
out; asking for it by name says why.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from splitbench.problems import InputError, UnknownNameError

ENTRY_POINT_GROUP = "splitbench.solvers"
_ROOMS = ("splitbench.solvers", "splitbench.baselines")
#: Sub-rooms without plug-ins, loaded when a plug-in uses them: training needs torch.
_PARTS = (".ddp.policies", ".ddp.training")
#: What the halves of a solver are called, and a scheme that makes one whole.
HALVES = {"partitioner": ("a partitioner", "{}+ta"), "allocator": ("an allocator", "eo+{}")}
_METHODS = {"solve": "solver", "partition": "partitioner", "allocate": "allocator"}


class Entry(NamedTuple):
    """A registered class: what it is, where it stands, what it needs."""

    kind: str
    name: str
    plugin: type[Any]

    @property
    def missing(self) -> tuple[str, ...]:
        """Packages that the class declares in `requires` and that are not installed."""
        needed: tuple[str, ...] = getattr(self.plugin, "requires", ())
        return tuple(name for name in needed if not _installed(name))


class Found(NamedTuple):
    """Everything found: plug-ins by kind and name, and why others could not be loaded."""

    entries: dict[tuple[str, str], Entry]
    broken: dict[str, str]


@cache
def find() -> Found:
    """Import all plug-ins once; see the module's docstring."""
    found = Found({}, {})
    for room in _ROOMS:
        package = importlib.import_module(room)
        for module in _modules_of(package):
            _find_in_module(module, found)
    for entry_point in _entry_points():
        _find_entry_point(entry_point, found)
    return found


def _modules_of(package: ModuleType) -> Iterator[str]:
    """Names of the public modules of a room: of its own folder and of its sub-rooms."""
    for module in pkgutil.walk_packages(package.__path__, prefix=f"{package.__name__}."):
        name = module.name.removeprefix(package.__name__)
        if not module.ispkg and "._" not in name and not name.startswith(_PARTS):
            yield module.name


def plugins_of(module: ModuleType) -> list[type[Any]]:
    """Public classes defined in `module` that carry a name and a plug-in's method."""
    return [
        member
        for name, member in vars(module).items()
        if is_plugin(member) and member.__module__ == module.__name__ and not name.startswith("_")
    ]


def is_plugin(member: Any) -> bool:
    """Whether `member` is a class with a name and a plug-in's method."""
    return (
        inspect.isclass(member)
        and isinstance(getattr(member, "name", None), str)
        and not getattr(member, "_is_protocol", False)
        and bool(kinds_of(member))
    )


def kinds_of(plugin: type[Any]) -> list[str]:
    """What a class can serve as: solver, partitioner, allocator."""
    return [kind for method, kind in _METHODS.items() if callable(getattr(plugin, method, None))]


def class_in_file(path: Path, class_name: str, kind: str) -> type[Any]:
    """Return a class of a Python file anywhere.

    Raises
    ------
    InputError
        No such file or class, a file that does not import, a class that is no `kind`.
    """
    if not path.is_file():
        raise InputError(
            f"{kind} {path}:{class_name}: no file {path}; expected path/to/file.py:ClassName"
        )
    module = _load_file(path)
    if not hasattr(module, class_name):
        known = [plugin.__name__ for plugin in plugins_of(module)]
        raise UnknownNameError(f"class in {path}", class_name, known)
    plugin: type[Any] = getattr(module, class_name)
    if not is_plugin(plugin) or kind not in kinds_of(plugin):
        raise InputError(f"{path}:{class_name}: {_why_not(plugin, kind, f'{path}:{class_name}')}")
    return plugin


def _why_not(plugin: Any, kind: str, name: str) -> str:
    """Say what a class of a file lacks to be a `kind`."""
    other = next(iter(kinds_of(plugin)), None) if is_plugin(plugin) else None
    if kind == "solver" and other is not None:
        called, scheme = HALVES[other]
        return f"only half of a solver, {called}; expected for instance {scheme.format(name)}"
    method = next(method for method, of_kind in _METHODS.items() if of_kind == kind)
    lacks = [
        what
        for what, there in (
            ("name (a text)", isinstance(getattr(plugin, "name", None), str)),
            (f"method {method}", callable(getattr(plugin, method, None))),
        )
        if not there
    ]
    missing = f", it has no {' and no '.join(lacks)}" if lacks else ""
    return f"no {kind}{missing}; expected a class with a name and a method {method}"


def _find_in_module(name: str, found: Found) -> None:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        root = (error.name or "").partition(".")[0]
        if root == "splitbench":
            raise
        label = name.rpartition(".")[2].replace("_", "-")
        found.broken[label] = f"{name} needs {root}, which is not installed"
        return
    for plugin in plugins_of(module):
        for entry in _entries_of(plugin):
            taken = found.entries.get(entry[:2])
            if taken is not None and taken.plugin is not plugin:
                raise RuntimeError(
                    f"{entry.kind} {entry.name!r} stands in {name} and {taken.plugin.__module__}"
                )
            found.entries[entry[:2]] = entry


def _find_entry_point(entry_point: Any, found: Found) -> None:
    where = f"entry point {entry_point.name} = {entry_point.value}"
    try:
        plugin = entry_point.load()
    except Exception as error:
        found.broken[entry_point.name] = f"{where}: importing it raised {one_line(error)}"
        return
    if not is_plugin(plugin):
        methods = ", ".join(_METHODS)
        found.broken[entry_point.name] = f"{where}: no class with a name and one of {methods}"
        return
    for entry in _entries_of(plugin):
        if entry[:2] in found.entries:
            found.broken[entry_point.name] = f"{where}: the name {entry.name!r} is taken"
        else:
            found.entries[entry[:2]] = entry


def _entries_of(plugin: type[Any]) -> list[Entry]:
    return [Entry(kind, plugin.name, plugin) for kind in kinds_of(plugin)]


def _entry_points() -> Any:
    from importlib.metadata import entry_points

    return entry_points(group=ENTRY_POINT_GROUP)


def _installed(package: str) -> bool:
    root = package.partition(".")[0]
    return root in sys.modules or importlib.util.find_spec(root) is not None


def _load_file(path: Path) -> ModuleType:
    """Import a file under a name of its own; again only if it has changed since."""
    resolved = path.resolve()
    version = f"{resolved}:{resolved.stat().st_mtime_ns}:{resolved.stat().st_size}"
    digest = hashlib.sha256(version.encode()).hexdigest()[:12]
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
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise InputError(
            f"{path}: importing it raised {one_line(error)}; expected a module that imports"
        ) from error
    return module


def one_line(error: BaseException) -> str:
    """Return the type and the first line of an error."""
    first = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
