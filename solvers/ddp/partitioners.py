"""Partitioners `ddp`, `ddp-shared` and `imitation`: learned where to cut.

The exact optimum of a slot takes less time than any of these networks. So a learned policy is of
use where the model is unknown or where the horizon matters. Only `ddp` sees no more than
{λ, E, B, K} and learns from rewards alone. `ddp-shared` and `imitation` are shown each cut's
latencies and energy. TA, which allocates the threads behind all three, knows D(k).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

from numpy.typing import ArrayLike

from splitbench.problems import EpisodeView, SlotProblem
from splitbench.solvers.contract import ALONE, Context, Solution
from splitbench.solvers.ddp.ddp_parameters import DdpParameters
from splitbench.solvers.ddp.policies.policy_file import Kind
from splitbench.solvers.ddp.policies.policy_runner import PolicyRunner
from splitbench.solvers.ddp.shared_parameters import ImitationParameters, SharedParameters
from splitbench.solvers.ddp.training_parameters import TrainingParameters

_ON_UTILITY = {"ta": {"objective": "utility"}}
#: The parameters of each kind of policy.
PARAMETERS: dict[str, type[TrainingParameters]] = {
    "ddp": DdpParameters,
    "ddp-shared": SharedParameters,
    "imitation": ImitationParameters,
}


class _Learned:
    """Base of the three partitioners: they ask a policy runner for partitions."""

    name: ClassVar[str]
    #: A policy is trained for devices in their order, in SI units.
    sensitive_to: ClassVar[tuple[str, ...]] = ("order", "units")
    policy: str | None
    runner: PolicyRunner

    def _make_runner(self, kind: Kind) -> None:
        parameters = PARAMETERS[kind]
        own = {one.name: getattr(self, one.name) for one in fields(parameters)}
        object.__setattr__(self, "runner", PolicyRunner(kind, parameters(**own), self.policy))

    @property
    def note(self) -> str:
        """Which policy is used; empty if it was trained in full for exactly this scenario."""
        return self.runner.note

    def files(self, suite: str) -> list[Path]:
        """Return the policy files outside the repository that are used on a suite."""
        return self.runner.files(suite)

    def start(self, horizon: EpisodeView) -> None:
        """Find or train the policy for an episode."""
        self.runner.start(horizon)

    def partition(self, problem: SlotProblem, context: Context = ALONE) -> ArrayLike | Solution:
        """Return l_n, integers of shape (N,); `timeout` where a training has no time."""
        return self.runner.partition(problem, context)


@dataclass(frozen=True)
class Ddp(_Learned, DdpParameters):
    """DDP, the paper's Algorithm 2: one actor for all devices, state of Eq. 16, Eq. 19.

    Takes every parameter of `DdpParameters` in brackets; docs/ddp.md lists those that make it the
    printed algorithm. `policy` is a file that `splitbench train ddp` wrote; without one the policy
    that was trained for the suite is used.
    """

    policy: str | None = None
    name: ClassVar[str] = "ddp"
    runner: PolicyRunner = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._make_runner("ddp")

    @property
    def allocator_defaults(self) -> dict[str, dict[str, Any]]:
        """TA minimises what it minimised in training."""
        return _ON_UTILITY if self.objective == "utility" else {}


@dataclass(frozen=True)
class DdpShared(_Learned, SharedParameters):
    """One network for all devices and any N, learned from the utility of slots alone.

    Beyond the paper: it sees each device by itself, with its merged cuts, and the fleet as a
    mean. TA allocates threads by utility unless told otherwise.
    """

    policy: str | None = None
    name: ClassVar[str] = "ddp-shared"
    allocator_defaults: ClassVar[dict[str, dict[str, Any]]] = _ON_UTILITY
    runner: PolicyRunner = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._make_runner("ddp-shared")


@dataclass(frozen=True)
class Imitation(_Learned, ImitationParameters):
    """The network of `ddp-shared`, trained on exact decisions instead of rewards.

    TA allocates threads by utility unless told otherwise.
    """

    policy: str | None = None
    name: ClassVar[str] = "imitation"
    allocator_defaults: ClassVar[dict[str, dict[str, Any]]] = _ON_UTILITY
    runner: PolicyRunner = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._make_runner("imitation")
