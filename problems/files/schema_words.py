"""Describe in words what a JSON schema accepts at a place, for error messages.

pydantic's own messages ("Field required", "Input should be a valid number") say which check
failed, not all that is accepted there, such as "a list of at least 2 numbers ≥ 0". Works on the
schemas that pydantic writes: `$ref`, `items`, `properties`, `oneOf`/`anyOf`.
"""

from __future__ import annotations

import json
from typing import Any

Schema = dict[str, Any]


def schema_at(schema: Schema, location: tuple[int | str, ...]) -> Schema:
    """Walk to the node that a value at `location` must meet; {} where there is none.

    Steps of `location` that name a branch of a union (no property, no index) are skipped.
    """
    node = _resolve(schema, schema)
    for step in location:
        branches = [_resolve(branch, schema) for branch in _branches(node)] or [node]
        if isinstance(step, int):
            found = [branch["items"] for branch in branches if "items" in branch]
        else:
            found = [
                branch["properties"][step]
                for branch in branches
                if step in branch.get("properties", {})
            ]
        if found:
            node = _resolve(found[0], schema)
        elif isinstance(step, int) or len(branches) == 1:
            return {}
    return node


def describe(node: Schema, whole: Schema) -> str:
    """Say what `node` accepts: "a number > 0", "a list of at least 2 numbers ≥ 0", …."""
    node = _resolve(node, whole)
    branches = _branches(node)
    if branches:
        return " or ".join(describe(branch, whole) for branch in branches)
    if "const" in node:
        return json.dumps(node["const"])
    if "enum" in node:
        return " or ".join(json.dumps(choice) for choice in node["enum"])
    kind = node.get("type")
    if kind in ("number", "integer"):
        noun = "a number" if kind == "number" else "a whole number"
        return f"{noun}{_bounds(node)}"
    if kind == "string":
        return "a text in quotes" + (", not empty" if node.get("minLength") else "")
    if kind == "boolean":
        return "true or false"
    if kind == "array":
        return _list_words(node, whole)
    names = ", ".join(node.get("properties", {}))
    return f"an object with {names}" if names else "a value that fits here"


def _list_words(node: Schema, whole: Schema) -> str:
    least, most = node.get("minItems", 0), node.get("maxItems")
    count = ""
    if least:
        count = f"{least} " if most == least else f"at least {least} "
    item = _resolve(node.get("items", {}), whole)
    plural = {"number": "numbers", "integer": "whole numbers", "string": "texts in quotes"}
    noun = plural.get(item.get("type", ""), "objects" if "properties" in item else "values")
    return f"a list of {count}{noun}{_bounds(item)}"


def _bounds(node: Schema) -> str:
    low, high = node.get("minimum"), node.get("maximum")
    if low is not None and high is not None:
        return f" from {low:g} to {high:.10g}"
    if "exclusiveMinimum" in node:
        return f" > {node['exclusiveMinimum']:g}"
    if low is not None:
        return f" ≥ {low:g}"
    return ""


def _branches(node: Schema) -> list[Schema]:
    """Alternatives of a union; a `oneOf` beside properties only says what is required."""
    if "properties" in node:
        return []
    branches: list[Schema] = node.get("oneOf") or node.get("anyOf") or []
    return branches


def _resolve(node: Schema, whole: Schema) -> Schema:
    while "$ref" in node:
        node = whole["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    return node
