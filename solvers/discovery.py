"""Find plug-ins in this repository's modules, in entry points and in users' files.

A class is a plug-in when it is public, has a `name` and a method `solve`, `partition` or
`allocate`, and is defined in a module of `splitbench.solvers` or `splitbench.baselines`, sub-rooms
included, or is named by an entry point. A class of a user's file needs no `name`: its class's name
stands in. A module that cannot be imported is left out; asking for it by name says why.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from splitbench.problems import InputError, UnknownNameError
from splitbench.solvers.user_files import import_file, one_line

ENTRY_POINT_GROUP = "splitbench.solvers"
_ROOMS = ("splitbench.solvers", "splitbench.baselines")
#: Parts without plug-ins, loaded only when used: training needs torch, the environment Gymnasium.
_PARTS = (".ddp.environment", ".ddp.policies", ".ddp.training")
#: Name of each half of a solver, and an example of a whole scheme with it.
HALVES = {"partitioner": ("a partitioner", "{}+ta"), "allocator": ("an allocator", "eo+{}")}
#: A class's attribute `name`, as formatted code has it.
_NAME = re.compile(r"^    name\b[^=\n]*= ", re.MULTILINE)
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


def plugin_modules() -> list[str]:
    """Return the names of our modules that may define plug-ins, without importing them."""
    rooms = [importlib.import_module(room) for room in _ROOMS]
    return [module for room in rooms for module in _modules_of(room)]


def _modules_of(package: ModuleType) -> Iterator[str]:
    """Names of the public modules of a room in which a class declares a name, sub-rooms too.

    The other modules are not imported, to keep listing the solvers fast.
    """
    for module in pkgutil.walk_packages(package.__path__, prefix=f"{package.__name__}."):
        name = module.name.removeprefix(package.__name__)
        if module.ispkg or "._" in name or name.startswith(_PARTS):
            continue
        spec = module.module_finder.find_spec(module.name, None)
        if spec is not None and spec.origin and _NAME.search(Path(spec.origin).read_text("utf-8")):
            yield module.name


def plugins_of(module: ModuleType) -> list[type[Any]]:
    """Public classes defined in `module` that carry a name and a plug-in's method."""
    return [member for member in _classes_of(module) if is_plugin(member)]


def is_plugin(member: Any) -> bool:
    """Whether `member` is a class with a name and a plug-in's method."""
    return isinstance(getattr(member, "name", None), str) and bool(kinds_of(member))


def kinds_of(plugin: Any) -> list[str]:
    """What a class can serve as: solver, partitioner, allocator; nothing for what is no class."""
    if not inspect.isclass(plugin) or getattr(plugin, "_is_protocol", False):
        return []
    return [kind for method, kind in _METHODS.items() if callable(getattr(plugin, method, None))]


def name_of(plugin: type[Any]) -> str:
    """Return the `name` of a class, or the class's own name where it declares none."""
    name = getattr(plugin, "name", None)
    return name if isinstance(name, str) and name.strip() else plugin.__name__


def classes_in_file(path: Path, kind: str) -> list[type[Any]]:
    """Return the public classes defined in a Python file that can serve as a `kind`, in order.

    Raises
    ------
    InputError
        No such file, or a file that does not import.
    """
    return [plugin for plugin in _classes_of(_imported(path, kind)) if kind in kinds_of(plugin)]


def class_in_file(path: Path, class_name: str, kind: str) -> type[Any]:
    """Return a class of a Python file anywhere; of a file with one `kind` it need not be named.

    Raises
    ------
    InputError
        No such file or class, a file that does not import, a class that is no `kind`, none or
        several to choose from where no class is named.
    """
    if not class_name:
        return _only_class(path, kind)
    module = _imported(path, kind)
    if not hasattr(module, class_name):
        known = [plugin.__name__ for plugin in _classes_of(module) if kinds_of(plugin)]
        raise UnknownNameError(f"class in {path}", class_name, known)
    plugin: type[Any] = getattr(module, class_name)
    if kind not in kinds_of(plugin):
        raise InputError(f"{path}:{class_name}: {_why_not(plugin, kind, f'{path}:{class_name}')}")
    return plugin


def _only_class(path: Path, kind: str) -> type[Any]:
    found = classes_in_file(path, kind)
    if len(found) == 1:
        return found[0]
    if found:
        names = " or ".join(f"{path}:{plugin.__name__}" for plugin in found)
        raise InputError(f"{path}: has {len(found)} {kind}s; expected {names}")
    others = [plugin for plugin in _classes_of(_imported(path, kind)) if kinds_of(plugin)]
    if kind == "solver" and others:
        called, scheme = HALVES[kinds_of(others[0])[0]]
        example = scheme.format(f"{path}:{others[0].__name__}")
        raise InputError(f"{path}: has no solver but {called}; expected for instance {example}")
    method = next(method for method, of_kind in _METHODS.items() if of_kind == kind)
    raise InputError(f"{path}: has no {kind}; expected a class with a method {method}")


def _imported(path: Path, kind: str) -> ModuleType:
    if not path.is_file():
        raise InputError(f"{kind} {path}: no file {path}; expected path/to/file.py:ClassName")
    return import_file(path)


def _classes_of(module: ModuleType) -> list[type[Any]]:
    """Public classes that a module defines, in the order of their definition."""
    return [
        member
        for name, member in vars(module).items()
        if inspect.isclass(member)
        and member.__module__ == module.__name__
        and not name.startswith("_")
    ]


def _why_not(plugin: Any, kind: str, name: str) -> str:
    """Say what a class of a file lacks to be a `kind`."""
    other = next(iter(kinds_of(plugin)), None)
    if kind == "solver" and other is not None:
        called, scheme = HALVES[other]
        return f"only half of a solver, {called}; expected for instance {scheme.format(name)}"
    method = next(method for method, of_kind in _METHODS.items() if of_kind == kind)
    return f"no {kind}, it has no method {method}; expected a class with a method {method}"


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
    return [Entry(kind, name_of(plugin), plugin) for kind in kinds_of(plugin)]


def _entry_points() -> Any:
    from importlib.metadata import entry_points

    return entry_points(group=ENTRY_POINT_GROUP)


def _installed(package: str) -> bool:
    root = package.partition(".")[0]
    return root in sys.modules or importlib.util.find_spec(root) is not None
