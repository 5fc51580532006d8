"""Parameters of `ddp`: Algorithm 2 as printed, and every departure from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import Literal

from splitbench.solvers.ddp.actions import Mapping, VirtualLayers
from splitbench.solvers.ddp.training_parameters import TrainingParameters
from splitbench.solvers.threads.batch_threads import Objective

UplinkInput = Literal["inverse", "rate"]
CriticKind = Literal["table", "layers", "output"]
Gradient = Literal["softmax", "secant", "smoothed", "plain"]
#: At γ = 1 values would be infinite sums over slots.
_MOST_DISCOUNT = 0.9999


@dataclass(frozen=True)
class DdpParameters(TrainingParameters):
    """Algorithm 2: DDPG with one actor for all devices, and what departs from it.

    `PRINTED` undoes the departures.

    Attributes
    ----------
    virtual_layers
        `merged`: layers whose cuts cannot pay are merged, see `merged_cuts`; `all`: every layer.
    mapping
        Eq. 19 `corrected` or as `printed`, see `ActionSet.index`.
    critic
        What Q(s, a) sees of the action: `output`, as printed, tanh P_n of each device; `layers`,
        the layer Eq. 19 maps it to, one-hot; `table`, the same with Q a sum over devices of one
        value per layer. `layers` and `table` store the centre of the layer's interval as the
        action.
    twin_critics
        Train two critics and use the lower of their values (`TwinCritics`).
    gradient
        How the critic moves the actor, `solvers.ddp.training.policy_gradients`: `plain`, as
        printed (line 14); `smoothed`; `secant`; or `softmax`, for which the actor has a score a
        layer and P_n is the centre of the best one's interval.
    uplink
        The state's B as its `inverse`, in which latency is linear, or as the `rate`.
    objective
        What TA minimises while training.
    discount
        γ; 0 learns each slot's utility. Values are scaled by 1 − γ.
    hidden, critic_hidden
        Widths of the actor and of the critic.
    actor_rate, critic_rate, actor_beta2, soft_update
        Learning rates of Adam at the start (they fall to 2 % along a cosine), the actor's β2, and
        how far targets move at each update.
    actor_batch
        Transitions in the actor's minibatch, the first of the critic's.
    noise, noise_end, uniform, uniform_end
        Standard deviation of exploration (on tanh P), first and last; share of the devices that
        act at random, first and last.
    critic_first
        Share of the training that explores at random and trains the critic alone.
    entropy
        Weight of the softmax's entropy in the actor's loss, falling to 0 (`gradient=softmax`).
    wait_for_full_buffer
        Start learning when the buffer is full, as Algorithm 2 does, not at `learning_starts`.
    output_penalty
        Weight of P² in the actor's loss, which keeps tanh out of saturation; not for `softmax`.
    """

    episodes: int = 640
    parallel: int = 32
    updates: int = 3
    hidden: int = 256
    utility_floor: float = -1.0
    virtual_layers: VirtualLayers = "merged"
    mapping: Mapping = "corrected"
    critic: CriticKind = "table"
    twin_critics: bool = False
    gradient: Gradient = "softmax"
    uplink: UplinkInput = "inverse"
    objective: Objective = "latency"
    discount: float = 0.0
    critic_hidden: int = 128
    actor_rate: float = 1e-3
    critic_rate: float = 1e-3
    actor_beta2: float = 0.999
    soft_update: float = 0.005
    actor_batch: int = 256
    noise: float = 0.3
    noise_end: float = 0.05
    uniform: float = 0.3
    uniform_end: float = 0.0
    critic_first: float = 0.15
    entropy: float = 0.05
    wait_for_full_buffer: bool = False
    output_penalty: float = 1e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("critic_hidden", "actor_batch"):
            self._in_range(name, 1, inf)
        self._in_range("discount", 0.0, _MOST_DISCOUNT)
        self._in_range("actor_beta2", 0.0, 0.9999)
        for name in ("actor_rate", "critic_rate"):
            self._in_range(name, 0.0, inf, above=True)
        self._in_range("soft_update", 0.0, 1.0, above=True)
        for name in ("noise", "noise_end", "output_penalty", "entropy"):
            self._in_range(name, 0.0, inf)
        for name in ("uniform", "uniform_end", "critic_first"):
            self._in_range(name, 0.0, 1.0)

    def scaled_down(self, slots: int) -> DdpParameters:
        """Return the same training, shortened; its buffer is one that can be full."""
        short = super().scaled_down(slots)
        if not self.wait_for_full_buffer or short is self:
            return short
        return replace(short, buffer=max(1, short.learning_starts))

    @property
    def waits_for(self) -> int:
        """Line 10 of Algorithm 2, or the stated number of transitions."""
        return self.buffer if self.wait_for_full_buffer else self.learning_starts
