"""Base of every training: rounds of episodes, the reward curve, checkpoints."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from splitbench.problems.batch import Result, Slots
from splitbench.solvers.ddp.episodes import (
    FIRST_TRAINING_SEED,
    SEEDS_A_TRAINING,
    Episodes,
    drawn_episodes,
)
from splitbench.solvers.ddp.training.replay import Replay
from splitbench.solvers.ddp.training_parameters import TrainingParameters
from splitbench.solvers.ddp.training_scenario import Draw

Array = NDArray[Any]


class Trainer(ABC):
    """Trains a policy in rounds of `parallel` episodes.

    Attributes
    ----------
    round
        Rounds done.
    curve
        Mean utility of a slot in each round, exploration included.
    """

    kind: ClassVar[str]

    def __init__(self, draw: Draw, parameters: TrainingParameters):
        self.draw = draw
        self.parameters = parameters
        self.rng = np.random.default_rng(parameters.seed)
        self.replay = Replay(parameters.buffer)
        self.round = 0
        self.curve: list[float] = []
        self._share_done = 0.0

    @property
    def done(self) -> bool:
        """Whether all episodes have been trained on."""
        return self.round >= self.parameters.rounds

    def run_round(self, ends: float = np.inf) -> float:
        """Train on the next `parallel` episodes and return their mean utility per slot.

        Raises
        ------
        TimeoutError
            The round was not done by `ends`, a time of `time.monotonic()`; it cannot be taken up.
        """
        with _one_thread():
            episodes = self._episodes(self.round)
            earned = []
            while not episodes.done:
                if time.monotonic() >= ends:
                    raise TimeoutError(f"{self.kind}: time is up in round {self.round}")
                share = episodes.index / episodes.length
                self._share_done = (self.round + share) / self.parameters.rounds
                earned.append(self.step(episodes).utility.mean())
        self.round += 1
        self.curve.append(float(np.mean(earned)))
        return self.curve[-1]

    @abstractmethod
    def step(self, episodes: Episodes) -> Result:
        """Act in one slot of all parallel episodes, store it, and learn."""

    @abstractmethod
    def weights(self) -> dict[str, Array]:
        """Return what the policy consists of."""

    @abstractmethod
    def learners(self) -> dict[str, nn.Module | torch.optim.Optimizer]:
        """Return everything with a state that training changes, by name."""

    @property
    def ready(self) -> bool:
        """Whether the buffer holds enough to learn from."""
        return len(self.replay) >= self.parameters.waits_for

    def state(self) -> tuple[dict[str, Array], str]:
        """Return arrays and a line of JSON for `restore`."""
        arrays = {f"replay/{name}": rows for name, rows in self.replay.state().items()}
        for name, learner in self.learners().items():
            for key, value in _tensors(learner).items():
                arrays[f"{name}/{key}"] = value.detach().numpy()
        numbers = {"round": self.round, "curve": self.curve, "rng": self.rng.bit_generator.state}
        return arrays, json.dumps(numbers)

    def restore(self, arrays: Mapping[str, Array], text: str) -> None:
        """Set the state that `state` returned; the training must have the same parameters."""
        numbers = json.loads(text)
        self.round, self.curve = numbers["round"], numbers["curve"]
        self.rng.bit_generator.state = numbers["rng"]
        self.replay.restore(_under("replay", arrays))
        for name, learner in self.learners().items():
            tensors = {
                key: torch.from_numpy(value.copy()) for key, value in _under(name, arrays).items()
            }
            if isinstance(learner, nn.Module):
                learner.load_state_dict(tensors)
            else:
                _restore_optimizer(learner, tensors)

    def _cool(self, adam: torch.optim.Optimizer, rate: float) -> None:
        """Lower a learning rate along half a cosine, to 2 % at the end."""
        share = max(0.02, 0.5 * (1.0 + float(np.cos(np.pi * self._share_done))))
        for group in adam.param_groups:
            group["lr"] = rate * share

    def _episodes(self, round_index: int) -> Episodes:
        first = FIRST_TRAINING_SEED + SEEDS_A_TRAINING * self.parameters.seed
        first += round_index * self.parameters.parallel
        return drawn_episodes(self.draw, range(first, first + self.parameters.parallel))


def slots_of(rows: Mapping[str, Array]) -> Slots:
    """Return sampled rows of the buffer as slots."""
    return Slots(*(rows[name] for name in Slots._fields))


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw torch's initial weights from `seed`, and leave its generator as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


@contextmanager
def _one_thread() -> Iterator[None]:
    """Use one thread, so that sums have one order and a seed gives one curve on any machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _under(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    start = f"{prefix}/"
    return {
        name.removeprefix(start): value for name, value in arrays.items() if name.startswith(start)
    }


def _tensors(learner: nn.Module | torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    if isinstance(learner, nn.Module):
        return dict(learner.state_dict())
    return {
        f"{index}.{name}": value
        for index, state in learner.state_dict()["state"].items()
        for name, value in state.items()
    }


def _restore_optimizer(
    optimizer: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor]
) -> None:
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
