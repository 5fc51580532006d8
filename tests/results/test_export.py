"""Cells for other programs: tidy, typed, complete, and readable by pandas."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pandas
import pytest

import splitbench
from splitbench.benchmark.cli import main
from splitbench.problems.errors import InputError
from splitbench.results.frame import frame_of
from splitbench.results.store.record import KEY_FIELDS, RECORD_FIELDS
from splitbench.results.tables import export
from tests.results.records import failed, record, write_store

ROOT = Path(__file__).resolve().parents[2]
CELLS = [
    record("ilp-cbc[time_limit=10]", 3, utility=0.1 + 0.2, violations={"queue": 2}),
    record("exact", 4, instance=7, slots=40, solve_s=(1 / 3,), limit_s=60.0),
    failed("=1+1", 5, status="error", note="bytes ? here, a,comma", claims=["a", "b"]),
]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store of three cells."""
    return write_store(tmp_path / "s.sqlite", *CELLS)


def run(store: Path, *arguments: str) -> int:
    """Call `splitbench table` on the store."""
    return main(["table", "--store", str(store), *arguments])


class TestFrame:
    def test_is_the_store(self, store: Path) -> None:
        """`splitbench.results` gives a row a cell, its key and numbers as they were."""
        frame = splitbench.results(store)
        assert frame["solver"].tolist() == [cell.key.solver for cell in CELLS]
        assert frame["utility_mean"][0] == 0.1 + 0.2
        assert frame["utility_mean"].isna().tolist() == [False, False, True]
        assert frame["violations_queue"].tolist() == [2, 0, 0]
        assert frame["solve_s"][1].tolist() == [1 / 3]
        assert frame["seconds"].tolist() == pytest.approx([0.03, 1 / 3, 0.03])
        assert frame["cells"].tolist() == ["episodes", "instances", "episodes"]
        assert json.loads(frame["machine"][0])["cores"] == 2
        assert frame["failed"].tolist() == [False, False, True]

    def test_has_every_field_of_a_record(self) -> None:
        """No field is forgotten but what is bulky or stands in other columns."""
        elsewhere = {"violations", "environment", "decisions", "per_device", "traceback", "output"}
        elsewhere |= {"slots_asked"}  # as `slots_counted`
        elsewhere |= {"suite_label", "solver_label"}  # as `suite` and `solver`
        names = {*KEY_FIELDS, *RECORD_FIELDS} - elsewhere
        assert names <= set(frame_of(CELLS).columns)

    def test_of_older_code_only_on_request(self, tmp_path: Path) -> None:
        """Cells of two versions of the code are not averaged."""
        old = record(code="old", written="2026-01-01")
        path = write_store(tmp_path / "s.sqlite", old, record(code="new", written="2026-01-02"))
        assert splitbench.results(path)["code"].tolist() == ["new"]
        assert splitbench.results(path, older=True)["code"].tolist() == ["old", "new"]

    @pytest.mark.parametrize("before", ["", "import splitbench.results.store.store\n"])
    def test_is_a_room_and_a_function(self, store: Path, before: str) -> None:
        """`sb.results(…)` works whether or not the room of that name was imported before."""
        script = f"{before}import splitbench as sb\nprint(len(sb.results({str(store)!r})))"
        script += "\nfrom splitbench.results import Store\nassert sb.results.Store is Store"
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60
        )
        assert done.stdout == "3\n", done.stderr

    @pytest.mark.slow
    def test_is_typed(self, tmp_path: Path) -> None:
        """A type checker takes the call, its result, and imports from the room."""
        script = tmp_path / "x.py"
        script.write_text(
            "import splitbench as sb\nfrom splitbench.results import Store\n"
            "import splitbench.results.frame\nstore: Store = sb.Store('x')\n"
            "sb.results('x.sqlite')['solver'].str.upper()\nsb.results(3)\n"
        )
        done = subprocess.run(
            [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), str(script)],
            cwd=ROOT, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert 'has incompatible type "int"' in done.stdout
        assert "Found 1 error" in done.stdout, done.stdout

    def test_no_such_store(self, tmp_path: Path) -> None:
        """A missing file is refused in one line, and not made."""
        with pytest.raises(InputError, match="no such file"):
            splitbench.results(tmp_path / "none.sqlite")
        assert not list(tmp_path.iterdir())


def test_csv_by_the_name_of_out(store: Path, tmp_path: Path) -> None:
    """One line per cell, numbers to the last bit, scalar columns only, texts not formulas."""
    out = tmp_path / "cells.csv"
    assert run(store, "--cells", "--out", str(out)) == 0
    frame = pandas.read_csv(out)
    assert frame["seed"].tolist() == [3, 4, 5]
    assert f",{0.1 + 0.2!r}," in out.read_text()  # pandas < 3.1 reads the last bit wrong
    assert frame["violations_queue"][0] == 2
    assert frame["limit_s"][1] == 60.0
    assert frame["solver"][2] == "'=1+1"
    assert "solve_s" not in frame
    assert not out.read_text().count("[{")


def test_csv_on_stdout(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --out the cells go to stdout, and nothing else does."""
    assert run(store, "--cells", "--format", "csv", "-s", "exact") == 0
    frame = pandas.read_csv(StringIO(capsys.readouterr().out))
    assert frame["solver"].tolist() == ["exact"]


def test_parquet(store: Path, tmp_path: Path) -> None:
    """A data frame has typed columns, missing values as missing."""
    pytest.importorskip("pyarrow")
    out = tmp_path / "cells.parquet"
    assert run(store, "--cells", "--out", str(out)) == 0
    frame = pandas.read_parquet(out)
    assert frame["seed"].dtype == "int64"
    assert frame["reference"].dtype == "bool"
    assert frame["utility_mean"].dtype == "float64"
    assert frame["utility_mean"][0] == 0.1 + 0.2
    assert frame["solver"][2] == "=1+1"
    assert frame["instance"].isna().tolist() == [True, False, True]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_slots_in_a_second_file(store: Path, tmp_path: Path, suffix: str) -> None:
    """One row per slot with the cell's key, so that both files can be joined."""
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    out = tmp_path / f"slots.{suffix}"
    assert run(store, "--slots-out", str(out)) == 0
    frame = pandas.read_csv(out) if suffix == "csv" else pandas.read_parquet(out)
    assert frame["seed"].tolist() == [3, 3, 4, 5, 5]
    assert frame["slot"].tolist() == [0, 1, 0, 0, 1]
    exactly = 0.0 if suffix == "parquet" else 1e-15  # pandas < 3.1 reads the last bit wrong
    assert frame["seconds"].tolist()[:3] == pytest.approx([0.01, 0.02, 1 / 3], rel=exactly)
    assert json.loads(frame["threads"][0]) == [3, 4]
    assert frame["utility"][0] == pytest.approx(0.1 + 0.2, rel=exactly, abs=0.0)


def test_slots_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slots are written in parts, so that a large store need not fit into memory."""
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(export, "_CELLS_AT_ONCE", 2)
    cells = [record(seed=seed, instance=seed if seed > 2 else None) for seed in range(5)]
    export.write_slots(cells, tmp_path / "s.parquet", parquet=True)
    found = parquet.ParquetFile(tmp_path / "s.parquet")
    assert found.metadata.num_rows == 10
    assert found.num_row_groups == 3
    export.write_slots(cells, tmp_path / "s.csv")
    assert len(pandas.read_csv(tmp_path / "s.csv")) == 10


def test_parquet_without_pyarrow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without pyarrow one line says what to install, and no file is made."""
    monkeypatch.setattr(export, "find_spec", lambda name: None)
    out = tmp_path / "c.parquet"
    assert run(store, "--cells", "--out", str(out)) == 2
    assert "pip install 'splitbench[parquet]'" in capsys.readouterr().err
    assert not out.exists()


def test_json(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Cells as JSON objects, times and decisions among them."""
    assert run(store, "--cells", "--json") == 0
    cells = json.loads(capsys.readouterr().out)
    assert cells[1]["solve_s"] == [1 / 3]
    assert cells[0]["decisions"] == CELLS[0].decisions
    assert set(cells[0]) == {*KEY_FIELDS, *RECORD_FIELDS, "seconds"}


def test_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Failed cells are printed with traceback and output, the same error once."""
    trace = "Traceback:\n  File 'mine.py', line 7\n\x1b[31mValueError: 3"
    cells = [
        failed("mine", s, status="error", note=f"ValueError: {s}", traceback=trace, output="hi")
        for s in range(3)
    ]
    path = write_store(tmp_path / "s.sqlite", *cells, record("exact"))
    assert run(path, "--errors") == 0
    shown = capsys.readouterr().out
    assert shown.count("hetero[devices=2] mine seed 0: error: ValueError: 0") == 1
    assert "line 7" in shown
    assert "printed: hi" in shown
    assert "2 more cells like it" in shown
    assert "\x1b" not in shown
    assert "exact" not in shown


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
        (["--out", "x.csv", "--format", "json"], "expected a name that does not end in .csv"),
        (["--out", "x.tex", "--json"], "--out: x.tex together with --json"),
        (["--slots-out", "slots.txt"], "expected a name in .csv or .parquet"),
        (["--suite", "hetero"], "unknown suite in this store 'hetero'"),
        (["--suite", "nosuch"], "unknown suite in this store 'nosuch'"),
        (["-s", "exakt"], "did you mean exact"),
        (["--columns", "utilty"], "did you mean utility"),
        (["--sort", "utilty"], "expected one of solver, utility"),
    ],
)
def test_bad_arguments(
    store: Path, arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What does not go together is refused in one line."""
    assert run(store, *arguments) == 2
    said = capsys.readouterr()
    assert expected in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


@pytest.mark.parametrize(
    ("name", "starts"),
    [("x.csv", "suite,"), ("x.md", "### "), ("x.tex", "% needs"), ("x.json", "["), ("x", "hetero")],
)
def test_the_name_of_out_says_the_format(
    store: Path, tmp_path: Path, name: str, starts: str
) -> None:
    """`--out x.csv` needs no --format."""
    assert run(store, "--out", str(tmp_path / name)) == 0
    assert re.match(re.escape(starts), (tmp_path / name).read_text("utf-8"))


def test_unwritable_place(tmp_path: Path) -> None:
    """A place that cannot be written is an InputError."""
    with pytest.raises(InputError, match="expected a file"):
        export.write_cells(frame_of(CELLS), tmp_path / "no" / "file")
    with pytest.raises(InputError, match="expected a file"):
        export.write_slots(CELLS, tmp_path / "no" / "file")
