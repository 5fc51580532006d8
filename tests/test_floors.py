"""The oldest versions that are allowed, as `make test-floors` installs them."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = runpy.run_path(str(ROOT / "tools" / "floors.py"))


def test_every_dependency_has_a_floor() -> None:
    """One exact version for each dependency, extras included; our own extras are not among them."""
    lines = FLOORS["floors"](ROOT / "pyproject.toml")
    names = [line.split("==")[0] for line in lines]
    assert len(set(names)) == len(names)
    assert {"numpy", "torch", "dask", "pytest", "mypy"} <= set(names)
    assert "torch==2.13.0" in lines
    assert "splitbench" not in names


def test_a_dependency_without_a_floor_is_refused(tmp_path: Path) -> None:
    """A dependency of any version, or with an upper limit alone, cannot be held at its floor."""
    for requirement in ("numpy", "numpy<3"):
        file = tmp_path / "pyproject.toml"
        file.write_text(
            f'[project]\nname = "x"\ndependencies = ["{requirement}"]\n'
            "[project.optional-dependencies]\n"
        )
        with pytest.raises(ValueError, match=requirement):
            FLOORS["floors"](file)
