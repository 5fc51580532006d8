"""Read JSON files strictly: every error names file, place, value and what was expected."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from splitbench.problems.errors import InputError, did_you_mean
from splitbench.problems.files.schema_words import Schema, describe, schema_at

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound="BaseModel")

# pydantic puts the branch of a union into the place of an error. A user's file has no such key,
# so these names are unlikely to be keys.
NUMBER_BRANCH, LIST_BRANCH = "<number>", "<list>"

_LISTED = 20  # errors of a file that one message lists
_SHOWN = 60  # characters of a bad value that a message repeats


class _ObjectWithRepeats(dict[str, Any]):
    """A JSON object in which a key stood twice (json keeps the last one silently)."""

    repeated: str


def read_json_object(path: str | Path) -> Any:
    """Read a JSON file; refuse invalid JSON and repeated keys.

    Raises
    ------
    InputError
        The file cannot be read, is not JSON, or has a key twice.
    """
    source = str(path)
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{source}: {error.strerror or error}; expected a JSON file") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{source}: byte {error.start} is no UTF-8; expected JSON") from None
    except ValueError as error:  # an invalid path
        raise InputError(f"{source!r}: {error}; expected a JSON file") from None
    return parse_json(text, source)


def parse_json(text: str, source: str) -> Any:
    """Parse JSON text that came from `source` (a name for messages); see `read_json_object`."""
    try:
        data = json.loads(text, object_pairs_hook=_object)
        _refuse_repeats(data, "", source)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise InputError(f"{source}: {place}: {error.msg}; expected JSON") from None
    except InputError:
        raise
    except ValueError:  # Python refuses to convert whole numbers of thousands of digits
        raise InputError(
            f"{source}: a whole number with too many digits; expected numbers as in 1.5e7"
        ) from None
    except RecursionError:
        raise InputError(f"{source}: nested too deeply; expected a splitbench file") from None
    return data


def validate(model: type[Model], data: Any, source: str) -> Model:
    """Return `data` as an instance of the pydantic `model`.

    Raises
    ------
    InputError
        One line that lists every place, its value and what was expected.
    """
    from pydantic import ValidationError

    try:
        return model.model_validate(data)
    except ValidationError as error:
        details = error.errors(include_url=False)
        # If the format is wrong, report only that: every other field would be wrong too.
        details = [one for one in details if one["loc"] == ("format",)] or details
        schema = model.model_json_schema()
        raise several_errors(source, [_explain(one, schema) for one in details]) from None


def several_errors(source: str, errors: Sequence[str]) -> InputError:
    """Return one line that lists what is wrong with a file."""
    more = len(errors) - _LISTED
    rest = f" (and {more} more)" if more > 0 else ""
    return InputError(f"{source}: {' | '.join(errors[:_LISTED])}{rest}")


def place_of(location: tuple[int | str, ...]) -> str:
    """Write a location in a JSON document as text: devices[2].cut_bits[0]."""
    place = ""
    for step in location:
        if isinstance(step, int):
            place += f"[{step}]"
        elif step not in (NUMBER_BRANCH, LIST_BRANCH):
            place = _member(place, step)
    return place or "the document"


def _member(place: str, key: str) -> str:
    """Append a key to a place, in quotes unless it is an identifier."""
    name = key if key.isidentifier() and key.isascii() else _shown(key)
    return f"{place}.{name}" if place else name


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) == len(pairs):
        return result
    keys = [key for key, _ in pairs]
    marked = _ObjectWithRepeats(result)
    marked.repeated = next(key for key in keys if keys.count(key) > 1)
    return marked


def _refuse_repeats(value: Any, place: str, source: str) -> None:
    if isinstance(value, _ObjectWithRepeats):
        where = _member(place, value.repeated)
        raise InputError(f"{source}: {where}: the key appears twice; expected each key once")
    if isinstance(value, dict):
        for key, child in value.items():
            if isinstance(child, dict | list):
                _refuse_repeats(child, _member(place, key), source)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            if isinstance(child, dict | list):
                _refuse_repeats(child, f"{place}[{index}]", source)


def _explain(error: ErrorDetails, schema: Schema) -> str:
    location, kind = error["loc"], error["type"]
    place = place_of(location)
    if kind == "extra_forbidden":
        known = schema_at(schema, location[:-1]).get("properties", {})
        return f"{place}: unknown field{did_you_mean(str(location[-1]), known)}"
    wanted = describe(schema_at(schema, location), schema)
    if kind == "missing":
        return f"{place}: missing; expected {wanted}"
    value = _shown(error["input"])
    if kind == "value_error":  # a check across fields; its message says what was expected
        return f"{place}: got {value}; {error['ctx']['error']}"
    if kind == "finite_number":
        wanted = wanted.replace("number", "finite number", 1)
    return f"{place}: got {value}; expected {wanted}"


def _shown(value: Any) -> str:
    try:
        text = json.dumps(value)
    except (TypeError, ValueError):
        text = repr(value)
    except RecursionError:
        return "deeply nested JSON"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
