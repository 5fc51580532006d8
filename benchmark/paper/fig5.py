"""Fig. 5: reward over the training of DDP, for several V; five seeds, with a band.

`python -m benchmark.paper.fig5` trains anew and writes the curves that `splitbench paper fig5`
draws (`results/reference/ddp-curves.json`).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.paper.items import REFERENCE, PaperRequest, PaperResult

Floats = NDArray[np.float64]

PATH = REFERENCE / "ddp-curves.json"
SUITE = "paper-wifi"
WEIGHTS = (0.2, 0.5, 0.8)
SEEDS = range(5)
EPISODES = 640


def fig5(request: PaperRequest) -> PaperResult:
    """Draw the stored curves; claimed: they rise and settle, and a smaller V earns more."""
    from results.figures_learning import draw_convergence

    stored = json.loads(PATH.read_text(encoding="utf-8"))
    slots, parallel = stored["slots"], stored["parallel"]
    curves = {
        float(v): slots * np.array(of_seeds, dtype=float)
        for v, of_seeds in stored["curves"].items()
    }
    path = request.out / "fig5.png"
    title = f"Fig. 5: DDP on {stored['suite']}, exploration included; band: {len(SEEDS)} seeds"
    draw_convergence(curves, parallel, path, title)
    rows = [_row(v, of_seeds, parallel) for v, of_seeds in curves.items()]
    return PaperResult("fig5", "Fig. 5: cumulative reward of an episode", rows,
                       _notes(curves, stored["command"]), [path])  # fmt: skip


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
    return [
        "claimed: the reward rises with the episodes and settles, and a smaller V earns more",
        f"ours: {ours}: {agrees}",
        "a reward at one V is no better or worse than one at another V: U itself is another",
        f"made by: {command}",
    ]


def measure(path: Path = PATH) -> None:
    """Train every V and seed, and write the curves."""
    from benchmark.training import Training
    from solvers.ddp.training.session import Session

    curves: dict[str, list[list[float]]] = {}
    for v in WEIGHTS:
        for seed in SEEDS:
            name = f"ddp[episodes={EPISODES}]"
            suite = f"{SUITE}[utility_weight={v}]"
            training = Training.asked(name, suite, [], seed, None)
            policy = Session("ddp", training.scenario, training.parameters).run()
            curves.setdefault(str(v), []).append([round(u, 6) for u in policy.header.curve])
            sys.stderr.write(f"V = {v}, seed {seed}: {policy.header.seconds:.0f} s\n")
    data = {
        "format": "splitbench/curves@1",
        "command": "python -m benchmark.paper.fig5",
        "suite": SUITE,
        "slots": len(training.scenario.draw(0)),
        "parallel": training.parameters.parallel,
        "episodes": EPISODES,
        "curves": curves,
    }
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    measure(Path(sys.argv[1]) if len(sys.argv) > 1 else PATH)
