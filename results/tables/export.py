"""The raw cells of a store for other programs: CSV and Parquet, a row a cell."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, get_args, get_origin, get_type_hints

from splitbench.problems.errors import InputError
from splitbench.results.store.record import KEY_FIELDS, RECORD_FIELDS, CellKey, CellRecord
from splitbench.results.tables import escape

#: Columns of an export: those of the store; `seconds` is the sum of `solve_s`.
JSON_FIELDS = {
    name
    for name, hint in get_type_hints(CellRecord).items()
    if get_origin(hint) in (dict, list, tuple)
}
COLUMNS = (*KEY_FIELDS, *RECORD_FIELDS, "seconds")
_CELLS_AT_ONCE = 2000


def cell_object(record: CellRecord) -> dict[str, Any]:
    """Return a cell as a JSON object."""
    one = {name: getattr(record.key, name) for name in KEY_FIELDS}
    one |= {name: getattr(record, name) for name in RECORD_FIELDS}
    return one | {"solve_s": list(record.solve_s), "seconds": float(sum(record.solve_s))}


def write_csv(records: Iterable[CellRecord], stream: IO[str]) -> None:
    """Write cells as CSV: numbers in full, lists and objects as JSON, texts no formulas."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for record in records:
        writer.writerow([_csv_value(value) for value in cell_object(record).values()])


def write_csv_to(records: Iterable[CellRecord], path: Path | None) -> None:
    """Write cells as CSV to a file, or to stdout.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    if path is None:
        write_csv(records, sys.stdout)
        return
    try:
        with path.open("w", encoding="utf-8", newline="") as stream:
            write_csv(records, stream)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; expected a file to write") from None


def write_parquet(records: Iterable[CellRecord], path: Path) -> None:
    """Write cells as Parquet: typed columns, `solve_s` a list, other lists and objects JSON.

    Raises
    ------
    InputError
        pyarrow is not installed, or the file cannot be written.
    """
    if find_spec("pyarrow") is None:
        raise InputError(
            "--format parquet: needs pyarrow, which is not installed; "
            "expected after: pip install 'splitbench[parquet]', or --format csv"
        )
    import pyarrow
    from pyarrow import parquet

    schema = pyarrow.schema([(name, _arrow_type(pyarrow, name)) for name in COLUMNS])
    try:
        with parquet.ParquetWriter(path, schema) as writer:
            for objects in _batches(map(cell_object, records)):
                rows = [{name: _plain(name, one[name]) for name in COLUMNS} for one in objects]
                writer.write_table(pyarrow.Table.from_pylist(rows, schema=schema))
    except OSError as error:
        raise InputError(f"--out: {path}: {error.strerror or error}; expected a file") from None


def _csv_value(value: Any) -> Any:
    if isinstance(value, dict | list | tuple):
        return json.dumps(value)  # starts with a bracket: no formula
    return escape.csv(value) if isinstance(value, str) else value


def _plain(name: str, value: Any) -> Any:
    if name in JSON_FIELDS:
        return json.dumps(value)
    # Parquet takes text only: what an error quotes may be none.
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _arrow_type(pyarrow: Any, name: str) -> Any:
    if name in ("solve_s", "seconds"):
        return pyarrow.list_(pyarrow.float64()) if name == "solve_s" else pyarrow.float64()
    hint = (get_type_hints(CellKey) | get_type_hints(CellRecord))[name]
    types = set(get_args(hint)) or {hint}
    if name in JSON_FIELDS:
        return pyarrow.string()
    if bool in types:
        return pyarrow.bool_()
    if float in types:
        return pyarrow.float64()
    return pyarrow.int64() if int in types else pyarrow.string()


def _batches(objects: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for one in objects:
        batch.append(one)
        if len(batch) == _CELLS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
