"""Draw each kind of figure on an empty matplotlib figure, with one panel per suite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from splitbench.problems.errors import InputError
from splitbench.results.figures.panels import (
    MARKERS,
    Paper,
    add_legend,
    dots,
    grid,
    label_solvers,
    named_rows,
    solvers_of,
    styles_of,
)
from splitbench.results.frame import group_title, groups_of
from splitbench.results.statistics.inference import bootstrap_interval
from splitbench.results.statistics.performance import PerformanceProfile, profiles_by_suite
from splitbench.results.statistics.seeds import by_seed, utilities, with_repetitions
from splitbench.results.tables import escape

if TYPE_CHECKING:
    from pandas import DataFrame, Series


def performance_profiles(figure: Any, frame: DataFrame, paper: Paper) -> None:
    """Draw the Dolan–Moré profile of solve times of each suite, and of all together."""
    profiles = {name: one for name, one in profiles_by_suite(frame) if one.cells}
    if not profiles:
        raise InputError("performance-profile: no cell was run by every solver; expected some")
    styles = styles_of(name for profile in profiles.values() for name in profile.solvers)
    for axes, (title, profile) in zip(
        grid(figure, len(profiles), paper), profiles.items(), strict=True
    ):
        _draw_profile(axes, profile, styles)
        left_out = f", {profile.left_out} not run by all" if profile.left_out else ""
        axes.set_title(f"{escape.figure(title)} ({profile.cells} cells{left_out})")
    figure.supxlabel("solve time as a multiple of the fastest solver's on the same cell")
    figure.supylabel("share of cells ended within it; failures never")
    add_legend(figure, styles, paper)


def gap_by_suite(figure: Any, frame: DataFrame, paper: Paper) -> None:
    """Draw slot gaps per device: each seed (or file), their mean, and the worst slot."""
    panels = _panels(frame, "slot_gap_mean")
    if not panels:
        raise InputError("gap: no cell of this store has a gap; expected cells with a reference")
    styles = styles_of(name for solvers in panels.values() for name in solvers)
    for axes, (title, solvers) in zip(
        named_rows(figure, panels, paper), panels.items(), strict=True
    ):
        places = label_solvers(axes, title, solvers)
        for name, cells in solvers.items():
            cells = with_repetitions(cells)
            gaps = (cells["slot_gap_mean"] / cells["devices"]).groupby(cells["seed"]).mean()
            worst = (cells["slot_gap_max"] / cells["devices"]).max()
            colour = styles[name]["color"]
            dots(axes, places[name], gaps.dropna(), colour)
            axes.plot(worst, places[name], marker="|", color=colour, markersize=9, clip_on=False)
        _gap_axis(axes, solvers, "slot_gap_mean", 1e-4)
    against = sorted(set(frame["gap_against"].dropna()))
    words = "/".join(against).replace("_", " ")
    figure.supxlabel(f"{words} − U per device: ● mean, ○ each seed or file, | worst slot")


def horizon_gap_by_suite(figure: Any, frame: DataFrame, paper: Paper) -> None:
    """Draw how far mean utilities are below the bound of the horizon: each seed, their mean."""
    panels = _panels(frame, "horizon_gap")
    if not panels:
        raise InputError(
            "horizon-gap: no cell of this store has a horizon bound; "
            "expected episodes with a reference"
        )
    styles = styles_of(name for solvers in panels.values() for name in solvers)
    for axes, (title, solvers) in zip(
        named_rows(figure, panels, paper), panels.items(), strict=True
    ):
        places = label_solvers(axes, title, solvers)
        for name, cells in solvers.items():
            gaps = (cells["horizon_gap"] / cells["devices"]).dropna()
            dots(axes, places[name], gaps, styles[name]["color"])
        _gap_axis(axes, solvers, "horizon_gap", 1e-5)
    figure.supxlabel("bound of the whole horizon − mean U, per device: ● mean, ○ each seed or file")


def utility_by_suite(figure: Any, frame: DataFrame, paper: Paper) -> None:
    """Draw mean utilities with their bootstrap intervals over seeds, failures last and marked."""
    panels = {
        group_title(*group): solvers_of(table)
        for group, table in groups_of(frame).items()
        if table["utility_mean"].notna().any()
    }
    if not panels:
        raise InputError("utility: no cell of this store has a utility; expected finished cells")
    styles = styles_of(name for solvers in panels.values() for name in solvers)
    lines = "too few seeds for an interval"
    for axes, (title, solvers) in zip(
        named_rows(figure, panels, paper), panels.items(), strict=True
    ):
        places = label_solvers(axes, title, solvers)
        for name, cells in solvers.items():
            values, colour = _of_seeds(cells), styles[name]["color"]
            low, high = bootstrap_interval(values)
            if low is not None and high is not None:
                lines = "line: 95 % bootstrap interval"
                axes.plot([low, high], [places[name]] * 2, color=colour, linewidth=3, alpha=0.45)
            dots(axes, places[name], values, colour)
    figure.supxlabel(f"mean U of a slot: ● mean, ○ each seed or file, {lines}; † failed cells")


def time_by_devices(figure: Any, frame: DataFrame, paper: Paper) -> None:
    """Draw the median seconds per slot against the number of devices, one line per solver."""
    cells = frame[frame["finished"] & (frame["solve_s"].map(len) > 0)]
    if cells.empty:
        raise InputError("time: no cell of this store has solve times; expected finished cells")
    cells = cells.assign(median_s=cells["solve_s"].map(np.median))
    (axes,) = grid(figure, 1, paper)
    solvers = cells.groupby("solver", sort=False)["median_s"]
    styles = _marked_styles([str(name) for name in solvers.groups])
    for place, (name, of_solver) in enumerate(cells.groupby("solver", sort=False)):
        quartiles = (
            of_solver.groupby("devices")["median_s"].quantile(np.array([0.25, 0.5, 0.75])).unstack()
        )
        # Points are shifted sideways, so that none hides another.
        beside = quartiles.index.to_numpy() * 1.008 ** (place - (len(styles) - 1) / 2)
        axes.plot(beside, quartiles[0.5], **styles[str(name)])
        colour = styles[str(name)]["color"]
        axes.vlines(beside, quartiles[0.25], quartiles[0.75], color=colour, linewidth=1)
    ticks = sorted(cells["devices"].unique())
    axes.set(xscale="log", yscale="log", xlabel="devices", ylabel="seconds a slot")
    axes.set_xticks(ticks, [str(count) for count in ticks])
    axes.set_xticks([], minor=True)
    axes.set_title("median over cells, bars from the first quartile to the third")
    add_legend(figure, styles, paper)


def utility_by_seeds(figure: Any, frame: DataFrame, paper: Paper) -> None:
    """Draw the mean utility of the first n seeds against n: whether more seeds are needed."""
    panels: dict[str, dict[str, list[float]]] = {}
    for group, table in groups_of(frame).items():
        values = {name: _of_seeds(cells) for name, cells in solvers_of(table).items()}
        enough = {name: of_seeds for name, of_seeds in values.items() if len(of_seeds) > 2}
        if enough:
            panels[group_title(*group)] = enough
    if not panels:
        raise InputError("convergence: no solver has three seeds with a utility; expected some")
    styles = styles_of(name for solvers in panels.values() for name in solvers)
    for axes, (title, solvers) in zip(
        grid(figure, len(panels), paper), panels.items(), strict=True
    ):
        for name, of_seeds in solvers.items():
            counts = np.arange(1, len(of_seeds) + 1)
            axes.plot(counts, np.cumsum(np.array(of_seeds)) / counts, **styles[name])
        axes.set_title(escape.figure(title))
    figure.supxlabel("seeds")
    figure.supylabel("mean U of the first seeds")
    add_legend(figure, styles, paper)


def quality_by_time(figure: Any, frame: DataFrame, paper: Paper) -> None:
    """Draw the mean slot gap in % of |reference| against the median seconds of a slot."""
    panels = _panels(frame, "slot_gap_mean")
    if not panels:
        raise InputError(
            "quality: no cell of this store has a gap; expected cells with a reference"
        )
    styles = _marked_styles([name for solvers in panels.values() for name in solvers])
    for axes, (title, solvers) in zip(
        grid(figure, len(panels), paper), panels.items(), strict=True
    ):
        for name, cells in solvers.items():
            known = cells[cells["slot_gap_mean"].notna()]
            slots = known["slots_counted"]
            reference = abs(float(((known["slot_gap_mean"] + known["utility_mean"]) * slots).sum()))
            gap = 100.0 * float((known["slot_gap_mean"] * slots).sum()) / max(reference, 1e-10)
            seconds = float(np.median(np.concatenate(known["solve_s"].to_list())))
            look = styles[name] | {"linestyle": "none", "markersize": 5}
            axes.plot(seconds * 1e3, gap, clip_on=False, **look)
        axes.set(xscale="log", title=escape.figure(title))
        axes.set_yscale("symlog", linthresh=0.01, linscale=0.5)
        axes.set_ylim(bottom=0.0 if not _negative(solvers, "slot_gap_mean") else None)
    figure.supxlabel("median solve time of a slot, ms")
    figure.supylabel("mean gap, % of |reference|")
    add_legend(figure, styles, paper)


def _panels(frame: DataFrame, needed: str) -> dict[str, dict[str, DataFrame]]:
    """Return the solvers of each table that have a number in a column."""
    found = {}
    for group, table in groups_of(frame[frame["counted"]]).items():
        solvers = {
            name: cells for name, cells in solvers_of(table).items() if cells[needed].notna().any()
        }
        if solvers:
            found[group_title(*group)] = solvers
    return found


def _of_seeds(cells: DataFrame) -> list[float]:
    """Mean utility of each complete seed, or of each file, of one solver."""
    cells = with_repetitions(cells)
    (column,) = (by_seed(utilities(cells))[name] for name in cells["solver"].unique())
    values: Series[float] = column.dropna()
    return values.to_list()


def _gap_axis(axes: Any, solvers: Mapping[str, DataFrame], column: str, linear: float) -> None:
    axes.set_xscale("symlog", linthresh=linear, linscale=0.5)
    if not _negative(solvers, column):
        axes.set_xlim(left=0.0)


def _negative(solvers: Mapping[str, DataFrame], column: str) -> bool:
    """Whether some gap is negative; the axis must then include it."""
    return any(bool((cells[column] < 0.0).any()) for cells in solvers.values())


def _marked_styles(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    return {
        name: look | {"marker": MARKERS[index // 7 % len(MARKERS)], "markersize": 4}
        for index, (name, look) in enumerate(styles_of(names).items())
    }


def _draw_profile(axes: Any, profile: PerformanceProfile, styles: Any) -> None:
    from matplotlib.ticker import NullFormatter

    factors = profile.steps()
    shares = np.array([profile.share(factor) for factor in factors])
    for row, name in enumerate(profile.solvers):
        axes.step(factors, shares[:, row], where="post", **styles[name])
    axes.set(xscale="log", xlim=(1.0, factors[-1]), ylim=(-0.02, 1.02))
    if factors[-1] >= 10.0:  # powers of ten are enough; what lies between would overlap
        axes.xaxis.set_minor_formatter(NullFormatter())
