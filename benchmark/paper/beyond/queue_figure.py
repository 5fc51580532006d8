"""Test whether Eq. 3 holds in slots of 30 s, and whether the ranking of the schemes survives."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from splitbench.benchmark.paper.beyond.queue_simulation import simulate_queue
from splitbench.benchmark.paper.cells import (
    OPTIMUM,
    RIVALS,
    Cells,
    PaperCell,
    replayed,
    run_cells,
    suite_name,
)
from splitbench.benchmark.paper.claims import NETWORKS, READINGS, suite_of
from splitbench.benchmark.paper.figure import figure_result
from splitbench.benchmark.paper.items import PaperRequest, PaperResult
from splitbench.benchmark.paper.verdicts import Verdict, Word, estimate
from splitbench.problems.arrays import Floats
from splitbench.problems.equations import queueing_s
from splitbench.results.figures.paper_figures import Panel, draw_lines

SLOT_S = 30.0
SLOTS = 120
UTILISATIONS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
#: Tasks per slot, the middle of the paper's range; λ is drawn within 20 % of it.
TASKS = 25.0
SPREAD = 0.2
#: A predicted wait this close to the simulated one counts as right.
CLOSE_PERCENT = 10.0
SCHEMES = (OPTIMUM, *RIVALS)
#: Arrivals in these multiples, with battery and sun in proportion so that the queue decides.
SCALES = (1.0, 6.0)


def queue(request: PaperRequest) -> PaperResult:
    """Compare Eq. 3 with the simulated queue over ρ, and rank the schemes by both."""
    replications = 40 if request.quick else 400
    rng = np.random.default_rng(request.seeds[0])
    found = {rho: waits_at(rho, rng, replications) for rho in UTILISATIONS}
    lines = {
        name: [_interval(found[rho][name]) for rho in UTILISATIONS]
        for name in next(iter(found.values()))
    }
    panel = Panel(
        "wait over utilisation, D = ρ/λ, λ = 25/30 s", "ρ", "wait / D", UTILISATIONS, lines
    )
    figures = draw_lines(
        [panel], request.out / "queue", "Does Eq. 3 hold in slots of 30 s?", log=True
    )
    rows = [_rho_row(rho, found[rho]) for rho in UTILISATIONS]
    suites = [
        _loaded(suite_of(reading, net), scale)
        for reading in READINGS for net in NETWORKS for scale in SCALES
    ]  # fmt: skip
    cells = run_cells(request, suites, SCHEMES)
    ranked = [row for suite in suites for row in _ranking(cells, suite)]
    verdicts = [_wait_verdict(found), *_ranking_verdicts(ranked)]
    result = figure_result(
        request, "queue", "Does the queue hold?", rows, verdicts,
        ["claimed by using Eq. 3: the mean wait of a slot is that of the steady state"],
        figures, cells,
    )  # fmt: skip
    result.more = {"Schemes with the simulated queue": ranked}
    return result


def waits_at(rho: float, rng: np.random.Generator, replications: int) -> dict[str, Floats]:
    """Return waits over D at a utilisation, one per replication, for each kind of slot sequence."""
    rate = TASKS / SLOT_S
    service = rho / rate
    alone = simulate_queue(np.full(1, rate), np.full(1, service), SLOT_S, rng, replications * SLOTS)
    steady = simulate_queue(
        np.full(SLOTS, rate), np.full(SLOTS, service), SLOT_S, rng, replications
    )
    drawn = [
        simulate_queue(
            rate * rng.uniform(1 - SPREAD, 1 + SPREAD, SLOTS), np.full(SLOTS, service),
            SLOT_S, rng, 1,
        ).overall_s[0]
        for _ in range(replications)
    ]  # fmt: skip
    predicted = queueing_s(np.array([rate]), np.array([service]))
    one = alone.mean_s[:, 0].reshape(replications, SLOTS)
    weight = alone.tasks[:, 0].reshape(replications, SLOTS)
    return {
        "Eq. 3": predicted / service,
        "one slot, empty at its start": np.nansum(one * weight, axis=1)
        / weight.sum(axis=1)
        / service,
        "120 slots, backlog carried over": steady.overall_s / service,
        "the same, λ drawn for each slot": np.array(drawn) / service,
    }


def _interval(values: Floats) -> tuple[float, float, float]:
    one = estimate(values)
    return (one.mean, one.mean, one.mean) if np.isnan(one.low) else (one.mean, one.low, one.high)


def _rho_row(rho: float, found: dict[str, Floats]) -> dict[str, Any]:
    predicted = float(found["Eq. 3"][0])
    row: dict[str, Any] = {"ρ": rho, "Eq. 3: wait / D": predicted}
    for name, values in found.items():
        if name != "Eq. 3":
            row[name] = f"× {estimate(values).mean / predicted:.3f}"
    return row


def _wait_verdict(found: dict[float, dict[str, Floats]]) -> Verdict:
    ratio = {
        rho: estimate(waits["the same, λ drawn for each slot"]).mean / float(waits["Eq. 3"][0])
        for rho, waits in found.items()
    }
    close = [rho for rho, one in ratio.items() if abs(one - 1) <= CLOSE_PERCENT / 100]
    word = Word.HOLDS if len(close) == len(ratio) else Word.PARTLY if close else Word.NOT
    worst = max(ratio, key=lambda rho: abs(ratio[rho] - 1))
    ours = f"within {CLOSE_PERCENT:g} % at ρ = {', '.join(map(str, close)) or 'none'}"
    ours += f"; farthest: × {ratio[worst]:.2f}"
    return Verdict("λ drawn for each slot", "wait as in Eq. 3", "× 1", ours, f"ρ = {worst}", word)


def _loaded(suite: str, scale: float) -> str:
    if scale == 1.0:
        return suite_name(suite)
    given = f"{scale:g}"
    return suite_name(suite, arrival_scale=given, battery_scale=given, sun_scale=given)


def _ranking(cells: Cells, suite: str) -> list[dict[str, Any]]:
    """Rank the schemes by mean utility with Eq. 3 and with the simulated wait."""
    found = {}
    for scheme in SCHEMES:
        parts = [simulated_means(cell) for cell in cells.of(suite, scheme)]
        if parts:
            found[scheme] = SimulatedMeans(*np.mean(parts, axis=0).tolist())
    return [
        {
            "suite": suite, "scheme": scheme, "largest mean ρ": own.utilisation,
            "wait ms, Eq. 3": 1e3 * own.wait_s, "wait ms, simulated": 1e3 * own.simulated_s,
            "U/N, Eq. 3": own.utility, "U/N, simulated": own.simulated_utility,
            "rank": 1 + sum(one.utility > own.utility for one in found.values()),
            "rank, simulated": 1 + sum(
                one.simulated_utility > own.simulated_utility for one in found.values()
            ),
        }
        for scheme, own in found.items()
    ]  # fmt: skip


class SimulatedMeans(NamedTuple):
    """Means of an episode: ρ of the busiest device, waits and U/N by Eq. 3 and as simulated.

    Waits are means over the device-slots that use the server.
    """

    utilisation: float
    wait_s: float
    simulated_s: float
    utility: float
    simulated_utility: float


def simulated_means(cell: PaperCell, replications: int = 20) -> SimulatedMeans:
    """Simulate the queues of an episode's decisions; all schemes get the same tasks of a seed."""
    horizon, outcomes = replayed(cell.suite, cell.seed, cell.slots, cell.decisions)
    served = np.stack([outcome.served for outcome in outcomes])
    service = np.where(served, np.stack([outcome.server_s for outcome in outcomes]), 0.0)
    queued = np.where(served, np.stack([outcome.queue_s for outcome in outcomes]), 0.0)
    rate = horizon.arrival_rate_hz[: len(outcomes)]
    columns = []
    for device in range(len(horizon.fleet)):
        rng = np.random.default_rng([cell.seed, device])
        own = simulate_queue(rate[:, device], service[:, device], horizon.slot_s, rng, replications)
        columns.append(np.nan_to_num(own.mean_s).mean(axis=0))
    simulated = np.stack(columns, axis=1)
    utility = np.stack([outcome.device_utility for outcome in outcomes])
    # Eq. 10 is linear in the latency.
    slower = (1.0 - horizon.utility_weight) * (simulated - queued) / horizon.fleet.deadline_s
    offloaded = service > 0
    busy = offloaded.any()
    return SimulatedMeans(
        float((rate * service).mean(axis=0).max()),
        float(queued[offloaded].mean()) if busy else 0.0,
        float(simulated[offloaded].mean()) if busy else 0.0,
        float(utility.mean()),
        float(np.where(served, utility - slower, utility).mean()),
    )


def _ranking_verdicts(rows: list[dict[str, Any]]) -> list[Verdict]:
    verdicts = []
    for suite in dict.fromkeys(row["suite"] for row in rows):
        own = [row for row in rows if row["suite"] == suite]
        moved = [row["scheme"] for row in own if row["rank"] != row["rank, simulated"]]
        best_stays = all(row["rank, simulated"] == 1 for row in own if row["rank"] == 1)
        word = Word.HOLDS if not moved else Word.PARTLY if best_stays else Word.NOT
        ours = f"{len(own) - len(moved)} of {len(own)} schemes keep their rank"
        verdicts.append(Verdict(
            suite, "ranking by utility survives the simulated queue", "–", ours,
            ", ".join(moved) or "–", word,
        ))  # fmt: skip
    return verdicts
