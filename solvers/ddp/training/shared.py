"""`ddp-shared`: one network that scores every device's merged cuts, learned from U alone.

The scores of the chosen cuts are summed over devices and fitted to the slot's utility. So each
score also learns the choice's effect on the other devices' threads (value decomposition). The
choices are few and discrete, so the policy takes the best score and needs no second network.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from splitbench.problems.arrays import Ints, Singles
from splitbench.problems.batch import BatchModel, Result, Slots
from splitbench.solvers.ddp.episodes import FIRST_TRAINING_SEED, Episodes
from splitbench.solvers.ddp.observations import SharedObservation
from splitbench.solvers.ddp.shared_parameters import SharedParameters
from splitbench.solvers.ddp.training.exact_labels import Worth, worth_ahead
from splitbench.solvers.ddp.training.networks import SharedNet
from splitbench.solvers.ddp.training.trainer import Trainer, seeded, slots_of
from splitbench.solvers.ddp.training_scenario import Draw

Array = NDArray[Any]


class SharedTrainer(Trainer):
    """Learns the scores from the utilities of slots."""

    kind = "ddp-shared"
    looks_ahead = False

    def __init__(self, draw: Draw, parameters: SharedParameters):
        super().__init__(draw, parameters)
        self.settings = parameters
        self.observe = SharedObservation(BatchModel.of(draw(FIRST_TRAINING_SEED)))
        self.actions = self.observe.actions
        self.mask = torch.from_numpy(self.actions.mask)
        with seeded(parameters.seed):
            self.net = SharedNet(parameters.hidden)
        self.adam = torch.optim.Adam(self.net.parameters(), parameters.rate, fused=True)

    def step(self, episodes: Episodes) -> Result:
        """Act in one slot of all parallel episodes, store it, and learn."""
        slots = episodes.slots
        harvest_j = episodes.harvest_ahead_j if self.looks_ahead else None
        ahead = self.observe.ahead(harvest_j, slots)
        choice = self._explored(slots, ahead)
        device = np.arange(choice.shape[1])
        result = episodes.step(self.actions.partitions[device, choice], "utility")
        worth = None
        if harvest_j is not None and len(harvest_j):
            worth = worth_ahead(self.observe.model, harvest_j, episodes.mean_draw_j)
        target = self.target(slots, choice, result, worth)
        self.replay.add(**slots._asdict(), ahead=ahead, **target)
        if self.ready:
            self._cool(self.adam, self.settings.rate)
            for _ in range(self.settings.updates):
                self._learn()
        return result

    def target(
        self, slots: Slots, choice: Ints, result: Result, worth: Worth | None
    ) -> dict[str, Array]:
        """Return what `loss` fits the scores to: what was chosen, and the utility."""
        earned = np.maximum(result.device_utility, self.settings.utility_floor).sum(axis=1)
        return {"choice": choice, "earned": earned.astype(np.float32)}

    def loss(self, scores: Tensor, rows: dict[str, Array]) -> Tensor:
        """Squared error of the chosen scores' sum against U, over N."""
        choice = torch.from_numpy(rows["choice"])[..., None]
        predicted = scores.gather(2, choice)[..., 0].sum(1)
        error = predicted - torch.from_numpy(rows["earned"])
        return error.square().mean() / scores.shape[1]

    def weights(self) -> dict[str, Array]:
        """Return the network."""
        return {name: value.detach().numpy() for name, value in self.net.state_dict().items()}

    def learners(self) -> dict[str, nn.Module | torch.optim.Optimizer]:
        """Return the network and its optimiser."""
        return {"net": self.net, "adam": self.adam}

    def _explored(self, slots: Slots, ahead: Singles) -> Ints:
        """Return the index of each device's choice, some at random."""
        settings = self.settings
        shape = slots.battery_j.shape
        random = self.rng.integers(0, self.actions.sizes, shape)
        share = settings.explore + (settings.explore_end - settings.explore) * self._share_done
        at_random = self.rng.random(shape) < share
        with torch.no_grad():
            best = self._scores(slots, ahead).argmax(2).numpy()
        return np.where(at_random, random, best)

    def _scores(self, slots: Slots, ahead: Singles) -> Tensor:
        cuts, devices = self.observe(slots, ahead)
        scores: Tensor = self.net(torch.from_numpy(cuts), torch.from_numpy(devices), self.mask)
        return scores

    def _learn(self) -> None:
        rows = self.replay.sample(self.settings.batch, self.rng)
        loss = self.loss(self._scores(slots_of(rows), rows["ahead"]), rows)
        self.adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.adam.step()
