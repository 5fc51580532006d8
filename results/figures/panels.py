"""Panels of a figure: sizes, one line style per solver, solver names at the side, legend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from splitbench.results.tables import escape
from splitbench.results.tables.labels import folded
from splitbench.results.tables.layout import FAILED_MARK

if TYPE_CHECKING:
    from pandas import DataFrame, Series

#: Colours that the colour-blind can tell apart (Wong, Nature Methods 8, 2011), then dashes.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_DASHES = ("-", "--", ":", "-.")
MARKERS = ("o", "s", "^", "D")
#: Longest line of a name with which two panels stand side by side.
_NARROW = 16

Styles = dict[str, dict[str, Any]]


class Paper(Enum):
    """Width of a figure in inches: for a screen, or one or two columns of a two-column paper."""

    SCREEN = 9.0
    ONE_COLUMN = 3.5
    TWO_COLUMNS = 7.16

    @property
    def font(self) -> int:
        """Size of letters, points."""
        return 9 if self is Paper.SCREEN else 7

    @property
    def panels(self) -> int:
        """Most panels side by side."""
        return 1 if self is Paper.ONE_COLUMN else 2


def solvers_of(table: DataFrame) -> dict[str, DataFrame]:
    """Return the cells of each solver, the best mean utility first, failures last and marked."""
    found = []
    for name, cells in table.groupby("solver", sort=False):
        failed = bool(cells["failed"].any())
        utility = cells.loc[cells["counted"], "utility_mean"].mean(skipna=False)
        place = (failed, bool(np.isnan(utility)), -utility)
        found.append((place, f"{FAILED_MARK} {name}" if failed else str(name), cells))
    found.sort(key=lambda one: one[0])
    return {name: cells for _, name, cells in found}


def styles_of(names: Iterable[str]) -> Styles:
    """Give each solver one colour and line style throughout a figure."""
    return {
        name: {
            "color": _COLOURS[index % len(_COLOURS)],
            "linestyle": _DASHES[index // len(_COLOURS) % len(_DASHES)],
        }
        for index, name in enumerate(dict.fromkeys(names))
    }


def add_legend(figure: Any, styles: Styles, paper: Paper = Paper.SCREEN) -> None:
    """Add a legend of the solvers: at the figure's right, or below a one-column figure."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], **style) for style in styles.values()]
    names = [folded(name) for name in styles]
    width, height = figure.get_size_inches()
    if paper is not Paper.ONE_COLUMN:
        # The line height is 1.7 times the font size; 72 points are an inch.
        needed = 0.4 + sum(name.count("\n") + 1 for name in names) * 1.7 * paper.font / 72
        figure.set_size_inches(width, max(height, needed))
        figure.legend(handles, names, loc="outside right upper", fontsize=paper.font)
        return
    columns = 2 if max(map(_longest, names)) <= _NARROW + 6 else 1
    lines = sum(name.count("\n") + 1 for name in names) / columns
    figure.set_size_inches(width, height + 0.2 + lines * 0.16)
    figure.legend(handles, names, loc="outside lower center", ncols=columns)


def grid(figure: Any, panels: int, paper: Paper) -> list[Any]:
    """Return axes for panels without names at their side."""
    columns = min(panels, paper.panels)
    rows = ceil(panels / columns)
    each = 2.4 if panels > 1 or paper is Paper.ONE_COLUMN else 3.6
    figure.set_size_inches(paper.value, 0.8 + rows * each)
    return _axes(figure, rows, columns, panels)


def named_rows(figure: Any, panels: Mapping[str, Mapping[str, Any]], paper: Paper) -> list[Any]:
    """Return axes for each suite, as high as its solvers' names need."""
    names = [folded(name) for solvers in panels.values() for name in solvers]
    columns = 1 if max(map(_longest, names)) > _NARROW else min(len(panels), paper.panels)
    lines = [sum(map(_lines, solvers)) for solvers in panels.values()]
    heights = [max(lines[start : start + columns]) for start in range(0, len(lines), columns)]
    inches = [0.55 + 0.0167 * paper.font * height for height in heights]
    figure.set_size_inches(paper.value, 0.5 + sum(inches))
    return _axes(figure, len(inches), columns, len(panels), height_ratios=inches)


def dots(axes: Any, place: float, values: Sequence[float] | Series[float], colour: str) -> None:
    """Draw each value, and their mean; say so where there is none."""
    if len(values) == 0:
        axes.text(0.01, place, "no numbers", color="#777777", va="center",
                  transform=axes.get_yaxis_transform())  # fmt: skip
        return
    outline = {"markerfacecolor": "none", "alpha": 0.55, "markersize": 3.5}
    axes.plot(values, [place] * len(values), "o", color=colour, clip_on=False, **outline)
    axes.plot(float(np.mean(values)), place, "o", color=colour, markersize=6, clip_on=False)


def label_solvers(axes: Any, title: str, names: Iterable[str]) -> dict[str, float]:
    """Write the suite above and the solvers at the side; return each solver's height."""
    places, edge = {}, 0.0
    for name in names:
        places[name] = edge + _lines(name) / 2
        edge += _lines(name)
    axes.set_title(escape.figure(title))
    axes.set_yticks(list(places.values()), [folded(name) for name in places])
    axes.set_ylim(edge, 0.0)
    axes.grid(axis="y", visible=False)
    return places


def _axes(figure: Any, rows: int, columns: int, used: int, **options: Any) -> list[Any]:
    axes = figure.subplots(rows, columns, squeeze=False, **options).ravel().tolist()
    for unused in axes[used:]:
        unused.remove()
    return list(axes[:used])


def _longest(name: str) -> int:
    return max(map(len, name.split("\n")))


def _lines(name: str) -> float:
    """Height of a solver's name and the space around it, in lines of text."""
    return folded(name).count("\n") + 1.6
