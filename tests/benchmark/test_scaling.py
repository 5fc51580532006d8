"""Measuring growth: points from processes of their own, exponents, the table and the figure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from splitbench.benchmark.cli import main
from splitbench.benchmark.studies.scaling import Point, exponents, table
from splitbench.problems import InputError
from splitbench.results.figures.figures import save_scaling
from splitbench.results.figures.scaling_figure import load_scaling


def test_a_small_measurement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command proves two sizes, with time and memory of processes of their own; keeps them."""
    out = tmp_path / "points.json"
    given = ["scaling", "--quick", "--largest", "10", "--method", "exact", "--out", str(out)]
    assert main(given) == 0
    printed = capsys.readouterr().out
    measured = load_scaling(out)
    points = [Point(**point) for point in measured["points"]]
    assert [(one.method, one.devices, one.status) for one in points] == [
        ("exact", 3, "optimal"),
        ("exact", 10, "optimal"),
    ]
    assert all(one.seconds > 0.0 and one.memory_mib > 1.0 for one in points)
    assert printed == table(measured) + "\n"
    assert "name" not in measured["machine"]
    save_scaling(tmp_path / "scaling.png", points=out)
    assert (tmp_path / "scaling.png").stat().st_size > 1_000


@pytest.mark.parametrize(
    ("given", "says"),
    [(["--method", "exakt"], "--method: got 'exakt'"), (["--largest", "2"], "--largest: got 2")],
)
def test_what_cannot_be_measured(
    given: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, exit status 2."""
    assert main(["scaling", *given]) == 2
    assert says in capsys.readouterr().err


def test_exponents_and_table() -> None:
    """Times that grow as N^1.5 give 1.5; what was not proved has no part in it and is marked."""
    points = [Point("ilp-cbc", n, 1e-4 * n**1.5, 50.0, "optimal") for n in (30, 100, 300)]
    points += [
        Point("ilp-cbc", 1_000, 9.0, 60.0, "timeout"),
        Point("exact", 300, 0.01, 60.0, "optimal"),
        Point("horizon bound", 300, 2.0, 60.0, "feasible"),
    ]
    growth = exponents(points)
    assert growth == {"ilp-cbc": pytest.approx(1.5)}
    rows = table(
        {
            "points": [point._asdict() for point in points],
            "growth": growth,
            "made": "2026-01-31",
            "machine": {"processor": "Some", "cores": 2},
            "versions": {"numpy": "2.0"},
        }
    ).splitlines()
    assert rows[0] == "| N | ilp-cbc | exact | horizon bound |"
    assert rows[4] == "| 300 | 519.62 ms (52×), 50 MiB | 10.00 ms, 60 MiB | 2.0 s, 60 MiB |"
    assert rows[5] == "| 1,000 | 9.0 s, 60 MiB, timeout | – | – |"
    assert rows[6] == "| growth | N^1.50 | – | – |"
    assert rows[-1] == "2026-01-31, Some, 2 cores; numpy 2.0."


def test_the_points_that_ship(tmp_path: Path) -> None:
    """They are read, all of `exact` proved; a file that holds none is refused in one line."""
    points = load_scaling()["points"]
    assert {"exact", "ilp-highs", "horizon bound"} <= {point["method"] for point in points}
    assert {one["status"] for one in points if one["method"] == "exact"} == {"optimal"}
    bad = tmp_path / "bad.json"
    for text in ("{}", "[1]", "nonsense", json.dumps({"points": [{"method": "exact"}]})):
        bad.write_text(text)
        with pytest.raises(InputError, match="expected what"):
            load_scaling(bad)
    with pytest.raises(InputError, match="absent"):
        load_scaling(tmp_path / "absent.json")
