"""Divide the gain of the optimum between the partition and the threads.

Each half of a rival is replaced by that of the exact optimum, alone and after the other half. The
share of a half is the mean of its two gains (Shapley's value), so that both shares add up.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from splitbench.benchmark.paper.cells import OPTIMUM, OURS, RIVALS, Cells, run_cells
from splitbench.benchmark.paper.claims import NETWORKS, READINGS, VGG, suite_of
from splitbench.benchmark.paper.figure import figure_result
from splitbench.benchmark.paper.items import PaperRequest, PaperResult
from splitbench.benchmark.paper.verdicts import Estimate, estimate
from splitbench.problems.arrays import Floats
from splitbench.results.figures.paper_figures import Panel, draw_bars

#: The exact halves: a partitioner and an allocator.
EXACT_PARTITION = "exact-partition"
EXACT_THREADS = "exact"
#: Quantities: the field, and the factor to the unit shown, negative where less is better.
QUANTITIES = {
    "U/N": ("utility_per_device", "", 1.0),
    "VGG-16's latency, ms": ("latency_s", VGG, -1e3),
    "energy, J": ("energy_j", "", -1.0),
}


def halves(request: PaperRequest) -> PaperResult:
    """Swap either half of each scheme for the exact one and compare utility, latency, energy."""
    schemes = (OURS, *RIVALS)
    suites = [suite_of(reading, net) for reading in READINGS for net in NETWORKS]
    solvers = dict.fromkeys(
        [OPTIMUM, *schemes, *(one for scheme in schemes for one in _swapped(scheme))]
    )
    cells = run_cells(request, suites, list(solvers))
    rows, panels = [], []
    for suite in suites:
        rows += [
            _row(cells, suite, scheme, quantity) for scheme in schemes for quantity in QUANTITIES
        ]
        gains = [parts(cells, suite, scheme, "U/N") for scheme in schemes]
        bars = {
            "partition's part": [_bar(one.partition) for one in gains],
            "threads' part": [_bar(one.threads) for one in gains],
        }
        panels.append(Panel(suite, "", "gain of the optimum in U/N", schemes, bars))
    figures = draw_bars(panels, request.out / "halves", "What the exact partition and threads gain")
    notes = [
        "a part is what the exact half gains, mean over with and without the other half exact; "
        "the two parts add up to the whole",
        "energy has no part of the threads in the same slot (Eq. 5 has no k); what there is comes "
        "from the partition that other threads make best",
    ]
    title = "Partition or threads: whose gain is it?"
    return figure_result(request, "halves", title, rows, [], notes, figures, cells)


def _swapped(scheme: str) -> tuple[str, str]:
    """Return the scheme with the exact partition, and with the exact threads."""
    partitioner, allocator = scheme.split("+")
    return f"{EXACT_PARTITION}+{allocator}", f"{partitioner}+{EXACT_THREADS}"


class Parts(NamedTuple):
    """The gain of the exact optimum over a scheme, and the part of either half."""

    total: Estimate
    partition: Estimate
    threads: Estimate


def parts(cells: Cells, suite: str, scheme: str, quantity: str) -> Parts:
    """Divide the gain of the exact optimum over a scheme between partition and threads."""
    name, dnn, factor = QUANTITIES[quantity]

    def of(solver: str) -> Floats:
        return factor * cells.numbers(suite, solver, name, dnn)

    with_partition, with_threads = map(of, _swapped(scheme))
    base, whole = of(scheme), of(OPTIMUM)
    if len({len(one) for one in (with_partition, with_threads, base, whole)}) > 1:
        return Parts(*[estimate(np.array([np.nan]))] * 3)
    partition = ((with_partition - base) + (whole - with_threads)) / 2
    threads = ((with_threads - base) + (whole - with_partition)) / 2
    return Parts(estimate(whole - base), estimate(partition), estimate(threads))


def _bar(one: Estimate) -> tuple[float, float, float]:
    return one.mean, one.low, one.high


def _row(cells: Cells, suite: str, scheme: str, quantity: str) -> dict[str, object]:
    found = parts(cells, suite, scheme, quantity)
    total = found.total
    return {
        "suite": suite, "scheme": scheme, "quantity": quantity,
        "gain of exact": total.mean, "95 %": f"{total.low:.4g} to {total.high:.4g}",
        "partition's part": found.partition.mean, "threads' part": found.threads.mean,
        "partition's %": 100 * found.partition.mean / total.mean if total.mean else None,
    }  # fmt: skip
