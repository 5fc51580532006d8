"""Failed cells with their tracebacks, the same error once."""

from __future__ import annotations

from collections.abc import Iterable

from splitbench.results.notes import without_numbers
from splitbench.results.store.record import CellRecord
from splitbench.results.tables.escape import printable


def error_list(records: Iterable[CellRecord]) -> str:
    """Describe failed cells: where, status, note, traceback and output; like ones are counted."""
    kinds: dict[tuple[str, ...], list[CellRecord]] = {}
    for record in records:
        if record.failed:
            error = (record.key.solver, record.status, without_numbers(record.note))
            kinds.setdefault(error, []).append(record)
    parts = [_described(cells) for cells in kinds.values()]
    return "\n\n".join(parts) if parts else "no cell failed"


def _described(cells: list[CellRecord]) -> str:
    record = cells[0]
    key = record.key
    place = "" if key.instance is None else f" instance {key.instance}"
    lines = [f"{key.suite} {key.solver} seed {key.seed}{place}: {record.status}: {record.note}"]
    lines += [f"  {line}" for line in record.traceback.splitlines()]
    lines += [f"  printed: {line}" for line in record.output.splitlines()]
    if len(cells) > 1:
        lines.append(f"  {len(cells) - 1} more cells like it")
    return "\n".join(printable(line) if line.strip() else line for line in lines)
