"""Raw cells for other programs: complete, typed, and readable by pandas."""

from __future__ import annotations

import csv as csv_module
import json
from pathlib import Path

import pytest

from splitbench.benchmark.cli import main
from splitbench.problems.errors import InputError
from splitbench.results.tables import export
from tests.results.records import ENVIRONMENT, failed, record, write_store

CELLS = [
    record("ilp-cbc[time_limit=10]", 3, utility=0.1 + 0.2, violations={"queue": 2}),
    record("exact", 4, instance=7, slots=40, solve_s=(1 / 3,), limit_s=60.0),
    failed("=1+1", 5, status="error", note="bytes \udcff, a,comma", claims=["a", "b"]),
]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store of three cells."""
    return write_store(tmp_path / "s.sqlite", *CELLS)


def test_csv(store: Path, tmp_path: Path) -> None:
    """A line a cell, numbers to the last bit, lists and objects as JSON."""
    out = tmp_path / "cells.csv"
    assert (
        main(["table", "--cells", "--format", "csv", "--store", str(store), "--out", str(out)]) == 0
    )
    with out.open(encoding="utf-8", newline="") as stream:
        lines = list(csv_module.DictReader(stream))
    assert [line["seed"] for line in lines] == ["3", "4", "5"]
    assert float(lines[0]["utility_mean"]) == 0.1 + 0.2
    assert json.loads(lines[0]["violations"]) == {"queue": 2}
    assert json.loads(lines[0]["environment"]) == ENVIRONMENT
    assert json.loads(lines[1]["decisions"]) == CELLS[1].decisions
    assert (lines[1]["instance"], lines[1]["limit_s"]) == ("7", "60.0")
    assert (lines[2]["solver"], lines[2]["utility_mean"]) == ("'=1+1", "")
    assert json.loads(lines[2]["claims"]) == ["a", "b"]


def test_parquet(store: Path, tmp_path: Path) -> None:
    """A data frame has typed columns, missing values as missing, times as a list."""
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    out = tmp_path / "cells.parquet"
    assert main(
        ["table", "--cells", "--format", "parquet", "--store", str(store), "--out", str(out)]
    ) == 0  # fmt: skip
    frame = pandas.read_parquet(out)
    assert list(frame.columns) == list(export.COLUMNS)
    assert frame["seed"].dtype == "int64"
    assert frame["reference"].dtype == "bool"
    assert frame["utility_mean"].dtype == "float64"
    assert frame["utility_mean"][0] == 0.1 + 0.2
    assert frame["utility_mean"].isna().tolist() == [False, False, True]
    assert frame["solve_s"][1].tolist() == [1 / 3]
    assert json.loads(frame["violations"][0]) == {"queue": 2}
    assert frame["solver"][2] == "=1+1"
    assert frame["instance"].isna().tolist() == [True, False, True]


def test_parquet_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells are written in parts, so that a large store need not fit into memory."""
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(export, "_CELLS_AT_ONCE", 2)
    export.write_parquet([record(seed=seed) for seed in range(5)], tmp_path / "c.parquet")
    found = parquet.ParquetFile(tmp_path / "c.parquet")
    assert found.metadata.num_rows == 5
    assert found.num_row_groups == 3


def test_parquet_without_pyarrow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without pyarrow one line says what to install, and no file is made."""
    monkeypatch.setattr(export, "find_spec", lambda name: None)
    out = tmp_path / "c.parquet"
    status = main(
        ["table", "--cells", "--format", "parquet", "--store", str(store), "--out", str(out)]
    )
    assert status == 2
    assert "pip install 'splitbench[parquet]'" in capsys.readouterr().err
    assert not out.exists()


def test_json(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Cells as JSON objects, times and decisions among them."""
    assert main(["table", "--cells", "--json", "--store", str(store)]) == 0
    cells = json.loads(capsys.readouterr().out)
    assert cells[1]["solve_s"] == [1 / 3]
    assert cells[0]["decisions"] == CELLS[0].decisions
    assert set(cells[0]) == set(export.COLUMNS)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--cells"], "csv, json or parquet"),
        (["--cells", "--format", "latex"], "csv, json or parquet"),
        (["--cells", "--format", "parquet"], "--out FILE.parquet"),
        (["--format", "parquet"], "--cells"),
        (["--cells", "--stats", "--json"], "no --stats"),
        (["--cells", "--format", "csv", "--out", "."], "expected a file"),
        (["--stats", "--limit", "soon"], "--limit"),
    ],
)
def test_bad_arguments(
    store: Path, arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What does not go together is refused in one line."""
    assert main(["table", "--store", str(store), *arguments]) == 2
    said = capsys.readouterr()
    assert expected in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_unwritable_place(tmp_path: Path) -> None:
    """A place that cannot be written is an InputError."""
    for write in (export.write_csv_to, export.write_parquet):
        with pytest.raises(InputError, match="expected a file"):
            write(CELLS, tmp_path / "no" / "file")
