"""The record of a cell whose process is gone: what it had decided until then still counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from benchmark.environment import environment
from benchmark.episode import Episode, SlotRun, record_of, solve_reference
from benchmark.execute import described, problem_of
from benchmark.messages import solution_from
from benchmark.verify import judge
from problems import Horizon, InputError, Simulation, SlotProblem
from results import CellKey, CellRecord
from solvers import Solution, Status


def record_of_killed(
    key: CellKey,
    status: Status,
    note: str,
    slots: list[dict[str, Any]],
    incumbent: dict[str, Any] | None,
    timeout_s: float | None,
) -> CellRecord:
    """Replay the decisions that were reported before the end and judge them here.

    The last incumbent that the solver published for the slot it was in is kept as that slot's
    decision. The cell's status is what ended it.
    """
    messages = slots + ([incumbent] if incumbent is not None else [])
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
        nothing = CellRecord(
            key, str(status), note, devices=episode.devices, environment=environment()
        )
        return described(nothing, timeout_s)
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
    reference = solve_reference(problem) if key.reference else None
    verdict = judge(problem, solution, reference)
    seconds = message.get("seconds", 0.0)
    return SlotRun(verdict, verdict.outcome, reference, seconds, solution)
