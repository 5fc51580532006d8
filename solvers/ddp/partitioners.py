"""Partitioners `ddp`, `ddp-shared` and `imitation`: learned where to cut.

The exact optimum of a slot takes less time than any of these networks: a learned policy earns its
place where the model is unknown or where the horizon matters. Only the joint actor of `ddp` sees
no more than {λ, E, B, K} and learns from rewards alone; `ddp-shared` and `imitation` are shown each
cut's latencies and energy, and TA, which divides the threads behind all three, knows D(k).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

from numpy.typing import ArrayLike

from splitbench.problems import EpisodeView, SlotProblem
from splitbench.solvers.contract import Solution
from splitbench.solvers.ddp.policies.policy_file import Kind
from splitbench.solvers.ddp.policies.policy_runner import Player
from splitbench.solvers.ddp.training_parameters import (
    DdpParameters,
    ImitationParameters,
    SharedParameters,
    TrainingParameters,
)

_ON_UTILITY = {"ta": {"objective": "utility"}}


class _Learned:
    """What the three have in common; `training` is the dataclass of their parameters."""

    training: ClassVar[type[TrainingParameters]]
    name: ClassVar[str]
    policy: str | None
    player: Player

    def _play(self, kind: Kind) -> None:
        own = {one.name: getattr(self, one.name) for one in fields(self.training)}
        object.__setattr__(self, "player", Player(kind, self.training(**own), self.policy))

    @property
    def note(self) -> str:
        """Which policy is at work, where that is not the one trained in full for this suite."""
        return self.player.note

    def files(self, suite: str) -> list[Path]:
        """Return the policy files outside the repository that would play on a suite."""
        return self.player.files(suite)

    def start(self, horizon: EpisodeView) -> None:
        """Find or train the policy for an episode."""
        self.player.start(horizon)

    def partition(self, problem: SlotProblem) -> ArrayLike | Solution:
        """Return l_n, integers of shape (N,)."""
        return self.player.partition(problem)


@dataclass(frozen=True)
class Ddp(_Learned, DdpParameters):
    """DDP, the paper's Algorithm 2: one actor for all devices, Eq. 16 in, Eq. 19 out.

    Takes every parameter of `DdpParameters` in brackets; `actions=candidates` restricts it to the
    cuts that can pay. `policy` is a file that `splitbench train ddp` wrote; without one the
    policy that was trained for the suite is used.
    """

    policy: str | None = None
    name: ClassVar[str] = "ddp"
    training: ClassVar[type[TrainingParameters]] = DdpParameters
    player: Player = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._play("ddp")

    @property
    def allocator_defaults(self) -> dict[str, dict[str, Any]]:
        """TA divides the threads by what it minimised in training."""
        return _ON_UTILITY if self.objective == "utility" else {}


@dataclass(frozen=True)
class DdpShared(_Learned, SharedParameters):
    """One network for all devices and any N, learned from the utility of slots alone.

    Beyond the paper: it sees each device by itself, with its candidate cuts, and the fleet as a
    mean. TA divides the threads by utility unless told otherwise.
    """

    policy: str | None = None
    name: ClassVar[str] = "ddp-shared"
    training: ClassVar[type[TrainingParameters]] = SharedParameters
    allocator_defaults: ClassVar[dict[str, dict[str, Any]]] = _ON_UTILITY
    player: Player = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._play("ddp-shared")


@dataclass(frozen=True)
class Imitation(_Learned, ImitationParameters):
    """The network of `ddp-shared`, cloned from exact decisions instead of learning from rewards.

    TA divides the threads by utility unless told otherwise.
    """

    policy: str | None = None
    name: ClassVar[str] = "imitation"
    training: ClassVar[type[TrainingParameters]] = ImitationParameters
    allocator_defaults: ClassVar[dict[str, dict[str, Any]]] = _ON_UTILITY
    player: Player = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._play("imitation")
