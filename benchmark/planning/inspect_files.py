"""Find out which solvers a name with a file means, in a separate process.

A user's file is never imported in the harness: it may print, hang, or end its process. The process
started here imports the file, checks the name as `make` does, lists the solvers of a file named
without a class, and reports the files that determine them.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splitbench.benchmark.console import warn
from splitbench.benchmark.planning.import_closure import is_installed, user_closure
from splitbench.problems import InputError
from splitbench.problems.package_paths import module_command
from splitbench.solvers.discovery import class_in_file, classes_in_file, name_of
from splitbench.solvers.registry import canonical_name, check_name, files_of
from splitbench.solvers.solver_spec import Spec, parse_solver

#: Seconds for an import. With a slower file the cells are run anyway, under their own limits.
IMPORT_LIMIT_S = 10.0


@dataclass(frozen=True)
class SolverInFile:
    """A solver, or a scheme with a half, that is defined in a user's file.

    Attributes
    ----------
    name
        The canonical name, `/path/to/file.py:Class[parameter=value]`.
    label
        The name of its class, with the parameters and the other half of a scheme.
    files
        Files that determine it, by suite: those it imports, and those it declares.
    """

    name: str
    label: str
    files: dict[str, tuple[Path, ...]]


def inspect_files(name: str, suites: Sequence[str]) -> list[SolverInFile]:
    """Return the solvers that a name with a path in it means.

    If the file hangs or ends its process on import, the name is used as given, and its cells will
    report the failure.

    Raises
    ------
    InputError
        A name that cannot be used.
    """
    try:
        done = subprocess.run(
            [*module_command("splitbench.benchmark.planning.inspect_files"),
             json.dumps([name, list(suites)])],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            timeout=IMPORT_LIMIT_S, start_new_session=True, check=False,
        )  # fmt: skip
        found = json.loads(done.stdout)
        solvers = [_from_json(one) for one in found.get("solvers", ())]
    except subprocess.TimeoutExpired:
        warn(f"{name}: takes more than {IMPORT_LIMIT_S:g} s to import; its cells will be limited")
        return [_unseen(name, suites)]
    except (ValueError, KeyError, TypeError, AttributeError):
        return [_unseen(name, suites)]  # the file ended its process, or wrote to our stdout
    if "error" in found:
        raise InputError(found["error"])
    return solvers


def _from_json(one: dict[str, Any]) -> SolverInFile:
    files = {suite: tuple(map(Path, paths)) for suite, paths in one["files"].items()}
    return SolverInFile(one["name"], one["label"], files)


def _unseen(name: str, suites: Sequence[str]) -> SolverInFile:
    """Describe a solver whose file cannot be imported, by its name and its import statements."""
    halves = parse_solver(name)
    if any(half.path and not half.name for half in halves):
        raise InputError(f"{name}: cannot be imported here; expected path/to/file.py:ClassName")
    files = tuple(path for half in halves if half.path for path in user_closure(Path(half.path)))
    label = "+".join(str(Spec(half.name, half.parameters)) for half in halves)
    return SolverInFile(canonical_name(name), label, dict.fromkeys(suites, files))


def _solvers_of(name: str, suites: Sequence[str]) -> list[dict[str, Any]]:
    """Describe the solvers of a name, in the process that may import its files."""
    halves = parse_solver(name)
    if len(halves) == 1 and not halves[0].name and not halves[0].parameters:
        path = Path(halves[0].path)
        names = [f"{path}:{plugin.__name__}" for plugin in classes_in_file(path, "solver")]
    else:
        names = []
    return [_described(one, suites) for one in names or [name]]


def _described(name: str, suites: Sequence[str]) -> dict[str, Any]:
    check_name(name)
    halves = [_with_class(half, kind) for half, kind in _kinds(parse_solver(name))]
    own = [half for half in halves if half.path]
    code = {path for half in own for path in user_closure(Path(half.path), _loaded())}
    name = "+".join(map(str, halves))
    files = {suite: [*map(str, sorted(code)), *map(str, files_of(name, suite))] for suite in suites}
    label = "+".join(_label(half, kind) for half, kind in _kinds(halves))
    return {"name": canonical_name(name), "label": label, "files": files}


def _kinds(halves: list[Spec]) -> list[tuple[Spec, str]]:
    kinds = ("solver",) if len(halves) == 1 else ("partitioner", "allocator")
    return list(zip(halves, kinds, strict=False))


def _with_class(half: Spec, kind: str) -> Spec:
    """Name the class of a file that has only one of a kind."""
    if not half.path or half.name:
        return half
    return Spec(class_in_file(Path(half.path), "", kind).__name__, half.parameters, half.path)


def _label(half: Spec, kind: str) -> str:
    """Return the class's own name, with its parameters."""
    if not half.path:
        return str(half)
    return str(Spec(name_of(class_in_file(Path(half.path), half.name, kind)), half.parameters))


def _loaded() -> list[Path]:
    """Return the files that were loaded by importing a user's file."""
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    return [path for file in files if file and not is_installed(path := Path(file).resolve())]


def main(argument: str) -> None:
    """Write the solvers of a name to stdout, which the user's code cannot access."""
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if hasattr(signal, "alarm"):  # in case the waiting process was killed
        signal.alarm(int(IMPORT_LIMIT_S) + 1)
    name, suites = json.loads(argument)
    try:
        found: dict[str, Any] = {"solvers": _solvers_of(name, suites)}
    except InputError as error:
        found = {"error": " ".join(str(error).split())}
    with contextlib.suppress(OSError):
        os.write(out, json.dumps(found).encode())
    os._exit(0)  # do not wait for threads or children that a file left behind


if __name__ == "__main__":
    main(sys.argv[1])
