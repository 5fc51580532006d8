"""Figures of training: reward over episodes, a band over seeds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from splitbench.problems.arrays import Floats
from splitbench.results.figures.latency_figures import COLOURS

#: Rewards further below the median of a curve's second half are cut off: the −10 of hibernating
#: devices in the first rounds would flatten everything else.
_DEEP = 0.75


def draw_convergence(curves: Mapping[float, Floats], parallel: int, path: Path, title: str) -> None:
    """Draw Fig. 5: a line for each V, the mean of its seeds, in a band from the least to the most.

    `curves` are (seeds, rounds) by V, rewards of an episode; a round is `parallel` episodes.
    """
    from matplotlib.figure import Figure  # no pyplot: no window, no global state

    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axis = figure.subplots()
    lowest, highest = np.inf, -np.inf
    for colour, (v, of_seeds) in zip(COLOURS, curves.items(), strict=False):
        episodes = parallel * np.arange(1, of_seeds.shape[1] + 1)
        axis.fill_between(
            episodes, of_seeds.min(axis=0), of_seeds.max(axis=0), color=colour, alpha=0.2, lw=0
        )
        axis.plot(episodes, of_seeds.mean(axis=0), color=colour, label=f"V = {v:g}")
        settled = float(np.median(of_seeds[:, of_seeds.shape[1] // 2 :]))
        lowest = min(lowest, settled - _DEEP * abs(settled))
        highest = max(highest, float(of_seeds.max()))
    axis.set_ylim(lowest, highest + 0.05 * (highest - lowest))
    axis.set_xlabel("training episode")
    axis.set_ylabel("cumulative reward of an episode")
    axis.set_title(title, fontsize=9, loc="left")
    axis.grid(alpha=0.25)
    axis.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)
