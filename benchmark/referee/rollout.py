"""Run a solver through an episode and return its utilities, without reference or record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from splitbench.benchmark.referee.episode import run_episode, world_of
from splitbench.benchmark.referee.player import PlugIn
from splitbench.problems import Horizon, SlotProblem
from splitbench.problems.arrays import Floats
from splitbench.problems.outcome import outcomes_of
from splitbench.solvers import Solution
from splitbench.solvers.exact.batch import solve_batch


@dataclass(frozen=True)
class Played:
    """The slots of a policy's episode and their utilities.

    `problems` are the slots at the charges reached, `utilities` the U of each, shape (T,);
    `unserved` counts device-slots without service (hibernation, or a broken constraint).
    """

    problems: tuple[SlotProblem, ...]
    utilities: Floats
    unserved: int

    @property
    def utility(self) -> float:
        """Mean over slots of U."""
        return float(self.utilities.mean())

    @property
    def devices(self) -> int:
        """N."""
        return len(self.problems[0])


def play(posed: Horizon | SlotProblem, solver: Any) -> Played:
    """Step `solver` through a horizon, or one instance; it must decide every slot.

    Raises
    ------
    AssertionError
        A slot without a decision, with the reason.
    """
    runs = run_episode(PlugIn.of(solver), posed, reference=False, clairvoyant=True).runs
    for run in runs:
        assert run.answer.solution.decided, run.answer.solution.note
    return Played(
        tuple(run.problem for run in runs),
        np.array([run.outcome.utility for run in runs]),
        sum(int((~run.outcome.served).sum()) for run in runs),
    )


def play_optimum(posed: Sequence[Horizon | SlotProblem]) -> list[Played]:
    """Run the optimum of each slot through several horizons or instances in parallel.

    Each result equals that of `play` with `Exact`, to the last bit. Horizons with equal devices are
    given the same fleet, so that their slots are solved together.

    Raises
    ------
    AssertionError
        A slot without a decision, with the reason.
    """
    fleet = posed[0].fleet if posed else None
    worlds = [world_of(replace(one, fleet=fleet) if one.fleet == fleet else one) for one in posed]
    met: list[list[SlotProblem]] = [[] for _ in worlds]
    taken: list[list[Solution]] = [[] for _ in worlds]
    while running := [index for index, world in enumerate(worlds) if not world.done]:
        slots = [worlds[index].problem for index in running]
        solved = solve_batch([slot.as_planned() for slot in slots])
        for index, slot, solution in zip(running, slots, solved, strict=True):
            assert solution.partition is not None, solution.note
            met[index].append(slot)
            taken[index].append(solution)
            worlds[index].advance(np.asarray(solution.partition))
    return [_played(*one) for one in zip(met, taken, strict=True)]


def _played(slots: list[SlotProblem], taken: list[Solution]) -> Played:
    partition, threads = (
        np.array([getattr(one, name) for one in taken]) for name in ("partition", "threads")
    )
    outcomes = outcomes_of(slots, partition, threads, [frozenset()] * len(slots))
    return Played(
        tuple(slots),
        np.array([outcome.utility for outcome in outcomes]),
        sum(int((~outcome.served).sum()) for outcome in outcomes),
    )
