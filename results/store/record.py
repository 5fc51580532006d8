"""One cell of the benchmark as it is kept: what was run, and what came of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

#: Begins what the note of a cell says of a constraint that its scheme relaxes.
RELAXES = "relaxes "


@dataclass(frozen=True)
class CellKey:
    """What identifies a cell; the same in whatever order flags were given.

    Attributes
    ----------
    suite, solver
        Canonical names: parameters sorted, `hetero[devices=30]`, `dads+ta[start=random]`.
    seed, slots
        Seed of the suite and of the solver; slots of an episode (None: the suite's own number).
    instance
        Index of an independent slot instance, None where the cell is an episode.
    reference
        Whether the exact optimum of each slot was computed beside the decision.
    code
        Digest of the model, the suites and the solvers that produced the result, so that a
        result is never shown for code that would give another.
    """

    suite: str
    solver: str
    seed: int
    slots: int | None
    instance: int | None
    reference: bool
    code: str

    @property
    def digest(self) -> str:
        """Return the key under which the store keeps the cell."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(slots=True)
class CellRecord:
    """What became of a cell. Means are over the slots that were run.

    Attributes
    ----------
    utility_mean
        Mean over slots of U, summed over the `devices` devices.
    latency_s_mean, local_s_mean, transmit_s_mean, queue_s_mean, server_s_mean
        Means over the `served` device-slots; None where none was served.
    energy_j_mean
        Mean over all device-slots.
    slot_gap_mean, slot_gap_max, gap_relative_mean, gap_against
        Reference − U at the state the policy is in; None without a reference, and where the
        scheme relaxes a constraint.
    reference_status
        `infeasible` where the instance is proved to have no decision.
    slots_optimal
        Slots in which the decision reached the optimum to 1e-9.
    solve_s
        Seconds of each slot that was tried.
    claims
        What the solver claimed and the recomputation did not bear out, in words.
    decisions
        One object a slot; empty where the store was asked for summaries. In the cell of a
        horizon's bound only `energy_price`: what a joule is worth in hindsight, U/J.
    environment
        Package versions and machine; empty where the store was asked for summaries.
    formulation
        Switches of the model, as in the instance format; {} where a record predates them.
    solver_version
        The solver's package and those it stands on, `splitbench 0.1.0, highspy 1.16.0`.
    limit_s
        Time limit of the cell, s; None without one. What a cell that failed is charged.
    reference_cell_s
        Seconds of the reference cell (`benchmark.runs.drift`) when last timed before this cell.
    wall_s
        Seconds of the cell by the clock, reference and harness included; None where unknown.
    written
        When the store took the record, UTC, `2026-01-31T12:00:00.000Z`; "" before.
    """

    key: CellKey
    status: str
    note: str = ""
    devices: int = 0
    slots_run: int = 0
    utility_mean: float | None = None
    latency_s_mean: float | None = None
    local_s_mean: float | None = None
    transmit_s_mean: float | None = None
    queue_s_mean: float | None = None
    server_s_mean: float | None = None
    energy_j_mean: float | None = None
    served: int = 0
    violations: dict[str, int] = field(default_factory=dict)
    slot_gap_mean: float | None = None
    slot_gap_max: float | None = None
    gap_relative_mean: float | None = None
    gap_against: str | None = None
    reference_status: str | None = None
    slots_optimal: int = 0
    horizon_bound: float | None = None
    horizon_gap: float | None = None
    solve_s: Sequence[float] = field(default_factory=list)
    claims: list[str] = field(default_factory=list)
    decisions: list[dict[str, Any]] = field(default_factory=list)
    environment: dict[str, Any] = field(default_factory=dict)
    formulation: dict[str, str] = field(default_factory=dict)
    solver_version: str = ""
    limit_s: float | None = None
    reference_cell_s: float | None = None
    wall_s: float | None = None
    written: str = ""

    @property
    def finished(self) -> bool:
        """Whether the solver came to an end of its own, whatever its answer is worth."""
        return self.status in ("optimal", "feasible", "infeasible", "invalid")

    @property
    def relaxes(self) -> bool:
        """Whether the scheme relaxes a constraint; then it has no gap."""
        return any(part.startswith(RELAXES) for part in self.note.split("; "))

    @property
    def failed(self) -> bool:
        """Whether the cell is one that a run's exit status must speak of."""
        if self.status == "invalid":  # on an instance without a decision anything is invalid
            return self.reference_status != "infeasible"
        return self.status not in ("optimal", "feasible", "infeasible")
