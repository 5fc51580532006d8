"""Names to solvers: parsing of names and parameters, and error messages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from splitbench.problems import UnknownNameError
from splitbench.solvers import known_solvers, make
from splitbench.solvers.registry import NotInstalledError, all_names, canonical_name, check_name
from splitbench.solvers.scheme import Scheme
from tests.solvers.plugin_files import LOCAL_ONLY, plugin_file, refusal


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
        ("greedy[starts=1,starts=2]", "greedy[starts=1,starts=2]: the parameter 'starts' a"),
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


@pytest.mark.parametrize("name", ["greedy[starts=1]", "greedy[starts=-5]", "brute-force[most=0]"])
def test_parameters_out_of_range_are_refused(name: str) -> None:
    """Invalid values are refused, not silently clipped."""
    assert "expected at least" in refusal(name)
