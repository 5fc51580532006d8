"""The solvers named on the command line: their names, labels and files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from splitbench.benchmark.planning.inspect_files import inspect_files
from splitbench.problems import InputError
from splitbench.solvers.registry import (
    all_names,
    beside,
    canonical_name,
    check_name,
    in_this_folder,
)
from splitbench.solvers.solver_spec import parse_solver, split_label


@dataclass(frozen=True)
class ChosenSolver:
    """A solver of a run.

    Attributes
    ----------
    name
        The canonical name, which identifies its cells.
    label
        Its name in tables; empty if that is `name`.
    files
        Files that determine a user's solver, by suite.
    """

    name: str
    label: str = ""
    files: dict[str, tuple[Path, ...]] = field(default_factory=dict, compare=False)


def choose_solvers(texts: Iterable[str], suites: Sequence[str] = ()) -> list[ChosenSolver]:
    """Return the solvers that names, files and `label=name` describe; none twice.

    The first label given counts, and a class's own name where none is. A file without a class
    means every solver in it, and `mine` means ./mine.py where no plug-in has that name. Solvers to
    compare a scheme with (`beside`) follow it.

    Raises
    ------
    InputError
        The first text that cannot be used, or one label for two solvers.
    """
    chosen: dict[str, ChosenSolver] = {}
    labelled: set[str] = set()
    for text in texts:
        is_label_given = bool(split_label(text)[0])
        for solver in _chosen(text, suites):
            if solver.name not in chosen or (is_label_given and solver.name not in labelled):
                chosen[solver.name] = solver
            if is_label_given:
                labelled.add(solver.name)
            for name in beside(solver.name):
                chosen.setdefault(name, ChosenSolver(name))
    _refuse_equal_labels(chosen.values(), texts)
    return list(chosen.values())


def _chosen(text: str, suites: Sequence[str]) -> list[ChosenSolver]:
    label, name = split_label(text)
    name = in_this_folder(name)
    if not any(half.path for half in parse_solver(name)):
        check_name(name)
        return [ChosenSolver(canonical_name(name), label)]
    found = inspect_files(name, suites)
    if label and len(found) > 1:
        names = " or ".join(one.name for one in found)
        raise InputError(f"{text}: one label for {len(found)} solvers; expected {label}={names}")
    return [ChosenSolver(one.name, label or _not_ours(one.label), one.files) for one in found]


def _not_ours(label: str) -> str:
    """Return a class's own name; "" if one of our solvers has this name."""
    return "" if label in all_names() else label


def _refuse_equal_labels(chosen: Iterable[ChosenSolver], texts: Iterable[str]) -> None:
    given = {label for label, _ in map(split_label, texts) if label}
    for label in sorted(given):
        named = [one.name for one in chosen if label in (one.label, one.name)]
        if len(named) > 1:
            raise InputError(
                f"label {label!r}: stands for {' and '.join(named)}; expected a label of its own"
            )
