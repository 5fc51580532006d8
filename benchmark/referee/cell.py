"""Run one cell from its key: pose the problem, ask a player, return the record."""

from __future__ import annotations

import contextlib
import time
from dataclasses import asdict

from splitbench.benchmark.planning.posed import problem_of
from splitbench.benchmark.planning.sources import source_of
from splitbench.benchmark.referee.cell_record import record_of
from splitbench.benchmark.referee.environment import environment
from splitbench.benchmark.referee.episode import run_episode
from splitbench.benchmark.referee.player import Answer, Player, PlayerLostError, PlugIn
from splitbench.problems import Horizon, InputError, SlotProblem
from splitbench.results import CellKey, CellRecord
from splitbench.results.bounds import BOUND
from splitbench.solvers import Status
from splitbench.solvers.contract import no_decision
from splitbench.solvers.horizon.bound import horizon_bound


def run_cell(
    key: CellKey, player: Player | None = None, timeout_s: float | None = None
) -> CellRecord:
    """Run a cell and judge it.

    Parameters
    ----------
    player
        The player that decides; by default the plug-in in this process, without isolation.
    timeout_s
        Time limit stated to the solver; an isolated player is killed after it.
    """
    try:
        posed = problem_of(key)
    except InputError as error:
        return CellRecord(key, str(Status.ERROR), str(error), environment=environment())
    if key.solver == BOUND:
        assert isinstance(posed, Horizon)
        return _described(record_of_bound(key, posed, timeout_s), posed, timeout_s)
    who, lost = player or PlugIn(), False
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    try:
        answer = who.load(key.solver, key.seed, deadline)
    except PlayerLostError as error:
        answer, lost = error.answer, True
    episode = run_episode(
        who,
        posed,
        first_slot=key.instance or 0,
        reference=key.reference,
        unstarted=None if answer.solution.status == Status.FEASIBLE else answer,
        clairvoyant=answer.clairvoyant and isinstance(posed, Horizon),
    )
    episode.lost |= lost
    record = record_of(key, episode, environment())
    try:
        left = who.finish()
    except PlayerLostError as error:
        record.status, left = str(error.status), error.why
    record.note = "; ".join(filter(None, [record.note, left]))
    record.output, record.empty_round_trip_s = who.output, who.empty_round_trip_s
    record.reference_s = episode.reference_s
    return _described(record, posed, timeout_s)


def failed_cell(
    key: CellKey, status: Status, why: str, timeout_s: float | None = None
) -> CellRecord:
    """Return the record of a cell that could not be run: every device hibernates in every slot."""
    try:
        posed = problem_of(key)
    except InputError as error:
        return CellRecord(key, str(Status.ERROR), str(error), environment=environment())
    if key.solver == BOUND:
        return CellRecord(key, str(status), why, environment=environment())
    unstarted = Answer(no_decision(status, why))
    episode = run_episode(PlugIn(), posed, reference=key.reference, unstarted=unstarted)
    return _described(record_of(key, episode, environment()), posed, timeout_s)


def _described(
    record: CellRecord, posed: Horizon | SlotProblem, timeout_s: float | None
) -> CellRecord:
    """Add the limit, the formulation and the sources of the suite's boards and server."""
    record.limit_s = timeout_s
    record.formulation = asdict(posed.formulation)
    with contextlib.suppress(InputError):
        model = source_of(record.key.suite).model
        record.environment = record.environment | ({"model": model} if model else {})
    return record


def record_of_bound(key: CellKey, horizon: Horizon, timeout_s: float | None) -> CellRecord:
    """Bound the horizon of an episode, once for all policies on it."""
    found = horizon_bound(horizon, time_limit=timeout_s)
    prices = [] if found.energy_price is None else found.energy_price.tolist()
    return CellRecord(
        key,
        str(Status.FEASIBLE),
        found.reason or f"horizon bound by {found.method}",
        devices=len(horizon.fleet),
        slots_run=len(horizon),
        slots_asked=len(horizon),
        horizon_bound=found.per_slot,
        solve_s=[found.seconds],
        decisions=[{"energy_price": price} for price in prices],
        environment=environment(),
    )
