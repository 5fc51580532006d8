"""`splitbench check`, `splitbench.check` and `splitbench new` as a user types them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import splitbench
from splitbench.benchmark.check.api import ConformanceError
from tests.benchmark.check import broken

BROKEN = Path(broken.__file__)
PLUGINS = {
    "solver": "{file}:Mine",
    "policy": "{file}:Mine",
    "partitioner": "{file}:Mine+ta",
    "allocator": "dads+{file}:Mine",
}


def typed(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run splitbench in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "splitbench", *words], cwd=folder, capture_output=True, text=True
    )


def test_a_passing_solver(tmp_path: Path) -> None:
    """A solver that ships passes: exit status 0, a line for each property."""
    done = typed(tmp_path, "check", "eo+ta")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "11 of 11 properties hold" in done.stdout


def test_a_failing_solver(tmp_path: Path) -> None:
    """A fault is reported with a file and a command that reproduces it; exit status 1."""
    name = f"{BROKEN}:OffByOneLayer"
    done = typed(tmp_path, "check", name)
    assert done.returncode == 1
    assert "feasible: Its decisions meet every constraint: not so." in done.stdout
    assert "partition_range by 1" in done.stdout
    shown = next(line for line in done.stdout.splitlines() if "see it with" in line)
    again = typed(tmp_path, *shown.split("splitbench ", 1)[1].replace("'", "").split())
    assert again.returncode == 1
    assert "partition_range" in again.stdout


def test_solvers_that_hang_or_die(tmp_path: Path) -> None:
    """A solver that kills its process fails a property; the check goes on to its end."""
    (tmp_path / "dies.py").write_text(
        "import os\nclass Dies:\n    name = 'dies'\n    def solve(self, problem):\n"
        "        os._exit(3)\n"
    )
    done = typed(tmp_path, "check", "dies.py:Dies", "--json")
    assert done.returncode == 1
    found = {one["property"]: one for one in json.loads(done.stdout)}
    assert "its process ended" in found["answers"]["why"]
    assert len(found) == 11


def test_the_other_process_has_another_hash_seed(tmp_path: Path) -> None:
    """A decision that depends on Python's hash seed is found."""
    (tmp_path / "hashes.py").write_text(
        "from splitbench import Solution\nclass Hashes:\n    name = 'hashes'\n"
        "    def solve(self, problem):\n"
        "        cut = [hash(f'{n}') % (s + 1) for n, s in enumerate(problem.layers)]\n"
        "        return Solution(cut, problem.even_threads())\n"
    )
    done = typed(tmp_path, "check", "hashes.py:Hashes", "--json")
    failed = [one["property"] for one in json.loads(done.stdout) if not one["holds"]]
    assert failed[0] == "reproducible"


def test_from_python(tmp_path: Path) -> None:
    """`splitbench.check` returns nothing or raises an error that names the property."""
    splitbench.check("eo+even")
    with pytest.raises(ConformanceError, match="upper bounds: not so"):
        splitbench.check(broken.LowBound, folder=tmp_path)
    assert (tmp_path / "bound.json").is_file()


@pytest.mark.parametrize("kind", PLUGINS)
def test_a_new_plugin_works_at_once(kind: str, tmp_path: Path) -> None:
    """What `new` writes passes the check and its own test, in at most 25 lines of code."""
    done = typed(tmp_path, "new", kind, "mine")
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "mine.py").read_text().splitlines()
    code = [line for line in lines if line.strip() and not line.strip().startswith(("#", '"""'))]
    assert len(code) <= 25
    checked = typed(tmp_path, "check", PLUGINS[kind].format(file="mine.py"))
    assert checked.returncode == 0, checked.stdout
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert tested.returncode == 0, tested.stdout


def test_a_new_instance(tmp_path: Path) -> None:
    """The instance that `new` writes has every field and an interior optimum."""
    assert typed(tmp_path, "new", "instance", "mine").returncode == 0
    data = json.loads((tmp_path / "mine.json").read_text())
    assert {"local_s", "server_s", "server_share", "max_threads"} <= set(data["devices"][0])
    done = typed(tmp_path, "solve", "mine.json", "-s", "exact", "--json")
    assert json.loads(done.stdout)["status"] == "optimal"


def test_a_new_suite(tmp_path: Path) -> None:
    """The suite that `new` writes runs at once."""
    assert typed(tmp_path, "new", "suite", "mine").returncode == 0
    done = typed(tmp_path, "run", "mine.toml", "-s", "exact", "--slots", "3", "--json")
    assert done.returncode == 0, done.stderr
    (row,) = [row for row in json.loads(done.stdout) if row["solver"] == "exact"]
    assert row["suite"] == "mine"


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """An existing file is not overwritten, and a name that is not a word is refused in one line."""
    (tmp_path / "mine.py").write_text("kept")
    done = typed(tmp_path, "new", "solver", "mine")
    assert done.returncode == 2
    assert (tmp_path / "mine.py").read_text() == "kept"
    assert not (tmp_path / "test_mine.py").exists()
    assert typed(tmp_path, "new", "solver", "2 b").returncode == 2
