"""Figures in the paper's form: a panel for each network, a line or a bar for each scheme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: (mean, low, high) at each x.
Points = Sequence[tuple[float, float, float]]

#: Okabe and Ito's colours, by scheme; markers tell them apart in print.
_STYLES = {
    "ddp+ta": ("#D55E00", "o"),
    "dads+ta": ("#0072B2", "s"),
    "dads+bs": ("#56B4E9", "^"),
    "eo+ta": ("#009E73", "D"),
    "eo+bs": ("#CC79A7", "v"),
    "exact": ("#000000", "P"),
    "lookahead": ("#E69F00", "X"),
}
_OTHERS = ("#666666", "#999999", "#8C564B", "#17BECF", "#BCBD22", "#7F7F7F")
_COLUMNS = 2
#: Inches of one panel.
_WIDTH = 4.6


@dataclass(frozen=True)
class Panel:
    """One panel: `lines` by name, each with a point for each of `x`."""

    title: str
    x_label: str
    y_label: str
    x: Sequence[Any]
    lines: Mapping[str, Points]


def draw_lines(panels: Sequence[Panel], stem: Path, title: str, *, log: bool = False) -> list[Path]:
    """Draw a line with a band for each scheme; write `stem`.png and .svg.

    `log` makes the vertical axis logarithmic.
    """
    figure, axes = _axes(panels)
    for axis, panel in zip(axes, panels, strict=False):
        for at, (name, points) in enumerate(panel.lines.items()):
            colour, marker = _style(name, at)
            known = [(x, *point) for x, point in zip(panel.x, points, strict=True)
                     if point[0] == point[0]]  # fmt: skip
            if not known:
                continue
            x, mean, low, high = zip(*known, strict=True)
            dashed = {"linestyle": "--", "marker": ""} if "bound" in name else {"marker": marker}
            axis.plot(x, mean, color=colour, label=name, markersize=4, lw=1.3, **dashed)
            axis.fill_between(x, low, high, color=colour, alpha=0.15, lw=0)
        if log:
            axis.set_yscale("log")
        _finish(axis, panel)
    return _save(figure, axes, stem, title)


def draw_bars(panels: Sequence[Panel], stem: Path, title: str) -> list[Path]:
    """Draw a group of bars at each x, a bar with its interval for each scheme."""
    figure, axes = _axes(panels)
    for axis, panel in zip(axes, panels, strict=False):
        width = 0.8 / len(panel.lines)
        for at, (name, points) in enumerate(panel.lines.items()):
            colour, _ = _style(name, at)
            place = [
                index + (at - (len(panel.lines) - 1) / 2) * width for index in range(len(points))
            ]
            spread = [
                [mean - low for mean, low, _ in points],
                [high - mean for mean, _, high in points],
            ]
            axis.bar(place, [mean for mean, _, _ in points], width, color=colour, label=name,
                     yerr=spread, error_kw={"elinewidth": 0.8})  # fmt: skip
        axis.set_xticks(range(len(panel.x)), [str(one) for one in panel.x])
        _finish(axis, panel)
    return _save(figure, axes, stem, title)


@dataclass(frozen=True)
class Map:
    """A map over two parameters: `values` and `labels`, shape (y, x)."""

    title: str
    x_label: str
    y_label: str
    x: Sequence[float]
    y: Sequence[float]
    values: Any
    labels: Sequence[Sequence[str]]


def draw_maps(maps: Sequence[Map], stem: Path, title: str) -> list[Path]:
    """Draw each map as coloured cells with their labels; write `stem`.png and .svg."""
    from matplotlib.figure import Figure

    rows = -(-len(maps) // _COLUMNS)
    figure = Figure(figsize=(5.4 * _COLUMNS, 3.8 * rows), layout="constrained")
    axes = list(figure.subplots(rows, _COLUMNS, squeeze=False).ravel())
    for axis in axes[len(maps) :]:
        axis.set_axis_off()
    for axis, one in zip(axes, maps, strict=False):
        image = axis.imshow(one.values, origin="lower", aspect="auto", cmap="cividis")
        figure.colorbar(image, ax=axis)
        axis.set_xticks(range(len(one.x)), [f"{value:g}" for value in one.x])
        axis.set_yticks(range(len(one.y)), [f"{value:g}" for value in one.y])
        middle = (image.norm.vmin + image.norm.vmax) / 2
        for row, texts in enumerate(one.labels):
            for column, text in enumerate(texts):
                colour = "white" if one.values[row][column] < middle else "black"
                axis.text(column, row, text, ha="center", va="center", fontsize=6, color=colour)
        axis.set_title(one.title, fontsize=9, loc="left")
        axis.set_xlabel(one.x_label, fontsize=8)
        axis.set_ylabel(one.y_label, fontsize=8)
        axis.tick_params(labelsize=7)
    return _save(figure, [], stem, title)


def _style(name: str, at: int) -> tuple[str, str]:
    return _STYLES.get(name, (_OTHERS[at % len(_OTHERS)], "."))


def _axes(panels: Sequence[Panel]) -> tuple[Any, list[Any]]:
    from matplotlib.figure import Figure  # no pyplot: no window, no global state

    rows = -(-len(panels) // _COLUMNS)
    columns = min(_COLUMNS, len(panels))
    figure = Figure(figsize=(_WIDTH * columns, 3.2 * rows), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).ravel())
    for axis in axes[len(panels) :]:
        axis.set_axis_off()
    return figure, axes


def _finish(axis: Any, panel: Panel) -> None:
    axis.set_title(panel.title, fontsize=9, loc="left")
    axis.set_xlabel(panel.x_label, fontsize=8)
    axis.set_ylabel(panel.y_label, fontsize=8)
    axis.tick_params(labelsize=7)
    axis.grid(alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)


def _save(figure: Any, axes: Sequence[Any], stem: Path, title: str) -> list[Path]:
    from matplotlib import rc_context

    if axes:
        handles, names = axes[0].get_legend_handles_labels()
        columns = 4 if figure.get_figwidth() > _WIDTH else 1
        figure.legend(
            handles, names, loc="outside lower center", ncols=columns, fontsize=8, frameon=False
        )
    figure.suptitle(title, fontsize=10)
    paths = [stem.with_suffix(suffix) for suffix in (".png", ".svg")]
    with rc_context({"svg.hashsalt": "splitbench"}):  # the same file for the same data
        figure.savefig(paths[0], dpi=150, bbox_inches="tight")
        figure.savefig(paths[1], metadata={"Date": None}, bbox_inches="tight")
    return paths
