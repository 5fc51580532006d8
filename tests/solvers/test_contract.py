"""The contract holds for a type checker: what it accepts, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy")

ROOT = Path(__file__).resolve().parents[2]

#: The example of the README, the shortest solver there is, and a plug-in of each kind with a
#: context in each of its forms.
PLUGINS = """
from splitbench import Context, Solution, SlotProblem
from splitbench.problems import EpisodeView
from splitbench.problems.arrays import Ints


class LocalOnly:
    name = "local-only"
    def solve(self, problem):  # type: ignore[no-untyped-def]
        return Solution(partition=problem.layers, threads=problem.even_threads())


class Plain:
    name = "plain"
    def solve(self, problem: SlotProblem) -> Solution:
        return Solution(problem.layers, problem.even_threads(), status="feasible")


class Seeded:
    name = "seeded"
    def solve(self, problem: SlotProblem, context: Context) -> Solution:
        return Solution(context.rng.integers(0, problem.layers + 1), problem.even_threads())


class Named:
    name = "named"
    def start(self, horizon: EpisodeView) -> None: ...
    def solve(self, problem: SlotProblem, *, context: Context) -> Solution:
        return Solution(None, None, status="infeasible")


class Cut:
    name = "cut"
    note = "always the input"
    def partition(self, problem: SlotProblem, context: Context) -> list[int]:
        return [0] * len(problem)


class Even:
    name = "even"
    def allocate(self, problem: SlotProblem, partition: Ints) -> Solution:
        return Solution(partition, problem.even_threads())


class Wrong:
    name = "wrong"
    def solve(self, problem: SlotProblem) -> float:
        return 0.0


class Nameless:
    def solve(self, problem: SlotProblem) -> Solution:
        return Solution(None, None)
"""

USES = """
from plugins import Cut, Even, LocalOnly, Named, Nameless, Plain, Seeded, Wrong

from splitbench import make, load_instance
from splitbench.solvers import Allocator, Partitioner, Scheme, Solver, solve_slot

problem = load_instance("demo.json")
solution = make("dads+ta").solve(problem)
if solution.partition is not None and solution.threads is not None:
    problem.evaluate(solution.partition, solution.threads)
solvers: list[Solver] = [LocalOnly(), Plain(), Seeded(), Named(), Scheme(Cut(), Even())]
for solver in solvers:
    solve_slot(solver, problem)
cut: Partitioner = Cut()
even: Allocator = Even()
"""

REFUSED = (
    "solve_slot(Wrong(), problem)",
    "solve_slot(Nameless(), problem)",
    "solve_slot(Cut(), problem)",
    "Scheme(Even(), Cut())",
    "make('exact').solve()",
    "make('exact').no_such_method()",
)


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What mypy --strict says of `USES`, and of each line of `REFUSED` at its end."""
    folder = tmp_path_factory.mktemp("typed")
    (folder / "plugins.py").write_text(PLUGINS)
    (folder / "uses.py").write_text(USES + "\n".join(REFUSED) + "\n")
    cache = ROOT / ".mypy_cache"  # warm after `make lint`; cold it takes half a minute
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(cache)]
    command += ["--config-file", str(ROOT / "pyproject.toml"), "plugins.py", "uses.py"]
    path = {"MYPYPATH": str(ROOT), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=path, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return [line for line in done.stdout.splitlines() if ": error:" in line]


class TestTypes:
    """The protocols, seen by mypy --strict."""

    def test_accepts_with_and_without_context(self, messages: list[str]) -> None:
        """Every plug-in of `PLUGINS` that follows the contract is one, context or not."""
        lines = len(USES.splitlines())
        fine = [line for line in messages if int(line.split(":")[1]) <= lines]
        assert not fine

    @pytest.mark.parametrize("index", range(len(REFUSED)), ids=lambda index: REFUSED[index])
    def test_refuses(self, messages: list[str], index: int) -> None:
        """What breaks the contract is an error, so that the check above can fail."""
        line = len(USES.splitlines()) + 1 + index
        assert any(message.startswith(f"uses.py:{line}:") for message in messages)
