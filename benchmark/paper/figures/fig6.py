"""Fig. 6: average utility over the number of devices, WiFi and 5G."""

from __future__ import annotations

from splitbench.benchmark.paper.cells import (
    OPTIMUM,
    OURS,
    RIVALS,
    Cells,
    policy_notes,
    run_cells,
    suite_name,
)
from splitbench.benchmark.paper.claims import NETWORKS, READINGS, UTILITY_PERCENT, suite_of
from splitbench.benchmark.paper.ddp_forms import train_in_full
from splitbench.benchmark.paper.figure import figure_result
from splitbench.benchmark.paper.items import PaperRequest, PaperResult
from splitbench.benchmark.paper.verdicts import (
    Estimate,
    Verdict,
    estimate,
    gain_percent,
    order_verdict,
    size_verdict,
)
from splitbench.results.figures.paper_figures import Panel, draw_lines

LOOKAHEAD = "lookahead"
SCHEMES = (*RIVALS, OPTIMUM, LOOKAHEAD)
DEVICES = range(3, 13)
#: Numbers of devices for the paper's scheme; where no policy ships, one is trained.
LEARNED = (3, 6, 9, 12)
#: Numbers of devices of a quick run; the paper's scheme only at the first.
QUICK = (3, 7, 12)


def fig6(request: PaperRequest) -> PaperResult:
    """Compare mean utility per device; the dashed line is the horizon bound."""
    counts = QUICK if request.quick else tuple(DEVICES)
    suites = {
        (reading, net, count): suite_name(suite_of(reading, net), devices=count)
        for reading in READINGS for net in NETWORKS for count in counts
    }  # fmt: skip
    cells = run_cells(request, list(suites.values()), SCHEMES)
    trained = counts[:1] if request.quick else LEARNED
    learned = [suites[key] for key in suites if key[2] in trained]
    trainings = train_in_full(request, "ddp", learned)
    cells.add(run_cells(request, learned, [OURS]))
    rows, panels, below_bound, verdicts = [], [], [], []
    for reading, about in READINGS.items():
        for net, title in NETWORKS.items():
            own = [suites[reading, net, count] for count in counts]
            lines = {scheme: [_point(cells, suite, scheme) for suite in own]
                     for scheme in (OURS, *SCHEMES)}  # fmt: skip
            lines["horizon bound"] = [_bound(cells, suite) for suite in own]
            label = "mean utility of a device and slot"
            panels.append(Panel(f"{title}, {about}", "devices", label, counts, lines))
            gaps = {scheme: [_point(cells, suite, scheme, "horizon_gap") for suite in own]
                    for scheme in (OURS, *SCHEMES)}  # fmt: skip
            label = "horizon bound - utility, of a device and slot"
            below_bound.append(Panel(f"{title}, {about}", "devices", label, counts, gaps))
            for count, suite in zip(counts, own, strict=True):
                rows += [_row(cells, suite, count, scheme) for scheme in (OURS, *SCHEMES)
                         if cells.has(suite, scheme)]  # fmt: skip
        for ours in (OURS, OPTIMUM):
            named = {(net, count): suites[reading, net, count]
                     for net in NETWORKS for count in counts}  # fmt: skip
            verdicts += fig6_verdicts(cells, reading, ours, named)
    figures = [
        *draw_lines(panels, request.out / "fig6", "Fig. 6: utility over number of devices"),
        *draw_lines(
            below_bound,
            request.out / "fig6-gap",
            "Fig. 6: how far below the horizon bound",
            log=True,
        ),
    ]
    notes = [
        "percentages are of the rival's |U|: edge-only earns less than 0 in some of these suites, "
        "where a percentage of it says little",
        *trainings,
        *policy_notes(cells),
    ]
    title = "Fig. 6: average utility over number of devices"
    return figure_result(request, "fig6", title, rows, verdicts, notes, figures, cells)


def fig6_verdicts(
    cells: Cells, reading: str, ours: str, suites: dict[tuple[str, int], str]
) -> list[Verdict]:
    """Judge the claims of Fig. 6 with `ours` in place of the paper's scheme."""
    label = f"{READINGS.get(reading, reading)}, {ours}"
    leads = {
        f"{NETWORKS[net]} N = {count} {rival}": _lead(cells, suite, ours, rival)
        for (net, count), suite in suites.items()
        if cells.has(suite, ours)
        for rival in RIVALS
    }
    best = {
        f"{NETWORKS[net]} N = {count}": _lead(cells, suite, ours, "dads+ta")
        for (net, count), suite in suites.items()
        if cells.has(suite, ours)
    }
    return [
        order_verdict(label, "highest utility at every number of devices", leads),
        size_verdict(label, "utility above the four schemes by up to", UTILITY_PERCENT, leads),
        size_verdict(label, "utility above dads+ta alone by up to", UTILITY_PERCENT, best),
    ]


def _lead(cells: Cells, suite: str, ours: str, rival: str) -> Estimate:
    return gain_percent(
        cells.numbers(suite, ours, "utility"), cells.numbers(suite, rival, "utility")
    )


def _point(
    cells: Cells, suite: str, scheme: str, name: str = "utility"
) -> tuple[float, float, float]:
    one = estimate(cells.per_device(suite, scheme, name))
    return one.mean, one.low, one.high


def _bound(cells: Cells, suite: str) -> tuple[float, float, float]:
    return _point(cells, suite, OPTIMUM, "horizon_bound")


def _row(cells: Cells, suite: str, count: int, scheme: str) -> dict[str, object]:
    per_device = {
        name: estimate(cells.numbers(suite, scheme, name)).mean / count
        for name in ("utility", "slot_gap", "horizon_gap")
    }
    return {
        "suite": suite, "N": count, "scheme": scheme, "U/N": per_device["utility"],
        "slot gap/N": per_device["slot_gap"], "horizon gap/N": per_device["horizon_gap"],
        "served": estimate(cells.numbers(suite, scheme, "served")).mean,
    }  # fmt: skip
