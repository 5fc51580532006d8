"""Run the cells that a figure of the paper needs, and read its numbers from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from splitbench.benchmark.options import RunOptions
from splitbench.benchmark.paper.items import PaperRequest
from splitbench.benchmark.runs.plan import Plan, Request, cells_of
from splitbench.benchmark.runs.run_options import run_plan
from splitbench.problems import Horizon, Outcome, Simulation
from splitbench.problems.arrays import Floats
from splitbench.problems.suites.named_suites import make_suite
from splitbench.results import CellRecord
from splitbench.results.bounds import with_horizon_gaps

#: The paper's scheme, the schemes that it is compared with, and the replacement for the first.
OURS = "ddp+ta"
OPTIMUM = "exact"
RIVALS = ("dads+ta", "dads+bs", "eo+ta", "eo+bs")


@dataclass(frozen=True)
class PaperCell:
    """The numbers of one episode of one scheme that the paper's figures show.

    Attributes
    ----------
    digest
        Key of the cell's row in the store.
    utility, utility_per_device
        Mean over slots of U, summed over devices, and divided by their number.
    horizon_gap
        Bound − utility; None without a bound.
    energy_j
        Mean per device and slot.
    latency_s_of, energy_j_of
        The same means by DNN; latency over the device-slots that were served.
    """

    digest: str
    suite: str
    solver: str
    seed: int
    status: str
    utility: float
    utility_per_device: float
    horizon_bound: float | None
    horizon_gap: float | None
    slot_gap: float | None
    energy_j: float
    latency_s: float | None
    latency_s_of: dict[str, float]
    energy_j_of: dict[str, float]
    served: float
    note: str
    slots: int | None = None
    decisions: Sequence[dict[str, Any]] = ()

    def row(self) -> dict[str, Any]:
        """Return the cell as one flat row, a column for each DNN."""
        flat = {
            name: value
            for name, value in vars(self).items()
            if not name.endswith("_of") and name != "decisions"
        }
        for name in ("latency_s_of", "energy_j_of"):
            flat |= {f"{name}_{dnn}": value for dnn, value in getattr(self, name).items()}
        return flat


class Cells:
    """The cells of an item by suite and solver; every scheme on the same seeds."""

    def __init__(self, cells: Iterable[PaperCell]):
        self.cells: list[PaperCell] = []
        self._by_name: dict[tuple[str, str], list[PaperCell]] = {}
        self._add(cells)

    def add(self, others: Cells) -> None:
        """Add the cells of another run."""
        self._add(others.cells)

    def _add(self, cells: Iterable[PaperCell]) -> None:
        for cell in cells:
            known = self._by_name.setdefault((cell.suite, cell.solver), [])
            if cell.seed not in {one.seed for one in known}:
                known.append(cell)
                self.cells.append(cell)

    def has(self, suite: str, solver: str) -> bool:
        """Whether the scheme has a number on this suite for every seed."""
        return (suite, solver) in self._by_name

    def of(self, suite: str, solver: str) -> list[PaperCell]:
        """Return the cells of a scheme on a suite, by seed."""
        return sorted(self._by_name.get((suite, solver), []), key=lambda cell: cell.seed)

    def numbers(self, suite: str, solver: str, name: str, dnn: str = "") -> Floats:
        """Return a field of every seed, shape (seeds,); NaN where a cell has none."""
        values = [
            getattr(cell, f"{name}_of").get(dnn) if dnn else getattr(cell, name)
            for cell in self.of(suite, solver)
        ]
        return np.array(values, dtype=np.float64)

    def per_device(self, suite: str, solver: str, name: str) -> Floats:
        """Return a field that is a sum over devices, divided by their number."""
        devices = self.numbers(suite, solver, "utility") / self.numbers(
            suite, solver, "utility_per_device"
        )
        return self.numbers(suite, solver, name) / np.round(devices)


def suite_name(text: str, **parameters: object) -> str:
    """Return a suite's canonical name with more parameters."""
    inside = ",".join(f"{name}={value}" for name, value in parameters.items())
    if not inside:
        return make_suite(text).name
    joined = f"{text[:-1]},{inside}]" if text.endswith("]") else f"{text}[{inside}]"
    return make_suite(joined).name


def run_cells(
    request: PaperRequest, suites: Sequence[str], solvers: Sequence[str], reference: bool = True
) -> Cells:
    """Run missing cells, and return the cells that have a number.

    Parameters
    ----------
    reference
        Compute each slot's optimum and the horizon's bound beside the decisions.
    """
    asked = Request(suites, solvers, request.seeds, request.slots, reference=reference)
    return run_keys(request, cells_of(asked))


def run_keys(request: PaperRequest, keys: list[Any]) -> Cells:
    """Run cells by their keys, as `run` does."""
    records = run_plan(Plan(keys), RunOptions(store=request.store, jobs=request.jobs)) or []
    found = [_cell(record) for record in with_horizon_gaps(records) if _usable(record)]
    return Cells(found)


def policy_notes(cells: Cells) -> list[str]:
    """Name the policies of the paper's scheme that were not trained for their suite."""
    found: dict[str, list[str]] = {}
    for cell in cells.cells:
        if cell.solver == OURS and cell.note:
            known = found.setdefault(cell.note, [])
            if cell.suite not in known:
                known.append(cell.suite)
    return [f"{OURS} on {', '.join(suites)}: {note}" for note, suites in found.items()]


def _usable(record: CellRecord) -> bool:
    return record.utility_mean is not None and record.energy_j_mean is not None


def _cell(record: CellRecord) -> PaperCell:
    assert record.utility_mean is not None
    assert record.energy_j_mean is not None
    latency, energy = _by_dnn(record.per_device)
    return PaperCell(
        digest=record.key.digest,
        suite=record.key.suite,
        solver=record.key.solver,
        seed=record.key.seed,
        status=record.status,
        utility=record.utility_mean,
        utility_per_device=record.utility_mean / record.devices,
        horizon_bound=record.horizon_bound,
        horizon_gap=record.horizon_gap,
        slot_gap=record.slot_gap_mean,
        energy_j=record.energy_j_mean,
        latency_s=record.latency_s_mean,
        latency_s_of=latency,
        energy_j_of=energy,
        served=record.served / max(record.devices * record.slots_counted, 1),
        note=record.note,
        slots=record.key.slots,
        decisions=record.decisions,
    )


def _by_dnn(devices: list[dict[str, Any]]) -> tuple[dict[str, float], dict[str, float]]:
    """Return mean latency over served device-slots and mean energy, by DNN."""
    latency, energy = {}, {}
    for dnn in dict.fromkeys(str(one["dnn"]) for one in devices):
        own = [one for one in devices if one["dnn"] == dnn]
        served = sum(one["served"] for one in own)
        if served:
            latency[dnn] = (
                sum(one["served"] * (one["latency_s_mean"] or 0.0) for one in own) / served
            )
        energy[dnn] = sum(one["energy_j_mean"] for one in own) / len(own)
    return latency, energy


def replayed(
    suite: str, seed: int, slots: int | None, decisions: Sequence[dict[str, Any]]
) -> tuple[Horizon, list[Outcome]]:
    """Apply the stored decisions of an episode to its horizon again."""
    horizon = make_suite(suite).horizon(seed, slots)
    simulation, outcomes = Simulation(horizon), []
    for decision in decisions:
        if decision["partition"] is None:
            outcomes.append(simulation.hibernate())
            continue
        relaxes = decision.get("relaxes") or ()
        outcomes.append(simulation.step(decision["partition"], decision["threads"], relaxes))
    return horizon, outcomes
