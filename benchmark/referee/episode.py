"""Step a player through a horizon, or put one slot instance to it; judge every slot.

This is the one loop of the harness that steps a `Simulation`. Every slot that was asked for is
stepped: where there is no decision, for whatever reason, all devices hibernate.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from splitbench.benchmark.referee.player import Answer, Player, PlayerLostError
from splitbench.benchmark.referee.verify import Reference, Verdict, judge
from splitbench.problems import HIBERNATE, EpisodeView, Horizon, Outcome, Simulation, SlotProblem
from splitbench.problems.even_split import even_split
from splitbench.solvers import Status
from splitbench.solvers.contract import no_decision
from splitbench.solvers.exact.batch import solve_batch
from splitbench.solvers.exact.exact import Exact

#: After so many slots in a row without a decision the rest of an episode is not run.
SLOTS_WITHOUT_DECISION = 3
#: Statuses of a solver that cannot handle the problem: its cell has no numbers.
NOT_RUN = (Status.UNSUPPORTED, Status.NOT_INSTALLED)

NO_MEMORY_FOR_REFERENCE = "no gap: the exact reference ran out of memory"


@dataclass
class SlotRun:
    """One slot: the answer, its outcome in the simulation, its verdict.

    `seconds` is the round trip of request and answer, None where the player was not asked.
    """

    problem: SlotProblem
    answer: Answer
    outcome: Outcome
    seconds: float | None
    verdict: Verdict = field(init=False)
    reference: Reference | None = None


@dataclass
class Episode:
    """All slots of a cell.

    Attributes
    ----------
    runs
        Every slot asked for; empty where the solver cannot handle the problem.
    ended
        Why the player was not asked for later slots, None where it was asked for all.
    """

    devices: int
    runs: list[SlotRun] = field(default_factory=list)
    ended: Answer | None = None
    lost: bool = False
    clairvoyant: bool = False
    reference_s: float = 0.0

    @property
    def supported(self) -> bool:
        """Whether the solver could handle the problem."""
        return self.ended is None or self.ended.solution.status not in NOT_RUN


class World(Protocol):
    """Slots in order: a `Simulation`, or one instance."""

    problem: SlotProblem

    @property
    def done(self) -> bool:
        """Whether all slots have been stepped through."""

    def accept(self, outcome: Outcome) -> Outcome:
        """Go on with the outcome of the present slot."""


class OneSlot:
    """A slot instance as an episode of one slot."""

    def __init__(self, problem: SlotProblem):
        self.problem, self.done = problem, False

    def accept(self, outcome: Outcome) -> Outcome:
        """End the episode."""
        self.done = True
        return outcome


def world_of(posed: Horizon | SlotProblem) -> World:
    """Return a horizon or an instance as slots in order."""
    return Simulation(posed) if isinstance(posed, Horizon) else OneSlot(posed)


def run_episode(
    player: Player,
    posed: Horizon | SlotProblem,
    *,
    first_slot: int = 0,
    reference: bool = True,
    unstarted: Answer | None = None,
    clairvoyant: bool = False,
) -> Episode:
    """Put every slot to a player and judge its decisions.

    Parameters
    ----------
    first_slot
        Number of the first slot in contexts: an instance's index in its suite.
    reference
        Whether to compute the exact optimum of each slot, after the last.
    unstarted
        Why the player is not asked at all, None where it can be.
    clairvoyant
        Whether the player may see the future; the record says so.
    """
    world = world_of(posed)
    episode = Episode(len(world.problem), ended=unstarted, clairvoyant=clairvoyant)
    if unstarted is None and isinstance(posed, Horizon):
        _start(player, posed, episode)
    undecided = 0
    while not world.done and episode.supported:
        run = _next_slot(player, world.problem, first_slot + len(episode.runs), episode)
        undecided = 0 if run.answer.solution.decided else undecided + 1
        episode.runs.append(run)
        world.accept(run.outcome)
        if episode.ended is None and undecided >= SLOTS_WITHOUT_DECISION:
            episode.ended = run.answer
    if not episode.supported:
        episode.runs = []
    _judge_all(episode, reference)
    return episode


def _start(player: Player, horizon: Horizon, episode: Episode) -> None:
    view = EpisodeView.of(horizon)
    try:
        answer = player.start(view if episode.clairvoyant else view.causal())
    except PlayerLostError as lost:
        episode.ended, episode.lost = lost.answer, True
        return
    if answer.solution.status != Status.FEASIBLE:
        episode.ended = answer


def _next_slot(player: Player, problem: SlotProblem, slot: int, episode: Episode) -> SlotRun:
    """Ask for a decision and apply it; where there is none, hibernate every device."""
    if episode.ended is not None:
        unasked = replace(episode.ended, traceback="")
        return SlotRun(problem, unasked, asleep(problem), None)
    begun = time.perf_counter()
    try:
        answer = player.solve(problem.as_planned(), slot)
    except PlayerLostError as lost:
        episode.ended, episode.lost = lost.answer, True
        answer = episode.ended if lost.incumbent is None else Answer(lost.incumbent)
    seconds = time.perf_counter() - begun
    solution = answer.solution
    if solution.partition is not None and solution.threads is not None:
        outcome = problem.evaluate(solution.partition, solution.threads, solution.relaxes)
        return SlotRun(problem, answer, outcome, seconds)
    if solution.status in NOT_RUN:
        if episode.runs:  # it did support the slots before
            answer = replace(answer, solution=no_decision(Status.ERROR, solution.note))
        episode.ended = answer
    return SlotRun(problem, answer, asleep(problem), seconds)


def asleep(problem: SlotProblem) -> Outcome:
    """Return the outcome of a slot without a decision: every device hibernates, scoring −10."""
    allowed = replace(problem.formulation, hibernation="allowed")
    threads = even_split(problem.threads, problem.thread_caps)
    slot = replace(problem, formulation=allowed)
    return slot.evaluate(np.full(len(problem), HIBERNATE), threads)


def _judge_all(episode: Episode, reference: bool) -> None:
    begun = time.perf_counter()
    missing = ""
    known: Sequence[Reference | None] = [None] * len(episode.runs)
    if reference:
        try:
            known = references([run.problem for run in episode.runs])
        except MemoryError:  # the decisions stand, without a gap
            missing = NO_MEMORY_FOR_REFERENCE
    episode.reference_s = time.perf_counter() - begun
    for run, optimum in zip(episode.runs, known, strict=True):
        solution = run.answer.solution
        if optimum is None and not missing and solution.status == Status.INFEASIBLE:
            optimum = _feasibility(run.problem)  # a slot without an optimum counts for nobody
        verdict = judge(run.problem, solution, optimum, run.outcome)
        if missing:
            verdict = replace(verdict, note="; ".join(filter(None, [verdict.note, missing])))
        run.verdict, run.reference = verdict, optimum


def references(problems: Sequence[SlotProblem]) -> list[Reference]:
    """Return the proved optimum of each slot, or that it has none."""
    return [
        Reference(solution.bound if solution.decided else None, Status(solution.status))
        for solution in solve_batch(problems)
    ]


def solve_reference(problem: SlotProblem) -> Reference:
    """Return the proved optimum of a slot, or that it has none."""
    solution = Exact().solve(problem)
    return Reference(solution.bound if solution.decided else None, Status(solution.status))


def _feasibility(problem: SlotProblem) -> Reference | None:
    """Check a claim that a slot is infeasible; None where it holds not."""
    try:
        found = solve_reference(problem)
    except MemoryError:
        return None
    return found
