"""Run the conformance suite on a named solver and print the results."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from splitbench.benchmark.check.conformance import Failure, Verdict, verdicts
from splitbench.benchmark.check.remote import SeparateProcesses
from splitbench.benchmark.console import print_json
from splitbench.benchmark.planning.chosen_solvers import choose_solvers
from splitbench.results.tables.escape import printable
from splitbench.solvers.registry import in_this_folder


def check_and_print(name: str, seed: int, folder: Path, as_json: bool) -> bool:
    """Check a solver in processes of its own; return whether every property holds.

    Raises
    ------
    InputError
        A name that no solver has.
    """
    name = in_this_folder(name)
    choose_solvers([name])
    started = time.monotonic()
    with SeparateProcesses(name) as asker:
        found = []
        for verdict in verdicts(asker, seed, _show_step):
            _clear_step()
            found.append(verdict)
            if not as_json:
                print(_line(verdict))
    failures = [verdict.failure for verdict in found if verdict.failure is not None]
    saved = {failure.property: failure.save(folder) for failure in failures}
    if as_json:
        print_json([_object(verdict, saved) for verdict in found])
    else:
        _print_failures(name, failures, saved)
        tested = [verdict for verdict in found if not verdict.declared]
        print(
            f"{len(tested) - len(failures)} of {len(tested)} properties hold "
            f"({time.monotonic() - started:.1f} s)"
        )
    return not failures


def reproducing_command(name: str, failure: Failure, path: Path) -> str:
    """Return the command that reproduces a failure."""
    command = "simulate" if failure.property == "episode" else "solve"
    return f"splitbench {command} {path} -s '{name}'"


def _line(verdict: Verdict) -> str:
    if verdict.declared:
        return f"--    {verdict.says} (not tested: the solver declares otherwise, sensitive_to)"
    return f"{'ok  ' if verdict.failure is None else 'FAIL'}  {verdict.says}"


def _print_failures(name: str, failures: list[Failure], saved: dict[str, Path]) -> None:
    for failure in failures:
        path = saved[failure.property]
        print(f"\n{failure.property}: {failure.says}: not so.")
        print(f"  on the case {failure.case!r}, saved as {path}")
        for line in failure.why.splitlines():
            print(f"  {printable(line)}")
        print(f"  see it with: {reproducing_command(name, failure, path)}")
    if failures:
        print()


def _object(verdict: Verdict, saved: dict[str, Path]) -> dict[str, Any]:
    failure = verdict.failure
    return {
        "property": verdict.property,
        "says": verdict.says,
        "holds": None if verdict.declared else failure is None,
        "why": None if failure is None else failure.why,
        "case": None if failure is None else failure.case,
        "file": None if failure is None else str(saved[verdict.property]),
    }


def _show_step(what: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[2K{what}"[:160])
        sys.stderr.flush()


def _clear_step() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[2K")
        sys.stderr.flush()
