"""Output for the user: progress and warnings on stderr, results on stdout."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from splitbench.problems.errors import InputError


class Advance(Protocol):
    """Tells the progress display that a unit of work is done."""

    def __call__(self, done: str) -> None:
        """Count one unit: `done` says which it was."""


def warn(message: str, *, red: bool = False) -> None:
    """Write one line to stderr; terminal sequences that a plug-in put into it are taken out."""
    from splitbench.results.tables.escape import printable

    line = f"splitbench: {printable(message)}"
    coloured = red and sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    sys.stderr.write(f"\x1b[31m{line}\x1b[0m\n" if coloured else f"{line}\n")


def note(message: str) -> None:
    """Write one line to stderr, only with `-v`."""
    if verbosity() > 0:
        warn(message)


def remark(message: str) -> None:
    """Write one line to stderr, except with `-q`."""
    if verbosity() >= 0:
        warn(message)


_verbosity = 0


def set_verbosity(level: int) -> None:
    """Set how much is written to stderr: −1 warnings only, 0 progress too, 1 details too."""
    global _verbosity
    _verbosity = level


def verbosity() -> int:
    """Return how much is written to stderr."""
    return _verbosity


def print_json(value: Any, out: Path | None = None) -> None:
    """Write JSON; infinite and undefined numbers become null."""
    emit(json.dumps(_finite(value), indent=1, allow_nan=False), out)


def emit(text: str, out: Path | None) -> None:
    """Write text to stdout, or to a file; an InputError where that cannot be written."""
    if out is None:
        sys.stdout.write(text + "\n")
        return
    try:
        out.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{out}: {error.strerror}; expected a file to write") from None


@contextmanager
def progress(title: str, total: int) -> Iterator[Advance]:
    """Show progress on stderr: bars in a terminal, a few plain lines elsewhere."""
    if total == 0 or verbosity() < 0:
        yield lambda done: None
    elif sys.stderr.isatty():
        with _bars(title, total) as advance:
            yield advance
    else:
        yield _plain_lines(title, total)


@contextmanager
def _bars(title: str, total: int) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Left
    from rich.table import Column

    columns = (
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
        BarColumn(),
        MofNCompleteColumn(),
        Left(compact=True),
        TextColumn("{task.fields[now]}", markup=False, table_column=Column(no_wrap=True)),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(title, total=total, now="")

        def advance(done: str) -> None:
            bars.update(task, advance=1, now=done)

        yield advance


def _plain_lines(title: str, total: int) -> Advance:
    count, step = 0, max(1, math.ceil(total / 10))

    def advance(done: str) -> None:
        nonlocal count
        count += 1
        if count % step == 0 or count == total:
            sys.stderr.write(f"{title}: {count}/{total} ({done})\n")

    return advance


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(child) for child in value]
    return value
