"""A user's own data in the benchmark: files, folders and patterns beside suite names."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas
import pytest

from splitbench.benchmark.planning.sources import sources_of
from splitbench.problems import InputError, save_horizon, save_instance
from splitbench.problems.suites.named_suites import make_suite, suite_names, toml_of


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with three instances, two horizons, a suite file and files of other formats."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for index, problem in enumerate(make_suite("small").instances(0, 3)):
        save_instance(problem, folder / f"slot{index}.json")
    for seed in range(2):
        horizon = make_suite("paper-wifi").horizon(seed, 4)
        save_horizon(horizon, folder / f"horizon{seed}.json")
    (folder / "other.json").write_text('{"format": "splitbench/dag@1"}', encoding="utf-8")
    (folder / "notes.txt").write_text("notes", encoding="utf-8")
    text = toml_of(make_suite("often-full[slots=3]")).replace("seeds = 3", "seeds = 2")
    (tmp_path / "suite.toml").write_text(text, encoding="utf-8")
    return tmp_path


def run(folder: Path, *arguments: str) -> Any:
    """Run a command in a folder and return its rows."""
    done = subprocess.run(
        [sys.executable, "-m", "splitbench", *arguments, "--json"],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def test_a_folder_is_a_suite_of_instances_and_horizons(data: Path) -> None:
    """Instances are one row; each horizon is its own; the store has them all again."""
    rows = run(data, "run", "mine", "-s", "greedy", "--seeds", "1")
    shown = [(row["suite"], row["cells"], row["slots"]) for row in rows]
    assert sorted(shown) == [
        ("mine", "instances", 3),
        ("mine/horizon0.json", "episodes", 4),
        ("mine/horizon1.json", "episodes", 4),
    ]
    plan = run(data, "run", "mine", "-s", "greedy", "--seeds", "1", "--dry-run")
    assert (plan["cells"], plan["left"]) == (7, 0)
    assert run(data, "table") == rows


def test_only_an_edited_file_of_a_folder_is_run_and_tabled_anew(data: Path) -> None:
    """The old cell of the edited file leaves the table; those of the other files stay."""
    command = ("run", "mine", "-s", "greedy", "--seeds", "1")

    def utility(rows: Any) -> float:
        (found,) = [row["utility_mean"] for row in rows if row["suite"] == "mine"]
        return float(found)

    before = run(data, *command)
    path = data / "mine" / "slot1.json"
    path.write_text((data / "mine" / "slot0.json").read_text("utf-8"), encoding="utf-8")
    assert run(data, *command, "--dry-run")["left"] == 1
    after = run(data, *command)
    assert run(data, "table") == after
    assert utility(after) != utility(before)
    done = subprocess.run(
        [sys.executable, "-m", "splitbench", "table"],
        cwd=data, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert "1 cell of older code is left out" in done.stderr
    assert "different code" not in done.stderr


def test_slots_of_a_folder_join_its_cells(data: Path) -> None:
    """Both files of an export name suite, solver and instance alike; --out alone is refused."""
    run(data, "run", "mine", "-s", "greedy", "--seeds", "1")
    command = [sys.executable, "-m", "splitbench", "table", "--out", "cells.csv"]
    command += ["--slots-out", "slots.csv"]
    refused = subprocess.run(command, cwd=data, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "expected --cells as well" in refused.stderr
    subprocess.run([*command, "--cells"], cwd=data, check=True)
    place = ["suite", "solver", "seed", "slots", "instance", "code"]
    cells, slots = (pandas.read_csv(data / f"{name}.csv") for name in ("cells", "slots"))
    joined = slots.merge(cells, on=place, validate="many_to_one")
    assert len(joined) == len(slots) == 3 + 2 * 4
    means = joined.groupby([*place, "utility_mean"], dropna=False)["utility"].mean()
    assert means.to_numpy() == pytest.approx(means.index.get_level_values("utility_mean"))


def test_a_file_gives_what_solve_and_simulate_give(data: Path) -> None:
    """One path: the same numbers from `run` and from the commands for single files."""
    (row,) = run(data, "run", "mine/slot1.json", "-s", "eo+ta", "--seeds", "1")
    solved = run(data, "solve", "mine/slot1.json", "-s", "eo+ta")
    assert (row["suite"], row["utility_mean"]) == ("mine/slot1.json", solved["utility"])
    (row,) = run(data, "run", "mine/horizon1.json", "-s", "eo+ta", "--seeds", "1")
    (simulated,) = run(data, "simulate", "mine/horizon1.json", "-s", "eo+ta")
    for name in ("utility_mean", "horizon_gap", "slot_gap_mean", "energy_j_mean"):
        assert row[name] == simulated[name]
    (row,) = run(data, "run", "mine/horizon1.json", "-s", "eo+ta", "--seeds", "1", "--slots", "2")
    assert row["slots"] == 2


def test_a_suite_file_gives_what_its_suite_gives(data: Path) -> None:
    """Identical rows, its own number of seeds, and its name in the table."""
    own = run(data, "run", "suite.toml", "-s", "greedy", "-s", "random")
    suite = run(data, "run", "often-full[slots=3]", "-s", "greedy", "-s", "random", "--seeds", "2")
    assert len(own) == len(suite) == 2
    for one, other in zip(own, suite, strict=True):
        assert one["suite"].endswith("suite.toml") or one["suite"] == other["suite"]
        same = ("solver", "seeds", "slots", "utility_mean", "horizon_gap", "latency_s_mean")
        assert [one[name] for name in same] == [other[name] for name in same]


def test_gap_of_files(data: Path) -> None:
    """Exact methods are cross-checked on one's own instances."""
    rows = run(data, "gap", "mine/slot*.json", "-s", "greedy")
    assert {row["solver"] for row in rows} >= {"exact", "brute-force", "greedy"}
    assert {row["slots"] for row in rows} == {3}


def test_gap_counts_a_file_once(data: Path) -> None:
    """A file poses one problem, however many seeds its solvers have."""
    done = subprocess.run(
        [sys.executable, "-m", "splitbench", "gap", "mine/slot0.json", "-s", "greedy", "--seeds=3"],
        cwd=data, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert "exact methods agree on the instance" in done.stderr


def test_patterns_and_the_library() -> None:
    """A pattern of suites, with parameters; of library entries."""
    names = [source.name for source in sources_of(["paper-*", "paper-wifi"])]
    assert names == [name for name in suite_names() if name.startswith("paper-")]
    assert sources_of(["paper-*[slots=3]"])[0].name == "paper-wifi[slots=3]"
    entries = sources_of(["library:*"])
    assert len(entries) > 10
    assert all(entry.name.startswith("library:") for entry in entries)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("paper-x*", "matches no suite and no file"),
        ("nowhere/x", "no such file or folder; expected a suite"),
        ("nowhere.json", "No such file"),
        ("mine/other.json", "expected"),
        ("library:nothing", "unknown library instance"),
        ("heteroo", "did you mean hetero"),
        ("empty", "holds no instance, horizon or suite file"),
    ],
)
def test_what_names_nothing(
    data: Path, text: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line that says what would be accepted."""
    monkeypatch.chdir(data)
    (data / "empty").mkdir()
    with pytest.raises(InputError, match=says):
        sources_of([text])
