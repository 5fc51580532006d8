"""`imitation`: the shared network cloned from exact decisions, or from those that look ahead.

It acts by itself while it learns, so that it is taught at the states it comes through; the
teacher's answer and what every other choice would cost are the lesson
(`solvers.ddp.training.teacher`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from splitbench.problems.arrays import Ints
from splitbench.problems.batch import Result, Slots
from splitbench.solvers.ddp.training.shared import SharedTrainer
from splitbench.solvers.ddp.training.teacher import Worth, teach
from splitbench.solvers.ddp.training_parameters import ImitationParameters
from splitbench.solvers.ddp.training_scenario import Draw

Array = NDArray[Any]


class ImitationTrainer(SharedTrainer):
    """Learns the scores from the teacher's decision for each slot."""

    kind = "imitation"

    def __init__(self, draw: Draw, parameters: ImitationParameters):
        super().__init__(draw, parameters)
        self.temperature = parameters.temperature
        charged = self.observe.model.formulation.energy_term == "residual"
        self.looks_ahead = charged and parameters.teacher == "lookahead"

    def lesson(
        self, slots: Slots, choice: Ints, result: Result, worth: Worth | None
    ) -> dict[str, Array]:
        """Return the teacher's choice as probabilities: e^(−regret/temperature), scaled to 1."""
        taught = teach(self.observe.model, slots, self.actions, worth)
        if self.temperature == 0.0:
            exact = np.arange(taught.regret.shape[2]) == taught.choice[:, :, None]
            return {"wanted": exact.astype(np.float32)}
        likely = np.exp(-taught.regret / self.temperature)
        return {"wanted": (likely / likely.sum(axis=2, keepdims=True)).astype(np.float32)}

    def loss(self, scores: Tensor, rows: dict[str, Array]) -> Tensor:
        """Cross-entropy of the scores against the lesson."""
        wanted = torch.from_numpy(rows["wanted"]).flatten(0, 1)
        return torch.nn.functional.cross_entropy(scores.flatten(0, 1), wanted)
