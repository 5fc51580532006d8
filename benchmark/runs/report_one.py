"""Print the record of a file's cell: `solve` and `simulate`, as JSON and for people."""

from __future__ import annotations

from collections import Counter as Counts
from pathlib import Path
from typing import Any

import numpy as np

from splitbench.benchmark.console import emit
from splitbench.problems import HIBERNATE, Outcome, SlotProblem
from splitbench.results import CellRecord
from splitbench.results.tables.cell_text import counts, gap_text, number
from splitbench.results.tables.escape import printable


def solution_object(problem: SlotProblem, record: CellRecord) -> dict[str, Any]:
    """Return the object that `solve --json` prints, from the record of the instance's cell."""
    decision = record.decisions[0] if record.decisions else {}
    outcome = _outcome(problem, decision)
    bound, relative = decision.get("bound"), record.gap_relative_mean
    gap, against = decision.get("gap"), record.gap_against
    comparable = outcome is not None and not outcome.relaxed and not record.key.reference
    if comparable and outcome is not None and bound is not None:
        gap, against = bound - outcome.utility, "bound"
        if gap < 0.0 and not outcome.feasible:  # as `gap_to`
            gap = None
        relative = None if gap is None else gap / max(abs(bound), 1e-10)
    return {
        "solver": record.key.solver,
        "status": record.status,
        "partition": decision.get("partition"),
        "threads": decision.get("threads"),
        "utility": None if outcome is None else outcome.utility,
        "bound": bound,
        "gap": gap,
        "gap_relative": relative,
        "gap_against": None if gap is None else against,
        "feasible": outcome is not None and outcome.feasible,
        "violations": [] if outcome is None else [v._asdict() for v in outcome.violations],
        "relaxes": [] if outcome is None else [v._asdict() for v in outcome.relaxed],
        "seconds": sum(record.solve_s),
        "note": record.note,
        "claims_refuted": record.claims,
        "traceback": record.traceback,
        "output": record.output,
        "devices": [] if outcome is None else _devices(problem, outcome),
    }


def _outcome(problem: SlotProblem, decision: dict[str, Any]) -> Outcome | None:
    """Return the outcome of the recorded decision, None without a decision."""
    if decision.get("partition") is None:
        return None
    return problem.evaluate(decision["partition"], decision["threads"], decision["relaxes"])


def simulation_object(record: CellRecord) -> dict[str, Any]:
    """Return the object that `simulate --json` prints."""
    device_slots = record.devices * record.slots_asked
    return {
        "solver": record.key.solver,
        "status": record.status,
        "utility_mean": record.utility_mean,
        "horizon_bound": record.horizon_bound,
        "horizon_gap": record.horizon_gap,
        "slot_gap_mean": record.slot_gap_mean,
        "slot_gap_max": record.slot_gap_max,
        "gap_against": record.gap_against,
        "latency_s_mean": record.latency_s_mean,
        "energy_j_mean": record.energy_j_mean,
        "violations": record.violations,
        "availability": record.served / device_slots if device_slots else None,
        "seconds": sum(record.solve_s),
        "note": record.note,
        "claims_refuted": record.claims,
        "traceback": record.traceback,
        "output": record.output,
        "slots": record.decisions,
    }


def print_solution(found: dict[str, Any], out: Path | None) -> None:
    """Print a solution for people."""
    against = f" to the {found['gap_against']}" if found["gap_against"] else ""
    lines = [
        f"{found['solver']}: {found['status']}, utility {number(found['utility'], 6)}, "
        f"gap{against} {gap_text(found['gap'])}, {number(found['seconds'], 2, 1e3)} ms"
    ]
    if found["note"]:
        lines.append(f"  {found['note']}")
    lines += [f"  claim refuted: {claim}" for claim in found["claims_refuted"]]
    for kind in ("violations", "relaxes"):
        for broken in found[kind]:
            where = f" of {printable(broken['device'])}" if broken["device"] else ""
            verb = "breaks" if kind == "violations" else "relaxes"
            lines.append(f"  {verb} {broken['constraint']}{where} by {broken['amount']:g}")
    for index, device in enumerate(found["devices"]):
        name, threads = printable(device["name"]), found["threads"][index]
        if found["partition"][index] == HIBERNATE:
            charge = number(device["battery_next_j"], 1)
            lines.append(f"  {name}: hibernates, k = {threads}, charge after {charge} J")
            continue
        parts = (device[f"{part}_s"] for part in ("local", "transmit", "queue", "server"))
        latency = " + ".join(number(_known(part), 1, 1e3) for part in parts)
        lines.append(
            f"  {name}: l = {found['partition'][index]}, k = {threads}, latency {latency} = "
            f"{number(_known(device['end_to_end_s']), 1, 1e3)} ms "
            f"(local + uplink + queue + server), energy {number(device['energy_j'], 2)} J, "
            f"charge after {number(device['battery_next_j'], 1)} J"
        )
    emit("\n".join(lines), out)


def print_simulations(found: list[dict[str, Any]], out: Path | None) -> None:
    """Print simulations for people, one line each."""
    lines = []
    for one in found:
        served = Counts(slot["status"] for slot in one["slots"])
        lines.append(
            f"{one['solver']}: {one['status']}, mean utility {number(one['utility_mean'], 6)}, "
            f"slot gap {gap_text(one['slot_gap_mean'])} (worst {gap_text(one['slot_gap_max'])}), "
            f"horizon gap {gap_text(one['horizon_gap'])}, "
            f"latency {number(one['latency_s_mean'], 1, 1e3)} ms, "
            f"energy {number(one['energy_j_mean'], 2)} J, "
            f"served {number(one['availability'], 1, 100.0)} %, "
            f"violations {counts(one['violations'])}, slots {counts(served)}"
        )
        if one["note"]:
            lines.append(f"  {one['note']}")
        lines += [f"  claim refuted: {claim}" for claim in one["claims_refuted"]]
    emit("\n".join(lines), out)


def _devices(problem: SlotProblem, outcome: Outcome) -> list[dict[str, Any]]:
    columns = (
        "local_s",
        "transmit_s",
        "queue_s",
        "server_s",
        "end_to_end_s",
        "energy_j",
        "battery_next_j",
    )
    return [
        {"name": name} | {column: float(getattr(outcome, column)[index]) for column in columns}
        for index, name in enumerate(problem.fleet.names)
    ]


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
