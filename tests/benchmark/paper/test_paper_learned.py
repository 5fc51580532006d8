"""Items `learned` and `ddp` of `splitbench paper`: losses, and Q over one device's action."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from splitbench.benchmark.paper.beyond import ddp_cliffs
from splitbench.benchmark.paper.beyond import learned as learned_item
from splitbench.benchmark.paper.items import PaperRequest
from splitbench.benchmark.referee.rollout import play
from splitbench.benchmark.training import Training
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers import make

SHORT = "paper-wifi[slots=6]"


def test_losses_are_relative_to_exact_episodes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loss of the shipped policy is (exact − scheme)/exact of mean utilities, in percent."""
    monkeypatch.setenv("SPLITBENCH_POLICIES", str(tmp_path))
    monkeypatch.setattr(learned_item, "SUITES", {SHORT: 3})
    result = learned_item.learned(PaperRequest(tmp_path, seeds=(500, 501), quick=True))
    assert [row["scheme"] for row in result.rows] == [*learned_item.REFERENCES, "ddp+ta"]
    horizons = [make_suite(SHORT).horizon(seed) for seed in (500, 501)]
    exact, ours = (
        np.mean([play(horizon, make(name)).utility for horizon in horizons])  # type: ignore[arg-type]
        for name in ("exact", "ddp+ta")
    )
    assert result.rows[-1]["worst loss %"] == pytest.approx(100.0 * (exact - ours) / exact)
    assert result.rows[0]["worst loss %"] >= -1e-6


def test_of_several_trainings_the_best_on_other_seeds_is_selected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two trainings: the worst, and that of the two which earns more on the seeds of selection."""
    pytest.importorskip("torch")
    monkeypatch.setenv("SPLITBENCH_POLICIES", str(tmp_path))
    small = "ddp[batch=8,critic_hidden=4,episodes=4,hidden=4,learning_starts=8,parallel=2,updates=1"
    monkeypatch.setattr(learned_item, "RECIPES", {"small": (f"{small}]", {SHORT: 2})})
    (row,) = learned_item.recipes(PaperRequest(tmp_path, seeds=(500, 501))).rows
    assert (row["form"], row["suite"], row["trainings"]) == ("small", SHORT, 2)

    def mean(name: str, seeds: range) -> float:
        played = [play(make_suite(SHORT).horizon(seed), make(name)) for seed in seeds]  # type: ignore[arg-type]
        return float(np.mean([one.utility for one in played]))

    schemes = [f"{small}]+ta", f"{small},seed=1]+ta"]
    exact = mean("exact", range(500, 502))
    losses = [100.0 * (exact - mean(one, range(500, 502))) / exact for one in schemes]
    judged = [mean(one, learned_item.SELECTED_ON) for one in schemes]
    assert row["worst loss %"] == pytest.approx(max(losses))
    assert row["selected loss %"] == pytest.approx(losses[int(np.argmax(judged))])


@pytest.mark.parametrize("form", ["ddp", "ddp[virtual_layers=all,critic=output,gradient=plain]"])
def test_the_curve_of_the_model_has_a_step_for_each_layer(form: str) -> None:
    """U takes one value a layer, the actor's own among them; Q as printed varies within steps."""
    pytest.importorskip("torch")
    small = [f"{name}={value}" for name, value in (
        ("hidden", 8), ("critic_hidden", 8), ("batch", 16), ("parallel", 4), ("updates", 1),
        ("learning_starts", 40), ("episodes", 8),
    )]  # fmt: skip
    training = Training.asked(form, "paper-5g[slots=20]", small, None, None)
    panel, row = ddp_cliffs._values(training, "a form", 500)
    assert len(np.unique(panel.model.round(9))) <= row["layers"]
    assert row["utility at the actor's choice"] in panel.model
    assert row["best utility over this device's action"] == panel.model.max()
    fall = row["deepest fall from"] - row["to"]
    assert fall == pytest.approx(-np.diff(panel.model).min())
    near = np.abs(panel.action - panel.chosen).argmin()
    assert panel.model[near] == row["utility at the actor's choice"]
    assert len(np.unique(panel.critic)) > row["layers"]
