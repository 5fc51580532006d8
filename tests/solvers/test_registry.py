"""Names to solvers: discovery, parsing of names, and error messages."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from splitbench.problems import InputError, SlotProblem, UnknownNameError
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers import Context, Solution, discovery, known_solvers, make, solve_slot
from splitbench.solvers.registry import NotInstalledError, all_names, canonical_name, check_name
from splitbench.solvers.scheme import Scheme
from splitbench.solvers.solver_spec import parse_solver
from tests.strategies import random_problem

LOCAL_ONLY = """
from splitbench.solvers import Solution

class LocalOnly:                                # the whole of a new solver
    name = "local-only"
    def solve(self, problem):
        return Solution(partition=problem.layers, threads=problem.even_threads())
"""


@pytest.fixture
def problem() -> SlotProblem:
    """A slot where there is room for every device."""
    return random_problem(
        np.random.default_rng(1), devices=3, spare=4, load="light", battery="full", caps=False
    )


def plugin_file(directory: Path, text: str, name: str = "mine.py") -> Path:
    """Write a user's file."""
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def refusal(name: str) -> str:
    """The one line with which `make` refuses a name."""
    with pytest.raises(InputError) as caught:
        make(name)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def test_solvers_are_found_by_themselves() -> None:
    """Every public class with a name and a plug-in's method is there, under its kind."""
    found = {(entry.kind, entry.name) for entry in known_solvers()}
    assert {
        *(("solver", name) for name in ("exact", "brute-force", "greedy", "local", "random")),
        *(("partitioner", name) for name in ("dads", "eo", "local", "random")),
        *(("allocator", name) for name in ("ta", "bs", "even", "exact")),
    } <= found
    names = [(entry.kind, entry.name) for entry in known_solvers()]
    assert names == sorted(set(names))
    assert {"exact", "dads+ta", "eo+bs", "local+even"} <= set(all_names())


def test_every_name_can_be_made() -> None:
    """`all_names` are names: each makes an object of that name, or asks for a package."""
    for name in all_names():
        check_name(name)
        try:
            made = make(name)
        except NotInstalledError:
            continue
        assert made.name == name


def test_a_pair_is_a_scheme() -> None:
    """`a+b` pairs any partitioner with any allocator, each with its own parameters."""
    scheme = make("eo+ta[start=random, objective=utility]")
    assert isinstance(scheme, Scheme)
    assert scheme.name == "eo+ta[objective=utility,start=random]"
    assert (scheme.allocator.start_rule, scheme.allocator.objective) == ("random", "utility")
    assert scheme.allocator.ta == "corrected"


def test_parameters_reach_the_solver() -> None:
    """Values are converted to the types that the constructor declares."""
    assert make("greedy[starts=3]").starts == 3
    assert make("brute-force[most=10]").most == 10
    assert make("greedy[starts=3]").name == "greedy[starts=3]"
    assert make("greedy[]").name == "greedy"


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("exact", "exact"),
        ("  exact ", "exact"),
        ("eo + ta", "eo+ta"),
        ("eo+ta[start=random,objective=utility]", "eo+ta[objective=utility,start=random]"),
        ("eo+ta[ objective = utility , start=random ]", "eo+ta[objective=utility,start=random]"),
        ("dads[load=light]+bs[leftover=idle]", "dads[load=light]+bs[leftover=idle]"),
        ("dir/mine.py:Mine[b=2,a=1]", "dir/mine.py:Mine[a=1,b=2]"),
        ("dir/mine.py:Cut+ta", "dir/mine.py:Cut+ta"),
    ],
)
def test_canonical_names(name: str, canonical: str) -> None:
    """One spelling for one solver: neither order nor spaces make another."""
    assert canonical_name(name) == canonical
    assert canonical_name(canonical) == canonical


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("exat", "unknown solver 'exat'; did you mean exact"),
        ("dad+ta", "unknown partitioner 'dad'; did you mean dads"),
        ("dads+at", "unknown allocator 'at'; accepted: bs, even"),
        ("xyzzy", "unknown solver 'xyzzy'; accepted: "),
        ("dads", "solver 'dads': only half of one, it needs an allocator as well; expected for i"),
        ("ta", "solver 'ta': only half of one, it needs a partitioner as well; expected for in"),
        ("eo+ta+bs", "solver 'eo+ta+bs': expected a solver or partitioner+allocator"),
        ("exact+ta", "unknown partitioner 'exact'"),
        ("eo+ta[strat=random]", "ta: unknown parameter 'strat'; did you mean start"),
        ("eo+ta[start=randm]", "ta[start]: got 'randm'; expected even or random; did you mean ran"),
        ("eo+ta[start=x]", "ta[start]: got 'x'; expected even or random"),
        ("greedy[starts=many]", "greedy[starts]: got 'many'; expected a whole number"),
        ("greedy[starts=1.5]", "greedy[starts]: got '1.5'; expected a whole number"),
        ("local[x=1]", "local: unknown parameter 'x'; it takes no parameters"),
        ("greedy[starts]", "greedy[starts]: got 'starts' in brackets; expected key=value"),
        ("greedy[starts=]", "greedy[starts=]: got 'starts=' in brackets; expected key=value"),
        ("greedy[starts=1,starts=2]", "greedy[starts=1,starts=2]: the parameter 'starts' stands t"),
        ("greedy[starts=1", "'greedy[starts=1' cannot be read; expected name, name[key=value"),
        ("greedy]", "'greedy]' cannot be read"),
        ("+ta", "'+ta' cannot be read"),
        ("eo+", "'eo+' cannot be read"),
        ("", "'' cannot be read"),
    ],
)
def test_refusals(name: str, message: str) -> None:
    """One line: what, where, and what would be accepted, with the nearest known names."""
    assert refusal(name).startswith(message)


def test_unknown_names_are_of_their_own_type() -> None:
    """An unknown name can be told from other bad input."""
    with pytest.raises(UnknownNameError):
        make("exat")
    with pytest.raises(UnknownNameError):
        check_name("exat")


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


PARAMETERS = """
from __future__ import annotations
from typing import TYPE_CHECKING, Literal
if TYPE_CHECKING:
    from nowhere import Thing

class Typed:
    name = "typed"
    def __init__(self, count: int, rate: float = 0.5, quick: bool = False,
                 mode: Literal["a", "b"] = "a", limit: float | None = 1.0, *, tag: str = ""):
        self.values = (count, rate, quick, mode, limit, tag)
        if count < 0:
            raise ValueError("count is negative\\nand more")
    def solve(self, problem): ...

class Untyped:
    name = "untyped"
    def __init__(self, tries=5, share=0.5, quick=False, tag="x"):
        self.values = (tries, share, quick, tag)
    def solve(self, problem): ...

class Elsewhere:
    name = "elsewhere"
    def __init__(self, thing: Thing = None, tries: int = 3):
        self.values = (thing, tries)
    def solve(self, problem): ...
"""


def test_parameters_are_converted_by_type(tmp_path: Path) -> None:
    """By annotation, else by the default; None only where it is allowed."""
    path = plugin_file(tmp_path, PARAMETERS)
    made = make(f"{path}:Typed[count=3,rate=1e-2,quick=TRUE,mode=b,limit=none,tag=1]")
    assert made.values == (3, 0.01, True, "b", None, "1")
    assert make(f"{path}:Typed[count=3,limit=2]").values[4] == 2.0
    assert make(f"{path}:Untyped[tries=7,share=1,quick=true,tag=9]").values == (7, 1.0, True, "9")
    assert make(f"{path}:Elsewhere[tries=4]").values == (None, 4)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("", "Typed: expected Typed[count=…]"),
        ("[rate=1]", "Typed: expected Typed[count=…]"),
        ("[count=3,quick=yes]", "Typed[quick]: got 'yes'; expected true or false"),
        ("[count=3,rate=nan]", "Typed[rate]: got 'nan'; expected a finite number"),
        ("[count=3,rate=fast]", "Typed[rate]: got 'fast'; expected a number"),
        ("[count=3,limit=x]", "Typed[limit]: got 'x'; expected a number"),
        ("[count=none]", "Typed[count]: got 'none'; expected a whole number"),
        ("[count=-1]", "ValueError: count is negative; expected other values"),
    ],
)
def test_parameters_out_of_place(tmp_path: Path, parameters: str, message: str) -> None:
    """A missing parameter, a value of another type, a value that the solver refuses."""
    path = plugin_file(tmp_path, PARAMETERS)
    assert refusal(f"{path}:Typed{parameters}").endswith(message)


def test_packages_that_are_not_installed(tmp_path: Path) -> None:
    """`requires` is checked before the class is built; the message says what to install."""
    text = LOCAL_ONLY.replace("    def", '    requires = ("numpy", "no_such_package_xyz")\n    def')
    path = plugin_file(tmp_path, text)
    with pytest.raises(NotInstalledError, match="pip install no_such_package_xyz"):
        make(f"{path}:LocalOnly")
    check_name(f"{path}:LocalOnly")  # the name itself is in order
    parts = plugin_file(tmp_path, text.replace("no_such_package_xyz", "no_such_xyz.part"), "b.py")
    with pytest.raises(NotInstalledError, match=r"needs no_such_xyz\.part, which is not inst"):
        make(f"{parts}:LocalOnly")


class Given:
    """Solvers that ask for a context in various ways, or not at all."""

    name = "given"

    def __init__(self) -> None:
        self.seen: Any = "nothing"

    def keep(self, seen: Any) -> Solution:
        """Remember what was handed over."""
        self.seen = seen
        return Solution(None, None)


class AsSecond(Given):
    """Takes a second argument."""

    def solve(self, problem: SlotProblem, anything: Context) -> Solution:
        """Keep it."""
        return self.keep(anything)


class ByKeyword(Given):
    """Takes `context` by keyword, behind a setting of its own."""

    def solve(self, problem: SlotProblem, quick: bool = False, *, context: Context) -> Solution:
        """Keep it."""
        assert quick is False
        return self.keep(context)


class WithDefault(Given):
    """Takes `context`, and does without."""

    def solve(self, problem: SlotProblem, context: Context | None = None) -> Solution:
        """Keep it."""
        return self.keep(context)


class Without(Given):
    """Takes settings of its own, but no context."""

    def solve(self, problem: SlotProblem, quick: bool = False) -> Solution:
        """Keep the setting."""
        return self.keep(quick)


def test_the_context_is_handed_only_to_who_asks(problem: SlotProblem) -> None:
    """A second argument or one named `context` gets it; a setting with a default stays as it is."""
    context = Context(seed=9, slot=3)
    for solver in (AsSecond(), ByKeyword(), WithDefault()):
        solve_slot(solver, problem, context)
        assert solver.seen is context
    without = Without()
    solve_slot(without, problem, context)
    assert without.seen is False


def test_what_is_no_solution_is_a_type_error(problem: SlotProblem) -> None:
    """A solver that returns its arrays is told what was expected."""
    bare = SimpleNamespace(name="bare", solve=lambda problem: (problem.layers, None))
    with pytest.raises(TypeError, match=r"bare.solve returned tuple; expected a Solution"):
        solve_slot(bare, problem)


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


def test_nothing_heavy_is_imported() -> None:
    """Listing solvers loads no solver library, no learning framework and no data frames."""
    code = (
        "import sys, splitbench.solvers as s; names = [one.name for one in s.known_solvers()]\n"
        "assert 'exact' in names and 'ilp-highs' in names\n"
        "heavy = 'torch ortools pulp highspy matplotlib dask pandas scipy pvlib networkx'.split()\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


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


@pytest.mark.parametrize("name", ["greedy[starts=1]", "greedy[starts=-5]", "brute-force[most=0]"])
def test_parameters_out_of_range_are_refused(name: str) -> None:
    """Invalid values are refused, not silently clipped."""
    assert "expected at least" in refusal(name)
