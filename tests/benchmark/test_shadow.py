"""No module of the working directory is imported in place of another, in any process of ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from splitbench.problems.package_paths import module_command

#: Modules of the user's that would break a process of ours that took them for others.
SHADOWS = (
    "benchmark", "problems", "results", "solvers", "baselines", "profile", "queue", "numbers",
    "random", "typing_extensions",
)  # fmt: skip
NETWORK = """
from __future__ import annotations
from dataclasses import dataclass
from torch import nn
import helper

@dataclass
class Config:
    width: int = helper.WIDTH

def net():
    c = Config()
    return nn.Sequential(nn.Conv2d(3, c.width, 3), nn.ReLU(), nn.Conv2d(c.width, 4, 3))
"""


@pytest.fixture
def shadows(tmp_path: Path) -> Path:
    """A folder full of modules that must not be imported."""
    for name in SHADOWS:
        (tmp_path / f"{name}.py").write_text(f"raise RuntimeError('shadow of {name}')\n")
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "splitbench", *arguments],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["run", "small", "-s", "greedy", "--slots", "2", "--seeds", "1", "--json"],
        ["show", "small", "--slots", "2", "--seeds", "1", "--json"],
    ],
    ids=lambda arguments: str(arguments[0]),
)
def test_commands_in_a_folder_of_shadows(shadows: Path, arguments: list[str]) -> None:
    """Commands and their workers import what they mean."""
    done = run(shadows, *arguments)
    assert done.returncode == 0, done.stderr
    assert "shadow" not in done.stderr


def test_profile_of_a_network_file(shadows: Path) -> None:
    """`--model` files load like solver files: dataclasses, neighbours, and no shadow of ours."""
    pytest.importorskip("torch")
    (shadows / "net.py").write_text(NETWORK)
    (shadows / "helper.py").write_text("WIDTH = 8\n")
    done = run(
        shadows, "profile", "--model", "net.py:net", "--threads", "1", "--repeats", "1",
        "--processes", "1", "--no-layers", "--input-shape", "1,3,16,16", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_our_root_is_searched_last(tmp_path: Path) -> None:
    """In a process of ours `import splitbench` finds this one, and `import problems` the user's."""
    (tmp_path / "problems.py").write_text("MINE = True\n")
    (tmp_path / "probe.py").write_text("import problems, splitbench; print(problems.MINE)\n")
    done = subprocess.run(
        module_command("probe"), cwd=tmp_path, capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert done.stdout.strip() == "True", done.stderr
