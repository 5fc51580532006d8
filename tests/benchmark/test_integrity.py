"""Impossible numbers are an error of the run, not a result."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from splitbench.benchmark.cli import main
from splitbench.benchmark.referee.episode import references
from splitbench.benchmark.referee.verify import Reference
from splitbench.problems import SlotProblem


def _too_low(problems: Sequence[SlotProblem]) -> list[Reference]:
    """References that every good decision beats."""
    true = references(problems)
    return [
        Reference(None if one.utility is None else one.utility - 0.5, one.status) for one in true
    ]


@pytest.mark.parametrize("command", ["run", "gap", "solve", "simulate"])
def test_a_negative_gap_fails_the_run(
    command: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exit status 1 and a line for the cell, although every decision is feasible."""
    common = ["--slots", "2", "--seeds", "1"]
    if command in ("run", "gap"):
        store = ["--store", str(tmp_path / "s.sqlite"), "--executor", "in-process", "--rerun"]
        here = [command, "paper-wifi", "-s", "greedy", *common, *store, "--json"]
    else:
        suite = "small" if command == "solve" else "paper-wifi"
        assert main(["sample", suite, *common, "--out", str(tmp_path)]) == 0
        path = capsys.readouterr().out.splitlines()[0]
        here = [command, path, "-s", "greedy", "--json"]
    assert main(here) == 0
    assert "IMPOSSIBLE" not in capsys.readouterr().err
    monkeypatch.setattr("splitbench.benchmark.referee.episode.references", _too_low)
    assert main(here) == 1
    assert "slot gap -0." in capsys.readouterr().err


def test_a_negative_gap_fails_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table of a store that holds an impossible gap says so and ends with exit status 1."""
    store = ["--store", str(tmp_path / "s.sqlite")]
    run = ["run", "paper-wifi", "-s", "greedy", "--slots", "2", "--seeds", "1", *store]
    monkeypatch.setattr("splitbench.benchmark.referee.episode.references", _too_low)
    main([*run, "--executor", "in-process"])
    capsys.readouterr()
    assert main(["table", *store]) == 1
    shown = capsys.readouterr()
    assert "IMPOSSIBLE" in shown.err
    assert "slot gap -0." in shown.err
