"""The contracts: what a solver, a partitioner and a thread allocator are.

Any class with a `name` and one of these methods is found by the registry; nothing has to be
inherited. A method may take a second (third) argument, the `Context`; a class that learns, or
carries state over the slots of a horizon, has `start(horizon)`, called before each episode with
an `EpisodeView`: the devices and the number of slots, but not the future.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from splitbench.problems import EpisodeView, SlotProblem
from splitbench.problems.arrays import Ints
from splitbench.solvers.solution import Solution


@dataclass(frozen=True)
class Context:
    """What a solver may want besides the problem.

    Attributes
    ----------
    seed
        Seed of the cell; `rng` draws from it and from `slot`, so that a slot's draws do not
        depend on how many were made before.
    slot
        Index of the slot in its horizon (or of the instance in its suite).
    deadline
        `time.monotonic()` at which the time is up; None without a limit.
    publish
        Call it with a `Solution` to make it the incumbent that is kept if time runs out.
    """

    seed: int = 0
    slot: int = 0
    deadline: float | None = None
    publish: Callable[[Solution], None] = field(default=lambda solution: None)

    @property
    def rng(self) -> np.random.Generator:
        """A fresh generator for this cell and slot: the same draws at every call."""
        return np.random.default_rng([self.seed, self.slot])

    def time_left_s(self) -> float:
        """Seconds until the limit; infinite without one."""
        return np.inf if self.deadline is None else self.deadline - time.monotonic()


#: The context of a solver that is called by hand: no limit, seed 0.
ALONE = Context()


class Solver(Protocol):
    """Answers a slot with a partition and a thread allocation."""

    name: str

    def solve(self, problem: SlotProblem, context: Context) -> Solution:
        """Return the decision for one slot."""


class Partitioner(Protocol):
    """Chooses where each DNN is cut; `partitioner+allocator` makes it a solver."""

    name: str

    def partition(self, problem: SlotProblem, context: Context) -> ArrayLike:
        """Return l_n, integers of shape (N,)."""


class ThreadAllocator(Protocol):
    """Chooses the threads for a given partition."""

    name: str

    def allocate(self, problem: SlotProblem, partition: Ints, context: Context) -> Solution:
        """Return the whole decision; a device without a feasible k is hibernated if allowed."""


def call_with_context(method: Callable[..., Any], *arguments: Any, context: Context) -> Any:
    """Call a plug-in's method, handing it the context only if it asks for one.

    It asks by a parameter named `context`, or by a further positional one without a default.
    """
    function = getattr(method, "__func__", method)
    how = _asks_for_context(function, len(arguments) + (function is not method))
    if how == "by name":
        return method(*arguments, context=context)
    return method(*arguments, context) if how == "by place" else method(*arguments)


@lru_cache(maxsize=256)  # reading a signature takes longer than many a solver
def _asks_for_context(function: Callable[..., Any], taken: int) -> str:
    """Say how a function that takes `taken` arguments already wants the context, or "no"."""
    parameters = inspect.signature(function).parameters
    named = parameters.get("context")
    if named is not None and named.kind is not named.POSITIONAL_ONLY:
        return "by name"
    positional = [
        parameter
        for parameter in parameters.values()
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    wanted = positional[taken : taken + 1]
    return "by place" if any(one.default is one.empty for one in wanted) else "no"


def solve_slot(solver: Any, problem: SlotProblem, context: Context | None = None) -> Solution:
    """Solve one slot with any solver, whether or not it takes a context."""
    solution = call_with_context(solver.solve, problem, context=context or ALONE)
    if not isinstance(solution, Solution):
        raise TypeError(
            f"{solver.name}.solve returned {type(solution).__name__}; expected a Solution"
        )
    return solution


def start_episode(solver: Any, horizon: EpisodeView) -> None:
    """Tell a solver that carries state that a new episode begins."""
    start = getattr(solver, "start", None)
    if start is not None:
        start(horizon)
