"""The contract of a plug-in: Solver, Partitioner and Allocator, and everything they may add.

A plug-in is any class with a `name` and one of the methods `solve`, `partition` and `allocate`. It
needs no base class and is discovered automatically (`splitbench.solvers.discovery`). In a user's
own file `name` may be omitted; it is then the name of the class. Each of these methods may take one
more argument, the `Context`, by position or by the name `context`:

    def solve(self, problem): ...
    def solve(self, problem, context): ...

Optional hooks, each looked up only where it is used:

| hook | on | what it is for |
|---|---|---|
| `start(horizon)` | all | called before each episode with an `EpisodeView`; for state, learning |
| `clairvoyant` | all | True: `start` is given the future of the horizon, and the record says so |
| `requires` | all | names of packages to install; without them the status is `not_installed` |
| `files` | all | names of data files beside the class's own file that its decisions depend on, |
| | | or a method `files(suite)` that returns their paths; other content, other results |
| `note` | partitioner | text that goes with every decision, such as the policy in use |
| `sensitive_to` | all | `order` of the devices, `units`: what its decisions may depend on, by |
| | | design; `splitbench check` then says so and does not test it |
| `allocator_defaults` | partitioner | parameters of an allocator that is given none, by its name |
| `beside(partitioner, allocator)` | allocator | names of schemes whose results to show as well |

Parameters in brackets (`ta[start=random]`) are the keyword arguments of `__init__`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Concatenate, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from splitbench.problems import EpisodeView, SlotProblem
from splitbench.problems.arrays import Ints
from splitbench.problems.status import Status


@dataclass(frozen=True)
class Solution:
    """A decision and what the solver claims about it.

    Attributes
    ----------
    partition, threads
        l_n and k_n, integers of shape (N,); None where there is no decision.
    status
        The solver's claim, a `Status` or its text; the harness recomputes what can be recomputed.
    bound
        An upper bound on the utility, or None.
    relaxes
        Constraints that the scheme relaxes by design (`threads_sum`: it leaves threads idle).
    note
        One line for the reader, such as why there is no decision.
    energy_price
        What the policy takes a joule to be worth, U/J, shape (N,); None where it has no price.
        Figures show it; it does not affect the result.
    utility
        U of the decision as the solver computes it, or None.
    """

    partition: ArrayLike | None
    threads: ArrayLike | None
    status: Status | str = Status.FEASIBLE
    bound: float | None = None
    relaxes: tuple[str, ...] = ()
    note: str = ""
    energy_price: ArrayLike | None = None
    utility: float | None = None

    @property
    def decided(self) -> bool:
        """Whether there is a decision to evaluate."""
        return self.partition is not None and self.threads is not None


def no_decision(status: Status, note: str, *, bound: float | None = None) -> Solution:
    """Return a solution without a decision, and why there is none."""
    return Solution(None, None, status, bound, note=note)


@dataclass(frozen=True)
class Context:
    """What a plug-in may use besides the problem.

    Attributes
    ----------
    seed
        Seed of the cell.
    slot
        Index of the slot in its horizon, or of the instance in its suite.
    deadline
        `time.monotonic()` at which the time is up; None without a limit.
    publish
        Call it with a `Solution` to record an incumbent: it is kept if the time runs out.
    """

    seed: int = 0
    slot: int = 0
    deadline: float | None = None
    publish: Callable[[Solution], None] = field(default=lambda solution: None)

    @property
    def rng(self) -> np.random.Generator:
        """A new generator seeded by `seed` and `slot`: the same draws at every call.

        A slot's draws do not depend on how many were made in earlier slots.
        """
        return np.random.default_rng([self.seed, self.slot])

    def time_left_s(self) -> float:
        """Seconds until the limit; infinite without one."""
        return np.inf if self.deadline is None else self.deadline - time.monotonic()


#: The context of a plug-in that is called by hand: no limit, seed 0.
ALONE = Context()


class Plugin(Protocol):
    """What every plug-in has."""

    @property
    def name(self) -> str:
        """The name under which it is found and its results are stored."""


class Solver(Plugin, Protocol):
    """Decides a slot: partition and threads."""

    @property
    def solve(self) -> Callable[Concatenate[SlotProblem, ...], Solution]:
        """Method `solve(problem[, context])`, which returns the decision for one slot."""


class Partitioner(Plugin, Protocol):
    """Chooses where each DNN is cut; with an allocator it makes a solver, `a+b`."""

    @property
    def partition(self) -> Callable[Concatenate[SlotProblem, ...], ArrayLike | Solution]:
        """Method `partition(problem[, context])`, which returns l_n, integers of shape (N,).

        Where there is no partition it returns a Solution without a decision that says why.
        """


class Allocator(Plugin, Protocol):
    """Chooses the threads for a given partition."""

    @property
    def allocate(self) -> Callable[Concatenate[SlotProblem, Ints, ...], Solution | ArrayLike]:
        """Method `allocate(problem, partition[, context])`, which returns the whole decision.

        Or only k_n, integers of shape (N,). Where it finds no feasible k for a device it
        hibernates the device if that is allowed.
        """


@runtime_checkable
class Starts(Protocol):
    """A plug-in that learns, or carries state over the slots of an episode."""

    def start(self, horizon: EpisodeView) -> None:
        """Begin an episode: the devices and the number of slots are known, not the future.

        Raises
        ------
        InputError
            The plug-in cannot handle this horizon; the cell becomes `unsupported`.
        """


@runtime_checkable
class HasAllocatorDefaults(Protocol):
    """A partitioner that fits an allocator with certain parameters."""

    @property
    def allocator_defaults(self) -> Mapping[str, Mapping[str, Any]]:
        """Parameters by the allocator's name; used where the allocator is given none."""


@runtime_checkable
class HasBeside(Protocol):
    """An allocator whose result alone would mislead, since other schemes explain it."""

    @staticmethod
    def beside(partitioner: str, allocator: str) -> Sequence[str]:
        """Return names of schemes to run as well; the arguments are the halves of the name."""
