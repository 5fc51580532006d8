"""From rows of the `cells` table to records: whatever a file says is checked, nothing is run."""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

from splitbench.problems.errors import InputError
from splitbench.results.rows import STATUS_ORDER
from splitbench.results.store.record import CellKey, CellRecord

KEY_FIELDS = tuple(entry.name for entry in fields(CellKey))
RECORD_FIELDS = tuple(entry.name for entry in fields(CellRecord) if entry.name != "key")
#: Left out of summaries: most of a file, and of no use to a table.
BULKY_FIELDS = ("decisions", "environment")
_HINTS = get_type_hints(CellKey) | get_type_hints(CellRecord)
_CONTAINERS = {name: get_origin(_HINTS[name]) for name in RECORD_FIELDS}
JSON_FIELDS = {name: kind for name, kind in _CONTAINERS.items() if kind in (dict, list)}

Column = Sequence[Any]


def record_query(bulky: bool) -> str:
    """Return the SELECT whose rows `records_from` reads."""
    return f"SELECT {', '.join(_names(bulky))} FROM cells"


def records_from(rows: Column, bulky: bool, place: str) -> Iterator[CellRecord]:
    """Return a record for each row of `record_query(bulky)`.

    Where `bulky` is false, `solve_s` are arrays of floats instead of lists.

    Raises
    ------
    InputError
        A value of another type than its column has, an unknown status, text that is no JSON.
    """
    found = {
        name: _decoder(name, bulky)(column, name, place)
        for name, column in zip(_names(bulky), zip(*rows, strict=True), strict=False)
    }
    if not bulky:
        found |= {name: [JSON_FIELDS[name]() for _ in rows] for name in BULKY_FIELDS}
    keys = map(CellKey, *(found[name] for name in KEY_FIELDS)) if rows else iter(())
    return map(CellRecord, keys, *(found[name] for name in RECORD_FIELDS if rows))


class ReferenceTime(NamedTuple):
    """When a cell was written, where it ran, and what the reference cell took there."""

    environment: dict[str, Any]
    seconds: float
    written: str


def reference_times_from(rows: Column, place: str) -> Iterator[ReferenceTime]:
    """Decode rows of `environment`, `reference_cell_s`, `written`; errors as `records_from`."""
    environments = _parsed([row[0] for row in rows], "environment", place)
    seconds = _checked([row[1] for row in rows], "reference_cell_s", place)
    written = _checked([row[2] for row in rows], "written", place)
    return map(ReferenceTime, environments, seconds, written)


def _names(bulky: bool) -> list[str]:
    kept = [name for name in RECORD_FIELDS if bulky or name not in BULKY_FIELDS]
    return [*KEY_FIELDS, *kept]


def _decoder(name: str, bulky: bool) -> Callable[[Column, str, str], Column]:
    if name == "solve_s":
        return _lists if bulky else _arrays
    if name == "reference":
        return _booleans
    return _parsed if name in JSON_FIELDS else _checked


def types_of(name: str) -> set[type]:
    """Types that SQLite may give for a column."""
    hint = _HINTS[name]
    types = set(get_args(hint)) or {hint}
    return types | {int} if types & {float, bool} else types


_TYPES = {name: types_of(name) for name in _HINTS if name != "key"} | {"solve_s": {bytes}}


def _checked(values: Column, name: str, place: str) -> Column:
    wrong = set(map(type, values)) - _TYPES[name]
    if wrong:
        value = next(value for value in values if type(value) in wrong)
        raise _damaged(place, name, value, " or ".join(sorted(t.__name__ for t in _TYPES[name])))
    if name == "status" and not set(values) <= set(STATUS_ORDER):
        value = next(value for value in values if value not in STATUS_ORDER)
        raise _damaged(place, name, value, ", ".join(STATUS_ORDER))
    return values


def _booleans(values: Column, name: str, place: str) -> Column:
    return [bool(value) for value in _checked(values, name, place)]


def _lists(values: Column, name: str, place: str) -> Column:
    return [numbers.tolist() for numbers in _arrays(values, name, place)]


def _arrays(values: Column, name: str, place: str) -> Column:
    for value in _checked(values, name, place):
        if len(value) % 8:
            raise _damaged(place, name, value, "8 bytes a number")
    arrays = [array("d", value) for value in values]
    if sys.byteorder == "big":  # a store is little-endian everywhere
        for one in arrays:
            one.byteswap()
    return arrays


def _parsed(texts: Column, name: str, place: str) -> Column:
    """Parse JSON, each distinct text once; what stands in a list or object may be shared."""
    known = {text: _parse(text, name, place) for text in set(texts)}
    return [known[text].copy() for text in texts]


def _parse(text: Any, name: str, place: str) -> Any:
    kind = JSON_FIELDS[name]
    try:
        value = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        raise _damaged(place, name, text, "JSON") from None
    children = value.values() if isinstance(value, dict) else value
    if type(value) is not kind or not set(map(type, children)) <= _CHILDREN[name]:
        raise _damaged(place, name, text, f"a JSON {'object' if kind is dict else 'list'}")
    return value


def _children(name: str) -> set[type]:
    child = get_args(_HINTS[name])[-1]
    if child is Any:
        return {str, int, float, bool, dict, list, type(None)}
    return {get_origin(child) or child}


_CHILDREN = {name: _children(name) for name in JSON_FIELDS}


def _damaged(place: str, name: str, value: Any, expected: str) -> InputError:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:57] + "…"
    return InputError(f"{place}: damaged: a cell's {name} is {shown}; expected {expected}")
