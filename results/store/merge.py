"""Merge the stores of several machines into one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from splitbench.problems.errors import InputError
from splitbench.results.bounds import BOUND
from splitbench.results.store.record import CellKey, CellRecord, same
from splitbench.results.store.store import Store


@dataclass
class Merged:
    """What a merge did.

    Attributes
    ----------
    cells
        Cells in the merged store.
    taken
        For each input, how many of these cells come from it.
    shared
        Number of records whose cell was in an earlier store too; one of the two was kept.
    conflicts
        One line per cell that two stores finished with different results.
    """

    cells: int = 0
    taken: dict[str, int] = field(default_factory=dict)
    shared: int = 0
    conflicts: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return what was done as a JSON object."""
        return asdict(self)


@dataclass(slots=True)
class _Choice:
    """The store that a cell is taken from, and its record there."""

    source: str
    record: CellRecord


def merge(out: Path, sources: Sequence[Path], *, update: bool = False) -> Merged:
    """Merge stores into `out`; write nothing if one of them cannot be read.

    If several stores have a cell, a finished record is preferred to an unfinished one, then the
    newer record, then the one from the store named later. Sources are only read.

    Parameters
    ----------
    update
        Whether `out` exists and its cells are merged too; otherwise it must be a new file.

    Raises
    ------
    InputError
        No sources; a source that is named twice, is `out` itself or is not a store; or `out` exists
        without `update`, or is missing with it.
    """
    _check(out, sources, update)
    inputs = [out, *sources] if update else list(sources)
    result = Merged(taken={str(path): 0 for path in inputs})
    choices = _choose(inputs, result)
    for choice in choices.values():
        result.taken[choice.source] += 1
    result.cells = len(choices)
    if update:
        with Store(out) as store:
            store.put_all(_chosen(sources, choices))
    else:
        _write_new(out, _chosen(sources, choices))
    return result


def better(first: CellRecord, second: CellRecord) -> CellRecord:
    """Return which of two records of one cell to keep; the second if both are equally good."""
    one, other = ((record.finished, record.written) for record in (first, second))
    return first if one > other else second


def conflict(first: CellRecord, second: CellRecord) -> bool:
    """Whether two machines finished the same cell with different results.

    Seeds fix everything but time: a solver that stops at a time limit may rightly differ.
    """
    if not (first.finished and second.finished):
        return False
    one, other = _value(first), _value(second)
    if one is None or other is None:
        return one is not other or first.status != second.status
    return not same(one, other)


def _choose(inputs: Sequence[Path], result: Merged) -> dict[CellKey, _Choice]:
    choices: dict[CellKey, _Choice] = {}
    for path in inputs:
        with Store(path, write=False) as store:
            for record in store.summaries():
                known = choices.get(record.key)
                if known is None:
                    choices[record.key] = _Choice(str(path), record)
                    continue
                result.shared += 1
                kept = better(known.record, record)
                if conflict(known.record, record):
                    result.conflicts.append(_conflict_line(known, path, record, kept is record))
                if kept is record:
                    choices[record.key] = _Choice(str(path), record)
    return choices


def _chosen(sources: Sequence[Path], choices: dict[CellKey, _Choice]) -> Iterator[CellRecord]:
    """Read the chosen records again, now with their decisions."""
    for path in sources:
        with Store(path, write=False) as store:
            for record in store.each():
                choice = choices.get(record.key)
                # A store that is being written to may have gained cells since the first pass.
                if choice is not None and choice.source == str(path):
                    yield record


def _write_new(out: Path, records: Iterable[CellRecord]) -> None:
    """Write to a temporary file beside `out` and rename it when complete."""
    partial = out.with_name(f".{out.name}-{os.getpid()}.partial")
    try:
        with Store(partial) as store:
            store.put_all(records)
        if out.exists():  # created in the meantime
            raise _exists(out)
        partial.replace(out)
    except OSError as error:
        raise InputError(f"{out}: {error.strerror}; expected a file in a directory") from None
    finally:
        for suffix in ("", "-wal", "-shm"):
            partial.with_name(partial.name + suffix).unlink(missing_ok=True)


def _check(out: Path, sources: Sequence[Path], update: bool) -> None:
    if not sources:
        raise InputError("merge: no stores to merge; expected merge OUT IN…")
    if update and not out.is_file():
        raise InputError(f"{out}: no such file; expected a store to update, or no --update")
    if not update and out.exists():
        raise _exists(out)
    seen: set[Path] = {out.resolve()} if update else set()
    for path in sources:
        if path.resolve() in seen:
            raise InputError(f"{path}: named twice; expected each store once")
        seen.add(path.resolve())


def _exists(out: Path) -> InputError:
    return InputError(f"{out}: exists; expected a new file, or --update to add to this store")


def _conflict_line(known: _Choice, path: Path, record: CellRecord, newer: bool) -> str:
    key = record.key
    instance = "" if key.instance is None else f" instance {key.instance}"
    return (
        f"{key.suite} {key.solver} seed {key.seed}{instance}: "
        f"{known.source} has {_result(known.record)}, {path} has {_result(record)}; "
        f"kept that of {path if newer else known.source}"
    )


def _value(record: CellRecord) -> float | None:
    """The number that two machines must agree on: the utility, or the bound in a bound cell."""
    return record.horizon_bound if record.key.solver == BOUND else record.utility_mean


def _result(record: CellRecord) -> str:
    value = _value(record)
    return record.status if value is None else repr(value)
