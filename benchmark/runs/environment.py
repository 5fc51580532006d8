"""Where a result came from: code, package versions, machine."""

from __future__ import annotations

import hashlib
import os
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from splitbench.problems.package_paths import PACKAGE

_ROOMS = ("problems", "solvers", "baselines")
_PACKAGES = ("splitbench", "numpy", "scipy", "highspy", "ortools", "pulp", "torch")


@cache
def code_digest() -> str:
    """Return a digest of everything that decides a result: model, data, suites, solvers.

    A stored result is shown only for the code that made it; a change of the harness or of a
    table does not touch it.
    """
    root = PACKAGE
    digest = hashlib.sha256()
    for room in _ROOMS:
        for path in sorted((root / room).rglob("*")):
            if path.suffix in (".py", ".json", ".csv", ".npy", ".safetensors"):
                digest.update(str(path.relative_to(root)).encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def environment() -> dict[str, Any]:
    """Return package versions and a description of the machine, for the record."""
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "versions": versions,
        "machine": {
            "name": platform.node(),
            "system": platform.system(),
            "architecture": platform.machine(),
            "processor": _processor(),
            "cores": os.cpu_count(),
        },
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
