"""Merging stores: no cell lost, conflicts reported, inputs unchanged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from splitbench.benchmark.cli import main
from splitbench.problems.errors import InputError
from splitbench.results import CellRecord, Store
from splitbench.results.bounds import BOUND
from splitbench.results.store.merge import better, conflict, merge
from tests.results.records import failed, record, write_store


def cells_of(path: Path) -> list[CellRecord]:
    """All records of a store."""
    with Store(path, write=False) as store:
        return store.all()


def at(day: int, cell: CellRecord) -> CellRecord:
    """The record as written on a day of January."""
    return replace(cell, written=f"2026-01-{day:02d}T00:00:00.000Z")


@pytest.fixture
def stores(tmp_path: Path) -> tuple[Path, Path]:
    """Two machines with a cell each of their own and some in common."""
    first = write_store(
        tmp_path / "a.sqlite",
        at(1, record("only-a")),
        at(2, failed("failed-in-a", status="memory")),
        at(9, failed("failed-later-in-a")),
        at(3, record("same", solve_s=(9.0,))),
    )
    second = write_store(
        tmp_path / "b.sqlite",
        at(1, record("only-b")),
        at(1, record("failed-in-a")),
        at(1, record("failed-later-in-a")),
        at(4, record("same", solve_s=(5.0,))),
    )
    return first, second


def test_union_finished_before_failed_then_newer(stores: tuple[Path, Path], tmp_path: Path) -> None:
    """Every cell is there once: the finished one, of two finished the newer, decisions too."""
    merged = merge(tmp_path / "all.sqlite", stores)
    cells = {cell.key.solver: cell for cell in cells_of(tmp_path / "all.sqlite")}
    assert sorted(cells) == ["failed-in-a", "failed-later-in-a", "only-a", "only-b", "same"]
    assert {cell.status for cell in cells.values()} == {"feasible"}
    assert cells["same"].solve_s == [5.0]
    assert cells["same"].written.startswith("2026-01-04")
    assert cells["only-a"].decisions
    assert (merged.cells, merged.shared, merged.conflicts) == (5, 3, [])
    assert list(merged.taken.values()) == [1, 4]


def test_order_of_inputs_does_not_matter(stores: tuple[Path, Path], tmp_path: Path) -> None:
    """The merged cells are the same whichever store is named first."""
    merge(tmp_path / "ab.sqlite", stores)
    merge(tmp_path / "ba.sqlite", stores[::-1])
    in_order = [
        sorted(cells_of(tmp_path / name), key=lambda cell: cell.key.digest)
        for name in ("ab.sqlite", "ba.sqlite")
    ]
    assert in_order[0] == in_order[1]


def test_inputs_stay_as_they_are(stores: tuple[Path, Path], tmp_path: Path) -> None:
    """Not a byte of an input changes."""
    inputs = list(stores)
    before = [path.read_bytes() for path in inputs]
    merge(tmp_path / "all.sqlite", inputs)
    assert [path.read_bytes() for path in inputs] == before


def test_conflicts_are_reported(tmp_path: Path) -> None:
    """Two finished cells of one key with different results: a line each, the newer kept."""
    first = write_store(
        tmp_path / "a.sqlite",
        at(2, record("u", utility=1.0)),
        at(1, record("f", utility=1.0)),
        at(1, record("ok", utility=1.0)),
    )
    second = write_store(
        tmp_path / "b.sqlite",
        at(1, record("u", utility=1.5)),
        at(2, failed("f", status="infeasible")),
        at(1, record("ok", utility=1.0 + 1e-12)),
    )
    merged = merge(tmp_path / "all.sqlite", [first, second])
    assert len(merged.conflicts) == 2
    line = next(line for line in merged.conflicts if " u seed 0" in line)
    assert f"{first} has 1.0, {second} has 1.5; kept that of {first}" in line
    assert any(f"kept that of {second}" in line for line in merged.conflicts)
    kept = {cell.key.solver: cell.utility_mean for cell in cells_of(tmp_path / "all.sqlite")}
    assert kept == {"u": 1.0, "f": None, "ok": 1.0 + 1e-12}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (record(), record(utility=1.0 + 1e-12), False),
        (record(), record(utility=1.0 + 1e-6), True),
        (record(), failed("exact"), False),
        (record(), replace(failed("exact"), utility_mean=0.5), False),
        (record(), failed("exact", status="infeasible"), True),
        (
            failed("exact", status="infeasible"),
            failed("exact", status="infeasible"),
            False,
        ),
        (record(status="optimal"), record(status="feasible"), False),
        (
            failed(BOUND, status="feasible", horizon_bound=2.0),
            failed(BOUND, status="feasible", horizon_bound=2.1),
            True,
        ),
    ],
)
def test_what_a_conflict_is(first: CellRecord, second: CellRecord, expected: bool) -> None:
    """Only two finished cells can contradict each other, in either order."""
    assert conflict(first, second) is conflict(second, first) is expected


def test_two_ends_without_a_utility_conflict_by_their_status() -> None:
    """Proved infeasible on one machine and invalid on another is no agreement."""
    ends = [record(utility=None, status=status) for status in ("infeasible", "invalid")]
    assert conflict(*ends)
    assert not conflict(ends[0], ends[0])


def test_better_is_decided() -> None:
    """Finished, then newer; a later store where nothing decides."""
    done, late = at(1, record()), at(5, failed("exact"))
    assert better(done, late) is better(late, done) is done
    newer = at(2, record())
    assert better(done, newer) is better(newer, done) is newer
    twin = at(1, record())
    assert better(done, twin) is twin


def test_update_adds_to_a_store(stores: tuple[Path, Path], tmp_path: Path) -> None:
    """An existing store is only touched with `update`, and merging again changes nothing."""
    first, second = stores
    with pytest.raises(InputError, match="exists; expected a new file, or --update"):
        merge(first, [second])
    merge(first, [second], update=True)
    once = sorted(cells_of(first), key=lambda cell: cell.key.digest)
    assert len(once) == 5
    again = merge(first, [second], update=True)
    assert sorted(cells_of(first), key=lambda cell: cell.key.digest) == once
    assert again.conflicts == []


def test_bad_input_leaves_nothing(stores: tuple[Path, Path], tmp_path: Path) -> None:
    """Where one input is no store nothing is written, no partial file either."""
    text = tmp_path / "notes.txt"
    text.write_text("no store " * 100)
    for sources in ([*stores, text], [stores[0], tmp_path / "none.sqlite"], []):
        with pytest.raises(InputError):
            merge(tmp_path / "all.sqlite", sources)
    with pytest.raises(InputError, match="named twice"):
        merge(tmp_path / "all.sqlite", [stores[0], stores[0]])
    with pytest.raises(InputError, match="named twice"):
        merge(stores[0], [stores[0]], update=True)
    with pytest.raises(InputError, match="no --update"):
        merge(tmp_path / "all.sqlite", stores, update=True)
    with pytest.raises(InputError):
        merge(tmp_path / "no" / "all.sqlite", stores)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["a.sqlite", "b.sqlite", "notes.txt"]


def test_failed_update_changes_nothing(stores: tuple[Path, Path], tmp_path: Path) -> None:
    """An input that is damaged in a cell leaves the updated store as it was."""
    import sqlite3

    first, second = stores
    connection = sqlite3.connect(second)
    connection.execute("UPDATE cells SET details = 'torn' WHERE solver = 'same'")
    connection.commit()
    connection.close()
    before = cells_of(first)
    with pytest.raises(InputError, match="damaged"):
        merge(first, [second], update=True)
    assert cells_of(first) == before


class TestCommand:
    def test_says_what_it_did(
        self, stores: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Nothing on stdout without --json; the counts on stderr; exit status 0."""
        out = tmp_path / "all.sqlite"
        assert main(["merge", str(out), *map(str, stores)]) == 0
        said = capsys.readouterr()
        assert said.out == ""
        assert "5 cells" in said.err

    def test_json(
        self, stores: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """--json prints one object and nothing else."""
        assert main(["merge", "--json", str(tmp_path / "all.sqlite"), *map(str, stores)]) == 0
        found = json.loads(capsys.readouterr().out)
        assert (found["cells"], found["shared"], found["conflicts"]) == (5, 3, [])

    def test_conflicts_have_exit_status_1(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A conflict is on stderr and in the exit status."""
        paths = [
            write_store(tmp_path / f"{utility}.sqlite", record(utility=utility))
            for utility in (1.0, 2.0)
        ]
        assert main(["merge", str(tmp_path / "all.sqlite"), *map(str, paths)]) == 1
        assert "CONFLICT: hetero[devices=2] exact seed 0" in capsys.readouterr().err

    def test_bad_input_has_exit_status_2(
        self, stores: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """An existing file is not overwritten; one line says so."""
        assert main(["merge", *map(str, stores)]) == 2
        assert capsys.readouterr().err.count("\n") == 1
