"""Stores in practice: two runs on one store, files of other programs, odd names and places."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import splitbench

RUN = ["run", "small", "-s", "exact", "-s", "greedy", "--slots", "6", "--seeds", "2"]


def typed(folder: Path, *words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run splitbench in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "splitbench", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        **more,
    )


def outcomes(store: Path) -> dict[tuple[Any, ...], float]:
    """Utility of each cell of a store."""
    frame = splitbench.results(str(store))
    columns = ["suite", "solver", "seed", "instance"]
    assert not frame.duplicated(columns).any()
    return frame.set_index(columns)["utility_mean"].dropna().to_dict()


def test_two_runs_at_once_on_one_store(tmp_path: Path) -> None:
    """Both end well; every cell is there once, as in a store of a run alone."""
    words = [sys.executable, "-m", "splitbench", *RUN, "--store", "both.sqlite"]
    both = [
        subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    for process in both:
        _, error = process.communicate(timeout=120)
        assert process.returncode == 0, error
    assert typed(tmp_path, *RUN, "--store", "alone.sqlite").returncode == 0
    together = outcomes(tmp_path / "both.sqlite")
    assert len(together) > 10
    assert together == outcomes(tmp_path / "alone.sqlite")


@pytest.mark.parametrize("name", ["my results ä.sqlite", "a?mode=memory.sqlite", "100%.sqlite"])
def test_names_are_taken_as_they_are(name: str, tmp_path: Path) -> None:
    """Spaces, umlauts, `?mode=` and percent signs are part of the file's name."""
    words = ["small", "-s", "exact", "--slots", "2", "--seeds", "1", "--store", name]
    assert typed(tmp_path, "run", *words).returncode == 0
    assert name in os.listdir(tmp_path)
    assert typed(tmp_path, "table", "--store", name).returncode == 0


def foreign(path: Path) -> None:
    """Make another application's SQLite file."""
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE cells (mine TEXT)")
        connection.execute("INSERT INTO cells VALUES ('kept')")
    connection.close()


def truncated(path: Path) -> None:
    """Cut a store in half."""
    typed(path.parent, *RUN[:4], "--slots", "2", "--seeds", "1", "--store", path.name)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def newer(path: Path) -> None:
    """Give a store the schema of a later version."""
    typed(path.parent, *RUN[:4], "--slots", "2", "--seeds", "1", "--store", path.name)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()


@pytest.mark.parametrize("make", [foreign, truncated, newer])
@pytest.mark.parametrize("command", ["run", "table"])
def test_files_that_are_no_store_stay_as_they_are(make: Any, command: str, tmp_path: Path) -> None:
    """One line on stderr, exit status 2, and not a byte changed."""
    path = tmp_path / "other.sqlite"
    make(path)
    before = path.read_bytes()
    words = RUN if command == "run" else ["table"]
    done = typed(tmp_path, *words, "--store", path.name)
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "other.sqlite" in done.stderr
    assert path.read_bytes() == before


@pytest.mark.parametrize("command", ["run", "table"])
@pytest.mark.parametrize("place", ["directory", "fifo", "/dev/full"])
def test_places_that_hold_no_store(place: str, command: str, tmp_path: Path) -> None:
    """A directory, a FIFO and a full device are refused as such, in one line; nothing hangs."""
    path = Path(place) if place.startswith("/") else tmp_path / place
    if place == "directory":
        path.mkdir()
    elif place == "fifo":
        os.mkfifo(path)
    words = RUN if command == "run" else ["table"]
    done = typed(tmp_path, *words, "--store", str(path))
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert f"{path}: not a regular file" in done.stderr


def _mounts(words: list[str]) -> bool:
    try:
        return subprocess.run([*words, "true"], capture_output=True, timeout=60).returncode == 0
    except FileNotFoundError:
        return False


OWN_MOUNTS = ["unshare", "--mount", "--map-root-user"]


@pytest.mark.skipif(not _mounts(OWN_MOUNTS), reason="this machine lets nobody mount a file system")
def test_a_full_disk(tmp_path: Path) -> None:
    """A disk that fills up during a run ends it in one line; stored cells are kept, and a run
    resumes.

    A reader of the full disk sees whole cells, and with room again the run does only the rest.
    """
    small = tmp_path / "small disk"
    small.mkdir()
    command = f"{sys.executable} -m splitbench"
    script = f"""
        mount -t tmpfs -o size=256k tmpfs '{small}' || exit 99
        {command} run small --store '{small}/s.sqlite' -q -s exact -s greedy --slots 60 2> said
        echo $? > status
        {command} table --store '{small}/s.sqlite' --format json > shown || exit 98
        cp '{small}'/s.sqlite* .
    """
    subprocess.run([*OWN_MOUNTS, "sh", "-c", script], cwd=tmp_path, timeout=120, check=True)
    said = (tmp_path / "said").read_text("utf-8").strip().splitlines()
    assert (tmp_path / "status").read_text("utf-8").strip() == "2", said
    assert "room on the disk" in said[-1]
    assert len(said) == 1
    kept = outcomes(tmp_path / "s.sqlite")
    assert kept
    words = ["run", "small", "-s", "exact", "-s", "greedy", "--slots", "60", "--store", "s.sqlite"]
    assert typed(tmp_path, *words).returncode == 0
    whole = outcomes(tmp_path / "s.sqlite")
    assert len(whole) > len(kept)
    assert kept.items() <= whole.items()
