"""Which scheme wins where: bandwidth over device speed, and battery over sun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from splitbench.benchmark.paper.cells import OPTIMUM, RIVALS, Cells, run_cells, suite_name
from splitbench.benchmark.paper.figure import figure_result
from splitbench.benchmark.paper.items import PaperRequest, PaperResult
from splitbench.benchmark.paper.verdicts import estimate
from splitbench.problems.horizon.scenario import Scenario
from splitbench.problems.suites.named_suites import make_suite
from splitbench.results.figures.paper_figures import Map, draw_maps

SUITE = "paper-wifi"
#: Mean uplink of the suite, Mbit/s.
MIDDLE_MBPS = 15.0
SCHEMES = (OPTIMUM, *RIVALS, "local+ta")
UPLINKS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
BATTERIES = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
SUNS = (0.0, 0.25, 0.5, 1.0, 2.0)
MOST_SEEDS = 3


def maps(request: PaperRequest) -> PaperResult:
    """Find, at each point of two maps, the best rival and the lead of the exact optimum over it."""
    request = replace(request, seeds=request.seeds[:MOST_SEEDS])
    step = 2 if request.quick else 1
    speed = {
        (factor, scale): suite_name(SUITE, uplink_scale=scale, device_s=_slower(1 / factor))
        for factor in SPEEDS[::step] for scale in UPLINKS[::step]
    }  # fmt: skip
    charge = {
        (battery, sun): suite_name(SUITE, battery_scale=battery, sun_scale=sun)
        for battery in BATTERIES[::step] for sun in SUNS[::step]
    }  # fmt: skip
    suites = [*speed.values(), *charge.values()]
    cells = run_cells(request, suites, SCHEMES, reference=False)
    rows = [
        *(_row(cells, suite, "uplink × device speed", f"{MIDDLE_MBPS * x:g} Mbit/s, speed × {y:g}")
          for (y, x), suite in speed.items()),
        *(_row(cells, suite, "battery × sun", f"battery × {y:g}, sun × {x:g}")
          for (y, x), suite in charge.items()),
    ]  # fmt: skip
    drawn = []
    for suites_of, title, x_label, y_label, unit in (
        (speed, "uplink and device speed", "mean uplink, Mbit/s", "device speed, ×", MIDDLE_MBPS),
        (charge, "battery and sun", "sun, ×", "battery, ×", 1.0),
    ):
        y, x = (sorted({point[axis] for point in suites_of}) for axis in (0, 1))
        values, labels = _grid(cells, suites_of, y, x)
        drawn.append(Map(title, x_label, y_label, [unit * one for one in x], y, values, labels))
    title = f"Best rival on {SUITE}, and the lead of exact over it in U/N"
    figures = draw_maps(drawn, request.out / "maps", title)
    wins: dict[str, int] = {}
    for row in rows:
        wins[str(row["best rival"])] = wins.get(str(row["best rival"]), 0) + 1
    notes = [
        f"{len(request.seeds)} seeds; best rival at how many points: "
        + ", ".join(f"{name} {count}" for name, count in wins.items()),
        "a negative lead: solving each slot exactly is not optimal over the horizon",
    ]
    return figure_result(request, "maps", title, rows, [], notes, figures, cells)


def _slower(factor: float) -> str:
    """Return D_loc of each kind of device, so many times that of the suite."""
    scenario = make_suite(SUITE).scenario
    assert isinstance(scenario, Scenario)
    fleet = scenario.fleet()
    whole = [device.local_s[-1] for device in fleet.devices[: len(scenario.kinds)]]
    return "/".join(f"{factor * one:.4g}" for one in whole)


def best_rival(cells: Cells, suite: str) -> tuple[str, float]:
    """Return the best scheme but the exact optimum, and the optimum's lead over it in U/N."""
    earned = {
        scheme: estimate(cells.numbers(suite, scheme, "utility_per_device")).mean
        for scheme in SCHEMES
    }
    exact = earned.pop(OPTIMUM)
    rival = max(earned, key=lambda name: earned[name])
    return rival, exact - earned[rival]


def _row(cells: Cells, suite: str, which: str, point: str) -> dict[str, Any]:
    rival, lead = best_rival(cells, suite)
    row: dict[str, Any] = {"map": which, "at": point, "best rival": rival, "lead of exact": lead}
    for scheme in SCHEMES:
        row[scheme] = estimate(cells.numbers(suite, scheme, "utility_per_device")).mean
    row["served by exact"] = estimate(cells.numbers(suite, OPTIMUM, "served")).mean
    return row


def _grid(
    cells: Cells, suites: dict[tuple[float, float], str], y: Sequence[float], x: Sequence[float]
) -> tuple[Any, list[list[str]]]:
    values, labels = np.zeros((len(y), len(x))), []
    for row, high in enumerate(y):
        texts = []
        for column, across in enumerate(x):
            rival, lead = best_rival(cells, suites[high, across])
            values[row, column] = lead
            texts.append(f"{rival}\n{lead:+.3f}")
        labels.append(texts)
    return values, labels
