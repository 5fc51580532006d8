"""What the figures show, each drawn on an empty figure of matplotlib, a panel a suite."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from statistics import median
from typing import Any

import numpy as np

from splitbench.problems.errors import InputError
from splitbench.results.bounds import BOUND, with_horizon_gaps
from splitbench.results.rows import Group, group_of
from splitbench.results.statistics.bootstrap import bootstrap_interval
from splitbench.results.statistics.performance import (
    PerformanceProfile,
    profiles_by_suite,
    title_of,
)
from splitbench.results.statistics.samples import samples_of
from splitbench.results.store.record import CellRecord
from splitbench.results.tables import escape
from splitbench.results.tables.labels import folded

#: Colours that the colour-blind can tell apart (Wong, Nature Methods 8, 2011), then dashes.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_DASHES = ("-", "--", ":", "-.")
_MARKERS = ("o", "s", "^", "D")
_WIDTH_IN = 9.0
#: Longest line of a name with which two panels stand side by side.
_NARROW = 16

Styles = dict[str, dict[str, Any]]


def performance_profiles(figure: Any, records: Sequence[CellRecord]) -> None:
    """Draw the Dolan–Moré profile of solve times of each suite, and of all together."""
    profiles = {name: one for name, one in profiles_by_suite(samples_of(records)) if one.cells}
    if not profiles:
        raise InputError("performance-profile: no cell was run by every solver; expected some")
    styles = styles_of(name for profile in profiles.values() for name in profile.solvers)
    for axes, (title, profile) in zip(_grid(figure, len(profiles)), profiles.items(), strict=True):
        _draw_profile(axes, profile, styles)
        left_out = f", {profile.left_out} not run by all" if profile.left_out else ""
        axes.set_title(f"{escape.figure(title)} ({profile.cells} cells{left_out})")
    figure.supxlabel("solve time as a multiple of the fastest solver's on the same cell")
    figure.supylabel("share of cells ended within it; failures never")
    add_legend(figure, styles)


def gap_by_suite(figure: Any, records: Sequence[CellRecord]) -> None:
    """Draw slot gaps per device: each seed, their mean, and the worst slot."""
    gaps = _by_seed(one for one in records if one.slot_gap_mean is not None and one.devices)
    if not gaps:
        raise InputError("gap: no cell of this store has a gap; expected cells with a reference")
    styles = styles_of(name for of_suite in gaps.values() for name in of_suite)
    for axes, (group, of_suite) in zip(_rows(figure, gaps), gaps.items(), strict=True):
        places = _label(axes, group, of_suite)
        for name, of_seed in of_suite.items():
            means = [
                float(np.mean([(cell.slot_gap_mean or 0.0) / cell.devices for cell in cells]))
                for cells in of_seed.values()
            ]
            cells = [cell for of_one in of_seed.values() for cell in of_one]
            worst = max((cell.slot_gap_max or 0.0) / cell.devices for cell in cells)
            colour = styles[name]["color"]
            _dots(axes, places[name], means, colour)
            axes.plot(worst, places[name], marker="|", color=colour, markersize=9, clip_on=False)
        axes.set_xscale("symlog", linthresh=1e-4, linscale=0.5)
        if not _negative(of_suite):
            axes.set_xlim(left=0.0)
    figure.supxlabel("optimum − U per device: ● mean, ○ each seed, | worst slot")


def horizon_gap_by_suite(figure: Any, records: Sequence[CellRecord]) -> None:
    """Draw how far mean utilities are below the bound of the horizon: each seed, their mean."""
    known = with_horizon_gaps(records)
    gaps = _by_seed(one for one in known if one.horizon_gap is not None and one.devices)
    if not gaps:
        raise InputError(
            "horizon-gap: no cell of this store has a horizon bound; "
            "expected episodes with a reference"
        )
    styles = styles_of(name for of_suite in gaps.values() for name in of_suite)
    for axes, (group, of_suite) in zip(_rows(figure, gaps), gaps.items(), strict=True):
        places = _label(axes, group, of_suite)
        for name, of_seed in of_suite.items():
            of_cells = [
                (cell.horizon_gap or 0.0) / cell.devices
                for cells in of_seed.values()
                for cell in cells
            ]
            _dots(axes, places[name], of_cells, styles[name]["color"])
        axes.set_xscale("symlog", linthresh=1e-5, linscale=0.5)
        axes.set_xlim(left=0.0)
    figure.supxlabel("bound of the whole horizon − mean U, per device: ● mean, ○ each seed")


def _by_seed(
    records: Iterable[CellRecord],
) -> dict[Group, dict[str, dict[int, list[CellRecord]]]]:
    """Sort records by suite, solver and seed."""
    found: dict[Group, dict[str, dict[int, list[CellRecord]]]] = {}
    for record in records:
        of_solver = found.setdefault(group_of(record.key), {}).setdefault(record.key.solver, {})
        of_solver.setdefault(record.key.seed, []).append(record)
    return found


def utility_by_suite(figure: Any, records: Sequence[CellRecord]) -> None:
    """Draw mean utilities with their bootstrap intervals over seeds."""
    values = {
        group: {name: list(sample.by_seed().values()) for name, sample in of_suite.items()}
        for group, of_suite in samples_of(records).items()
    }
    values = {
        group: {name: of_seeds for name, of_seeds in of_suite.items() if of_seeds}
        for group, of_suite in values.items()
        if any(of_suite.values())
    }
    if not values:
        raise InputError("utility: no cell of this store has a utility; expected finished cells")
    styles = styles_of(name for of_suite in values.values() for name in of_suite)
    lines = "too few seeds for an interval"
    for axes, (group, of_suite) in zip(_rows(figure, values), values.items(), strict=True):
        places = _label(axes, group, of_suite)
        for name, of_seeds in of_suite.items():
            colour = styles[name]["color"]
            low, high = bootstrap_interval(of_seeds)
            if low is not None and high is not None:
                lines = "line: 95 % bootstrap interval"
                axes.plot([low, high], [places[name]] * 2, color=colour, linewidth=3, alpha=0.45)
            _dots(axes, places[name], of_seeds, colour)
    figure.supxlabel(f"mean U of a slot: ● mean, ○ each seed, {lines}")


def time_by_devices(figure: Any, records: Sequence[CellRecord]) -> None:
    """Draw the median seconds a slot against the number of devices, a line a solver."""
    times: dict[str, dict[int, list[float]]] = {}
    for record in records:
        if record.finished and record.key.solver != BOUND and len(record.solve_s):
            by_count = times.setdefault(record.key.solver, {})
            by_count.setdefault(record.devices, []).append(median(record.solve_s))
    if not times:
        raise InputError("time: no cell of this store has solve times; expected finished cells")
    (axes,) = _grid(figure, 1)
    styles = {
        name: look | {"marker": _MARKERS[index // len(_COLOURS) % len(_MARKERS)], "markersize": 4}
        for index, (name, look) in enumerate(styles_of(times).items())
    }
    for place, (name, by_count) in enumerate(times.items()):
        counts = sorted(by_count)
        # Beside each other, so that none hides another.
        beside = [count * 1.008 ** (place - (len(times) - 1) / 2) for count in counts]
        middle = [median(by_count[count]) for count in counts]
        axes.plot(beside, middle, **styles[name])
        quartiles = [np.quantile(by_count[count], (0.25, 0.75)) for count in counts]
        axes.vlines(beside, *np.transpose(quartiles), color=styles[name]["color"], linewidth=1)
    ticks = sorted({count for by_count in times.values() for count in by_count})
    axes.set(xscale="log", yscale="log", xlabel="devices", ylabel="seconds a slot")
    axes.set_xticks(ticks, [str(count) for count in ticks])
    axes.set_xticks([], minor=True)
    axes.set_title("Solve time: median over cells, bars from the first quartile to the third")
    add_legend(figure, styles)


def _negative(of_suite: Mapping[str, Mapping[int, Sequence[CellRecord]]]) -> bool:
    """Whether somebody beats the reference: that must not lie outside the figure."""
    cells = (cell for of_solver in of_suite.values() for of in of_solver.values() for cell in of)
    return any((cell.slot_gap_mean or 0.0) < 0.0 for cell in cells)


def _draw_profile(axes: Any, profile: PerformanceProfile, styles: Styles) -> None:
    from matplotlib.ticker import NullFormatter

    factors = profile.steps()
    shares = np.array([profile.share(factor) for factor in factors])
    for row, name in enumerate(profile.solvers):
        axes.step(factors, shares[:, row], where="post", **styles[name])
    axes.set(xscale="log", xlim=(1.0, factors[-1]), ylim=(-0.02, 1.02))
    if factors[-1] >= 10.0:  # powers of ten are enough; what lies between would overlap
        axes.xaxis.set_minor_formatter(NullFormatter())


def styles_of(names: Iterable[str]) -> Styles:
    """Give each solver one look throughout a figure."""
    return {
        name: {
            "color": _COLOURS[index % len(_COLOURS)],
            "linestyle": _DASHES[index // len(_COLOURS) % len(_DASHES)],
        }
        for index, name in enumerate(dict.fromkeys(names))
    }


def add_legend(figure: Any, styles: Styles) -> None:
    """Explain the looks of the solvers at the figure's right."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], **style) for style in styles.values()]
    figure.legend(handles, [folded(name) for name in styles], loc="outside right upper")


def _grid(figure: Any, panels: int) -> list[Any]:
    """Return axes for panels without names at their side, up to two beside each other."""
    columns = min(panels, 2)
    rows = ceil(panels / columns)
    figure.set_size_inches(_WIDTH_IN, 0.8 + rows * (2.4 if panels > 1 else 3.6))
    return _axes(figure, rows, columns, panels)


def _rows(figure: Any, groups: Mapping[Group, Mapping[str, Any]]) -> list[Any]:
    """Return axes for each suite, as high as its solvers' names need."""
    names = [folded(name) for of_suite in groups.values() for name in of_suite]
    longest = max(len(line) for name in names for line in name.split("\n"))
    columns = 1 if longest > _NARROW else min(len(groups), 2)
    lines = [sum(map(_lines, of_suite)) for of_suite in groups.values()]
    heights = [max(lines[start : start + columns]) for start in range(0, len(lines), columns)]
    inches = [0.55 + 0.15 * height for height in heights]
    figure.set_size_inches(_WIDTH_IN, 0.5 + sum(inches))
    return _axes(figure, len(inches), columns, len(groups), height_ratios=inches)


def _axes(figure: Any, rows: int, columns: int, used: int, **options: Any) -> list[Any]:
    axes = figure.subplots(rows, columns, squeeze=False, **options).ravel().tolist()
    for unused in axes[used:]:
        unused.remove()
    return list(axes[:used])


def _dots(axes: Any, place: float, values: Sequence[float], colour: str) -> None:
    outline = {"markerfacecolor": "none", "alpha": 0.55, "markersize": 3.5}
    axes.plot(values, [place] * len(values), "o", color=colour, clip_on=False, **outline)
    axes.plot(float(np.mean(values)), place, "o", color=colour, markersize=6, clip_on=False)


def _label(axes: Any, group: Group, names: Iterable[str]) -> dict[str, float]:
    """Write the suite above and the solvers at the side; return each solver's height."""
    places, edge = {}, 0.0
    for name in names:
        places[name] = edge + _lines(name) / 2
        edge += _lines(name)
    axes.set_title(escape.figure(title_of(group)))
    axes.set_yticks(list(places.values()), [folded(name) for name in places])
    axes.set_ylim(edge, 0.0)
    axes.grid(axis="y", visible=False)
    return places


def _lines(name: str) -> float:
    """Height of a solver's name and the space around it, in lines of text."""
    return folded(name).count("\n") + 1.6
