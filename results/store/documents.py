"""Convert records to the store's columns and back; what is read is checked, nothing is run."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from splitbench.problems.errors import InputError
from splitbench.results.store.record import STATUS_ORDER, CellRecord

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

#: Fields with a column of their own, which the document leaves out.
DETAILS = ("decisions", "per_device", "traceback", "output")
APART = {"environment", "solve_s", *DETAILS}

#: What SQLite and pandas can hold.
LARGEST = 2**63


@dataclass(slots=True)
class Details:
    """Fields that no table needs; most of a file's size."""

    decisions: list[dict[str, Any]] = field(default_factory=list)
    per_device: list[dict[str, Any]] = field(default_factory=list)
    traceback: str = ""
    output: str = ""


class ReferenceTime(NamedTuple):
    """When a cell was written, where it ran, and the seconds of the reference cell there."""

    environment: dict[str, Any]
    seconds: float
    written: str


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def columns_of(record: CellRecord) -> tuple[str | int | bytes | None, ...]:
    """Return a record's `schema.COLUMNS`.

    Raises
    ------
    ValueError
        A key that is not text, or a number that a column cannot hold.
    """
    key = record.key
    for number in (key.seed, key.slots or 0, key.instance or 0):
        if not -LARGEST <= number < LARGEST:
            raise ValueError(f"{number} is too large")
    details = Details(
        record.decisions, record.per_device, _text(record.traceback), _text(record.output)
    )
    document = _adapter(CellRecord).dump_json(record, exclude=APART)
    return (
        *(key.digest, key.suite, key.solver, key.seed, key.instance, key.code),
        *(record.status, record.written),
        document.decode(),
        _adapter(dict[str, Any]).dump_json(record.environment).decode(),
        array("d", record.solve_s).tobytes() if sys.byteorder == "little" else _swapped(record),
        _adapter(Details).dump_json(details).decode(),
    )


def records_from(rows: Sequence[Sequence[Any]], place: str) -> Iterator[CellRecord]:
    """Return a record for each row of document, environment, `solve_s` and, if read, details.

    Without details `solve_s` is an array of floats, with them a list.

    Raises
    ------
    InputError
        A value of another type than its field has, an unknown status, text that is no JSON.
    """
    columns = list(zip(*rows, strict=True))
    if not columns:
        return
    documents, environments, times, *details = columns
    records: list[CellRecord] = _parsed_list(documents, place)
    known = {text: _parsed(dict[str, Any], text, place, "environment") for text in {*environments}}
    for record, text, blob in zip(records, environments, times, strict=True):
        if record.status not in STATUS_ORDER:
            raise _damaged(place, "status", record.status, ", ".join(STATUS_ORDER))
        record.environment = known[text].copy()
        record.solve_s = _times(blob, place)
    for record, text in zip(records, *details, strict=True) if details else ():
        found = _parsed(Details, text, place, "details")
        for name in DETAILS:
            setattr(record, name, getattr(found, name))
        record.solve_s = list(record.solve_s)
    yield from records


def reference_times_from(
    rows: Iterable[tuple[Any, Any, Any]], place: str
) -> Iterator[ReferenceTime]:
    """Return the reference times of rows of environment, seconds and time of writing."""
    for environment, seconds, written in rows:
        found = _parsed(dict[str, Any], environment, place, "environment")
        yield ReferenceTime(found, float(seconds), str(written))


def _parsed_list(documents: Sequence[Any], place: str) -> list[CellRecord]:
    """Parse all at once, which takes three quarters of the time; one by one to find an error."""
    from pydantic import ValidationError

    try:
        text = f"[{','.join(documents)}]"
        records = _adapter(list[CellRecord]).validate_json(text, strict=True)
        if len(records) == len(documents):
            return list(records)
    except (ValidationError, TypeError):
        pass
    return [_parsed(CellRecord, document, place, "document") for document in documents]


def _parsed(kind: Any, text: Any, place: str, name: str) -> Any:
    from pydantic import ValidationError

    if not isinstance(text, str):
        raise _damaged(place, name, text, "JSON")
    try:
        return _adapter(kind).validate_json(text, strict=True)
    except ValidationError as error:
        raise _explained(error, place, name) from None


def _explained(error: ValidationError, place: str, name: str) -> InputError:
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"])) or name
    return _damaged(place, where, first["input"], first["msg"].removeprefix("Input should be "))


def _times(blob: Any, place: str) -> array[float]:
    if not isinstance(blob, bytes) or len(blob) % 8:
        raise _damaged(place, "solve_s", blob, "8 bytes a number")
    times = array("d", blob)
    if sys.byteorder == "big":  # a store is little-endian everywhere
        times.byteswap()
    return times


def _swapped(record: CellRecord) -> bytes:
    times = array("d", record.solve_s)
    times.byteswap()
    return times.tobytes()


def _text(text: str) -> str:
    """Return text that UTF-8 can encode: an error may quote bytes that are not text."""
    return text.encode("utf-8", "replace").decode()


def _damaged(place: str, name: str, value: Any, expected: str) -> InputError:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:57] + "…"
    return InputError(f"{place}: damaged: a cell's {name} is {shown}; expected {expected}")
