"""Figures of training: reward over episodes, a band over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from splitbench.problems.arrays import Floats
from splitbench.results.figures.latency_figures import COLOURS

#: Rewards further below the median of a curve's second half are cut off: the −10 of hibernating
#: devices in the first rounds would flatten everything else.
_DEEP = 0.75


def draw_convergence(curves: Mapping[float, Floats], parallel: int, path: Path, title: str) -> None:
    """Draw Fig. 5: for each V the mean over seeds, in a band from the smallest to the largest.

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


@dataclass(frozen=True)
class ActionValues:
    """Values of one device's action with the other devices held.

    Attributes
    ----------
    action, model, critic
        tanh P of the device, and at each the slot's utility by the model and the critic's Q;
        shape (points,).
    chosen
        tanh P that the actor chose.
    """

    title: str
    action: Floats
    model: Floats
    critic: Floats
    chosen: float


def draw_action_values(panels: Sequence[ActionValues], stem: Path, title: str) -> list[Path]:
    """Draw utility and Q over a device's action, and the actor's choice; `stem`.png and .svg."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.8 * len(panels), 3.6), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axis, panel in zip(axes, panels, strict=True):
        axis.plot(panel.action, panel.model, color="#000000", lw=1.2, label="utility (model)")
        axis.plot(panel.action, panel.critic, color="#D55E00", lw=1.2, label="Q (critic)")
        axis.axvline(panel.chosen, color="#0072B2", ls="--", lw=1.2, label="actor's choice")
        axis.set_title(panel.title, fontsize=8, loc="left")
        axis.set_xlabel("tanh P of the device", fontsize=8)
        axis.grid(alpha=0.25)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("utility of the slot, other devices held", fontsize=8)
    axes[-1].legend(frameon=False, fontsize=7)
    figure.suptitle(title, fontsize=9)
    written = [stem.with_suffix(f".{kind}") for kind in ("png", "svg")]
    for path in written:
        figure.savefig(path, dpi=150)
    return written
