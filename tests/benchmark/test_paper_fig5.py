"""Fig. 5: the stored curves, their notes, and that training still reproduces them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from splitbench.benchmark.paper.figures.fig5 import (
    EPISODES,
    PATH,
    SEEDS,
    SUITE,
    WEIGHTS,
    curve,
    fig5,
    training_of,
)
from splitbench.benchmark.paper.items import PaperRequest

STORED = json.loads(PATH.read_text(encoding="utf-8"))


def test_there_are_several_v_and_seeds() -> None:
    """The stored curves are those that the module says: each V, three seeds, every round."""
    assert list(STORED["curves"]) == [str(v) for v in WEIGHTS]
    assert len(WEIGHTS) >= 3
    assert len(SEEDS) == 3
    for of_seeds in STORED["curves"].values():
        assert np.shape(of_seeds) == (len(SEEDS), EPISODES // STORED["parallel"])
    assert (STORED["suite"], STORED["slots"]) == (SUITE, 120)


def test_training_again_begins_as_the_stored_curves_do() -> None:
    """Three rounds of one V and seed, trained anew, have the stored rewards."""
    pytest.importorskip("torch")
    v, seed = WEIGHTS[0], 2
    again = curve(training_of(v, seed), rounds=3)
    np.testing.assert_allclose(again, STORED["curves"][str(v)][seed][:3], rtol=1e-2)


def test_the_figure_and_its_table(tmp_path: Path) -> None:
    """A PNG, a row for each V with numbers of the curves, and what the paper claims beside ours."""
    made = fig5(PaperRequest(tmp_path))
    assert [path.name for path in made.figures] == ["fig5.png", "fig5.svg"]
    assert made.figures[0].read_bytes().startswith(b"\x89PNG")
    assert [row["V"] for row in made.rows] == list(WEIGHTS)
    for row in made.rows:
        curves = STORED["slots"] * np.array(STORED["curves"][str(row["V"])])
        assert row["first round"] == pytest.approx(curves[:, 0].mean())
        tail = curves[:, -(curves.shape[1] // 5) :]
        assert row["last fifth"] == pytest.approx(tail.mean())
    assert made.notes[1].startswith("claimed: the reward rises")
    rising = all(row["first round"] < row["last fifth"] for row in made.rows)  # type: ignore[operator]
    assert made.notes[2].startswith("ours: it rises;") is rising
    earned = [row["last fifth"] for row in made.rows]
    falls = earned == sorted(earned, reverse=True)  # type: ignore[type-var]
    assert made.notes[2].endswith("not as claimed") is not falls
    words = {row["claim"]: row["verdict"] for row in made.verdicts}
    assert (words["a smaller V earns more"] == "holds") is falls
    assert (words["the reward rises with the episodes"] == "holds") is rising


def test_the_command_makes_it(tmp_path: Path) -> None:
    """`splitbench paper fig5 --json` writes the figure and nothing but JSON to stdout."""
    done = subprocess.run(
        [sys.executable, "-m", "splitbench", "paper", "fig5", "--out", str(tmp_path), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    (item,) = json.loads(done.stdout)
    assert item["item"] == "fig5"
    assert Path(item["figures"][0]).is_file()
