"""Discovery of plug-ins: in files, and through entry points of other packages."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from splitbench.problems import SlotProblem
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers import Solution, discovery, make, solve_slot
from splitbench.solvers.registry import all_names, canonical_name
from splitbench.solvers.solver_spec import parse_solver
from tests.solvers.plugin_files import LOCAL_ONLY, plugin_file, refusal


def test_the_documented_solver_works_from_a_file(tmp_path: Path, problem: SlotProblem) -> None:
    """The three lines of the interface description, in any file, are a solver."""
    solver = make(f"{plugin_file(tmp_path, LOCAL_ONLY)}:LocalOnly")
    assert solver.name == "local-only"
    solution = solve_slot(solver, problem)
    assert np.array_equal(solution.partition, problem.layers)
    assert np.asarray(solution.threads).sum() == problem.threads


def test_halves_from_files(tmp_path: Path, problem: SlotProblem) -> None:
    """A partitioner or an allocator of one's own pairs with those of the repository."""
    text = """
        class Cut:
            name = "first"
            def __init__(self, layer=0): self.layer = layer
            def partition(self, problem): return problem.layers * 0 + self.layer
    """
    path = plugin_file(tmp_path, "if True:\n" + text)
    scheme = make(f"{path}:Cut[layer=1]+ta")
    assert np.array_equal(solve_slot(scheme, problem).partition, [1, 1, 1])
    assert make(f"{path}:Cut+even").partitioner.layer == 0
    assert refusal(f"{path}:Cut") == (
        f"{path}:Cut: only half of a solver, a partitioner; expected for instance {path}:Cut+ta"
    )
    assert "no allocator, it has no method allocate; expected a class" in refusal(f"eo+{path}:Cut")


@pytest.mark.parametrize("directory", ["c++", "a+b", "x[1]", "with space", "v1.py"])
def test_directories_with_odd_names(tmp_path: Path, directory: str, problem: SlotProblem) -> None:
    """A + or a bracket in a directory's name is no part of the solver's."""
    path = plugin_file(tmp_path / directory, LOCAL_ONLY)
    assert solve_slot(make(f"{path}:LocalOnly"), problem).decided
    assert canonical_name(f"{path}:LocalOnly") == f"{path}:LocalOnly"
    cut = plugin_file(
        tmp_path / directory, "from splitbench.baselines.simple_partitioners import *", "cut.py"
    )
    assert [spec.name for spec in parse_solver(f"{cut}:EdgeOnly+ta")] == ["EdgeOnly", "ta"]
    assert make(f"{cut}:EdgeOnly+ta[start=random]").allocator.start_rule == "random"


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    """No file, no class, no plug-in, a file that does not import: one line each."""
    path = plugin_file(tmp_path, LOCAL_ONLY + "\nclass Nothing: pass\nNUMBER = 3\n")
    assert refusal(f"{tmp_path}/none.py:X").endswith(
        f"no file {tmp_path}/none.py; expected path/to/file.py:ClassName"
    )
    assert refusal(f"{path}:LocalOny").endswith("'LocalOny'; did you mean LocalOnly?")
    for member in ("Nothing", "NUMBER"):
        assert refusal(f"{path}:{member}").startswith(
            f"{path}:{member}: no solver, it has no method solve; expected a class with"
        )
    broken = {
        "import no_such_package_xyz": "ModuleNotFoundError: No module named 'no_such_package_xyz'",
        "def f(:": "SyntaxError: ",
        "raise ValueError('two\\nlines')": "ValueError: two; expected",
        "raise SystemExit(3)": "SystemExit: 3",
    }
    for number, (text, message) in enumerate(broken.items()):
        bad = plugin_file(tmp_path, text, f"bad{number}.py")
        assert f"{bad}: importing it raised {message}" in refusal(f"{bad}:X")


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    """An edited file gives the edited solver, as needed in a notebook."""
    path = plugin_file(tmp_path, LOCAL_ONLY)
    first = make(f"{path}:LocalOnly")
    assert type(make(f"{path}:LocalOnly")) is type(first)
    plugin_file(tmp_path, LOCAL_ONLY.replace('"local-only"', '"local-second"'))
    assert make(f"{path}:LocalOnly").name == "local-second"


@pytest.fixture
def entry_points(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Entry points of the group, as a list to add to before the first name is looked up."""
    added: list[Any] = []

    def fake(*, group: str) -> list[Any]:
        assert group == "splitbench.solvers"
        return added

    monkeypatch.setattr(importlib.metadata, "entry_points", fake)
    discovery.find.cache_clear()
    yield added
    discovery.find.cache_clear()


def entry_point(name: str, load: Any) -> Any:
    """What importlib.metadata gives for an entry point, as far as it is used."""
    return SimpleNamespace(name=name, value=f"package:{name}", load=load)


class Foreign:
    """A solver of another package."""

    name = "foreign"

    def solve(self, problem: SlotProblem) -> Solution:
        """Everything on the device."""
        return Solution(problem.layers, problem.even_threads())


def test_entry_points_are_solvers_like_any_other(
    entry_points: list[Any], problem: SlotProblem
) -> None:
    """A package that declares the group is found under its class's name."""
    entry_points.append(entry_point("any-label", lambda: Foreign))
    assert solve_slot(make("foreign"), problem).decided
    assert "foreign" in all_names()
    assert refusal("foregn").endswith("did you mean foreign?")


def test_broken_entry_points_take_nothing_else_down(entry_points: list[Any]) -> None:
    """Another package's fault shows where its solver is asked for, and nowhere else."""

    def fails() -> None:
        raise ImportError("no libgurobi\nsecond line")

    taken = type("Taken", (Foreign,), {"name": "exact"})
    entry_points += [
        entry_point("fails", fails),
        entry_point("number", lambda: 3),
        entry_point("taken", lambda: taken),
    ]
    assert type(make("exact")).__module__ == "splitbench.solvers.exact.exact"
    assert refusal("fails") == (
        "fails: entry point fails = package:fails: importing it raised ImportError: no libgurobi"
    )
    assert "no class with a name and one of solve, partition, allocate" in refusal("number")
    assert refusal("taken").endswith("the name 'exact' is taken")


def test_half_a_solver_in_a_file_says_what_it_needs(tmp_path: Path) -> None:
    """Half a solver alone names the other half, a class that is neither says what it lacks."""
    file = tmp_path / "halves.py"
    file.write_text(
        "class Cut:\n"
        "    name = 'cut'\n"
        "    def partition(self, problem):\n"
        "        return problem.layers\n"
        "class Share:\n"
        "    name = 'share'\n"
        "    def allocate(self, problem, partition):\n"
        "        return problem.even_threads()\n"
        "class Nameless:\n"
        "    def solve(self, problem):\n"
        "        return None\n",
        encoding="utf-8",
    )
    assert f"expected for instance {file}:Cut+ta" in refusal(f"{file}:Cut")
    assert f"expected for instance eo+{file}:Share" in refusal(f"{file}:Share")
    assert make(f"{file}:Nameless").name == "Nameless"
    assert "path/to/file.py:ClassName" in refusal("halves.py")
    problem = make_suite("small").instances(0, 1)[0]
    solution = solve_slot(make(f"local+{file}:Share"), problem)  # threads alone will do
    assert np.asarray(solution.threads).tolist() == problem.even_threads().tolist()
    assert np.asarray(solution.partition).tolist() == problem.layers.tolist()
