"""The verdicts under each formulation switch: does a claim hold in another reading?

The exact optimum replaces the paper's scheme, which would need a new training for each switch.
Switches of the scheme itself are judged with the scheme.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from splitbench.benchmark.paper.cells import (
    OPTIMUM,
    RIVALS,
    Cells,
    PaperCell,
    run_cells,
    suite_name,
)
from splitbench.benchmark.paper.claims import NETWORKS, READINGS, suite_of
from splitbench.benchmark.paper.ddp_forms import PRINTED, train_in_full
from splitbench.benchmark.paper.figure import figure_result
from splitbench.benchmark.paper.figures.fig6 import fig6_verdicts
from splitbench.benchmark.paper.figures.fig7 import fig7_verdicts
from splitbench.benchmark.paper.figures.fig8 import fig8_verdicts
from splitbench.benchmark.paper.items import PaperRequest, PaperResult
from splitbench.benchmark.paper.verdicts import Verdict, Word
from splitbench.solvers.registry import canonical_name


@dataclass(frozen=True)
class Switch:
    """A switch: parameters of the suite, and of the allocators by name.

    `partitioner` is the form of `ddp` that is judged with TA in place of the exact optimum.
    """

    name: str
    suite: dict[str, object] = field(default_factory=dict)
    allocators: dict[str, str] = field(default_factory=dict)
    partitioner: str = ""

    @property
    def ours(self) -> str:
        """The scheme that is judged as the paper's."""
        return canonical_name(f"{self.partitioner}+ta") if self.partitioner else OPTIMUM

    def scheme(self, rival: str) -> str:
        """Return a rival with the allocator's parameters."""
        partitioner, allocator = rival.split("+")
        return canonical_name(f"{partitioner}+{allocator}{self.allocators.get(allocator, '')}")


SWITCHES = (
    Switch("none (consistent reading)"),
    Switch("Eq. 10: energy_term=paper", {"energy_term": "paper"}),
    Switch("Eq. 5: energy_scope=task", {"energy_scope": "task"}),
    Switch("λ = 20-30 per second", {"arrival_scale": 30}),
    Switch("λ = 20-30 per minute", {"arrival_scale": 0.5}),
    Switch("input: uint8", {"input_bits_per_value": 8}),
    Switch("split: macs", {"split": "macs"}),
    Switch("V = 0.2", {"utility_weight": 0.2}),
    Switch("V = 0.8", {"utility_weight": 0.8}),
    Switch("TA as printed", allocators={"ta": "[ta=printed]"}),
    Switch("TA: objective=utility", allocators={"ta": "[objective=utility]"}),
    Switch("TA: start=random", allocators={"ta": "[start=random]"}),
    Switch("BS: leftover=idle", allocators={"bs": "[leftover=idle]"}),
    Switch("none; ddp+ta for exact", partitioner="ddp"),
    Switch("Eq. 19: mapping=printed; ddp+ta for exact", partitioner="ddp[mapping=printed]"),
    Switch("Algorithm 2 as printed, Eq. 19 included; for exact", partitioner=PRINTED),
)
#: Switches of a quick run.
QUICK = 7
MOST_SEEDS = 5

_SIGNS = {Word.HOLDS: "holds", Word.PARTLY: "partly", Word.NOT: "no", Word.UNKNOWN: "–"}


def switches(request: PaperRequest) -> PaperResult:
    """Judge the claims of Fig. 6 to 8 (three devices, 25 tasks) under each switch."""
    request = replace(request, seeds=request.seeds[:MOST_SEEDS])
    chosen = SWITCHES[:QUICK] if request.quick else SWITCHES
    rows, verdicts, trainings, every = [], [], [], Cells([])
    for switch in chosen:
        suites = {
            (reading, net): suite_name(suite_of(reading, net), **switch.suite)
            for reading in READINGS for net in NETWORKS
        }  # fmt: skip
        if switch.partitioner:
            trainings += train_in_full(request, switch.partitioner, list(suites.values()))
        solvers = [switch.ours, *map(switch.scheme, RIVALS)]
        found = run_cells(request, list(suites.values()), solvers, reference=False)
        every.add(found)
        cells, ours = _as_rivals(found, switch), switch.ours
        for reading in READINGS:
            own = {net: suites[reading, net] for net in NETWORKS}
            label = f"{READINGS[reading]}; {switch.name}"
            judged = [
                *fig6_verdicts(cells, reading, ours, {(net, 3): own[net] for net in own})[::2],
                *fig7_verdicts(cells, reading, ours, own),
                *fig8_verdicts(cells, reading, ours, {(net, 1.0): own[net] for net in own}),
            ]
            verdicts += [replace(verdict, reading=label) for verdict in judged]
            rows.append(_row(reading, switch, judged))
    notes = [
        "the exact optimum in the place of the paper's scheme; Fig. 6 at three devices, Fig. 8 at "
        f"25 tasks; {len(request.seeds)} seeds",
        "λ per second leaves no steady state for most cuts (ρ ≥ 1), so devices hibernate or run "
        "everything themselves",
        "Eq. 19 as printed gives l = S no interval; ddp's actor, which has a score a layer, still "
        "reaches it (tanh P = 1), the printed actor does not",
        *trainings,
    ]
    title = "Verdicts under each switch of the model"
    result = figure_result(request, "switches", title, rows, [], notes, [], every)
    result.more = {"Every verdict": [verdict.row() for verdict in verdicts]}
    return result


def _as_rivals(cells: Cells, switch: Switch) -> Cells:
    """Return the cells under the rivals' plain names, whatever parameters the switch gave them."""
    plain = {switch.scheme(rival): rival for rival in RIVALS}
    return Cells(_renamed(cell, plain.get(cell.solver, cell.solver)) for cell in cells.cells)


def _renamed(cell: PaperCell, solver: str) -> PaperCell:
    return replace(cell, solver=solver)


def _row(reading: str, switch: Switch, verdicts: list[Verdict]) -> dict[str, object]:
    row: dict[str, object] = {"reading": READINGS[reading], "switch": switch.name}
    for verdict in verdicts:
        claim = verdict.claim.removesuffix(" by up to").replace("VGG-16's latency", "VGG latency")
        size = verdict.ours.split(" ")[0] if verdict.claimed.endswith("%") else ""
        number = f" {size} ({verdict.claimed.removesuffix(' %')})" if size else ""
        row[claim] = f"{_SIGNS[verdict.word]}{number}"
    return row
