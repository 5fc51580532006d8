"""JSON Schemas of the file formats: for editors, and for tools that are not written in Python.

`python tools/write_data.py schemas` writes them to `problems/data/schema/`. A schema
says what each field may be; only the loader checks fields against one another (lengths, ends,
charge ≤ capacity).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splitbench.problems.errors import UnknownNameError
from splitbench.problems.package_paths import DATA

if TYPE_CHECKING:
    from pydantic import BaseModel

SCHEMA_DIRECTORY = DATA / "schema"


def json_schema(format_name: str) -> dict[str, Any]:
    """Return the JSON Schema of a format: `splitbench/slot@1` or `splitbench/horizon@1`.

    Raises
    ------
    UnknownNameError
        Another format.
    """
    from splitbench.problems.files.slot_schema import HorizonFile, SlotFile

    models: dict[str, type[BaseModel]] = {
        "splitbench/slot@1": SlotFile,
        "splitbench/horizon@1": HorizonFile,
    }
    if format_name not in models:
        raise UnknownNameError("format", format_name, models)
    schema: dict[str, Any] = _without_null_defaults(models[format_name].model_json_schema())
    return (
        {"$schema": "https://json-schema.org/draft/2020-12/schema"}
        | schema
        | {"title": format_name}
    )


def schema_text(format_name: str) -> str:
    """Return the schema as the text of its file."""
    return json.dumps(json_schema(format_name), indent=1, sort_keys=True) + "\n"


def schema_path(format_name: str, directory: Path = SCHEMA_DIRECTORY) -> Path:
    """Return the path of a format's schema: `slot@1.json` for `splitbench/slot@1`."""
    return directory / f"{format_name.rpartition('/')[2]}.json"


def write_schemas(directory: Path = SCHEMA_DIRECTORY) -> list[Path]:
    """Write the schemas of all formats and return their paths."""
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for format_name in ("splitbench/slot@1", "splitbench/horizon@1"):
        path = schema_path(format_name, directory)
        path.write_text(schema_text(format_name), encoding="utf-8")
        paths.append(path)
    return paths


def _without_null_defaults(node: Any) -> Any:
    """Drop `"default": null`, which stands for "not given": an explicit null is refused."""
    if isinstance(node, dict):
        return {
            key: _without_null_defaults(value)
            for key, value in node.items()
            if not (key == "default" and value is None)
        }
    if isinstance(node, list):
        return [_without_null_defaults(value) for value in node]
    return node
