"""The table in every format: complete, and the same numbers everywhere."""

from __future__ import annotations

import csv as csv_module
import io
import json
from pathlib import Path

import pytest
from rich.cells import cell_len

from splitbench.problems.errors import InputError
from splitbench.results import rows_of
from splitbench.results.rows import Row
from splitbench.results.statistics.samples import samples_of
from splitbench.results.statistics.statistics import with_comparison, with_statistics
from splitbench.results.tables import tables
from splitbench.results.tables.table_columns import COLUMNS
from tests.results.records import failed, record

LONG = "ddp[checkpoint=models/seed3.safetensors]+ta[objective=utility,start=random]"
SOLVERS = ["exact", "ilp-cbc[time_limit=10]", "dads[load=heavy]+ta[start=random]", LONG]


@pytest.fixture
def rows() -> list[Row]:
    """Four solvers on two suites; one cell failed."""
    cells = [
        record(name, seed, utility=1.0 - place / 7 + seed, suite=suite)
        for suite in ("hetero[devices=2]", "paper-wifi")
        for place, name in enumerate(SOLVERS)
        for seed in range(6)
    ]
    cells.append(failed(LONG, 6, note="killed after 60 s"))
    samples = samples_of(cells)
    return with_comparison(with_statistics(rows_of(cells), samples), samples, "exact")


def printed(rows: list[Row], width: int | None, tmp_path: Path) -> str:
    """What the terminal shows."""
    tables.print_rich(rows, tmp_path / "table.txt", width=width)
    return (tmp_path / "table.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [60, 80, 100, 160, 400, None])
def test_terminal_shows_full_names(rows: list[Row], width: int | None, tmp_path: Path) -> None:
    """At any width each solver's name stands somewhere unbroken, and no column is missing."""
    text = printed(rows, width, tmp_path)
    for name in SOLVERS:
        assert name in text
    for column in COLUMNS:
        assert column.heading in text
    for row in rows:
        assert tables.number(row.utility_mean, 4) in text
    assert "killed after 60 s" in text
    assert "…" not in text


@pytest.mark.parametrize("width", [60, 80, 100])
def test_terminal_keeps_to_its_width(rows: list[Row], width: int, tmp_path: Path) -> None:
    """No line of a table is wider than the terminal, so that none is wrapped."""
    lines = printed(rows, width, tmp_path).splitlines()
    drawn = [line for line in lines if line[:1] in "┏┡│└┃"]
    assert drawn
    assert max(map(cell_len, drawn)) <= width


def test_file_has_all_columns_side_by_side(rows: list[Row], tmp_path: Path) -> None:
    """What goes to a file is not broken for a terminal that is not there."""
    lines = printed(rows, None, tmp_path).splitlines()
    headings = [line for line in lines if "solver" in line and "status" in line]
    assert len(headings) == 2


def test_markdown_is_a_table(rows: list[Row]) -> None:
    """Each line of a table has as many cells as its heading, with the full name first."""
    lines = tables.markdown(rows).splitlines()
    assert sum(line.startswith("### ") for line in lines) == 2
    table = [line for line in lines if line.startswith("|")]
    assert len({line.count("|") for line in table}) == 1
    first = [line.split("|")[1].strip() for line in table]
    assert [name for name in first if name in SOLVERS] == SOLVERS * 2


def test_latex_is_a_table(rows: list[Row]) -> None:
    """Each row has as many ampersands as the columns declared, names escaped."""
    text = tables.latex(rows)
    for part in text.split("\n\n"):
        declared = part.split("\\begin{tabular}{")[1].split("}")[0]
        body = part.split("\\midrule\n")[1].split("\n\\bottomrule")[0]
        for line in body.splitlines():
            assert line.replace("\\&", "").count("&") == len(declared) - 1
            assert line.endswith(" \\\\")
    assert "ilp-cbc[time\\_limit=10]" in text


def test_csv_has_full_precision(rows: list[Row]) -> None:
    """CSV read back gives each number to the last bit, statistics in columns of their own."""
    read = list(csv_module.DictReader(io.StringIO(tables.csv(rows))))
    assert [line["solver"] for line in read] == [row.solver for row in rows]
    assert [float(line["utility_mean"]) for line in read] == [row.utility_mean for row in rows]
    assert json.loads(read[3]["statuses"]) == {"feasible": 6, "timeout": 1}
    assert read[0]["comparison_pairs"] == ""
    assert read[1]["comparison_pairs"] == "6"
    assert float(read[1]["statistics_utility_low"]) < float(read[1]["statistics_utility_high"])


def test_json_is_json(rows: list[Row]) -> None:
    """Row objects survive JSON, statistics and comparison among them."""
    objects = json.loads(json.dumps([row.to_json() for row in rows]))
    assert [one["solver"] for one in objects] == SOLVERS * 2
    assert objects[1]["comparison"]["against"] == "exact"
    assert "comparison" not in objects[0]
    assert objects[0]["statistics"]["rank"] == 1


def test_no_rows(tmp_path: Path) -> None:
    """An empty store gives empty tables, with a heading in CSV."""
    assert printed([], 80, tmp_path) == ""
    assert tables.markdown([]) == tables.latex([]) == ""
    assert tables.csv([]).startswith("suite,solver,")


def test_gap_is_never_rounded_to_zero() -> None:
    """Zero means zero; a tiny gap does not look like it."""
    assert tables.gap_text(0.0) == "0"
    assert tables.gap_text(1e-7) == "1e-07"
    assert tables.gap_text(-1e-7) == "-1e-07"
    assert tables.gap_text(0.12345) == "0.1235"
    assert tables.gap_text(None) == "–"


def test_unwritable_file(tmp_path: Path) -> None:
    """A place that cannot be written is refused in one line."""
    with pytest.raises(InputError, match="expected a file to write"):
        tables.print_rich([], tmp_path)
