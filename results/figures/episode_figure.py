"""An episode slot by slot: sun, charge, price of energy and utility of each policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from splitbench.problems.arrays import Floats
from splitbench.problems.errors import InputError
from splitbench.results.bounds import BOUND, bound_key
from splitbench.results.figures.panels import Paper, add_legend, styles_of
from splitbench.results.frame import group_title, groups_of
from splitbench.results.store.record import CellKey, CellRecord
from splitbench.results.tables import escape

if TYPE_CHECKING:
    from pandas import DataFrame

#: Suite and slots asked for.
Group = tuple[str, int | None]

#: More suites beside each other cannot be read.
MOST_SUITES = 4
_COLUMN_IN, _ROW_IN = 3.6, 1.7
#: Utilities of single slots are noisy: the figure shows a moving mean over this share of the
#: episode.
_WINDOW = 1 / 12
_HINDSIGHT = "in hindsight (bound)"


def episodes_to_draw(frame: DataFrame) -> list[CellKey]:
    """For each suite, return the episodes of the seed that most solvers ran, with their bound."""
    keys: list[CellKey] = []
    for table in groups_of(frame[frame["cells"] == "episodes"]).values():
        seed = table["seed"].mode().min()
        of_suite: list[CellKey] = table.loc[table["seed"] == seed, "key"].to_list()
        keys += [*of_suite, *dict.fromkeys(map(bound_key, of_suite))]
    return keys


def day_by_suite(figure: Any, records: Sequence[CellRecord], paper: Paper) -> None:
    """Draw one episode of each suite, means over devices; `records` need their decisions."""
    by_group: dict[Group, list[CellRecord]] = {}
    for record in records:
        if record.key.solver == BOUND or _series(record, "harvest_j") is not None:
            by_group.setdefault((record.key.suite, record.key.slots), []).append(record)
    groups = {
        group: cells
        for group, cells in by_group.items()
        if any(cell.key.solver != BOUND for cell in cells)
    }
    if not groups:
        raise InputError(
            "day: no episode of this store has its sun; expected episodes run by this version"
        )
    if len(groups) > MOST_SUITES:
        raise InputError(
            f"day: {len(groups)} suites; expected at most {MOST_SUITES}, named by --suite"
        )
    wide = paper.value
    if paper is Paper.SCREEN:
        wide = max(wide, 2.4 + _COLUMN_IN * len(groups))
    figure.set_size_inches(wide, 0.8 + 4 * _ROW_IN * paper.font / Paper.SCREEN.font)
    axes = figure.subplots(4, len(groups), squeeze=False, sharex="col")
    names = (cell.key.solver for cells in groups.values() for cell in cells)
    styles = styles_of(name for name in names if name != BOUND)
    for column, (group, cells) in zip(axes.T, groups.items(), strict=True):
        _draw_suite(column, cells, styles)
        title = escape.figure(group_title(group[0], "episodes", group[1]))
        column[0].set_title(f"{title}, seed {cells[0].key.seed}")
    for axis, label in zip(
        axes[:, 0],
        ("harvest, J a slot", "charge, J", "price, U per kJ", "U per device"),
        strict=True,
    ):
        axis.set_ylabel(label)
    hindsight = {_HINDSIGHT: {"color": "black", "linestyle": ":"}}
    priced = any(cell.key.solver == BOUND for cells in groups.values() for cell in cells)
    add_legend(figure, styles | (hindsight if priced else {}), paper)
    figure.supxlabel("slot; means over devices, U also over neighbouring slots")


def _draw_suite(axes: Sequence[Any], cells: Sequence[CellRecord], styles: Any) -> None:
    sun, charge, price, utility = axes
    policies = [cell for cell in cells if cell.key.solver != BOUND]
    harvest = _series(policies[0], "harvest_j")
    assert harvest is not None
    sun.fill_between(np.arange(len(harvest)), harvest, color="#e69f00", alpha=0.6, linewidth=0)
    sun.set_ylim(bottom=0.0)
    for cell in policies:
        look = styles[cell.key.solver]
        _plot(charge, _series(cell, "battery_next_j"), look)
        _plot(price, _scaled(_series(cell, "energy_price"), 1e3), look)
        _plot(utility, _smooth(_scaled(_series(cell, "utility"), 1.0 / cell.devices)), look)
    for cell in cells:
        if cell.key.solver == BOUND:
            hindsight = _scaled(_series(cell, "energy_price"), 1e3)
            _plot(price, hindsight, {"color": "black", "linestyle": ":", "zorder": 1})
    price.set_ylim(bottom=0.0)


def _series(cell: CellRecord, name: str) -> Floats | None:
    """Return one number per slot (the mean over devices); None where one is missing."""
    values = [decision.get(name) for decision in cell.decisions]
    known = [float(np.mean(value)) for value in values if value is not None]
    return np.array(known) if values and len(known) == len(values) else None


def _scaled(values: Floats | None, factor: float) -> Floats | None:
    return None if values is None else values * factor


def _smooth(values: Floats | None) -> Floats | None:
    """Return the mean of the slots around each, fewer at the ends."""
    if values is None:
        return None
    window = np.ones(max(1, round(_WINDOW * len(values))))
    counts = np.convolve(np.ones(len(values)), window, mode="same")
    mean: Floats = np.convolve(values, window, mode="same") / counts
    return mean


def _plot(axis: Any, values: Floats | None, look: dict[str, Any]) -> None:
    if values is not None:
        axis.plot(np.arange(len(values)), values, linewidth=1.3, **look)
