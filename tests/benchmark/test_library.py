"""The instance library: complete, unchanged, and its optima proved again."""

import json
from dataclasses import replace

import pytest

from splitbench.benchmark import cli, library_check
from splitbench.benchmark.library_check import verify_library
from splitbench.problems import InputError, load_horizon, load_instance
from splitbench.problems.suites.library import library, library_file


def test_size_and_regimes() -> None:
    """Sixty slots and twelve horizons: infeasible ones, hibernation, printed switches, N to 100."""
    entries = list(library().values())
    assert [entry.kind for entry in entries].count("slot") == 60
    assert [entry.kind for entry in entries].count("horizon") == 12
    assert {entry.status for entry in entries} == {"optimal", "infeasible", "open"}
    assert {3, 9, 30, 100} <= {entry.devices for entry in entries}
    for entry in entries:
        posed = (load_instance if entry.kind == "slot" else load_horizon)(entry.path)
        assert posed.name == entry.name


def test_every_entry_holds() -> None:
    """Checksums, optima by two solvers, and bounds agree with the index."""
    assert [(one.entry.name, one.problem) for one in verify_library() if one.problem] == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"sha256": "0" * 64}, "checksum"),
        ({"optimum": 0.0}, "the index says 0"),
        ({"optimum": None}, "the index says None"),
    ],
)
def test_a_wrong_index_is_found(changes, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed file or a wrong optimum is named."""
    entry = replace(library()["latency-alone"], **changes)
    monkeypatch.setattr(library_check, "library", lambda: {entry.name: entry})
    (found,) = verify_library()
    assert why in found.problem


def test_a_bound_below_the_best_known_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A best known utility above the bound is refused."""
    entry = next(one for one in library().values() if one.kind == "horizon")
    wrong = replace(entry, best_known=entry.bound + 0.01)
    monkeypatch.setattr(library_check, "library", lambda: {entry.name: wrong})
    (found,) = verify_library()
    assert "below the best known" in found.problem


def test_names() -> None:
    """An entry is found with and without its prefix; another name offers the nearest."""
    assert library_file("library:charge-alone") == library_file("charge-alone")
    with pytest.raises(InputError, match="did you mean charge-alone"):
        library_file("charge-alon")


def test_listing(capsys: pytest.CaptureFixture[str]) -> None:
    """`library list --json` prints every entry."""
    assert cli.main(["library", "list", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 72
