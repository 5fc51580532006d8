"""A user's file: its neighbours, its names, and isolation from other modules."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from splitbench.problems import InputError
from splitbench.solvers import make
from splitbench.solvers.registry import canonical_name
from splitbench.solvers.solver_spec import split_label
from splitbench.solvers.user_files import import_file

SOLVER = """
import helper
from splitbench import Solution

class Mine:
    def solve(self, problem):
        import late                       # found when it is called, too
        partition = problem.layers * 0 + helper.CUT + late.MORE
        return Solution(partition, problem.even_threads())
"""
ROOMS = ("problems", "solvers", "baselines", "benchmark", "results")


def folder(path: Path, cut: int, **others: str) -> Path:
    """Write a folder with a solver that imports two neighbours; return the solver's file."""
    path.mkdir(parents=True)
    files = {"mine": SOLVER, "helper": f"CUT = {cut}", "late": "MORE = 0"} | others
    for name, text in files.items():
        (path / f"{name}.py").write_text(text, encoding="utf-8")
    return path / "mine.py"


def run(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "splitbench", *arguments],
        cwd=path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def rows_of(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """Rows that a command printed as JSON."""
    assert done.stdout, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def test_neighbours_of_two_folders_are_kept_apart(tmp_path: Path) -> None:
    """Each file gets the `helper` beside it, at import time and later, and so does a scheme."""
    files = [folder(tmp_path / name, cut) for name, cut in (("one", 0), ("two", 1))]
    for cut, file in enumerate(files):
        assert cut == sys.modules[type(make(f"{file}:Mine")).__module__].helper.CUT
    assert "helper" not in sys.modules
    assert str(tmp_path / "one") not in sys.path


def test_the_users_problems_is_not_ours(tmp_path: Path) -> None:
    """A neighbour named like one of our rooms, or a standard module, is the user's in that file."""
    text = "".join(f"import {name}\n" for name in (*ROOMS, "random"))
    others = dict.fromkeys((*ROOMS, "random"), "MINE = True\n")
    module = import_file(folder(tmp_path / "own", 0, all=text, **others).with_name("all.py"))
    assert all(getattr(module, name).MINE for name in (*ROOMS, "random"))
    import random

    assert not hasattr(random, "MINE")


def test_packages_beside_a_file(tmp_path: Path) -> None:
    """Packages, their submodules and relative imports work as in any script."""
    file = folder(tmp_path / "own", 0, main="import lib.part\nfrom lib import part as again\n")
    (tmp_path / "own" / "lib").mkdir()
    (tmp_path / "own" / "lib" / "__init__.py").write_text("from . import part\nimport helper\n")
    (tmp_path / "own" / "lib" / "part.py").write_text("from helper import CUT\nimport lib\n")
    (tmp_path / "own" / "numpy").mkdir()  # a folder of data, no package
    module = import_file(file.with_name("main.py"))
    assert module.lib.part is module.again
    assert module.again.CUT == 0
    odd = tmp_path / "own" / "my solver-1.py"
    odd.write_text("import helper\nimport numpy as np\nX = np.zeros(helper.CUT)\n")
    assert len(import_file(odd).X) == 0


def test_a_dataclass_with_late_annotations(tmp_path: Path) -> None:
    """`from __future__ import annotations` needs the module to be where Python looks for it."""
    text = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Config:\n    width: int = 8\n"
    )
    assert import_file(folder(tmp_path / "own", 0, net=text).with_name("net.py")).Config().width


def test_a_changed_neighbour_is_read_again(tmp_path: Path) -> None:
    """Editing `helper.py` makes the file that imports it new."""
    file = folder(tmp_path / "own", 0)
    assert import_file(file).helper.CUT == 0
    assert import_file(file) is import_file(file)
    file.with_name("helper.py").write_text("CUT = 12\n", encoding="utf-8")
    assert import_file(file).helper.CUT == 12


def test_where_an_import_failed(tmp_path: Path) -> None:
    """The line of the user's that failed is named, in whichever file it stands."""
    file = folder(tmp_path / "own", 0, helper="\n\nimport no_such_package_xyz\n")
    with pytest.raises(InputError, match=r"no_such_package_xyz.*\(helper\.py line 3\)$"):
        import_file(file)


def test_a_file_alone_and_a_class_without_a_name(tmp_path: Path) -> None:
    """Of a file with one solver no class need be named; a class's own name stands in."""
    file = folder(tmp_path / "own", 0)
    assert make(str(file)).name == "Mine"
    file.write_text(SOLVER + SOLVER.replace("Mine", "Other"), encoding="utf-8")
    with pytest.raises(InputError, match=r"has 2 solvers; expected .*mine\.py:Mine or .*:Other"):
        make(str(file))
    file.write_text("class Cut:\n    def partition(self, problem): ...\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"but a partitioner; expected .*mine\.py:Cut\+ta"):
        make(str(file))
    assert make(f"{file}+ta").partitioner.name == "Cut"


def test_three_spellings_are_one_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path from here, from the root or by a detour names the same solver."""
    file = folder(tmp_path / "own", 0)
    monkeypatch.chdir(tmp_path)
    for path in ("own/mine.py", "./own/mine.py", "own/../own/mine.py", str(file)):
        assert canonical_name(f"{path}:Mine+ta") == f"{file}:Mine+ta"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("fast=exact", ("fast", "exact")),
        ("my own=mine.py:Mine[x=1]", ("my own", "mine.py:Mine[x=1]")),
        ("exact[time=1]", ("", "exact[time=1]")),
        ("eo+ta[start=random]", ("", "eo+ta[start=random]")),
    ],
)
def test_labels(text: str, parts: tuple[str, str]) -> None:
    """`label=solver`; the = of a parameter is none of a label."""
    assert split_label(text) == parts


def test_a_path_with_an_equals_sign_has_no_label(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What names a file as it stands is taken as it stands."""
    folder(tmp_path / "a=b", 0)
    monkeypatch.chdir(tmp_path)
    assert split_label("a=b/mine.py:Mine") == ("", "a=b/mine.py:Mine")


@pytest.mark.parametrize("executor", ["local", "in-process"])
def test_neighbours_in_every_executor(tmp_path: Path, executor: str) -> None:
    """From another working directory, beside modules named like ours and like Python's own."""
    shadows = dict.fromkeys((*ROOMS, "profile", "queue"), "raise RuntimeError('shadow')\n")
    file = folder(tmp_path / "own", 0, **shadows)
    for place in (tmp_path, file.parent):
        done = run(
            place, "run", "small", "-s", f"{file}:Mine", "--slots", "2", "--seeds", "1", "--json",
            "--executor", executor, "--store", str(tmp_path / f"{place.name}.sqlite"),
        )  # fmt: skip
        assert rows_of(done)[0]["status"] in ("feasible", "invalid"), done.stderr
