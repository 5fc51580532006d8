"""Step a player through a horizon, or ask it for one slot instance; judge every slot.

Every requested slot is stepped; without a decision, for whatever reason, all devices hibernate. All
records come from this loop. Others that step a `Simulation` ask no player (the optimum of several
seeds in `rollout`, slots of a horizon in `planning`, stored decisions in `paper`), or, in `check`,
note what a solver changes and raises.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol
from weakref import WeakKeyDictionary

import numpy as np

from splitbench.benchmark.referee.player import Answer, Player, PlayerLostError
from splitbench.benchmark.referee.verify import Reference, Verdict, judge
from splitbench.problems import HIBERNATE, EpisodeView, Horizon, Outcome, Simulation, SlotProblem
from splitbench.problems.arrays import Ints
from splitbench.problems.even_split import even_split
from splitbench.problems.outcome import outcomes_of
from splitbench.solvers import Status
from splitbench.solvers.contract import no_decision
from splitbench.solvers.exact.batch import solve_batch

#: Consecutive slots without a decision after which the rest of an episode is not run.
SLOTS_WITHOUT_DECISION = 3
#: Statuses of a solver that cannot handle the problem; its cell has no numbers.
NOT_RUN = (Status.UNSUPPORTED, Status.NOT_INSTALLED)

#: Cached references of the slots in use: all solvers are asked for the same instances, whose
#: references are computed once.
_KNOWN: WeakKeyDictionary[SlotProblem, Reference] = WeakKeyDictionary()

NO_MEMORY_FOR_REFERENCE = "no gap: the exact reference ran out of memory"


@dataclass
class SlotRun:
    """One slot: the answer, its outcome in the simulation, its verdict.

    `seconds` is the round trip of request and answer, None where the player was not asked.
    """

    problem: SlotProblem
    answer: Answer
    seconds: float | None
    outcome: Outcome = field(init=False)
    verdict: Verdict = field(init=False)
    reference: Reference | None = None

    @property
    def decision(self) -> tuple[Ints, Ints, frozenset[str]]:
        """The answer's l and k, shape (N,) each, and what they relax; else all hibernate."""
        solution = self.answer.solution
        if solution.partition is None or solution.threads is None:
            threads = even_split(self.problem.threads, self.problem.thread_caps)
            return np.full(len(self.problem), HIBERNATE), threads, frozenset()
        partition, threads = np.asarray(solution.partition), np.asarray(solution.threads)
        return partition, threads, frozenset(solution.relaxes)


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

    def advance(self, partition: Ints) -> None:
        """Go to the next slot by a decision."""


class OneSlot:
    """A slot instance as an episode of one slot."""

    def __init__(self, problem: SlotProblem):
        self.problem, self.done = problem, False

    def advance(self, partition: Ints) -> None:
        """End the episode."""
        self.done = True


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
    """Ask a player for every slot and judge its decisions.

    Parameters
    ----------
    first_slot
        Number of the first slot in contexts: an instance's index in its suite.
    reference
        Whether to compute the exact optimum of each slot, after the last.
    unstarted
        Why the player is not asked at all; None if it is.
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
        world.advance(run.decision[0])
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
    """Ask for a decision."""
    if episode.ended is not None:
        return SlotRun(problem, replace(episode.ended, traceback=""), None)
    begun = time.perf_counter()
    try:
        answer = player.solve(problem.as_planned(), slot)
    except PlayerLostError as lost:
        episode.ended, episode.lost = lost.answer, True
        answer = episode.ended if lost.incumbent is None else Answer(lost.incumbent)
    seconds = time.perf_counter() - begun
    solution = answer.solution
    if not solution.decided and solution.status in NOT_RUN:
        if episode.runs:  # it answered the earlier slots, so this is a failure
            answer = replace(answer, solution=no_decision(Status.ERROR, solution.note))
        episode.ended = answer
    return SlotRun(problem, answer, seconds)


def _add_outcomes(runs: Sequence[SlotRun]) -> None:
    """Apply the model to the decisions; without one every device hibernates, scoring −10."""
    slots = [run.problem for run in runs]
    if len(runs) == 1 and not runs[0].answer.solution.decided:  # an instance may forbid hibernation
        allowed = replace(slots[0].formulation, hibernation="allowed")
        slots = [replace(slots[0], formulation=allowed)]
    partition, threads, relax = zip(*(run.decision for run in runs), strict=True)
    found = outcomes_of(slots, np.array(partition), np.array(threads), relax)
    for run, outcome in zip(runs, found, strict=True):
        run.outcome = outcome


def _judge_all(episode: Episode, reference: bool) -> None:
    if not episode.runs:
        return
    begun = time.perf_counter()
    missing = ""
    known: Sequence[Reference | None] = [None] * len(episode.runs)
    if reference:
        try:
            known = references([run.problem for run in episode.runs])
        except MemoryError:  # the decisions are kept, without a gap
            missing = NO_MEMORY_FOR_REFERENCE
    episode.reference_s = time.perf_counter() - begun
    _add_outcomes(episode.runs)
    for run, optimum in zip(episode.runs, known, strict=True):
        solution = run.answer.solution
        if optimum is None and not missing and solution.status == Status.INFEASIBLE:
            optimum = _feasibility(run.problem)  # an infeasible slot counts for no solver
        verdict = judge(run.problem, solution, optimum, run.outcome)
        if missing:
            verdict = replace(verdict, note="; ".join(filter(None, [verdict.note, missing])))
        run.verdict, run.reference = verdict, optimum


def references(problems: Sequence[SlotProblem]) -> list[Reference]:
    """Return the proved optimum of each slot, or that it has none; a slot object is solved once."""
    unknown = [problem for problem in problems if problem not in _KNOWN]
    for problem, solution in zip(unknown, solve_batch(unknown), strict=True):
        optimum = solution.bound if solution.decided else None
        _KNOWN[problem] = Reference(optimum, Status(solution.status))
    return [_KNOWN[problem] for problem in problems]


def solve_reference(problem: SlotProblem) -> Reference:
    """Return the proved optimum of a slot, or that it has none."""
    return references([problem])[0]


def _feasibility(problem: SlotProblem) -> Reference | None:
    """Check a claim that a slot is infeasible; None if it does not hold."""
    try:
        found = solve_reference(problem)
    except MemoryError:
        return None
    return found
