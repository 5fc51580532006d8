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
    near = np.abs(panel.action - panel.chosen).argmin()
    assert panel.model[near] == row["utility at the actor's choice"]
    assert len(np.unique(panel.critic)) > row["layers"]
