"""Write docs/formats.md from the schemas of the file formats: `python tools/format_page.py`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from splitbench.benchmark.scaffold.write import smallest_instance
from splitbench.problems import Horizon, instance_dict
from splitbench.problems.files.slot_schema import HorizonFile, SlotFile
from splitbench.problems.horizon.horizon import horizon_dict
from splitbench.problems.networks.dag_schema import DagFile
from splitbench.problems.suites.suite_schema import SuiteFile

PAGE = Path(__file__).resolve().parent.parent / "docs" / "formats.md"

DAG: dict[str, Any] = {
    "format": "splitbench/dag@1",
    "name": "two-branches",
    "input_bits": 4816896.0,
    "uplink_bps": 1.5e7,
    "layers": [
        {"name": "a", "device_s": 0.1, "server_s": 0.02, "output_bits": 8e5, "after": []},
        {"name": "b", "device_s": 0.2, "server_s": 0.03, "output_bits": 4e5, "after": ["a"]},
        {"name": "c", "device_s": 0.1, "server_s": 0.02, "output_bits": 2e5, "after": ["a"]},
        {"name": "d", "device_s": 0.1, "server_s": 0.01, "output_bits": 1e4, "after": ["b", "c"]},
    ],
}

SUITE = """\
format = "splitbench/suite@1"
name = "my-site"
slots = 60

[server]
profile = "i7-12700kf"  # or a profile file, or sweep.csv
threads = [6, 10]

[uplink]
mbps = [5, 20]

[arrivals]
tasks = [20, 30]

[sun]
trace = "srrl-20220120"  # or file = "station.csv", with column, latitude_deg, ...
start_minute = [600, 780]
panel_m2 = 0.003

[battery]
max_j = 3600

[[kind]]
network = "resnet34"
board = "orin-nano"
count = 2

[[kind]]
network = "vgg16_bn"
seconds = 0.3  # of the whole network on the device, in place of a board
uplink_mbps = [1, 5]
"""

HEAD = """# File formats

This page is written from the schemas by `python tools/format_page.py`.

Files are read strictly. A missing or an unknown field, `null`, NaN, Infinity, a wrong length, a
negative size, a key that appears twice, or two devices of one name are errors. The message names
the file, the place (`devices[2].cut_bits[0]`), the value, and what was expected.

JSON Schemas for editors are in `problems/data/schema/`.

## CSV of thread measurements

A header and one row per measurement: `machine, model, threads, latency_ms`, in any order; other
columns are ignored.

```csv
machine,model,threads,latency_ms
my-server,my-net,1,120
my-server,my-net,2,65
my-server,my-net,4,38
my-server,my-net,8,27
my-server,my-net,16,25
```
"""


def horizon_example() -> dict[str, Any]:
    """Return a horizon of two slots with the devices of the smallest instance."""
    slot = smallest_instance("mine")
    shape = (2, len(slot))
    horizon = Horizon(
        fleet=slot.fleet,
        threads=np.array([8, 6]),
        arrival_rate_hz=slot.arrival_rate_hz.repeat(2).reshape(shape),
        uplink_bps=slot.uplink_bps.repeat(2).reshape(shape),
        harvest_j=slot.harvest_j.repeat(2).reshape(shape),
        battery_start_j=slot.battery_j,
        name="mine",
    )
    return horizon_dict(horizon)


def page() -> str:
    """Return the whole page."""
    parts = [
        HEAD,
        section(
            "Slot instance",
            "One slot: `splitbench solve`, and `splitbench run FILE`.",
            SlotFile,
            instance_dict(smallest_instance("mine")),
        ),
        section(
            "Horizon",
            "Slots in time: `splitbench simulate`, and `splitbench run FILE`. A slot with fewer "
            "threads than N·`min_threads` makes the file unusable.",
            HorizonFile,
            horizon_example(),
        ),
        section(
            "Layer DAG",
            "A graph of layers for `splitbench cut`. A layer with an empty `after` reads the "
            "DNN's input, which is on the device; one that is `constant` reads nothing. A tensor "
            "that several server layers read is sent once.",
            DagFile,
            DAG,
        ),
        section(
            "Suite",
            "A suite of horizons, TOML: `splitbench run mine.toml`. Values are drawn uniformly "
            "from the ranges, slot by slot. Paths are relative to the file. `splitbench show SUITE "
            '--toml` writes any suite as one. With `base = "hetero"` and a table `parameters` in '
            "place of the rest, a file is a built-in suite with parameters.",
            SuiteFile,
            SUITE,
        ),
    ]
    return "\n".join(parts)


def section(title: str, about: str, model: type[BaseModel], example: dict[str, Any] | str) -> str:
    """Return one format: what it is for, an example (TOML where it is text), its fields."""
    schema = model.model_json_schema()
    tables = [fields_table(schema, "the file")]
    tables += [
        fields_table(inner, f"`{name}`" + (f": {inner['description']}" if inner else ""))
        for name, inner in schema.get("$defs", {}).items()
        if "properties" in inner
    ]
    if isinstance(example, str):
        block = f"```toml\n{example}```"
    else:
        block = f"```json\n{compact(json.dumps(example, indent=1, ensure_ascii=False))}\n```"
    return f"## {title}\n\n{about}\n\n{block}\n\n" + "\n".join(tables)


def compact(text: str) -> str:
    """Put each list of numbers or names on one line."""
    return re.sub(r"\[[^\[\]{}]*\]", lambda found: " ".join(found.group().split()), text)


def fields_table(schema: dict[str, Any], title: str) -> str:
    """Return a Markdown table of an object's fields."""
    required = set(schema.get("required", ()))
    rows = [
        f"| `{name}` | {kind_of(entry)} | {'yes' if name in required else 'no'} | "
        f"{entry.get('description', '').replace('|', chr(92) + '|')} |"
        for name, entry in schema["properties"].items()
    ]
    head = f"Fields of {title}\n\n| field | type | required | meaning |\n|---|---|---|---|\n"
    return head + "\n".join(rows) + "\n"


def kind_of(entry: dict[str, Any]) -> str:
    """Name the type of a field."""
    if "$ref" in entry:
        return f"object `{entry['$ref'].rpartition('/')[2]}`"
    if "const" in entry:
        return f"`{entry['const']}`"
    if "enum" in entry:
        return " or ".join(f"`{value}`" for value in entry["enum"])
    if "anyOf" in entry:
        return " or ".join(kind_of(one) for one in entry["anyOf"])
    if entry.get("type") == "array":
        return f"list of {kind_of(entry.get('items', {}))}"
    return str(entry.get("type", "any"))


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
