"""List failed cells with their tracebacks; equal errors are listed once, with a count."""

from __future__ import annotations

from collections.abc import Iterable

from splitbench.results.notes import without_numbers
from splitbench.results.store.record import CellRecord
from splitbench.results.tables.escape import printable


def error_list(records: Iterable[CellRecord]) -> str:
    """Describe failed cells: where, status, note, traceback and output; like ones are counted."""
    found = (f"{head}\n{text}".rstrip() for head, text in described_errors(records))
    return "\n\n".join(found) or "no cell failed"


def described_errors(records: Iterable[CellRecord]) -> list[tuple[str, str]]:
    """Return a heading and its details for each kind of failure."""
    kinds: dict[tuple[str, ...], list[CellRecord]] = {}
    for record in records:
        if record.failed:
            error = (record.key.solver, record.status, without_numbers(record.note))
            kinds.setdefault(error, []).append(record)
    return [_described(cells) for cells in kinds.values()]


def _described(cells: list[CellRecord]) -> tuple[str, str]:
    record = cells[0]
    key = record.key
    place = "" if key.instance is None else f" instance {key.instance}"
    suite, solver = record.suite_label or key.suite, record.solver_label or key.solver
    head = f"{suite} {solver} seed {key.seed}{place}: {record.status}: {record.note}"
    lines = [f"  {line}" for line in record.traceback.splitlines()]
    lines += [f"  printed: {line}" for line in record.output.splitlines()]
    if len(cells) > 1:
        cell = "cell" if len(cells) == 2 else "cells"
        lines.append(f"  {len(cells) - 1} more {cell} like it")
    return printable(head), "\n".join(map(printable, lines))
