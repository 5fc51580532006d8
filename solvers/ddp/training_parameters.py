"""Every number that training takes, one dataclass for each kind of policy.

All of them can be written in brackets (`ddp[mapping=printed,hidden=64]`) and after
`splitbench train … -p`; a policy file carries them in its header.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from math import inf
from typing import Any, ClassVar, Literal, TypeVar

from splitbench.problems import InputError
from splitbench.solvers.ddp.actions import ActionKind, Mapping
from splitbench.solvers.threads.batch_threads import Objective

UplinkInput = Literal["inverse", "rate"]
Teacher = Literal["exact", "lookahead"]
#: Training seeds from here on would draw the horizons of others.
MOST_SEED = 1_000_000
#: A training has a million seeds of horizons, the last of which set its scales.
MOST_EPISODES = 900_000

SomeParameters = TypeVar("SomeParameters", bound="TrainingParameters")


@dataclass(frozen=True)
class TrainingParameters:
    """What every kind of training has.

    Attributes
    ----------
    episodes, parallel
        Horizons to train on in all, and how many are stepped through side by side.
    learning_starts
        Transitions in the buffer before the first update.
    batch, updates
        Transitions in a minibatch; minibatches for each step of all parallel episodes.
    hidden
        Width of the hidden layers.
    utility_floor
        A device's utility counts as no less in training: the −10 of an unserved device would
        drown every other difference.
    seed
        Seed of weights, exploration and of the horizons trained on.
    """

    episodes: int = 1600
    parallel: int = 16
    buffer: int = 100_000
    learning_starts: int = 2_000
    batch: int = 256
    updates: int = 2
    hidden: int = 128
    utility_floor: float = -2.0
    seed: int = 0

    #: Episodes of the training that a run starts by itself where no policy fits.
    scaled_down_episodes: ClassVar[int] = 160

    def __post_init__(self) -> None:
        for name in ("episodes", "parallel", "buffer", "batch", "updates", "hidden"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}: got {getattr(self, name)}; expected at least 1")
        self._in_range("episodes", 1, MOST_EPISODES)
        self._in_range("seed", 0, MOST_SEED)
        self._in_range("learning_starts", 0, self.buffer)

    def _in_range(self, name: str, least: float, most: float, *, above: bool = False) -> None:
        """Refuse a number outside least..most, or, with `above`, one that is `least` itself."""
        value = getattr(self, name)
        if not (least < value if above else least <= value) or not value <= most:
            bound = f"more than {least:g}" if above else f"at least {least:g}"
            ends = "" if most == inf else f" and at most {most:g}"
            raise InputError(f"{name}: got {value}; expected {bound}{ends}")

    @property
    def rounds(self) -> int:
        """How often `parallel` episodes are trained on."""
        return -(-self.episodes // self.parallel)

    def scaled_down(self: SomeParameters, slots: int) -> SomeParameters:
        """Return the same training on horizons of `slots`, shortened unless a length was asked for.

        Of the short one a quarter of the slots is enough to start learning.
        """
        if not self.has_default_length:
            return self
        episodes = min(self.episodes, self.scaled_down_episodes)
        starts = min(self.learning_starts, episodes * slots // 4)
        return replace(self, episodes=episodes, learning_starts=starts)

    @property
    def waits_for(self) -> int:
        """Transitions in the buffer before the first update."""
        return self.learning_starts

    @property
    def has_default_length(self) -> bool:
        """Whether nobody asked for a length of training of their own."""
        return self.episodes == type(self).__dataclass_fields__["episodes"].default

    def to_dict(self) -> dict[str, Any]:
        """Return every parameter by name."""
        return asdict(self)

    def differing(self) -> dict[str, Any]:
        """Return the parameters that are not at their defaults."""
        plain = {field.name: field.default for field in fields(self)}
        return {name: value for name, value in asdict(self).items() if value != plain[name]}


@dataclass(frozen=True)
class DdpParameters(TrainingParameters):
    """Algorithm 2: DDPG with one actor for all devices.

    Attributes
    ----------
    actions
        `layers`: l = 0..S as the paper has it; `candidates`: only cuts that can pay.
    mapping
        Eq. 19 `corrected` or as `printed`, see `ActionSet.decode`.
    uplink
        The state's B as its `inverse`, in which latency is linear, or as the `rate`.
    objective
        What TA minimises while training.
    discount
        γ; 0 learns each slot's utility. Values are scaled by 1 − γ.
    actor_rate, critic_rate, soft_update
        Learning rates of Adam at the start (they fall to 2 % along a cosine), and how far targets
        move at each update.
    noise, noise_end, uniform
        Standard deviation of exploration (on tanh P), first and last; share of the devices that
        act at random at first, falling to 0.
    wait_for_full_buffer
        Start learning when the buffer is full, as Algorithm 2 does, not at `learning_starts`.
    output_penalty
        Weight of P² in the actor's loss: keeps tanh out of saturation.
    """

    actions: ActionKind = "layers"
    mapping: Mapping = "corrected"
    uplink: UplinkInput = "inverse"
    objective: Objective = "latency"
    discount: float = 0.0
    actor_rate: float = 1e-3
    critic_rate: float = 1e-3
    soft_update: float = 0.005
    noise: float = 0.3
    noise_end: float = 0.05
    uniform: float = 0.3
    wait_for_full_buffer: bool = False
    output_penalty: float = 1e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.discount < 1.0:
            raise InputError(f"discount: got {self.discount}; expected 0 ≤ discount < 1")
        for name in ("actor_rate", "critic_rate"):
            self._in_range(name, 0.0, inf, above=True)
        self._in_range("soft_update", 0.0, 1.0, above=True)
        for name in ("noise", "noise_end", "output_penalty"):
            self._in_range(name, 0.0, inf)
        self._in_range("uniform", 0.0, 1.0)

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


@dataclass(frozen=True)
class SharedParameters(TrainingParameters):
    """One network for all devices, over each device's candidate cuts.

    Attributes
    ----------
    rate
        Learning rate of Adam at the start; it falls to 2 % along a cosine.
    explore, explore_end
        Share of the devices that act at random, at the start and at the end.
    """

    episodes: int = 960
    parallel: int = 64
    buffer: int = 30_000
    batch: int = 64
    updates: int = 2
    hidden: int = 48
    rate: float = 2e-3
    explore: float = 0.5
    explore_end: float = 0.05

    def __post_init__(self) -> None:
        super().__post_init__()
        self._in_range("rate", 0.0, inf, above=True)
        for name in ("explore", "explore_end"):
            self._in_range(name, 0.0, 1.0)


@dataclass(frozen=True)
class ImitationParameters(SharedParameters):
    """The shared network, cloned from exact decisions at the states it comes through itself.

    Attributes
    ----------
    teacher
        Whose decisions are cloned: the `exact` optimum of each slot, or that of `lookahead`, which
        adds what the charge left is worth to later slots.
    temperature
        How much utility makes a choice e times less likely in what is cloned; 0: the exact
        decision alone.
    """

    teacher: Teacher = "exact"
    explore: float = 0.1
    temperature: float = 0.001

    def __post_init__(self) -> None:
        super().__post_init__()
        self._in_range("temperature", 0.0, inf)


#: The parameters of each kind of policy.
PARAMETERS: dict[str, type[TrainingParameters]] = {
    "ddp": DdpParameters,
    "ddp-shared": SharedParameters,
    "imitation": ImitationParameters,
}
