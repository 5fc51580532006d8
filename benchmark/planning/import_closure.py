"""The source files that a module imports, directly or through others, without importing any.

Followed are imports as they are written, those inside functions included. Not seen are modules
whose names are made at run time (`importlib.import_module(name)`); for a user's file those that
were loaded when it was imported are added (`benchmark.planning.inspect_files`).
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import re
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from splitbench.problems.package_paths import DATA, PACKAGE

#: Our modules that find, name or start things and affect no number.
_PLUMBING = frozenset(
    f"splitbench.{name}"
    for name in (
        "problems.bracket_parameters", "problems.errors",
        "solvers.discovery", "solvers.registry", "solvers.solver_spec", "solvers.user_files",
    )
)  # fmt: skip
#: Data read from files is digested by content (`benchmark.planning.code`).
_FILE_FORMATS = "splitbench.problems.files"
#: Rooms whose modules may affect a number.
_ROOMS = tuple(f"splitbench.{room}." for room in ("problems", "solvers", "baselines"))
#: A module that imports this one reads shipped data.
_DATA_PATHS = "splitbench.problems.package_paths"
# Our code is formatted, so a regular expression suffices; a parser would take 0.2 s.
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<of>splitbench[\w.]*)[ \t]+import[ \t]+(?P<names>\([^)]*\)|[^\n]*)"
    r"|import[ \t]+(?P<module>splitbench[\w.]*))",
    re.MULTILINE,
)


@cache
def our_closure(*modules: str) -> tuple[Path, ...]:
    """Return our files that determine what our `modules` compute, sorted.

    A module that reads shipped data depends on all of it. Modules that affect no number, such as
    the registry, are left out.
    """
    found: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        skip = name in found or name in _PLUMBING or name.startswith(_FILE_FORMATS)
        path = None if skip else our_file(name)
        if path is not None:
            found[name] = path
            waiting += _imports_of_ours(path)
    paths = {path for name, path in found.items() if name.startswith(_ROOMS) or name in modules}
    if _DATA_PATHS in found:
        paths |= {path for path in DATA.rglob("*") if path.is_file()}
    return tuple(sorted(paths))


def our_file(module: str) -> Path | None:
    """Return the file of a module of ours; None where there is none of that name."""
    path = PACKAGE.joinpath(*module.split(".")[1:])
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.is_file():
            return file
    return None


@cache
def _imports_of_ours(path: Path) -> tuple[str, ...]:
    found = []
    for match in _IMPORT.finditer(path.read_text(encoding="utf-8")):
        if match["module"]:
            found.append(match["module"])
            continue
        names = re.findall(r"\w+(?:[ \t]+as[ \t]+\w+)?", match["names"].strip("()"))
        modules = [f"{match['of']}.{name.split()[0]}" for name in names]
        inside = [module for module in modules if our_file(module)]
        found += inside if len(inside) == len(modules) else [*inside, match["of"]]
    return tuple(found)


def user_closure(file: Path, loaded: Iterable[Path] = ()) -> set[Path]:
    """Return a user's file and every file it imports that is not from an installed distribution.

    Parameters
    ----------
    file
        The file; modules beside it are found first, as when Python runs it.
    loaded
        Files known to be imported in other ways.
    """
    home, found, ours = file.parent, set[Path](), set[str]()
    waiting = [file, *loaded]
    while waiting:
        path = waiting.pop()
        if path in found or is_installed(path):
            continue
        found.add(path)
        for name in _imported_names(path):
            if name.partition(".")[0] == "splitbench":
                ours |= {name, name.rpartition(".")[0]}
            else:
                waiting += _files_of(name, home)
    known = {name for name in ours if name.startswith(_ROOMS) and our_file(name)}
    return found | {path for name in known for path in our_closure(name)}


def is_installed(path: Path) -> bool:
    """Whether a file is Python's own, of an installed distribution, or ours."""
    resolved = path.resolve()
    return any(resolved.is_relative_to(root) for root in _installed_roots())


@cache
def _installed_roots() -> tuple[Path, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    folders = [*map(sysconfig.get_path, names), *site.getsitepackages()]
    with contextlib.suppress(AttributeError):
        folders.append(site.getusersitepackages())
    ours = [path for path in PACKAGE.iterdir() if path.is_dir()]
    known = [Path(folder) for folder in folders if folder]
    return tuple({folder.resolve() for folder in [*known, *ours, PACKAGE]})


def _imported_names(path: Path) -> Iterator[str]:
    """Yield the full names that a file's import statements may mean."""
    if path.suffix != ".py":
        return
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return  # importing it will report the error
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = _package_of(path, node.level)
            base = ".".join(filter(None, [package, node.module]))
            yield from (f"{base}.{alias.name}" if base else alias.name for alias in node.names)


def _package_of(path: Path, level: int) -> str:
    """Return the package, from the first folder with an `__init__.py`, that a dot stands for."""
    if level == 0:
        return ""
    folder = path.parents[level - 1]
    parts: list[str] = []
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    return ".".join(parts)


def _files_of(name: str, home: Path) -> list[Path]:
    """Return the files that `import name` executes, package by package; installed ones are none."""
    files: list[Path] = []
    places: list[str] | None = None
    full = ""
    for part in name.split("."):
        full = f"{full}.{part}" if full else part
        spec = _spec(full, places, home)
        if spec is None:
            break
        if spec.origin and spec.has_location:
            path = Path(spec.origin)
            if is_installed(path):
                break
            files.append(path.resolve())
        if spec.submodule_search_locations is None:
            break
        places = list(spec.submodule_search_locations)
    return files


def _spec(name: str, places: list[str] | None, home: Path) -> ModuleSpec | None:
    if places is not None:
        return PathFinder.find_spec(name, places)
    if name in sys.builtin_module_names:
        return None
    beside = PathFinder.find_spec(name, [str(home)])
    if beside is not None and beside.origin is not None:
        return beside
    try:
        return importlib.util.find_spec(name) or beside
    except (ImportError, ValueError):
        return beside
