"""The shipped JSON Schemas: up to date, and consistent with the loader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from splitbench.problems import UnknownNameError
from splitbench.problems.files.json_schemas import (
    json_schema,
    schema_path,
    schema_text,
    write_schemas,
)
from splitbench.problems.files.schema_words import describe, schema_at
from tests.problems.documents import (
    EXAMPLE,
    GONE,
    edited,
    horizon_document,
    slot_document,
)

FORMATS = ("splitbench/slot@1", "splitbench/horizon@1")

# Keywords that ask for nothing.
_NOTES = {"$schema", "$defs", "title", "description", "default"}
_KINDS = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float),
    "integer": int,
}


def fits(value: Any, node: dict[str, Any], whole: dict[str, Any]) -> bool:
    """Whether a value meets a schema; a validator of its own for the keywords that occur."""
    return all(
        _meets(value, keyword, wanted, node, whole)
        for keyword, wanted in node.items()
        if keyword not in _NOTES
    )


def _meets(value: Any, keyword: str, wanted: Any, node: Any, whole: Any) -> bool:
    if keyword == "$ref":
        return fits(value, whole["$defs"][wanted.removeprefix("#/$defs/")], whole)
    if keyword == "type":
        return isinstance(value, _KINDS[wanted]) and not isinstance(value, bool)
    if keyword == "oneOf":
        return sum(fits(value, branch, whole) for branch in wanted) == 1
    if keyword in ("const", "enum"):
        return value in (wanted if keyword == "enum" else [wanted])
    if keyword in ("minimum", "maximum", "exclusiveMinimum"):
        number = isinstance(value, int | float)
        return (
            not number
            or {
                "minimum": value >= wanted,
                "maximum": value <= wanted,
                "exclusiveMinimum": value > wanted,
            }[keyword]
        )
    if keyword in ("minItems", "minLength"):
        return not isinstance(value, list | str) or len(value) >= wanted
    if keyword == "maxItems":
        return not isinstance(value, list) or len(value) <= wanted
    if keyword == "items":
        return not isinstance(value, list) or all(fits(item, wanted, whole) for item in value)
    if not isinstance(value, dict):
        return True
    if keyword == "required":
        return set(wanted) <= set(value)
    if keyword == "additionalProperties":
        assert wanted is False
        return set(value) <= set(node["properties"])
    if keyword == "properties":
        return all(fits(value[key], wanted[key], whole) for key in set(wanted) & set(value))
    raise AssertionError(f"the validator of this test does not know {keyword}")


@pytest.mark.parametrize("format_name", FORMATS)
def test_shipped_schemas_are_up_to_date(format_name: str) -> None:
    """`python tools/write_data.py schemas` has been run since the models were last
    changed.
    """
    assert schema_path(format_name).read_text("utf-8") == schema_text(format_name)


def test_writing_schemas(tmp_path: Path) -> None:
    """Both schemas are written, as JSON, under the names of the formats."""
    paths = write_schemas(tmp_path / "schema")
    assert [path.name for path in paths] == ["slot@1.json", "horizon@1.json"]
    for path, format_name in zip(paths, FORMATS, strict=True):
        assert json.loads(path.read_text("utf-8")) == json_schema(format_name)


def test_unknown_format() -> None:
    """A format without a schema is refused with the known ones."""
    with pytest.raises(UnknownNameError, match="did you mean splitbench/slot@1"):
        json_schema("splitbench/slot")


def test_documents_fit_the_schemas() -> None:
    """The documented example, and every optional field given or left out."""
    slot, horizon = (json_schema(name) for name in FORMATS)
    assert fits(EXAMPLE, slot, slot)
    assert fits(slot_document(), slot, slot)
    assert fits(edited(slot_document(), ("formulation",), GONE), slot, slot)
    assert fits(horizon_document(), horizon, horizon)
    assert not fits(slot_document(), horizon, horizon)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("format",), "splitbench/slot@2"),
        (("threads",), "16"),
        (("threads",), True),
        (("threads",), 0),
        (("slot_s",), 0),
        (("slot_s",), GONE),
        (("thread",), 1),
        (("utility_weight",), 1.1),
        (("devices",), []),
        (("devices", 0, "cut_bits", 0), -1),
        (("devices", 0, "cut_bits"), [0]),
        (("devices", 0, "local_s"), None),
        (("devices", 1, "local_s", 1), "0.1"),
        (("devices", 0, "max_threads"), None),
        (("devices", 0, "server_share"), None),
        (("devices", 0, "server_s"), {}),
        (("devices", 0, "server_s", "table"), [1.0]),
        (("devices", 0, "name"), ""),
        (("devices", 0, "dnn"), GONE),
        (("formulation", "energy_scope"), "both"),
    ],
)
def test_what_a_schema_can_refuse_it_refuses(place: tuple[str | int, ...], value: Any) -> None:
    """Types, ranges, missing and unknown fields are in the schema, not only in the loader."""
    schema = json_schema("splitbench/slot@1")
    assert not fits(edited(slot_document(), place, value), schema, schema)


def test_places_in_words() -> None:
    """What a schema wants at a place is found and said in words."""
    schema = json_schema("splitbench/slot@1")

    def said(*place: str | int) -> str:
        return describe(schema_at(schema, place), schema)

    assert said("devices", 3, "uplink_bps") == "a number > 0"
    assert said("devices", 0, "local_s") == "a number ≥ 0 or a list of at least 2 numbers ≥ 0"
    assert said("devices", 0, "local_s", "<list>", 4) == "a number ≥ 0"
    assert said("devices", 0, "server_s", "exp2") == "a list of 4 numbers"
    assert said("devices", 0, "server_s") == "an object with exp2, table"
    assert said("formulation", "hibernation") == '"forbidden" or "allowed"'
    assert said("min_threads") == "a whole number from 1 to 1000000"
    assert said("nothing", "of", 3, "this") == "a value that fits here"
