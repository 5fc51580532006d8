"""Measuring growth: points from processes of their own, exponents, the table and the figure."""

from __future__ import annotations

from pathlib import Path

import pytest

from splitbench.benchmark.studies.scaling import Point, exponents, lines, measure
from splitbench.problems import InputError
from splitbench.results.figures.figures import save_scaling
from splitbench.results.figures.scaling_figure import load_points


def test_a_small_measurement() -> None:
    """A method at two sizes: proved, with time and memory of its own process."""
    points = measure((3, 10), ("exact",))
    assert [(one.method, one.devices, one.status) for one in points] == [
        ("exact", 3, "optimal"),
        ("exact", 10, "optimal"),
    ]
    assert all(0.0 < one.seconds < 60.0 and one.memory_mib > 1.0 for one in points)


def test_exponents_and_table() -> None:
    """Times that grow as N^1.5 give 1.5; a method without a point at a size has a dash."""
    points = [Point("ilp-cbc", n, 1e-4 * n**1.5, 50.0, "optimal") for n in (30, 100, 300)]
    points.append(Point("exact", 1_000, 2.0, 60.0, "feasible"))
    assert exponents(points) == {"ilp-cbc": pytest.approx(1.5)}
    table = lines(points)
    assert table[0] == "| N | ilp-cbc | exact |"
    assert table[-2] == "| 1,000 | – | 2.0 s, 60 MiB (feasible) |"
    assert table[-1] == "| growth | 1.50 | – |"


def test_the_figure_of_the_shipped_points(tmp_path: Path) -> None:
    """The shipped points are read and drawn; a file that is none is refused in one line."""
    assert {"exact", "ilp-highs"} <= {point["method"] for point in load_points()}
    save_scaling(tmp_path / "scaling.png")
    assert (tmp_path / "scaling.png").stat().st_size > 1_000
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(InputError, match="absent"):
        load_points(tmp_path / "absent.json")
