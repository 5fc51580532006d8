"""Parameters that every training has.

Every parameter can be written in brackets (`ddp[mapping=printed,hidden=64]`) and after
`splitbench train … -p`. A policy file carries them in its header.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from math import inf
from typing import Any, ClassVar, TypeVar

from splitbench.problems import InputError

#: Largest seed of training: larger ones would draw horizons that belong to other seeds.
MOST_SEED = 1_000_000
#: Each training has a million seeds of horizons; the last ones are for its input scales.
MOST_EPISODES = 900_000

SomeParameters = TypeVar("SomeParameters", bound="TrainingParameters")


@dataclass(frozen=True)
class TrainingParameters:
    """Parameters common to every kind of training.

    Attributes
    ----------
    episodes, parallel
        Total number of horizons to train on, and how many are stepped in parallel.
    learning_starts
        Transitions in the buffer before the first update.
    batch, updates
        Transitions in a minibatch; minibatches for each step of all parallel episodes.
    hidden
        Width of the hidden layers.
    utility_floor
        Lower limit of a device's utility in training: the −10 of an unserved device would hide
        every other difference.
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
        """Number of rounds, each of `parallel` episodes."""
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
        """Whether the length of training is the default."""
        return self.episodes == type(self).__dataclass_fields__["episodes"].default

    def to_dict(self) -> dict[str, Any]:
        """Return every parameter by name."""
        return asdict(self)

    def match(self, values: Mapping[str, Any]) -> bool:
        """Whether a policy's header states these parameters; what it lacks has its default."""
        return all(
            values.get(field.name, field.default) == getattr(self, field.name)
            for field in fields(self)
        )

    def differing(self) -> dict[str, Any]:
        """Return the parameters that are not at their defaults."""
        plain = {field.name: field.default for field in fields(self)}
        return {name: value for name, value in asdict(self).items() if value != plain[name]}
