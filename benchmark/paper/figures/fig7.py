"""Fig. 7: mean end-to-end latency of each DNN under WiFi and 5G, three devices."""

from __future__ import annotations

from splitbench.benchmark.paper.cells import OPTIMUM, OURS, RIVALS, Cells, run_cells
from splitbench.benchmark.paper.claims import (
    NETWORKS,
    READINGS,
    VGG,
    VGG_LATENCY_PERCENT,
    suite_of,
)
from splitbench.benchmark.paper.figure import figure_result
from splitbench.benchmark.paper.items import PaperRequest, PaperResult
from splitbench.benchmark.paper.verdicts import (
    Verdict,
    estimate,
    order_verdict,
    saving_percent,
    size_verdict,
)
from splitbench.results.figures.paper_figures import Panel, draw_bars

SCHEMES = (OURS, *RIVALS, OPTIMUM)
DNNS = (VGG, "resnet34", "mobilenet_v2")


def fig7(request: PaperRequest) -> PaperResult:
    """Compare the latency of each DNN; the paper's percentages are for VGG-16 only."""
    cells = run_cells(
        request, [suite_of(reading, net) for reading in READINGS for net in NETWORKS], SCHEMES
    )
    rows, panels, verdicts = [], [], []
    for reading, about in READINGS.items():
        for net, title in NETWORKS.items():
            suite = suite_of(reading, net)
            bars = {}
            for scheme in SCHEMES:
                ours = [estimate(cells.numbers(suite, scheme, "latency_s", dnn)) for dnn in DNNS]
                bars[scheme] = [(1e3 * one.mean, 1e3 * one.low, 1e3 * one.high) for one in ours]
                rows.append(_row(cells, suite, scheme))
            panels.append(Panel(f"{title}, {about}", "", "mean end-to-end latency, ms", DNNS, bars))
        for ours_is in (OURS, OPTIMUM):
            verdicts += fig7_verdicts(cells, reading, ours_is)
    stem = request.out / "fig7"
    figures = draw_bars(panels, stem, "Fig. 7: latency by DNN; bars: 95 % intervals over seeds")
    notes = [
        "the DADS claims come from 5G and the edge-only claims from WiFi: there the reductions are "
        "largest"
    ]
    return figure_result(
        request, "fig7", "Fig. 7: latency of each DNN", rows, verdicts, notes, figures, cells
    )


def fig7_verdicts(
    cells: Cells, reading: str, ours: str, suites: dict[str, str] | None = None
) -> list[Verdict]:
    """Judge the claims of Fig. 7 with `ours` in place of the paper's scheme.

    `suites` are the suites of the networks, those of the reading by default.
    """
    named = suites or {net: suite_of(reading, net) for net in NETWORKS}
    label = f"{READINGS.get(reading, reading)}, {ours}"
    order = {
        f"{NETWORKS[net]} {dnn} {rival}": saving_percent(
            cells.numbers(suite, ours, "latency_s", dnn),
            cells.numbers(suite, rival, "latency_s", dnn),
        )
        for net, suite in named.items()
        for dnn in DNNS
        for rival in RIVALS
        if cells.has(suite, ours)
    }
    verdicts = [order_verdict(label, "least latency for every DNN", order)]
    for rival, claimed in VGG_LATENCY_PERCENT.items():
        points = {
            where.removesuffix(f" {VGG} {rival}"): values
            for where, values in order.items()
            if where.endswith(f"{VGG} {rival}")
        }
        verdicts.append(
            size_verdict(label, f"VGG-16's latency below {rival} by up to", claimed, points)
        )
    return verdicts


def _row(cells: Cells, suite: str, scheme: str) -> dict[str, object]:
    row: dict[str, object] = {"suite": suite, "scheme": scheme}
    for dnn in DNNS:
        row[f"{dnn} ms"] = 1e3 * estimate(cells.numbers(suite, scheme, "latency_s", dnn)).mean
    row["slot gap"] = estimate(cells.numbers(suite, scheme, "slot_gap")).mean
    row["served"] = estimate(cells.numbers(suite, scheme, "served")).mean
    return row
