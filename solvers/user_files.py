"""Import a user's Python file, and the modules beside it, under names of its own.

The folder of a file becomes a private package: `import helper` in `s.py` finds the `helper.py`
beside it from any working directory, and two folders' `helper` are two modules. Nothing is put on
`sys.path`, so a user's file never replaces a module of ours, of the standard library or of an
installed package, except for imports in the user's own files.

Not supported: `importlib.import_module("helper")` with a name made at run time, and files that read
`sys.path`.
"""

from __future__ import annotations

import builtins
import hashlib
import importlib
import importlib.abc
import importlib.util
import re
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from splitbench.problems.errors import InputError
from splitbench.problems.package_paths import PACKAGE

_PREFIX = "splitbench_user_"
#: Names that a user's file never imports from its own folder.
_OURS = {"splitbench", *sys.builtin_module_names}

Stamp = tuple[int, int]


class UserFolder:
    """A user's folder as a package, at one state of its files.

    Parameters
    ----------
    path
        The folder, resolved.
    edition
        Number of this state: a folder is imported again once one of its files has changed.
    """

    def __init__(self, path: Path, edition: int):
        self.path = path
        digest = hashlib.sha256(str(path).encode()).hexdigest()[:12]
        self.package = f"{_PREFIX}{digest}_{edition}"
        self.stamps: dict[Path, Stamp] = {}
        self.builtins = vars(builtins) | {"__import__": self._import}
        self._neighbours: dict[str, bool] = {}
        module = ModuleType(self.package, f"Files of {path}")
        module.__path__ = [str(path)]
        sys.modules[self.package] = module

    @property
    def changed(self) -> bool:
        """Whether a file that was imported is no longer what it was."""
        return any(stamp_of(path) != stamp for path, stamp in self.stamps.items())

    def module_at(self, path: Path) -> ModuleType:
        """Import the file `path` of this folder, once."""
        name = f"{self.package}.{re.sub(r'[^0-9A-Za-z_]', '_', path.stem)}"
        if path.stem.isidentifier():
            return importlib.import_module(name)
        if name not in sys.modules:
            spec = importlib.util.spec_from_file_location(
                name, path, loader=self.loader(name, path)
            )
            assert spec is not None
            assert spec.loader is not None
            module = sys.modules[name] = importlib.util.module_from_spec(spec)
            try:
                spec.loader.exec_module(module)
            except BaseException:
                del sys.modules[name]
                raise
        return sys.modules[name]

    def loader(self, name: str, path: Path) -> SourceFileLoader:
        """Return what executes a file with this folder's `import`."""
        return _Loader(self, name, path)

    def holds(self, name: str) -> bool:
        """Whether `import name` in a file of this folder means a module of the folder."""
        if name not in self._neighbours:
            self._neighbours[name] = name not in _OURS and self._finds(name)
        return self._neighbours[name]

    def _finds(self, name: str) -> bool:
        spec = PathFinder.find_spec(name, [str(self.path)])
        if spec is None:
            return False
        if spec.origin is not None:
            return Path(spec.origin).resolve().parent != (PACKAGE / name).resolve()
        # A mere directory: as in any script, an installed package of that name goes first.
        return name not in sys.modules and importlib.util.find_spec(name) is None

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """Stand in for `__import__` in the files of this folder."""
        top = name.partition(".")[0]
        if level or not self.holds(top):
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        found = importlib.import_module(f"{self.package}.{name}")
        if not fromlist:
            return sys.modules[f"{self.package}.{top}"]
        return builtins.__import__(found.__name__, globals, locals, fromlist, 0)


class _Loader(SourceFileLoader):
    """Executes a user's file with the `import` of its folder."""

    def __init__(self, folder: UserFolder, name: str, path: Path):
        super().__init__(name, str(path))
        self._folder = folder

    def exec_module(self, module: ModuleType) -> None:
        """Execute the file."""
        path = Path(self.path)
        self._folder.stamps[path] = stamp_of(path)
        module.__dict__["__builtins__"] = self._folder.builtins
        super().exec_module(module)

    def get_code(self, fullname: str) -> CodeType | None:
        """Compile the file, leaving no `__pycache__` in the user's folder."""
        return self.source_to_code(self.get_data(self.path), self.path)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules of users' folders."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module of a user's folder stands; None for any other module."""
        folder = _FOLDER_OF_PACKAGE.get(fullname.partition(".")[0])
        if folder is None:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = folder.loader(fullname, Path(spec.loader.path))
        return spec


_FOLDERS: dict[Path, UserFolder] = {}
_FOLDER_OF_PACKAGE: dict[str, UserFolder] = {}


def import_file(path: Path) -> ModuleType:
    """Import a user's file; again only once it, or a neighbour it imports, has changed.

    Raises
    ------
    InputError
        No Python file, or one that raises an error when it is imported.
    """
    resolved = path.resolve()
    if resolved.suffix != ".py" or not resolved.is_file():
        raise InputError(f"{path}: cannot be imported; expected a Python file (.py)")
    folder = _folder(resolved.parent)
    try:
        return folder.module_at(resolved)
    except (Exception, SystemExit) as error:
        raise InputError(
            f"{path}: importing it raised {one_line(error)}; "
            f"expected a module that imports{_where(error, folder)}"
        ) from error


def one_line(error: BaseException) -> str:
    """Return the type and the first line of an error."""
    first = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def stamp_of(path: Path) -> Stamp:
    """Return what tells one state of a file from another; zeros where it is gone."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def _folder(path: Path) -> UserFolder:
    known = _FOLDERS.get(path)
    if known is not None and not known.changed:
        return known
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    edition = 0 if known is None else int(known.package.rpartition("_")[2]) + 1
    made = _FOLDERS[path] = UserFolder(path, edition)
    _FOLDER_OF_PACKAGE[made.package] = made
    importlib.invalidate_caches()
    return made


def _where(error: BaseException, folder: UserFolder) -> str:
    """Return the file and line of the user's that an error came from."""
    if isinstance(error, SyntaxError):
        return f" ({Path(error.filename or '').name} line {error.lineno})"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename) in folder.stamps
    ]
    return f" ({Path(frames[-1].filename).name} line {frames[-1].lineno})" if frames else ""
