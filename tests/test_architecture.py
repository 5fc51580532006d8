"""The architecture: allowed imports between rooms, no import cycles, small files and folders."""

import ast
import graphlib
import importlib
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

import splitbench

ROOT = Path(__file__).resolve().parents[1]
#: Rooms that a room may import besides itself. Data flows one way; the command line may use all.
MAY_IMPORT = {
    "problems": set(),
    "solvers": {"problems"},
    "baselines": {"problems", "solvers"},
    "results": {"problems"},
    "benchmark": {"problems", "solvers", "baselines", "results"},
}
MOST_MODULES = 13


def modules() -> dict[str, Path]:
    """Every module of the five rooms by its importable name."""
    found = {}
    for room in MAY_IMPORT:
        for path in sorted((ROOT / room).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found["splitbench." + name.removesuffix(".__init__")] = path
    return found


def imports_of(path: Path, known: dict[str, Path]) -> set[str]:
    """Modules of ours that a file imports, at its top or inside a function; not for types only."""
    found: set[str] = set()
    tree = ast.parse(path.read_text("utf-8"))
    typing_only = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (inner & set(known)) or {node.module}
    return found & set(known)


KNOWN = modules()
IMPORTS = {name: imports_of(path, KNOWN) - {name} for name, path in KNOWN.items()}


def room_of(name: str) -> str:
    """Room of a module."""
    return name.split(".")[1]


def test_arrows_between_rooms() -> None:
    """A room imports only rooms before it: a solver never sees the harness, results no model."""
    wrong = [
        f"{name} imports {other}"
        for name, others in IMPORTS.items()
        for other in others
        if room_of(other) not in MAY_IMPORT[room_of(name)] | {room_of(name)}
    ]
    assert not wrong


def test_no_circle_of_modules() -> None:
    """No module imports itself through others, inside functions included."""
    graphlib.TopologicalSorter(IMPORTS).prepare()


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_no_circle_of_sub_rooms(room: str) -> None:
    """Sub-rooms of a room, each taken as a whole, import one another in one direction only."""
    arrows: dict[str, set[str]] = defaultdict(set)
    for name, others in IMPORTS.items():
        for other in others:
            parts, other_parts = name.split("."), other.split(".")
            if parts[1] == other_parts[1] == room and len(parts) > 3 and len(other_parts) > 3:
                arrows[parts[2]].add(other_parts[2])
    for name, others in arrows.items():
        others.discard(name)
    graphlib.TopologicalSorter(arrows).prepare()


def test_folders_are_small() -> None:
    """No folder holds more than 13 modules."""
    counts: dict[Path, int] = defaultdict(int)
    for path in KNOWN.values():
        counts[path.parent] += path.name != "__init__.py"
    crowded = {str(folder): count for folder, count in counts.items() if count > MOST_MODULES}
    assert not crowded


def test_no_long_file() -> None:
    """No file of the product or of the tests is longer than 400 lines."""
    paths = [*KNOWN.values(), *(ROOT / "tests").rglob("*.py")]
    lengths = {str(path): len(path.read_text("utf-8").splitlines()) for path in paths}
    assert not {path: length for path, length in lengths.items() if length > 400}


def test_packages_say_what_is_in_them() -> None:
    """Every package's docstring says what it holds and who may use it."""
    for name, path in KNOWN.items():
        if path.name == "__init__.py":
            text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
            assert "TODO" not in text, name
            assert len(text.splitlines()) >= 3, name


def test_public_names() -> None:
    """`splitbench` exports what it lists, sorted, and nothing else is public."""
    assert sorted(splitbench.__all__) == splitbench.__all__
    for name in splitbench.__all__:
        assert getattr(splitbench, name) is not None
    with pytest.raises(AttributeError, match="no_such_name"):
        splitbench.no_such_name  # noqa: B018


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_bare_rooms_name_the_right_import(room: str) -> None:
    """Importing a room under its bare name says what to import instead."""
    done = subprocess.run(
        [sys.executable, "-c", f"import {room}"], cwd=ROOT, capture_output=True, text=True
    )
    assert f"import splitbench.{room}" in done.stderr


def test_a_folder_with_the_rooms_names(tmp_path: Path) -> None:
    """A script beside modules named like our rooms imports and uses splitbench."""
    for name in MAY_IMPORT:
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('the wrong module')\n")
    (tmp_path / "script.py").write_text("import splitbench\nprint(splitbench.make('exact').name)\n")
    for command in (["script.py"], ["-m", "splitbench", "list", "solvers"]):
        done = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert "exact" in done.stdout


def test_every_module_imports() -> None:
    """Every module of ours imports by its name (a circle would fail here)."""
    for name in KNOWN:
        if "__main__" not in name:
            importlib.import_module(name)
