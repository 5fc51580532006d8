"""Names of solvers from files, and which edits invalidate which stored results."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from splitbench.benchmark.planning.chosen_solvers import choose_solvers
from splitbench.benchmark.planning.code import code_of, digest_of_files, solver_code
from splitbench.benchmark.planning.import_closure import our_closure, our_file, user_closure
from splitbench.problems import InputError
from splitbench.problems.package_paths import PACKAGE
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers import known_solvers

MINE = """
import helper
from splitbench import Solution

class Mine:
    name = "my-solver"
    files = ["weights.txt"]
    def solve(self, problem):
        return Solution(problem.layers, problem.even_threads(), note=helper.NOTE)

class Other:
    def solve(self, problem):
        return Solution(problem.layers, problem.even_threads())

class Cut:
    def partition(self, problem):
        return problem.layers
"""
COMMON = ["small", "--slots", "2", "--seeds", "1"]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A file with two solvers and a partitioner, which imports one module and reads one file."""
    (tmp_path / "helper.py").write_text("NOTE = 'first'\n", encoding="utf-8")
    (tmp_path / "weights.txt").write_text("1\n", encoding="utf-8")
    path = tmp_path / "mine.py"
    path.write_text(MINE, encoding="utf-8")
    return path


def run(
    folder: Path, *arguments: str, root: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder, of another checkout where `root` is one."""
    environment = os.environ | ({"PYTHONPATH": str(root)} if root else {})
    return subprocess.run(
        [sys.executable, "-m", "splitbench", *arguments], cwd=folder, capture_output=True,
        text=True, timeout=120, check=False, env=environment,
    )  # fmt: skip


def left(folder: Path, *arguments: str, root: Path | None = None) -> int:
    """Cells that a run has yet to run."""
    done = run(folder, "run", *COMMON, *arguments, "--dry-run", "--json", root=root)
    assert done.returncode == 0, done.stderr
    return int(json.loads(done.stdout)["left"])


def solvers_of(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Solvers of the rows that a command printed as JSON."""
    assert done.stdout, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return [row["solver"] for row in rows]


def test_a_file_stands_for_every_solver_in_it(mine: Path) -> None:
    """In the order of the file, under the names their classes give themselves."""
    done = run(mine.parent, "run", *COMMON, "-s", "mine.py", "--json")
    assert solvers_of(done) == ["my-solver", "Other"]
    again = run(mine.parent, "table", "--json")
    assert sorted(solvers_of(again)) == ["Other", "my-solver"]
    assert solvers_of(run(mine.parent, "table", "-s", "./mine.py:Mine", "--json")) == ["my-solver"]
    assert solvers_of(run(mine.parent, "table", "-s", "Other", "--json")) == ["Other"]


def test_labels_and_other_spellings(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file by three spellings is one solver; a label is what its table shows."""
    monkeypatch.chdir(mine.parent)
    spellings = ["mine.py:Mine", "./mine.py:Mine", f"{mine}:Mine"]
    chosen = choose_solvers([*spellings, "base=exact", "mine.py:Cut+ta"])
    assert [one.name for one in chosen] == [f"{mine}:Mine", "exact", f"{mine}:Cut+ta"]
    assert [one.label for one in chosen] == ["my-solver", "base", "Cut+ta"]
    for texts in (
        ["best=mine.py:Mine"],
        ["best=mine.py:Mine", "mine.py:Mine", "late=mine.py:Mine"],
    ):
        for order in (texts, ["mine.py:Mine", *texts]):  # a class's own name comes after it
            assert [one.label for one in choose_solvers(order)] == ["best"]
    with pytest.raises(InputError, match="label 'a': stands for exact and greedy; expected"):
        choose_solvers(["a=exact", "a=greedy"])
    with pytest.raises(InputError, match="one label for 2 solvers"):
        choose_solvers(["a=mine.py"])


def test_a_bare_name_means_the_file_beside(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`mine` is mine.py of the working directory, in a scheme too, but never in place of ours."""
    monkeypatch.chdir(mine.parent)
    assert choose_solvers(["mine"]) == choose_solvers(["mine.py"])
    assert choose_solvers(["mine+ta"]) == choose_solvers(["mine.py+ta"])
    (mine.parent / "exact.py").write_text(mine.read_text())
    assert [one.name for one in choose_solvers(["exact", "dads+ta"])] == ["exact", "dads+ta"]
    monkeypatch.chdir("/")
    with pytest.raises(InputError, match="unknown solver 'mine'"):
        choose_solvers(["mine"])


def test_a_path_is_shown_only_where_two_would_be_the_same(mine: Path) -> None:
    """Two files whose classes have one name, and a class that takes a name of ours."""
    for name in ("a", "b"):
        shutil.copytree(mine.parent, mine.parent / name, ignore=shutil.ignore_patterns("a", "b"))
    (mine.parent / "fake.py").write_text(MINE.replace("my-solver", "exact"), encoding="utf-8")
    arguments = [word for name in ("a", "b") for word in ("-s", f"{name}/mine.py:Mine")]
    done = run(
        mine.parent, "run", *COMMON, *arguments, "-s", "exact", "-s", "fake.py:Mine", "--json"
    )
    shown = solvers_of(done)
    assert shown[:3] == ["a/mine.py:Mine", "b/mine.py:Mine", "exact"]
    assert shown[3].endswith("/fake.py:Mine")


@pytest.mark.parametrize("edited", ["mine.py", "helper.py", "weights.txt"])
def test_what_a_solver_rests_on_is_in_its_key(mine: Path, edited: str) -> None:
    """Its own file, a module it imports and a file it declares; the other solvers stay."""
    arguments = ["-s", "mine.py:Mine", "-s", "greedy"]
    assert run(mine.parent, "run", *COMMON, *arguments).returncode == 0
    assert left(mine.parent, *arguments) == 0
    with (mine.parent / edited).open("a", encoding="utf-8") as file:
        file.write("\n# changed\n")
    assert left(mine.parent, *arguments) == 2


def test_a_run_says_what_came_from_the_store(mine: Path) -> None:
    """How many cells, and when they were made."""
    first = run(mine.parent, "run", *COMMON, "-s", "greedy")
    assert "2 cells: 2 run in" in first.stderr
    again = run(mine.parent, "run", *COMMON, "-s", "greedy", "-s", "local")
    assert "4 cells: 2 from the store (made 20" in again.stderr
    assert "2 run in" in again.stderr


def test_a_missing_declared_file_is_one_line(mine: Path) -> None:
    """A data file that a class declares and that is not there."""
    (mine.parent / "weights.txt").unlink()
    done = run(mine.parent, "run", *COMMON, "-s", "mine.py:Mine")
    assert done.returncode == 2
    assert "weights.txt" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_ours_depend_on_what_they_import() -> None:
    """A solver's code changes with its own modules, and with no other solver's."""
    suite = make_suite("small")
    local, greedy = (our_closure(f"splitbench.baselines.{name}") for name in ("local", "greedy"))
    assert our_file("splitbench.baselines.local") in local
    assert our_file("splitbench.baselines.local") not in greedy
    assert our_file("splitbench.solvers.registry") not in local
    assert our_file("splitbench.problems.slot") in local
    assert code_of(suite, "local") != code_of(suite, "greedy")
    assert solver_code("eo+ta", "small") != solver_code("eo+bs", "small")
    for entry in known_solvers():
        file = our_file(entry.plugin.__module__)
        assert file is not None
        assert file in our_closure(entry.plugin.__module__)


@pytest.mark.slow
def test_a_comment_in_one_solver_reruns_that_solver(tmp_path: Path) -> None:
    """In a checkout of its own: a comment in `local`, and a new solver beside it."""
    root = tmp_path / "checkout"
    root.mkdir()
    for room in ("problems", "solvers", "baselines", "benchmark", "results", "splitbench"):
        shutil.copytree(PACKAGE.parent / room, root / room, symlinks=True)
    arguments = ["-s", "local", "-s", "greedy"]
    assert run(tmp_path, "run", *COMMON, *arguments, root=root).returncode == 0
    assert left(tmp_path, *arguments, root=root) == 0
    with (root / "baselines" / "local.py").open("a", encoding="utf-8") as file:
        file.write("# a comment\n")
    assert left(tmp_path, *arguments, root=root) == 2
    (root / "baselines" / "new.py").write_text(
        "class New:\n    name = 'new'\n    def solve(self, problem): ...\n", encoding="utf-8"
    )
    assert left(tmp_path, *arguments, "-s", "new", root=root) == 4


def test_the_closure_of_a_users_file(tmp_path: Path) -> None:
    """Neighbours, packages, imports inside functions and circles; nothing installed."""
    package = tmp_path / "lib"
    package.mkdir()
    files = {
        "mine.py": "import numpy, json\nimport lib.part\ndef late():\n    from other import x\n",
        "other.py": "import mine\nfrom splitbench.solvers.exact.exact import Exact\n",
        "lib/__init__.py": "", "lib/part.py": "from . import twin\n", "unused.py": "",
        "lib/twin.py": "import no_such",
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = user_closure(tmp_path / "mine.py")
    own = {path.relative_to(tmp_path).as_posix() for path in found if path.is_relative_to(tmp_path)}
    assert own == set(files) - {"unused.py"}
    assert our_file("splitbench.solvers.exact.knapsack") in found


def test_a_digest_is_of_content(tmp_path: Path) -> None:
    """The same bytes give the same digest; a change is seen in the same process."""
    path = tmp_path / "data.bin"
    path.write_bytes(b"1")
    first = digest_of_files([path])
    path.write_bytes(b"22")
    second = digest_of_files([path])
    path.write_bytes(b"1")
    os.utime(path, ns=(0, 0))
    assert first != second
    assert digest_of_files([path]) == first


RAISES = """
from splitbench import Solution

class Raises:
    def solve(self, problem):
        print("about to fail")
        return fail(problem)

def fail(problem):
    raise ValueError(f"cannot solve {len(problem)} devices")
"""


def test_the_first_error_is_shown_with_its_place(tmp_path: Path) -> None:
    """File, line, suite, seed and slot of the first, what it printed, and how many more."""
    (tmp_path / "bad.py").write_text(RAISES, encoding="utf-8")
    arguments = ["run", "small", "paper-wifi", "-s", "bad.py", "--slots", "2", "--seeds", "1"]
    done = run(tmp_path, *arguments)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    first = next(line for line in lines if "error:" in line)
    assert "Raises on small seed 0 instance 0: ValueError: cannot solve" in first
    assert first.endswith("bad.py line 10)")
    assert "splitbench:   about to fail" in lines
    assert any("2 more cells raised an error (the same error)" in line for line in lines)
    assert "Traceback" not in done.stderr
    whole = run(tmp_path, *arguments, "--traceback", "--output")
    assert whole.stderr.count("Traceback (most recent call last)") == 2  # texts that differ, once
    assert "output of Raises on small" in whole.stderr


@pytest.mark.parametrize("command", ["solve", "simulate"])
def test_errors_in_solve_and_simulate(tmp_path: Path, command: str) -> None:
    """The same for one file."""
    (tmp_path / "bad.py").write_text(RAISES, encoding="utf-8")
    suite = "small" if command == "solve" else "paper-wifi"
    run(tmp_path, "sample", suite, "--slots", "1", "--out", ".")
    (file,) = tmp_path.glob("*.json")
    done = run(tmp_path, command, file.name, "-s", "bad.py")
    assert done.returncode == 1
    assert f"Raises on {file.name} seed 0" in done.stderr
    assert "bad.py line 10)" in done.stderr
