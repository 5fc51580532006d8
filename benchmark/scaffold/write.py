"""Write the file of a new solver, partitioner, allocator, policy, suite or instance."""

from __future__ import annotations

import json
import keyword
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from splitbench.problems import (
    Device,
    Exp2Curve,
    Fleet,
    InputError,
    SlotProblem,
    instance_dict,
    linear_local_s,
    linear_server_share,
)
from splitbench.problems.package_paths import PACKAGE

_TEMPLATES = PACKAGE / "benchmark" / "scaffold" / "templates"


class Kind(StrEnum):
    """What `splitbench new` can write."""

    SOLVER = "solver"
    PARTITIONER = "partitioner"
    ALLOCATOR = "allocator"
    POLICY = "policy"
    SUITE = "suite"
    INSTANCE = "instance"


@dataclass(frozen=True)
class Written:
    """The written files, and the commands to type next."""

    files: list[Path]
    next_commands: list[str]


#: How a new plug-in is named on the command line, by kind.
_SCHEMES = {
    Kind.SOLVER: "{file}",
    Kind.POLICY: "{file}",
    Kind.PARTITIONER: "{file}:{class_name}+ta",
    Kind.ALLOCATOR: "dads+{file}:{class_name}",
}


def write_new(kind: Kind, name: str, folder: Path, force: bool = False) -> Written:
    """Write the file of a new plug-in, suite or instance into a folder.

    Raises
    ------
    InputError
        A name that is no word, or a file that exists.
    """
    module = _module_name(name)
    if kind is Kind.INSTANCE:
        return _instance(name, folder / f"{module}.json", force)
    if kind is Kind.SUITE:
        return _suite(name, folder / f"{module}.toml", force)
    words = {
        "name": name,
        "module": module,
        "class_name": "".join(word.capitalize() for word in module.split("_")),
        "test_file": f"test_{module}.py",
    }
    files = {
        folder / f"{module}.py": _filled(f"{kind}.py.txt", words),
        folder / words["test_file"]: _filled("test.py.txt", words),
    }
    _write(files, force)
    scheme = _SCHEMES[kind].format(file=f"{module}.py", class_name=words["class_name"])
    return Written(
        list(files),
        [
            f"splitbench check {scheme}",
            f"splitbench run hetero -s {scheme} -s exact --slots 20",
            f"pytest {words['test_file']}",
        ],
    )


def smallest_instance(name: str) -> SlotProblem:
    """Return a slot of two devices with interior optima, to be edited."""
    devices = [
        Device(
            name=f"device-{index}",
            dnn="my-net",
            deadline_s=0.3,
            battery_max_j=2000.0,
            compute_power_w=8.6,
            transmit_power_w=6.5,
            cut_bits=(4_816_896.0, 802_816.0, 131_072.0, 0.0),
            local_s=linear_local_s(local_s, 3),
            server_share=linear_server_share(3),
            curve=Exp2Curve(0.17, -0.5, 0.02, 0.0),
            max_threads=16,
        )
        for index, local_s in enumerate((0.3, 0.5))
    ]
    return SlotProblem(
        fleet=Fleet(devices),
        threads=8,
        arrival_rate_hz=np.array([0.8, 0.6]),
        uplink_bps=np.array([1.5e7, 1.2e7]),
        battery_j=np.array([1500.0, 1200.0]),
        harvest_j=np.array([60.0, 60.0]),
        name=name,
    )


def _instance(name: str, path: Path, force: bool) -> Written:
    text = json.dumps(instance_dict(smallest_instance(name)), indent=1) + "\n"
    _write({path: text}, force)
    return Written(
        [path],
        [f"splitbench solve {path.name} -s exact", f"splitbench run {path.name} -s dads+ta"],
    )


def _suite(name: str, path: Path, force: bool) -> Written:
    _write({path: _filled("suite.toml.txt", {"name": name})}, force)
    return Written(
        [path],
        [f"splitbench show {path.name}", f"splitbench run {path.name} -s exact -s dads+ta"],
    )


def _module_name(name: str) -> str:
    module = re.sub(r"[-\s]+", "_", name.strip()).lower()
    if not module.isidentifier() or keyword.iskeyword(module):
        raise InputError(
            f"name: got {name!r}; expected letters, digits and hyphens, as in my-solver"
        )
    return module


def _filled(template: str, words: dict[str, str]) -> str:
    text = (_TEMPLATES / template).read_text(encoding="utf-8")
    for key, value in words.items():
        text = text.replace(f"{{{key}}}", value)
    return text


def _write(files: dict[Path, str], force: bool) -> None:
    taken = [path for path in files if path.exists()]
    if taken and not force:
        raise InputError(f"{taken[0]}: the file exists; expected another name, or --force")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
