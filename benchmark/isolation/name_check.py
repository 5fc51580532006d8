"""Refusing solver names before anything is run, without running a user's file here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable

from splitbench.benchmark.console import warn
from splitbench.problems import InputError
from splitbench.problems.package_paths import module_command
from splitbench.solvers.registry import check_name
from splitbench.solvers.solver_spec import parse_solver

#: A file that takes longer to import is left to its cells, which have limits of their own.
_IMPORT_LIMIT_S = 10.0
_REFUSED = 2


def check_solver_names(names: Iterable[str]) -> None:
    """Refuse names that `make` would refuse.

    A file is imported in a process of its own: one that hangs or ends its process on import is
    not refused here, its cells will say so.

    Raises
    ------
    InputError
        The first name that cannot be used.
    """
    for name in names:
        if any(half.path for half in parse_solver(name)):
            _check_elsewhere(name)
        else:
            check_name(name)


def _check_elsewhere(name: str) -> None:
    try:
        done = subprocess.run(
            [*module_command("splitbench.benchmark.isolation.name_check"), name],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            timeout=_IMPORT_LIMIT_S,
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        warn(f"{name}: takes more than {_IMPORT_LIMIT_S:g} s to import; its cells will be limited")
        return
    if done.returncode == _REFUSED and done.stderr:
        raise InputError(done.stderr.strip().splitlines()[-1])


if __name__ == "__main__":
    if hasattr(signal, "alarm"):  # also where whoever waits for us was killed
        signal.alarm(int(_IMPORT_LIMIT_S) + 1)
    try:
        check_name(sys.argv[1])
    except InputError as error:
        sys.stderr.write("\n" + " ".join(str(error).split()) + "\n")
        os._exit(_REFUSED)
    os._exit(0)  # a file that left threads or children behind must not hold us up
