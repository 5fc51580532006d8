"""Export cells as tidy CSV or Parquet, one row per cell; their slots go to a second file."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from splitbench.problems.errors import InputError
from splitbench.results.store.record import KEY_FIELDS, RECORD_FIELDS, CellRecord
from splitbench.results.tables import escape

if TYPE_CHECKING:
    from pandas import DataFrame

#: Columns of the slots' file, besides the cell's key.
SLOT_FIELDS = (
    *("status", "claimed", "utility", "gap", "bound", "partition", "threads"),
    *("battery_next_j", "harvest_j"),
)
_CELLS_AT_ONCE = 2000


def cell_object(record: CellRecord) -> dict[str, Any]:
    """Return a cell as a JSON object with all stored fields."""
    one = {name: getattr(record.key, name) for name in KEY_FIELDS}
    one |= {name: getattr(record, name) for name in RECORD_FIELDS}
    return one | {"solve_s": list(record.solve_s), "seconds": float(sum(record.solve_s))}


def tidy(frame: DataFrame) -> DataFrame:
    """Return only the scalar columns: without the solve times of slots and the key."""
    return frame.drop(columns=["solve_s", "key"])


def write_cells(frame: DataFrame, path: Path | None, *, parquet: bool = False) -> None:
    """Write cells, a row each, as CSV (to stdout without a path) or Parquet.

    Raises
    ------
    InputError
        The file cannot be written, or pyarrow is needed and not installed.
    """
    _write([tidy(frame)], path, parquet)


def write_slots(records: Iterable[CellRecord], path: Path, *, parquet: bool = False) -> None:
    """Write a row for each slot of the cells: key, slot, seconds, and `SLOT_FIELDS`.

    Lists with a number per device are JSON. Errors as `write_cells`.
    """
    _write(_slot_frames(iter(records)), path, parquet)


def _slot_frames(records: Iterator[CellRecord]) -> Iterator[DataFrame]:
    import pandas

    columns = [*KEY_FIELDS, "slot", "seconds", *SLOT_FIELDS]
    first = True
    while (batch := list(islice(records, _CELLS_AT_ONCE))) or first:
        rows = [row for record in batch for row in _slots(record)]
        frame = pandas.DataFrame(rows, columns=columns)
        kinds = dict.fromkeys(("slots", "instance"), "Int64")
        kinds |= dict.fromkeys(("seconds", "utility", "gap", "bound"), "float64")
        kinds |= dict.fromkeys(("partition", "threads", "battery_next_j", "harvest_j"), "str")
        yield frame.astype(kinds)
        first = False


def _slots(record: CellRecord) -> Iterator[tuple[Any, ...]]:
    key = tuple(getattr(record.key, name) for name in KEY_FIELDS)
    seconds = [*record.solve_s, *[None] * (len(record.decisions) - len(record.solve_s))]
    for slot, (decision, spent) in enumerate(zip(record.decisions, seconds, strict=False)):
        values = (decision.get(name) for name in SLOT_FIELDS)
        yield (*key, slot, spent, *(json.dumps(v) if isinstance(v, list) else v for v in values))


def _write(frames: Iterable[DataFrame], path: Path | None, parquet: bool) -> None:
    if parquet and path is None:
        raise InputError("--format parquet: is no text; expected --out FILE.parquet")
    if parquet and find_spec("pyarrow") is None:
        raise InputError(
            "--format parquet: needs pyarrow, which is not installed; "
            "expected after: pip install 'splitbench[parquet]', or --format csv"
        )
    try:
        if path is None:
            _write_csv(frames, sys.stdout)
        elif parquet:
            _write_parquet(frames, path)
        else:
            with path.open("w", encoding="utf-8", newline="") as stream:
                _write_csv(frames, stream)
    except OSError as error:
        raise InputError(f"--out: {path}: {error.strerror or error}; expected a file") from None


def _write_csv(frames: Iterable[DataFrame], stream: TextIO) -> None:
    """Write numbers in full; a text cannot become a formula."""
    for index, frame in enumerate(frames):
        safe = _with_texts(frame, escape.csv)
        safe.to_csv(stream, index=False, header=index == 0, lineterminator="\n")


def _write_parquet(frames: Iterable[DataFrame], path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    writer = None
    try:
        for frame in frames:
            # Parquet needs valid text, and an error may quote bytes that are not.
            table = pyarrow.Table.from_pandas(_with_texts(frame, _utf8), preserve_index=False)
            writer = writer or parquet.ParquetWriter(path, table.schema)
            writer.write_table(table.cast(writer.schema))
    finally:
        if writer is not None:
            writer.close()


def _with_texts(frame: DataFrame, change: Any) -> DataFrame:
    changed = frame.copy(deep=False)
    for name in frame.columns:
        if frame[name].dtype == object or str(frame[name].dtype) in ("str", "string"):
            known = {text: change(text) for text in frame[name].dropna().unique()}
            changed[name] = frame[name].map(known)
    return changed


def _utf8(text: Any) -> str:
    return str(text).encode("utf-8", "replace").decode()
