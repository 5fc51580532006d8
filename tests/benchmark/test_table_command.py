"""`splitbench table`: statistics and comparisons on the command line, and what it warns of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from splitbench.benchmark.cli import main
from tests.results.records import failed, record, write_store

SCHEME = "dads[load=heavy]+ta[objective=utility,start=random]"


@pytest.fixture
def store(tmp_path: Path) -> str:
    """Two solvers on seven seeds, `exact` better by 0.5 on each."""
    cells = [record("exact", s, utility=s + 0.5) for s in range(7)]
    cells += [record(SCHEME, s, utility=float(s)) for s in range(7)]
    return str(write_store(tmp_path / "s.sqlite", *cells))


def test_compare_takes_parameters_in_any_order(
    store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A solver named with its parameters in another order is the same solver."""
    name = "dads[load=heavy]+ta[start=random,objective=utility]"
    assert main(["table", "--store", store, "--json", "--compare", name]) == 0
    exact, other = json.loads(capsys.readouterr().out)
    assert "comparison" not in other
    found = exact["comparison"]
    assert (found["against"], found["pairs"], found["wins"]) == (SCHEME, 7, 7)
    assert found["difference"] == pytest.approx(0.5)
    assert found["p_holm"] == found["p_value"] == pytest.approx(2 / 2**7)


@pytest.mark.parametrize("format", ["rich", "markdown", "latex"])
def test_columns_of_statistics(store: str, format: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Interval, rank, difference and p-value stand in the printed table, and are explained."""
    arguments = ["--format", format, "--stats", "--compare", "exact"]
    assert main(["table", "--store", store, *arguments]) == 0
    shown = capsys.readouterr().out
    for text in ("interval", "mean rank", "exact", "0.5000", "(Holm)", "0.016"):
        assert text in shown, text
    if format != "latex":
        assert "Wilcoxon signed-rank" in shown
        assert "percentile bootstrap" in shown


def test_too_few_pairs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the default three seeds the table says how many pairs a p-value needs."""
    cells = [record(name, s) for name in ("exact", "greedy") for s in range(3)]
    store = write_store(tmp_path / "s.sqlite", *cells)
    assert main(["table", "--store", str(store), "--compare", "exact"]) == 0
    assert "3 pairs, 6 needed" in capsys.readouterr().out


def test_limit_is_charged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Failures are charged the given limit if the store has none; without any there is no mean."""
    store = write_store(tmp_path / "s.sqlite", record(seed=0, solve_s=(1.0,)), failed("exact", 1))
    assert main(["table", "--store", str(store), "--json", "--stats", "--limit", "2m"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["statistics"]["time_s"] == pytest.approx((1.01 * 120.01) ** 0.5 - 0.01)
    assert main(["table", "--store", str(store), "--json", "--stats"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["statistics"]["time_s"] is None
    assert any("failures without a time limit to charge" in note for note in row["notes"])


def test_warns_of_drift_and_old_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Warnings of incomparable numbers go to stderr, and stdout stays JSON."""
    store = write_store(
        tmp_path / "s.sqlite",
        record(seed=0, code="old", reference_cell_s=0.001),
        record(seed=0, code="new", reference_cell_s=0.002),
    )
    assert main(["table", "--store", str(store), "--json", "-v"]) == 0
    said = capsys.readouterr()
    assert len(json.loads(said.out)) == 1
    assert "1 cell of older code is left out" in said.err
    assert "1 of 2 cells ran while it was over 1.25×" in said.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--compare", "exat"], "did you mean exact?"),
        (["--compare", "ta[=]"], "expected"),
        (["--store", "nowhere.sqlite"], "no such file"),
        (["--format", "excel"], "rich"),
    ],
)
def test_bad_arguments(
    store: str, arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line on stderr, exit status 2, nothing on stdout."""
    assert main(["table", "--store", store, *arguments]) == 2
    said = capsys.readouterr()
    assert expected in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
