"""The record of one cell: its key and its results."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from splitbench.problems.status import Status

#: Statuses of a cell from best to worst; a row of the table has the status of its worst cell.
STATUS_ORDER: tuple[str, ...] = tuple(Status)
#: Statuses of a cell that was not run: it has no numbers, and neither has its row.
NOT_RUN = ("unsupported", "not_installed")
#: A gap below −this, relative to the larger of 1 and the reference, is more than rounding.
IMPOSSIBLE = 1e-6


#: Prefix of a suite's name that is one file: it poses the same problem for every seed.
FILE = "file:"


@dataclass(frozen=True)
class CellKey:
    """What identifies a cell, whatever the order of options.

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
    """The result of one cell. Means are over every slot that was asked for.

    A slot without a decision, for whatever reason, counts as all devices hibernating: it serves
    nothing, draws no energy and scores −10 per device.

    Attributes
    ----------
    note
        Text for people; no code parses it.
    slots_run, slots_asked
        Slots for which the solver was asked for a decision, and slots that the means are over.
        `slots_asked` is 0 if unknown; `slots_run` is then used instead.
    utility_mean
        Mean over slots of U, summed over the `devices` devices.
    latency_s_mean, local_s_mean, transmit_s_mean, queue_s_mean, server_s_mean
        Means over the `served` device-slots; None where none was served.
    energy_j_mean
        Mean over all device-slots.
    slot_gap_mean, slot_gap_max, slot_gap_min, gap_relative_mean
        Reference − U at the state the policy is in; None without a reference, and where the
        scheme relaxes a constraint.
    gap_against
        What the slot gap is measured against: `optimum`, `bound` or `best_known`.
    relaxes
        Names of the constraints that the scheme relaxes; such a cell has no gap.
    per_device
        One object per device, `{"name", "dnn", "latency_s_mean", "energy_j_mean", "served"}`.
    traceback, output
        Traceback of a plug-in's exception, and what it printed; the harness limits both in length.
    suite_label, solver_label
        Names of suite and solver in tables; empty where they are those of the key
        (`results.shown_names`).
    reference_status
        `infeasible` where the instance is proved to have no decision.
    slots_optimal
        Slots in which the decision reached the optimum to 1e-9.
    solve_s, player_s, empty_round_trip_s
        Seconds of each slot that the solver was asked for, from the request to its answer by the
        referee's clock. `player_s` is the sum measured by the player's process, which is not to be
        trusted. `empty_round_trip_s` is the time of an empty request, None in-process.
    reference_s
        Seconds of the exact references; not part of `solve_s`, and no limit applies to them.
    claims
        The solver's claims that recomputation refuted, in words.
    decisions
        One object per slot; empty where the store was asked for summaries, as are `per_device`,
        `traceback` and `output`. In the cell of a horizon's bound only `energy_price`: what a joule
        is worth in hindsight, U/J.
    environment
        Package versions and machine.
    formulation
        Switches of the model, as in the instance format.
    solver_version
        The solver's package and those it depends on, `splitbench 0.1.0, highspy 1.16.0`.
    limit_s
        Time limit of the cell, s; None without one. A failed cell is charged this time.
    reference_cell_s
        Seconds of the reference cell (`benchmark.referee.reference_cell`) when last timed before.
    wall_s
        Seconds of the cell by the clock, reference and harness included; None where unknown.
    written
        When the record was stored, UTC, `2026-01-31T12:00:00.000Z`; "" before.
    """

    key: CellKey
    status: str
    note: str = ""
    devices: int = 0
    slots_run: int = 0
    slots_asked: int = 0
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
    slot_gap_min: float | None = None
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
    relaxes: tuple[str, ...] = ()
    per_device: list[dict[str, Any]] = field(default_factory=list)
    traceback: str = ""
    output: str = ""
    reference_s: float | None = None
    empty_round_trip_s: float | None = None
    player_s: float | None = None
    suite_label: str = ""
    solver_label: str = ""

    @property
    def finished(self) -> bool:
        """Whether the solver ended by itself, with a valid answer or not."""
        return self.status in ("optimal", "feasible", "infeasible", "invalid")

    @property
    def slots_counted(self) -> int:
        """Slots that the means are over."""
        return self.slots_asked or self.slots_run

    @property
    def failed(self) -> bool:
        """Whether this cell makes the exit status of a run 1."""
        if self.reference_status == "infeasible" and self.status in ("invalid", "unsupported"):
            return False  # no decision is missing where none is feasible
        return self.status not in ("optimal", "feasible", "infeasible")


#: Two utilities this close, relative to the larger of 1 and their size, are the same.
TOLERANCE = 1e-9


def same(first: float, second: float) -> bool:
    """Whether two utilities are the same up to rounding."""
    return abs(first - second) <= TOLERANCE * max(1.0, abs(first), abs(second))


#: Fields of a key, and of a record without its key.
KEY_FIELDS = tuple(entry.name for entry in fields(CellKey))
RECORD_FIELDS = tuple(entry.name for entry in fields(CellRecord) if entry.name != "key")
