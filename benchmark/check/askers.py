"""Run a solver on an instance or a horizon and return plain answers."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from splitbench.problems import EpisodeView, Horizon, InputError, Simulation, SlotProblem
from splitbench.problems.files.slot_file import instance_dict
from splitbench.solvers import Context, Solution, Status, solve_slot
from splitbench.solvers.calling import start_episode
from splitbench.solvers.contract import no_decision


@dataclass(frozen=True)
class Answer:
    """A solver's answer to one slot.

    Attributes
    ----------
    solution
        The answer; None where the solver raised or was stopped.
    seconds
        How long it took.
    error
        The last lines of the traceback, or why there is no answer; "" otherwise.
    changed
        Whether the call changed the instance.
    """

    solution: Solution | None
    seconds: float
    error: str = ""
    changed: bool = False

    @property
    def decision(self) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
        """Partition and threads as tuples, to compare; None without a usable decision."""
        found = self.solution
        if found is None or not found.decided:
            return None
        partition, threads = np.asarray(found.partition), np.asarray(found.threads)
        return tuple(partition.tolist()), tuple(threads.tolist())


class Asker(Protocol):
    """Asks one solver; each question uses a fresh object, as each cell of a run does."""

    def ask(
        self, problem: SlotProblem, seed: int = 0, limit_s: float | None = None, hash_seed: int = 0
    ) -> Answer:
        """Put one slot to a fresh solver.

        `hash_seed` is Python's hash seed of the process that answers, where there is one.
        """

    def play(self, horizon: Horizon, seed: int = 0, episodes: int = 1) -> list[list[Answer]]:
        """Run a fresh solver through a horizon, `episodes` times in a row with the same object."""

    def declared(self) -> tuple[str, ...]:
        """Properties that the solver declares not to have (`sensitive_to`)."""

    @property
    def separate_processes(self) -> bool:
        """Whether the answers come from processes with hash seeds of their own."""


class InProcess:
    """Asks a solver in this process: for one's own tests, with a debugger.

    Parameters
    ----------
    make
        Makes a fresh solver.
    """

    separate_processes = False

    def __init__(self, make: Callable[[], Any]):
        self._make = make

    def declared(self) -> tuple[str, ...]:
        """Properties that the solver, or a half of it, declares not to have."""
        solver = self._make()
        parts = (solver, getattr(solver, "partitioner", None), getattr(solver, "allocator", None))
        return tuple(name for part in parts for name in getattr(part, "sensitive_to", ()))

    def ask(
        self, problem: SlotProblem, seed: int = 0, limit_s: float | None = None, hash_seed: int = 0
    ) -> Answer:
        """Run a fresh solver on one slot; an overrun is measured, not stopped."""
        return answer_of(self._make(), problem, seed, 0, limit_s)

    def play(self, horizon: Horizon, seed: int = 0, episodes: int = 1) -> list[list[Answer]]:
        """Run a fresh solver through a horizon, `episodes` times in a row."""
        solver = self._make()
        return [play_episode(solver, horizon, seed) for _ in range(episodes)]


def answer_of(
    solver: Any, problem: SlotProblem, seed: int, slot: int, limit_s: float | None
) -> Answer:
    """Call a solver on one slot and note what it returned, raised and changed."""
    before = instance_dict(problem)
    started = time.monotonic()
    deadline = None if limit_s is None else started + limit_s
    try:
        solution: Solution | None = solve_slot(
            solver, problem, Context(seed=seed, slot=slot, deadline=deadline)
        )
        error = ""
    except Exception:
        solution, error = None, traceback.format_exc(limit=-3)
    seconds = time.monotonic() - started
    return Answer(solution, seconds, error, changed=instance_dict(problem) != before)


def play_episode(solver: Any, horizon: Horizon, seed: int) -> list[Answer]:
    """Run a solver through a horizon; a slot without a usable decision hibernates."""
    try:
        start_episode(solver, EpisodeView.of(horizon))
    except InputError as error:  # a plug-in's way of refusing these devices
        return [Answer(no_decision(Status.UNSUPPORTED, str(error)), 0.0)]
    except Exception:
        return [Answer(None, 0.0, traceback.format_exc(limit=-3))]
    simulation, answers = Simulation(horizon), []
    while not simulation.done:
        answer = answer_of(solver, simulation.problem, seed, simulation.index, None)
        answers.append(answer)
        try:
            found = answer.solution
            if found is None or found.partition is None or found.threads is None:
                simulation.hibernate()
            else:
                simulation.step(found.partition, found.threads, found.relaxes)
        except ValueError:
            simulation.hibernate()
    return answers
