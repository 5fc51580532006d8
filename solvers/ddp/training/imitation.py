"""`imitation`: the shared network trained on exact decisions, or on those that look ahead.

The network acts while it learns, so that it learns at the states that it visits. The labels are the
exact decision of each slot and the regret of every other choice
(`solvers.ddp.training.exact_labels`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from splitbench.problems.arrays import Ints
from splitbench.problems.batch import Result, Slots
from splitbench.solvers.ddp.shared_parameters import ImitationParameters
from splitbench.solvers.ddp.training.exact_labels import Worth, exact_labels
from splitbench.solvers.ddp.training.shared import SharedTrainer
from splitbench.solvers.ddp.training_scenario import Draw

Array = NDArray[Any]


class ImitationTrainer(SharedTrainer):
    """Learns the scores from the exact decision of each slot."""

    kind = "imitation"

    def __init__(self, draw: Draw, parameters: ImitationParameters):
        super().__init__(draw, parameters)
        self.temperature = parameters.temperature
        charged = self.observe.model.formulation.energy_term == "residual"
        self.looks_ahead = charged and parameters.teacher == "lookahead"

    def target(
        self, slots: Slots, choice: Ints, result: Result, worth: Worth | None
    ) -> dict[str, Array]:
        """Return probabilities of the choices: e^(−regret/temperature), scaled to 1."""
        labels = exact_labels(self.observe.model, slots, self.actions, worth)
        if self.temperature == 0.0:
            exact = np.arange(labels.regret.shape[2]) == labels.choice[:, :, None]
            return {"wanted": exact.astype(np.float32)}
        likely = np.exp(-labels.regret / self.temperature)
        return {"wanted": (likely / likely.sum(axis=2, keepdims=True)).astype(np.float32)}

    def loss(self, scores: Tensor, rows: dict[str, Array]) -> Tensor:
        """Cross-entropy of the scores against these probabilities."""
        wanted = torch.from_numpy(rows["wanted"]).flatten(0, 1)
        return torch.nn.functional.cross_entropy(scores.flatten(0, 1), wanted)
