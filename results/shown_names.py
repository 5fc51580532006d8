"""The names under which tables show suites and solvers that stand in files.

A key names a file by its absolute path, so that one file is one solver, however the user writes its
path. A table shows the label instead (the class's name, or the user's label), with as much of the
path as distinguishes equal labels.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from splitbench.results.store.record import CellRecord


def with_shown_names(records: Iterable[CellRecord]) -> list[CellRecord]:
    """Return records whose keys name suites and solvers as tables show them.

    Instance files of one label are the instances of one suite: they are numbered in the order of
    their paths.
    """
    listed = list(records)
    if not any(one.suite_label or one.solver_label for one in listed):
        return listed
    solvers = _shown({one.key.solver: one.solver_label for one in listed})
    instances = _numbered(listed)
    lone = {one.key.suite: one.suite_label for one in listed if one.key.suite not in instances}
    suites = _shown(lone)
    found = []
    for one in listed:
        key = replace(one.key, solver=solvers[one.key.solver])
        if one.key.suite in instances:
            label, number = instances[one.key.suite]
            key = replace(key, suite=label, instance=number)
        else:
            key = replace(key, suite=suites[one.key.suite])
        found.append(replace(one, key=key))
    return found


def _numbered(records: list[CellRecord]) -> dict[str, tuple[str, int]]:
    """Return label and number of each instance file that shares its label with others."""
    paths: dict[str, set[str]] = {}
    for one in records:
        if one.suite_label and one.key.instance is not None:
            paths.setdefault(one.suite_label, set()).add(one.key.suite)
    return {
        path: (label, number)
        for label, of_label in paths.items()
        if len(of_label) > 1
        for number, path in enumerate(sorted(of_label))
    }


def _shown(labels: dict[str, str]) -> dict[str, str]:
    """Return what to show for each name: its label, longer where two would be the same."""
    wanted = {name: label or name for name, label in labels.items()}
    by_text: dict[str, list[str]] = {}
    for name, text in wanted.items():
        by_text.setdefault(text, []).append(name)
    return {
        name: text
        for label, names in by_text.items()
        for name, text in zip(names, _apart(names, label), strict=True)
    }


def _apart(names: list[str], label: str) -> list[str]:
    """Return distinct names for one label: the shortest distinct ends of the paths."""
    if len(names) == 1:
        return [label]
    parts = [name.split("/") for name in names]
    for count in range(1, max(map(len, parts))):
        ends = ["/".join(of_name[-count:]) for of_name in parts]
        if len(set(ends)) == len(ends):
            return ends
    return names
