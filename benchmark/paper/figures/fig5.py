"""Fig. 5: reward over the training of DDP, for several V; three seeds, with a band.

The rewards of training itself rise because exploration fades. So after each round the current
policy is evaluated, without exploration, on episodes that are not used for training.

`splitbench paper curves` trains again and writes the curves (ddp-curves.json) that `splitbench
paper fig5` draws: those in its own directory, or else those shipped in results/reference.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from splitbench.benchmark.paper.figure import figure_result
from splitbench.benchmark.paper.figures.latency_figures import both
from splitbench.benchmark.paper.items import PaperRequest, PaperResult
from splitbench.benchmark.paper.verdicts import Verdict, estimate, share_verdict
from splitbench.benchmark.planning.code import solver_code
from splitbench.benchmark.training import Training
from splitbench.problems.arrays import Floats
from splitbench.problems.package_paths import REFERENCE
from splitbench.results.figures.learning_figures import draw_convergence
from splitbench.solvers.ddp.episodes import FIRST_TRAINING_SEED, SEEDS_A_TRAINING, drawn_episodes
from splitbench.solvers.ddp.policies.policy import policy_for

PATH = REFERENCE / "ddp-curves.json"
SUITE = "paper-wifi"
WEIGHTS = (0.2, 0.5, 0.8)
SEEDS = range(3)
EPISODES = 640
#: Curves that change less (in %) between their last two fifths have settled.
SETTLED_PERCENT = 1.0
#: Rounds of a quick run.
QUICK_ROUNDS = 5
#: Evaluation episodes, drawn from seeds that no training uses.
SHOWN = range(
    FIRST_TRAINING_SEED + 900 * SEEDS_A_TRAINING, FIRST_TRAINING_SEED + 900 * SEEDS_A_TRAINING + 8
)


def fig5(request: PaperRequest) -> PaperResult:
    """Draw the stored curves; claimed: they rise and settle, and a smaller V earns more."""
    own = request.out / PATH.name
    stored = json.loads((own if own.is_file() else PATH).read_text(encoding="utf-8"))
    slots, parallel = stored["slots"], stored["parallel"]
    seeds = min(map(len, stored["curves"].values()))  # an interrupted run has more of some
    curves = {
        float(v): slots * np.array(of_seeds[:seeds], dtype=float)
        for v, of_seeds in stored["curves"].items()
    }
    paths = both(request.out / "fig5")
    title = f"Fig. 5: DDP on {stored['suite']}, without exploration; band: {seeds} seeds"
    for path in paths:
        draw_convergence(curves, parallel, path, title)
    rows = [_row(v, of_seeds, parallel) for v, of_seeds in curves.items()]
    notes, title = _notes(curves, stored["command"]), "Fig. 5: cumulative reward of an episode"
    return figure_result(request, "fig5", title, rows, fig5_verdicts(curves), notes, paths)


def fig5_verdicts(curves: dict[float, Floats]) -> list[Verdict]:
    """Judge that rewards rise and settle at every V, and that a smaller V earns more.

    A rise is judged curve by curve and not as a mean over seeds. The start of a curve depends on
    the random initial network and varies far more between seeds than its end.
    """
    rise = {(v, seed): last - own[seed, 0] for v, own in curves.items()
            for seed, last in enumerate(_settled(own))}  # fmt: skip
    least = {v: min(one for (other, _), one in rise.items() if other == v) for v in curves}
    drift = {v: _drift(own.mean(axis=0)) for v, own in curves.items()}
    earned = {v: estimate(_settled(own)) for v, own in curves.items()}
    pairs = list(pairwise(sorted(earned)))
    reading = "DDP, training seeds"
    return [
        share_verdict(
            reading, "the reward rises with the episodes",
            {f"V = {v:g}, seed {seed}": bool(one > 0) for (v, seed), one in rise.items()},
            "; ".join(f"V = {v:g}: by {one:.1f} at least" for v, one in least.items()),
        ),
        share_verdict(
            reading, f"and settles (the last two fifths differ by less than {SETTLED_PERCENT:g} %)",
            {f"V = {v:g}": abs(one) < SETTLED_PERCENT for v, one in drift.items()},
            "; ".join(f"V = {v:g}: {one:.2g} %" for v, one in drift.items()),
        ),
        share_verdict(
            reading, "a smaller V earns more",
            {f"{a:g} < {b:g}": earned[a].mean > earned[b].mean for a, b in pairs},
            "; ".join(f"V = {v:g}: {one}" for v, one in earned.items()),
        ),
    ]  # fmt: skip


def _row(v: float, curves: Floats, parallel: int) -> dict[str, object]:
    mean = curves.mean(axis=0)
    last = _settled(curves).mean()
    near = np.flatnonzero(mean >= mean[0] + 0.95 * (last - mean[0]))
    return {
        "V": v,
        "first round": float(mean[0]),
        "last fifth": float(last),
        "seeds, least to most": f"{_settled(curves).min():.1f} to {_settled(curves).max():.1f}",
        "95 % of the rise by episode": int(parallel * (near[0] + 1)) if len(near) else None,
        "settled (last two fifths differ %)": float(_drift(mean)),
    }


def _settled(curves: Floats) -> Floats:
    """Mean of the last fifth of each seed's rounds, shape (seeds,)."""
    means: Floats = curves[:, -(curves.shape[1] // 5) :].mean(axis=1)
    return means


def _drift(mean: Floats) -> float:
    fifth = len(mean) // 5
    before, last = mean[-2 * fifth : -fifth].mean(), mean[-fifth:].mean()
    return float(100.0 * (last - before) / abs(last))


def _notes(curves: dict[float, Floats], command: str) -> list[str]:
    earned = {v: float(_settled(of_seeds).mean()) for v, of_seeds in curves.items()}
    falls = list(earned.values()) == sorted(earned.values(), reverse=True)
    ours = ", ".join(f"{value:.1f} at V = {v:g}" for v, value in earned.items())
    agrees = "as claimed" if falls else "not as claimed"
    drift = max(abs(_drift(of_seeds.mean(axis=0))) for of_seeds in curves.values())
    return [
        "claimed: the reward rises with the episodes and settles, and a smaller V earns more",
        f"ours: it {_course(curves)}; the last two fifths differ by {drift:.2g} % at most; {ours}, "
        f"{agrees}",
        "a reward at one V is no better or worse than one at another V: U itself is another",
        f"made by: {command}",
    ]


def _course(curves: dict[float, Floats]) -> str:
    """Say for how many V the mean of the last fifth is above that of the first round."""
    rising = [of_seeds[:, 0].mean() < _settled(of_seeds).mean() for of_seeds in curves.values()]
    return "rises" if all(rising) else f"rises at {sum(rising)} of {len(rising)} V"


def training_of(v: float, seed: int) -> Training:
    """Return the training whose curve is shown for a V and a seed."""
    suite = f"{SUITE}[utility_weight={v}]"
    return Training.asked(f"ddp[episodes={EPISODES}]", suite, [], seed, None)


def curve(training: Training, rounds: int | None = None) -> list[float]:
    """Train, and return the mean utility of a slot after each round, without exploration."""
    from splitbench.solvers.ddp.training.session import Session  # loads torch

    session = Session(training.kind, training.scenario, training.parameters)
    earned = []
    for _ in range(rounds or training.parameters.rounds):
        session.trainer.run_round()
        episodes = drawn_episodes(training.scenario.draw, SHOWN)
        policy = policy_for(session.policy(), episodes.model)
        utilities = []
        while not episodes.done:
            utilities.append(episodes.step(policy.partition(episodes.slots)).utility.mean())
        earned.append(round(float(np.mean(utilities)), 6))
    return earned


def curves(request: PaperRequest) -> PaperResult:
    """Train every V and seed, save each curve when it is finished, and draw them.

    Curves of the same training in the directory's ddp-curves.json are not trained again.
    """
    import sys

    path = request.out / PATH.name
    rounds = QUICK_ROUNDS if request.quick else None
    training = training_of(WEIGHTS[0], SEEDS[0])
    data: dict[str, Any] = {
        "format": "splitbench/curves@1",
        "command": "splitbench paper curves",
        "suite": SUITE,
        "slots": len(training.scenario.draw(0)),
        "parallel": training.parameters.parallel,
        "episodes": EPISODES,
        "training": f"{training.name}, {solver_code(f'{training.name}+ta', SUITE)}",
    }
    earned = _kept(path, data)
    for seed in SEEDS[:1] if request.quick else SEEDS:
        for v in WEIGHTS:
            known = earned.setdefault(str(v), [])
            if seed < len(known):
                continue
            known.append(curve(training_of(v, seed), rounds))
            path.write_text(json.dumps(data | {"curves": earned}, indent=1) + "\n", "utf-8")
            sys.stderr.write(f"V = {v}, seed {seed}: {known[-1][-1]:.4f} a slot\n")
    return fig5(request)


def _kept(path: Path, data: dict[str, Any]) -> dict[str, list[list[float]]]:
    """Return the curves of an earlier run, where they come from the same training."""
    if not path.is_file():
        return {}
    stored = json.loads(path.read_text(encoding="utf-8"))
    same = all(stored.get(name) == value for name, value in data.items())
    curves: dict[str, list[list[float]]] = stored["curves"] if same else {}
    return curves
