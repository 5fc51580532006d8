"""Summarise an episode as the record of its cell. Every requested slot counts."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from splitbench.benchmark.referee.episode import Episode, SlotRun
from splitbench.benchmark.referee.verify import refuted_claims
from splitbench.problems import Fleet, Outcome
from splitbench.problems.arrays import Floats
from splitbench.results import CellKey, CellRecord
from splitbench.results.store.record import STATUS_ORDER

#: Parts of the latency whose means a record has, by their names in `Outcome`.
_LATENCIES = {"local_s": "local_s", "transmit_s": "transmit_s", "queue_s": "queue_s",
              "server_s": "server_s", "end_to_end_s": "latency_s"}  # fmt: skip


def record_of(key: CellKey, episode: Episode, environment: dict[str, Any]) -> CellRecord:
    """Return the record of a cell; it has no numbers if the solver cannot handle the problem."""
    runs = episode.runs
    record = CellRecord(
        key=key,
        status=_status(episode),
        note=_note(episode),
        devices=episode.devices,
        slots_run=sum(run.seconds is not None for run in runs),
        slots_asked=len(runs),
        solve_s=[run.seconds for run in runs if run.seconds is not None],
        player_s=sum(run.answer.seconds for run in runs),
        claims=refuted_claims([run.verdict for run in runs]),
        decisions=[decision_of(run) for run in runs],
        environment=environment,
        traceback=next((run.answer.traceback for run in runs if run.answer.traceback), ""),
    )
    if episode.ended is not None and not record.traceback:
        record.traceback = episode.ended.traceback
    if runs:
        _add_outcomes(record, [run.outcome for run in runs], runs[0].problem.fleet)
        _add_gaps(record, runs)
    return record


def _status(episode: Episode) -> str:
    """Return the worst status of the slots, or the status that ended the player early."""
    if episode.ended is not None and (episode.lost or not episode.runs):
        return str(episode.ended.solution.status)
    return max((str(run.verdict.status) for run in episode.runs), key=STATUS_ORDER.index)


def _note(episode: Episode) -> str:
    marks = ["clairvoyant: it sees the future"] if episode.clairvoyant else []
    relaxed = sorted({one.constraint for run in episode.runs for one in run.outcome.relaxed})
    marks += [f"relaxes {name}: no gap where it does" for name in relaxed]
    notes = [run.verdict.note for run in episode.runs]
    if episode.ended is not None:
        notes.insert(0, episode.ended.solution.note)
    return "; ".join([*marks, *filter(None, notes)][: len(marks) + 1])


def _add_outcomes(record: CellRecord, outcomes: list[Outcome], fleet: Fleet) -> None:
    """Add means over slots and devices; latencies are over served device-slots."""
    served = np.array([outcome.served for outcome in outcomes])
    energy = np.array([outcome.energy_j for outcome in outcomes])
    record.served = int(served.sum())
    record.utility_mean = float(np.mean([outcome.utility for outcome in outcomes]))
    record.energy_j_mean = float(energy.mean())
    record.violations = dict(
        Counter(one.constraint for outcome in outcomes for one in outcome.violations)
    )
    record.relaxes = tuple(
        sorted({one.constraint for outcome in outcomes for one in outcome.relaxed})
    )
    for part, name in _LATENCIES.items():
        seconds = np.array([getattr(outcome, part) for outcome in outcomes])
        if served.any():
            setattr(record, f"{name}_mean", float(seconds[served].mean()))
    record.per_device = _per_device(seconds, energy, served, fleet)


def _per_device(
    latency_s: Floats, energy_j: Floats, served: np.ndarray[Any, Any], fleet: Fleet
) -> list[dict[str, Any]]:
    """Return means of each device; arrays have shape (T, N)."""
    counts = served.sum(axis=0)
    total_s = np.where(served, latency_s, 0.0).sum(axis=0)
    energy_mean = energy_j.mean(axis=0)
    return [
        {
            "name": name,
            "dnn": dnn,
            "latency_s_mean": float(total_s[n] / counts[n]) if counts[n] else None,
            "energy_j_mean": float(energy_mean[n]),
            "served": int(counts[n]),
        }
        for n, (name, dnn) in enumerate(zip(fleet.names, fleet.dnns, strict=True))
    ]


def _add_gaps(record: CellRecord, runs: list[SlotRun]) -> None:
    """Add slot gaps where every slot has one, and how often the optimum was reached."""
    found = {run.reference.status for run in runs if run.reference is not None}
    record.reference_status = str(found.pop()) if len(found) == 1 else None
    record.slots_optimal = sum(run.verdict.reached_optimum for run in runs)
    gaps = [run.verdict.gap for run in runs if run.verdict.gap is not None]
    if len(gaps) < len(runs):
        return
    record.slot_gap_mean, record.gap_against = float(np.mean(gaps)), "optimum"
    record.slot_gap_max, record.slot_gap_min = float(np.max(gaps)), float(np.min(gaps))
    record.gap_relative_mean = float(np.mean([_relative(run) for run in runs]))


def _relative(run: SlotRun) -> float:
    assert run.verdict.gap is not None
    assert run.reference is not None
    return run.verdict.gap / max(abs(run.reference.utility or 0.0), 1e-10)


def decision_of(run: SlotRun) -> dict[str, Any]:
    """Return what is stored of a slot: the decision, its outcome and the claims."""
    outcome, solution = run.outcome, run.answer.solution
    price = solution.energy_price if solution.decided else None
    # Over a horizon devices without a decision hibernate; a single instance has none to show.
    applied = solution.decided or run.problem.formulation.hibernation_allowed
    return {
        "partition": outcome.partition.tolist() if applied else None,
        "threads": outcome.threads.tolist() if applied else None,
        "utility": outcome.utility,
        "battery_next_j": outcome.battery_next_j.tolist(),
        "harvest_j": outcome.harvest_j.tolist(),
        "energy_price": None if price is None else np.asarray(price, dtype=float).tolist(),
        "gap": run.verdict.gap,
        "status": str(run.verdict.status),
        "claimed": str(solution.status),
        "bound": solution.bound,
        "claimed_utility": solution.utility,
        "relaxes": list(solution.relaxes),
    }
