"""List solvers, suites and profiles; write suites as files."""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splitbench.problems import save_horizon, save_instance
from splitbench.problems.bracket_parameters import parameters_of
from splitbench.problems.errors import InputError
from splitbench.problems.latency.profiles.profile_table import profile_table
from splitbench.problems.suites.named_suites import make_suite, suite_names, suite_parameters
from splitbench.solvers import known_solvers

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

#: Most bytes of a file's name without seed and index: file systems allow 255 in all.
_LONGEST_STEM = 200


def solvers() -> list[dict[str, Any]]:
    """Describe every registered solver, partitioner and allocator."""
    return [
        {
            "kind": entry.kind,
            "name": entry.name,
            "about": first_line(entry.plugin),
            "parameters": sorted(parameters_of(entry.plugin)),
            "missing": list(entry.missing),
        }
        for entry in known_solvers()
    ]


def suites() -> list[dict[str, Any]]:
    """Describe every suite."""
    return [
        {
            "name": name,
            "about": suite.description,
            "cells": "episodes" if suite.episodes else "instances",
            "slots": suite.slots,
            "parameters": list(suite_parameters()),
        }
        for name in suite_names()
        for suite in [make_suite(name)]
    ]


def profiles() -> list[dict[str, Any]]:
    """Describe boards and servers: their measurements, fits and residuals."""
    return profile_table()


def first_line(thing: object) -> str:
    """Return the first line of a docstring."""
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def print_listing(title: str, rows: list[dict[str, Any]]) -> None:
    """Print a listing as a table; nothing in it is read as markup.

    Values that are equal in all rows, and the notes (each once), follow below the table. Lists of
    numbers, and columns that do not fit the terminal, are left out and named.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=160)
    names = list(rows[0]) if rows else []
    common = [name for name in names if len(rows) > 1 and _same(rows, name)]
    wanted = [name for name in names if name not in common and name != "note"]
    columns = _fitting([name for name in wanted if not _is_numbers(rows[0][name])], rows, console)
    console.print(_table(title, columns, rows))
    for column in common:
        if text := _cell(rows[0][column]):
            console.print(Text(f"{column} of each: {text}"))
    if "note" in names and "note" not in common:
        for note, about in _notes(rows, columns[0]).items():
            console.print(Text(f"  {', '.join(about)}: {note}"))
    if left_out := [name for name in wanted if name not in columns]:
        console.print(Text(f"  --json also has {', '.join(left_out)}"))


#: Columns with a longer cell than the first are wrapped, to no less than the second.
_SHORT, _WRAPPED = 30, 20


def _fitting(columns: list[str], rows: list[dict[str, Any]], console: Console) -> list[str]:
    """Return the columns, from the left, that fit the console."""
    widths = {name: _widest(name, rows) if _is_short(name, rows) else _WRAPPED for name in columns}
    kept = list(columns)
    while len(kept) > 1 and sum(widths[name] + 2 for name in kept) > console.width:
        kept.pop()
    return kept


def _table(title: str, columns: list[str], rows: list[dict[str, Any]]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False
    )
    for column in columns:
        short = _is_short(column, rows)
        number = all(isinstance(row[column], int | float | None) for row in rows)
        table.add_column(
            column, overflow="fold", no_wrap=short, justify="right" if number else "left"
        )
    for row in rows:
        table.add_row(*(Text(_cell(row[column])) for column in columns))
    return table


def _is_numbers(value: Any) -> bool:
    return isinstance(value, list | tuple) and any(isinstance(one, int | float) for one in value)


def _widest(name: str, rows: list[dict[str, Any]]) -> int:
    return max(len(name), *(len(_cell(row[name])) for row in rows))


def _is_short(name: str, rows: list[dict[str, Any]]) -> bool:
    return _widest(name, rows) <= _SHORT


def _same(rows: list[dict[str, Any]], name: str) -> bool:
    return all(row[name] == rows[0][name] for row in rows)


def _notes(rows: list[dict[str, Any]], heading: str) -> dict[str, list[str]]:
    """Return each part of the notes with the rows that have it."""
    found: dict[str, list[str]] = {}
    for row in rows:
        for part in str(row["note"]).split("; "):
            about = found.setdefault(part, [])
            if part and str(row[heading]) not in about:
                about.append(str(row[heading]))
    return {note: about for note, about in found.items() if note}


def _cell(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_cell, value))
    if isinstance(value, float):
        return f"{value:.4g}"
    return "–" if value is None else str(value)


def write_sample(suite: str, seeds: Iterable[int], slots: int | None, out: Path) -> list[Path]:
    """Write a suite's horizons (one file per seed) or instances (one file each) into `out`.

    Raises
    ------
    InputError
        `out` cannot be made a directory.
    """
    made = make_suite(suite)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out: {out}: {error.strerror}; expected a directory") from None
    paths = []
    stem = _stem(made.name)
    for seed in seeds:
        if made.episodes:
            path = out / f"{stem}-seed{seed}.json"
            save_horizon(made.horizon(seed, slots), path)
            paths.append(path)
            continue
        for index, problem in enumerate(made.instances(seed, slots)):
            path = out / f"{stem}-seed{seed}-{index:03d}.json"
            save_instance(problem, path)
            paths.append(path)
    return paths


def _stem(suite: str) -> str:
    """Return a file name for a suite; long names, as with paths of profiles, are shortened."""
    stem = re.sub(r"[/\\]+", "_", suite)
    if len(stem.encode()) <= _LONGEST_STEM:
        return stem
    digest = hashlib.sha256(suite.encode()).hexdigest()[:8]
    kept = stem.encode()[: _LONGEST_STEM - 9].decode(errors="ignore")
    return f"{kept}-{digest}"
