"""Loss of learned schemes against solving each slot exactly, over several training seeds.

Items `learned` and `recipes` of `splitbench paper`. They train missing policies in full
(`splitbench train`), a minute or more each, so they are made only if they are named.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from splitbench.benchmark.paper.ddp_forms import JOINT_CRITIC, PRINTED
from splitbench.benchmark.paper.items import PaperRequest, PaperResult
from splitbench.benchmark.referee.rollout import Played, play, play_optimum
from splitbench.benchmark.training import Training, train_policy
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers import make

#: Suites, and the number of training seeds of `ddp` on each.
SUITES = {
    "paper-wifi": 3,
    "paper-5g": 3,
    "hetero[devices=3]": 3,
    "hetero": 3,
    "congested": 3,
    "paper-calibrated-wifi": 1,
    "paper-calibrated-5g": 1,
}
#: Departures from `ddp`, one at a time, and its two other forms, by suite; one training of each.
VARIANTS = {
    "paper-5g": ("ddp[virtual_layers=all]", "ddp[gradient=plain]", PRINTED),
    "hetero": (
        "ddp[virtual_layers=all]",
        "ddp[gradient=secant]",
        "ddp[gradient=smoothed]",
        "ddp[gradient=plain]",
        JOINT_CRITIC,
        PRINTED,
    ),
}
#: Policies that serve any devices, on the suites that they ship for; one training.
SHARED = dict.fromkeys(
    ("paper-wifi", "paper-5g", "hetero", "congested"), ("ddp-shared", "imitation")
)
_RAW = "virtual_layers=all"
#: The two ways to learn side by side, and what else was tried: partitioner, trainings by suite.
RECIPES: dict[str, tuple[str, dict[str, int]]] = {
    "II: table as critic, a score per layer (`ddp`)": (
        "ddp",
        {"paper-wifi": 3, "paper-5g": 3, "hetero[devices=3]": 3, "hetero": 3, "congested": 3},
    ),
    "II, twice as long": ("ddp[episodes=1280]", {"hetero": 1, "congested": 1}),
    "II, twin critics": ("ddp[twin_critics=true]", {"hetero": 1, "congested": 1}),
    "II, raw layers": (f"ddp[{_RAW}]", {"paper-5g": 1, "hetero": 1, "congested": 1}),
    "I: joint critic, secant gradient (`JOINT_CRITIC`)": (
        JOINT_CRITIC,
        {"paper-wifi": 1, "paper-5g": 1, "hetero[devices=3]": 1, "hetero": 1, "congested": 1},
    ),
    "I, raw layers": (f"{JOINT_CRITIC[:-1]},{_RAW}]", {"paper-5g": 1, "hetero": 1}),
}
#: A restart keeps the training that is best on these seeds.
SELECTED_ON = range(100, 110)
#: References: the best constant partition, and the cuts of the optimum with TA's threads.
REFERENCES = ("best-fixed+exact", "best-fixed+ta", "exact-partition+ta")


def learned(request: PaperRequest) -> PaperResult:
    """Return the losses of `ddp` on each suite, and of variants and the shared kinds on some."""
    seeds = request.seeds
    rows = []
    for suite, trained in SUITES.items():
        exact = _mean(play_optimum([make_suite(suite).horizon(seed) for seed in seeds]))
        for name in REFERENCES:
            rows.append(_row(suite, name, exact, [_mean_utility(suite, seeds, make(name))]))
        training_seeds = range(1 if request.quick else trained)
        rows.append(_trained_row(suite, "ddp", seeds, training_seeds, exact))
        varied = () if request.quick else (*SHARED.get(suite, ()), *VARIANTS.get(suite, ()))
        rows += [_trained_row(suite, name, seeds, range(1), exact) for name in varied]
    notes = [
        "loss: mean utility of the exact solver's own episodes less that of the scheme's own, in "
        "percent of the former",
        "best-fixed is chosen for each horizon in hindsight; exact-partition+ta loses by TA alone",
        f"suite seeds {seeds[0]} to {seeds[-1]}; training draws from seeds of its own",
    ]
    return PaperResult(
        "learned", "What learned schemes lose", rows, notes, command=request.command("learned")
    )


def recipes(request: PaperRequest) -> PaperResult:
    """Return the losses of both recipes, with raw layers, longer, with twin critics, restarted."""
    seeds = request.seeds
    rows: list[dict[str, Any]] = []
    for form, (partitioner, trained) in list(RECIPES.items())[: 1 if request.quick else None]:
        for suite, count in trained.items():
            exact = _mean(play_optimum([make_suite(suite).horizon(seed) for seed in seeds]))
            training_seeds = range(1 if request.quick else count)
            row = _trained_row(suite, partitioner, seeds, training_seeds, exact, SELECTED_ON)
            rows.append({"form": form} | row)
    notes = [
        "loss: as in `learned`; worst and mean are over training seeds 0, 1, …",
        f"selected: of the trainings, the one that earns most on seeds {SELECTED_ON[0]} to "
        f"{SELECTED_ON[-1]}, as restarts would keep it",
        f"suite seeds {seeds[0]} to {seeds[-1]}; training draws from seeds of its own",
    ]
    return PaperResult(
        "recipes", "Two ways to learn to cut", rows, notes, command=request.command("recipes")
    )


def _trained_row(
    suite: str, partitioner: str, seeds: Sequence[int], training_seeds: Sequence[int],
    exact: float, selected_on: Sequence[int] = (),
) -> dict[str, Any]:  # fmt: skip
    """Return a form's row; with seeds to select on, the loss of the training selected as well."""
    earned, seconds, judged = [], [], []
    for seed in training_seeds:
        training = Training.asked(partitioner, suite, [], seed, None)
        policy, _ = train_policy(training, fresh=False)
        scheme = make(f"{training.name}+ta")
        earned.append(_mean_utility(suite, seeds, scheme))
        seconds.append(policy.header.seconds)
        if selected_on and len(training_seeds) > 1:
            judged.append(_mean_utility(suite, selected_on, scheme))
    row = _row(suite, f"{partitioner}+ta", exact, earned) | {"training s": float(np.mean(seconds))}
    if selected_on:
        best = earned[int(np.argmax(judged))] if judged else None
        row["selected loss %"] = None if best is None else 100.0 * (exact - best) / abs(exact)
    return row


def _row(suite: str, scheme: str, exact: float, earned: Sequence[float]) -> dict[str, Any]:
    """Return mean and worst loss over training seeds, in percent."""
    losses = [100.0 * (exact - utility) / abs(exact) for utility in earned]
    return {
        "suite": suite,
        "scheme": scheme,
        "trainings": len(losses) if scheme not in REFERENCES else None,
        "mean loss %": float(np.mean(losses)),
        "least loss %": min(losses),
        "worst loss %": max(losses),
        "training s": None,
    }


def _mean_utility(suite: str, seeds: Sequence[int], scheme: Any) -> float:
    made = make_suite(suite)
    return _mean([play(made.horizon(seed), scheme) for seed in seeds])


def _mean(played: Sequence[Played]) -> float:
    return float(np.mean([one.utility for one in played]))
