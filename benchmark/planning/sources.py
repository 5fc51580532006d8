"""Sources of problems: suites, suite files, instance and horizon files, folders, patterns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from glob import glob
from pathlib import Path
from typing import Protocol

from splitbench.problems import (
    Horizon,
    InputError,
    SlotProblem,
    UnknownNameError,
    load_horizon,
    load_instance,
)
from splitbench.problems.bracket_parameters import parse_spec
from splitbench.problems.files.json_file import read_json_object
from splitbench.problems.suites.library import PREFIX as LIBRARY
from splitbench.problems.suites.library import library, library_file
from splitbench.problems.suites.named_suites import make_suite, suite_names
from splitbench.results.store.record import FILE
from splitbench.solvers.user_files import Stamp, stamp_of

_FORMATS = ("splitbench/slot@", "splitbench/horizon@")


class Source(Protocol):
    """A suite, or one file."""

    def __hash__(self) -> int:
        """Equal sources pose equal problems while their files stay as they are."""

    @property
    def name(self) -> str:
        """The name in a cell's key."""

    @property
    def label(self) -> str:
        """Its name in tables; empty if that is `name`."""

    @property
    def known_as(self) -> str:
        """The name under which solvers find trained policies."""

    @property
    def seeds(self) -> int | None:
        """Default number of seeds; None: the command's default."""

    @property
    def files(self) -> tuple[str, ...]:
        """Files that it is made of."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """Remarks for the user before a run."""

    @property
    def model(self) -> dict[str, str]:
        """Where the numbers of the devices and the server come from, for the record."""

    @property
    def episodes(self) -> bool:
        """Whether a seed gives one horizon rather than independent instances."""

    @property
    def slots(self) -> int:
        """Slots, or instances, per seed."""

    def horizon(self, seed: int, slots: int | None = None) -> Horizon:
        """Return the horizon of a seed, or its first slots."""

    def instances(self, seed: int, count: int | None = None) -> list[SlotProblem]:
        """Return the independent instances of a seed."""


@dataclass(frozen=True)
class FileSource:
    """One slot instance or horizon file: the same problem for every seed."""

    name: str
    path: str
    label: str = ""

    seeds = None
    remarks = ()

    @property
    def posed(self) -> Horizon | SlotProblem:
        """What the file holds."""
        return _loaded(self.path, stamp_of(Path(self.path)))

    @property
    def known_as(self) -> str:
        """Empty: no policy is trained under a file's name."""
        return ""

    @property
    def files(self) -> tuple[str, ...]:
        """The file itself."""
        return (self.path,)

    @property
    def model(self) -> dict[str, str]:
        """Empty: the file holds all numbers."""
        return {}

    @property
    def episodes(self) -> bool:
        """Whether it is a horizon."""
        return isinstance(self.posed, Horizon)

    @property
    def slots(self) -> int:
        """Slots of a horizon; 1 for an instance."""
        return len(self.posed) if isinstance(self.posed, Horizon) else 1

    def horizon(self, seed: int, slots: int | None = None) -> Horizon:
        """Return the file's horizon, or its first `slots`."""
        posed = self.posed
        if not isinstance(posed, Horizon):
            raise InputError(f"{self.path}: got a slot instance; expected a horizon")
        return posed if slots is None else posed.first(slots)

    def instances(self, seed: int, count: int | None = None) -> list[SlotProblem]:
        """Return the file's instance alone."""
        posed = self.posed
        if isinstance(posed, Horizon):
            raise InputError(f"{self.path}: got a horizon; expected a slot instance")
        return [posed]


def source_of(name: str) -> Source:
    """Return the source that a cell's key names.

    Raises
    ------
    InputError
        The suite or the file cannot be used.
    """
    if name.startswith(FILE):
        return FileSource(name, name.removeprefix(FILE))
    if name.startswith(LIBRARY):
        return FileSource(name, str(library_file(name)))
    file = Path(name.rpartition(".toml")[0] + ".toml")
    return _made(name, stamp_of(file))


@lru_cache(maxsize=64)
def _made(name: str, stamp: Stamp) -> Source:
    """Make a suite; cached, for a suite file until it changes."""
    return make_suite(name)


def sources_of(texts: Iterable[str | Source]) -> list[Source]:
    """Return the sources named on the command line; none twice.

    A text is a suite's name or a pattern of such names (`paper-*`), a suite file (`mine.toml`), an
    instance or horizon file, a folder of them, a pattern of paths, or `library:NAME`.

    Raises
    ------
    InputError
        A text that names nothing usable.
    """
    found: dict[str, Source] = {}
    for text in texts:
        for source in _sources(text) if isinstance(text, str) else [text]:
            found.setdefault(source.name, source)
    return list(found.values())


def load_any(path: str) -> Horizon | SlotProblem:
    """Read a slot instance or a horizon, according to the file's format."""
    if _format_of(Path(path)).startswith(_FORMATS[1]):
        return load_horizon(path)
    return load_instance(path)


@lru_cache(maxsize=128)
def _loaded(path: str, stamp: Stamp) -> Horizon | SlotProblem:
    """Read a file; cached until it changes."""
    return load_any(path)


def _sources(text: str) -> Iterator[Source]:
    path = Path(text)
    if text.startswith(LIBRARY):
        yield from _library_entries(text)
    elif path.is_dir():
        yield from _in_folder(text, sorted(path.iterdir()))
    elif path.suffix == ".json" and (path.is_file() or not {"[", "*", "?"} & set(text)):
        yield _file(path, text)
    elif _is_pattern(text):
        yield from _matching(text)
    else:
        yield _suite(text)


def _suite(text: str) -> Source:
    try:
        return make_suite(text)
    except UnknownNameError:
        if "/" in text or "\\" in text:
            raise InputError(
                f"{text}: no such file or folder; expected a suite (splitbench list suites), "
                "mine.toml, an instance or horizon file (.json), or a folder of them"
            ) from None
        raise


def _is_pattern(text: str) -> bool:
    """Whether a text has a * or ? outside the brackets of a suite's parameters."""
    return bool({"*", "?"} & set(text.partition("[")[0]))


def _matching(text: str) -> Iterator[Source]:
    """Yield suites whose names match a pattern, or files whose paths do."""
    pattern, bracket, rest = text.partition("[")
    names = [name for name in suite_names() if fnmatchcase(name, pattern)]
    if names:
        yield from (make_suite(name + bracket + rest) for name in names)
        return
    paths = [Path(path) for path in sorted(glob(text, recursive=True))]
    if not paths:
        listed = ", ".join(suite_names())
        raise InputError(f"{text}: matches no suite and no file; expected one of {listed}")
    yield from _in_folder(text, paths)


def _in_folder(text: str, paths: Iterable[Path]) -> Iterator[Source]:
    """Yield splitbench files among some paths: instances share a label, horizons do not."""
    usable = [path for path in paths if path.suffix == ".toml" or _is_ours(path)]
    if not usable:
        raise InputError(
            f"{text}: holds no instance, horizon or suite file; expected .json files of format "
            "splitbench/slot@1 or splitbench/horizon@1, or suite files (.toml)"
        )
    for path in usable:
        if path.suffix == ".toml":
            yield make_suite(str(path))
            continue
        source = _file(path, text)
        yield _file(path, str(path)) if source.episodes else source


def _file(path: Path, label: str) -> FileSource:
    source = FileSource(f"{FILE}{path.resolve()}", str(path.resolve()), label)
    load_any(str(path))  # a message names the path as it was given
    return source


def _is_ours(path: Path) -> bool:
    return path.suffix == ".json" and path.is_file() and _format_of(path).startswith(_FORMATS)


def _format_of(path: Path) -> str:
    data = read_json_object(path)
    return str(data.get("format", "")) if isinstance(data, dict) else ""


def _library_entries(text: str) -> Iterator[Source]:
    pattern = text.removeprefix(LIBRARY)
    names = [name for name in library() if fnmatchcase(name, pattern)]
    for name in names or [parse_spec(pattern).name]:
        yield FileSource(f"{LIBRARY}{name}", str(library_file(name)))
