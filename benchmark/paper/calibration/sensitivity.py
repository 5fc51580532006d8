"""Sensitivity of the calibrated suites' agreement to a change of one constant by 20 %."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from splitbench.benchmark.paper.cells import OPTIMUM, RIVALS, Cells, run_cells, suite_name
from splitbench.benchmark.paper.claims import (
    ENERGY_PERCENT,
    NETWORKS,
    VGG,
    VGG_LATENCY_PERCENT,
    suite_of,
)
from splitbench.benchmark.paper.figure import figure_result
from splitbench.benchmark.paper.items import PaperRequest, PaperResult
from splitbench.benchmark.paper.verdicts import saving_percent
from splitbench.problems.horizon.scenario import Scenario
from splitbench.problems.suites.named_suites import make_suite

READING = "paper-calibrated"
FACTORS = (0.8, 1.2)
MOST_SEEDS = 5
#: Constants and their place among the kinds of device; None: of all kinds at once.
CHANGED: dict[str, tuple[str, int | None]] = {
    "D_loc of VGG-16": ("device_s", 0),
    "D_loc of ResNet-34": ("device_s", 1),
    "D_loc of MobileNet-V2": ("device_s", 2),
    "server's level, D(1)": ("server_s", None),
    "serial share": ("serial_share", None),
}


def sensitivity(request: PaperRequest) -> PaperResult:
    """Change each constant by 20 % up and down, and compute the eight numbers again."""
    request = replace(request, seeds=request.seeds[:MOST_SEEDS])
    changes: dict[str, dict[str, object]] = {"as shipped": {}}
    for name, (parameter, kind) in CHANGED.items():
        for factor in FACTORS:
            changes[f"{name} × {factor:g}"] = {parameter: _changed(parameter, kind, factor)}
    suites = {
        (change, net): suite_name(suite_of(READING, net), **given)
        for change, given in changes.items() for net in NETWORKS
    }  # fmt: skip
    cells = run_cells(request, list(suites.values()), [OPTIMUM, *RIVALS], reference=False)
    rows: list[dict[str, Any]] = [
        {"change": "claimed"}
        | {f"VGG below {rival}": f"{one:g}" for rival, one in VGG_LATENCY_PERCENT.items()}
        | {f"energy below {rival}": f"{one:g}" for rival, one in ENERGY_PERCENT.items()}
    ]
    for change in changes:
        rows.append({"change": change} | _numbers(cells, {net: suites[change, net]
                                                         for net in NETWORKS}))  # fmt: skip
    notes = [
        f"{len(request.seeds)} seeds, exact in the place of the paper's scheme; a number is the "
        "larger of WiFi and 5G, in percent",
    ]
    title = "What a change of 20 % in one constant does to the calibrated suites"
    return figure_result(request, "sensitivity", title, rows, [], notes, [], cells)


def _changed(parameter: str, kind: int | None, factor: float) -> str:
    scenario = make_suite(suite_of(READING, "wifi")).scenario
    assert isinstance(scenario, Scenario)
    values = [getattr(one.calibration, parameter) for one in scenario.kinds]
    return "/".join(
        f"{factor * value:.5g}" if kind in (None, index) else "-"
        for index, value in enumerate(values)
    )


def _numbers(cells: Cells, suites: dict[str, str]) -> dict[str, str]:
    found = {}
    for rival in RIVALS:
        best = max(
            (saving_percent(cells.numbers(suite, OPTIMUM, "latency_s", VGG),
                            cells.numbers(suite, rival, "latency_s", VGG))
             for suite in suites.values()),
            key=lambda one: one.mean,
        )  # fmt: skip
        found[f"VGG below {rival}"] = str(best)
    for rival in RIVALS:
        best = max(
            (saving_percent(cells.numbers(suite, OPTIMUM, "energy_j"),
                            cells.numbers(suite, rival, "energy_j"))
             for suite in suites.values()),
            key=lambda one: one.mean,
        )  # fmt: skip
        found[f"energy below {rival}"] = str(best)
    return found
