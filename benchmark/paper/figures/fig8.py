"""Fig. 8: mean energy per device and slot over the arrival rate, WiFi and 5G."""

from __future__ import annotations

import numpy as np

from splitbench.benchmark.paper.cells import (
    OPTIMUM,
    OURS,
    RIVALS,
    Cells,
    policy_notes,
    run_cells,
    suite_name,
)
from splitbench.benchmark.paper.claims import ENERGY_PERCENT, NETWORKS, READINGS, suite_of
from splitbench.benchmark.paper.ddp_forms import train_in_full
from splitbench.benchmark.paper.figure import figure_result
from splitbench.benchmark.paper.items import PaperRequest, PaperResult
from splitbench.benchmark.paper.verdicts import (
    Verdict,
    estimate,
    order_verdict,
    saving_percent,
    size_verdict,
)
from splitbench.results.figures.paper_figures import Panel, draw_lines

SCHEMES = (OURS, *RIVALS, OPTIMUM)
#: Factors on the paper's 20 to 30 tasks per slot; 1 gives 25 on average.
SCALES = (0.4, 0.7, 1.0, 1.3, 1.6)
QUICK = (0.4, 1.0, 1.6)
MIDDLE_TASKS = 25.0


def fig8(request: PaperRequest) -> PaperResult:
    """Compare energy; Eq. 5 has no k, so the allocator cannot change it."""
    scales = QUICK if request.quick else SCALES
    suites = {
        (reading, net, scale): _suite(reading, net, scale)
        for reading in READINGS for net in NETWORKS for scale in scales
    }  # fmt: skip
    cells = run_cells(request, list(suites.values()), [*RIVALS, OPTIMUM])
    learned = [suites[key] for key in suites if not request.quick or key[2] == 1.0]
    trainings = train_in_full(request, "ddp", learned)
    cells.add(run_cells(request, learned, [OURS]))
    rows, panels, verdicts = [], [], []
    for reading, about in READINGS.items():
        for net, title in NETWORKS.items():
            own = [suites[reading, net, scale] for scale in scales]
            lines = {scheme: [_point(cells, suite, scheme) for suite in own] for scheme in SCHEMES}
            tasks = [MIDDLE_TASKS * scale for scale in scales]
            label = "energy of a device and slot, J"
            panels.append(Panel(f"{title}, {about}", "mean tasks a slot", label, tasks, lines))
            for scale, suite in zip(scales, own, strict=True):
                rows += [_row(cells, suite, scale, scheme) for scheme in SCHEMES
                         if cells.has(suite, scheme)]  # fmt: skip
        for ours in (OURS, OPTIMUM):
            named = {(net, scale): suites[reading, net, scale]
                     for net in NETWORKS for scale in scales}  # fmt: skip
            verdicts += fig8_verdicts(cells, reading, ours, named)
    figures = draw_lines(panels, request.out / "fig8", "Fig. 8: energy over the arrival rate")
    notes = [contradiction(cells), *trainings, *policy_notes(cells)]
    title = "Fig. 8: mean energy over the arrival rate"
    return figure_result(request, "fig8", title, rows, verdicts, notes, figures, cells)


def fig8_verdicts(
    cells: Cells, reading: str, ours: str, suites: dict[tuple[str, float], str]
) -> list[Verdict]:
    """Judge the claims of Fig. 8 with `ours` in place of the paper's scheme."""
    label = f"{READINGS.get(reading, reading)}, {ours}"
    saved = {
        rival: {
            f"{NETWORKS[net]} {MIDDLE_TASKS * scale:g} tasks": saving_percent(
                cells.numbers(suite, ours, "energy_j"), cells.numbers(suite, rival, "energy_j")
            )
            for (net, scale), suite in suites.items()
            if cells.has(suite, ours)
        }
        for rival in RIVALS
    }
    every = {f"{where} {rival}": values
             for rival, points in saved.items() for where, values in points.items()}  # fmt: skip
    verdicts = [order_verdict(label, "least energy at every arrival rate", every)]
    verdicts += [
        size_verdict(label, f"energy below {rival} by up to", claimed, saved[rival])
        for rival, claimed in ENERGY_PERCENT.items()
    ]
    return verdicts


def contradiction(cells: Cells) -> str:
    """Measure the energy difference of X+TA and X+BS; in the model there is none."""
    most = 0.0
    for suite in dict.fromkeys(cell.suite for cell in cells.cells):
        for half in ("dads", "eo"):
            one = cells.numbers(suite, f"{half}+ta", "energy_j")
            other = cells.numbers(suite, f"{half}+bs", "energy_j")
            if len(one) and len(one) == len(other):
                most = max(most, float(np.abs(one / other - 1.0).max()))
    return (
        "Eq. 5 has no k, so X+TA and X+BS draw the same energy but for slots in which one of them "
        f"hibernates a device (here they differ by {100 * most:.2g} % at most): the claimed 12.7 "
        "and 17.9 %, 27.7 and 38.5 % cannot both come from the paper's model"
    )


def _suite(reading: str, net: str, scale: float) -> str:
    base = suite_of(reading, net)
    return suite_name(base) if scale == 1.0 else suite_name(base, arrival_scale=scale)


def _point(cells: Cells, suite: str, scheme: str) -> tuple[float, float, float]:
    one = estimate(cells.numbers(suite, scheme, "energy_j"))
    return one.mean, one.low, one.high


def _row(cells: Cells, suite: str, scale: float, scheme: str) -> dict[str, object]:
    return {
        "suite": suite, "tasks a slot": MIDDLE_TASKS * scale, "scheme": scheme,
        "energy J": estimate(cells.numbers(suite, scheme, "energy_j")).mean,
        "slot gap": estimate(cells.numbers(suite, scheme, "slot_gap")).mean,
        "served": estimate(cells.numbers(suite, scheme, "served")).mean,
    }  # fmt: skip
