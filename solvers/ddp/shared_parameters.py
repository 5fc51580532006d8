"""Parameters of `ddp-shared` and `imitation`: one network that serves any devices."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Literal

from splitbench.solvers.ddp.training_parameters import TrainingParameters

Teacher = Literal["exact", "lookahead"]


@dataclass(frozen=True)
class SharedParameters(TrainingParameters):
    """One network for all devices, over each device's merged cuts.

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
    """The shared network, trained on exact decisions at the states that it visits.

    Attributes
    ----------
    teacher
        Whose decisions are learned: the `exact` optimum of each slot, or that of `lookahead`,
        which adds what the charge left is worth to later slots.
    temperature
        How much less utility makes a choice e times less likely in the labels; 0: the label is
        the exact decision alone.
    """

    teacher: Teacher = "exact"
    explore: float = 0.1
    temperature: float = 0.001

    def __post_init__(self) -> None:
        super().__post_init__()
        self._in_range("temperature", 0.0, inf)
