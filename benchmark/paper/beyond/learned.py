"""Loss of learned schemes against solving each slot exactly, over several training seeds.

Item `learned` of `splitbench paper`. It trains missing policies in full (`splitbench train`), a
minute or more each, so it is made only if it is named.
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


def _trained_row(
    suite: str, partitioner: str, seeds: Sequence[int], training_seeds: Sequence[int], exact: float
) -> dict[str, Any]:
    earned, seconds = [], []
    for seed in training_seeds:
        training = Training.asked(partitioner, suite, [], seed, None)
        policy, _ = train_policy(training, fresh=False)
        earned.append(_mean_utility(suite, seeds, make(f"{training.name}+ta")))
        seconds.append(policy.header.seconds)
    return _row(suite, f"{partitioner}+ta", exact, earned) | {"training s": float(np.mean(seconds))}


def _row(suite: str, scheme: str, exact: float, earned: Sequence[float]) -> dict[str, Any]:
    """Return mean and worst loss over training seeds, in percent."""
    losses = [100.0 * (exact - utility) / abs(exact) for utility in earned]
    return {
        "suite": suite,
        "scheme": scheme,
        "trainings": len(losses) if scheme not in REFERENCES else None,
        "mean loss %": float(np.mean(losses)),
        "worst loss %": max(losses),
        "training s": None,
    }


def _mean_utility(suite: str, seeds: Sequence[int], scheme: Any) -> float:
    made = make_suite(suite)
    return _mean([play(made.horizon(seed), scheme) for seed in seeds])


def _mean(played: Sequence[Played]) -> float:
    return float(np.mean([one.utility for one in played]))
