"""The record of a cell whose process is gone: what it had decided until then still counts."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any

from splitbench.benchmark.isolation.messages import reference_from, solution_from
from splitbench.benchmark.planning.posed import problem_of
from splitbench.benchmark.referee.episode import Episode, SlotRun, record_of, solve_reference
from splitbench.benchmark.referee.verify import judge
from splitbench.benchmark.runs.environment import environment
from splitbench.benchmark.runs.execute import described, failed_cell
from splitbench.problems import Horizon, InputError, Simulation, SlotProblem
from splitbench.results import CellKey, CellRecord
from splitbench.solvers import Solution, Status


@dataclass
class Task:
    """A cell being run, and what of it would survive a kill.

    `started` and `slot_started` are `time.monotonic()` of the cell and of the slot it is in.
    """

    key: CellKey
    started: float
    slot_started: float
    slots: list[dict[str, Any]] = field(default_factory=list)
    incumbent: dict[str, Any] | None = None


def record_of_killed(task: Task, status: Status, note: str, timeout_s: float | None) -> CellRecord:
    """Replay the decisions that were reported before the end and judge them here.

    The last incumbent that the solver published for the slot it was in is kept as that slot's
    decision, with the time it had been at it. The cell's status is what ended it.
    """
    key, incumbent, messages = task.key, task.incumbent, list(task.slots)
    if incumbent is not None:
        messages.append(incumbent | {"seconds": time.monotonic() - task.slot_started})
    try:
        posed = problem_of(key)
        episode = (
            _replay_episode(posed, messages, key)
            if isinstance(posed, Horizon)
            else _replay_instance(posed, messages, key)
        )
    except InputError:
        episode = Episode(0)
    if not episode.runs:
        return failed_cell(key, status, note, timeout_s, episode.devices)
    record = record_of(key, episode, environment())
    kept = " (the last incumbent is kept)" if incumbent is not None else ""
    ended = replace(record, status=str(status), note=note + kept)
    return described(ended, timeout_s)


def _replay_instance(problem: SlotProblem, messages: list[dict[str, Any]], key: CellKey) -> Episode:
    runs = [_judged(problem, message, key) for message in messages[-1:]]
    return Episode(len(problem), runs, stopped=True)


def _replay_episode(horizon: Horizon, messages: list[dict[str, Any]], key: CellKey) -> Episode:
    simulation, runs = Simulation(horizon), []
    for message in messages:
        run = _judged(simulation.problem, message, key)
        if run.verdict.outcome is None:
            run.outcome = simulation.hibernate()
        else:
            simulation.accept(run.verdict.outcome)
        runs.append(run)
    return Episode(len(horizon.fleet), runs, stopped=True)


def _judged(problem: SlotProblem, message: dict[str, Any], key: CellKey) -> SlotRun:
    solution: Solution = solution_from(message["solution"])
    reference = reference_from(message.get("reference"))
    if reference is None and key.reference:  # an incumbent: its slot's was not reached
        reference = solve_reference(problem)
    verdict = judge(problem, solution, reference)
    return SlotRun(verdict, verdict.outcome, reference, message["seconds"], solution)
