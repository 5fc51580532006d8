"""One training, from its first round to the policy, with checkpoints to resume from."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from splitbench.problems import InputError
from splitbench.problems.batch import BatchModel
from splitbench.solvers.ddp.episodes import FIRST_TRAINING_SEED
from splitbench.solvers.ddp.policies.library import training_digest
from splitbench.solvers.ddp.policies.policy_file import (
    Kind,
    PolicyFile,
    PolicyHeader,
    load_arrays,
    save_arrays,
)
from splitbench.solvers.ddp.training.ddpg import Ddpg
from splitbench.solvers.ddp.training.imitation import ImitationTrainer
from splitbench.solvers.ddp.training.shared import SharedTrainer
from splitbench.solvers.ddp.training.trainer import Trainer
from splitbench.solvers.ddp.training_parameters import TrainingParameters
from splitbench.solvers.ddp.training_scenario import TrainingScenario

TRAINERS: dict[str, Any] = {
    trainer.kind: trainer for trainer in (Ddpg, SharedTrainer, ImitationTrainer)
}
#: Seconds of training between two checkpoints.
CHECKPOINT_EVERY_S = 20.0
_KEY = "splitbench-training"


class Session:
    """Trains one policy; `run` goes on from the checkpoint where there is one.

    Parameters
    ----------
    checkpoint
        File that the state of training is kept in until it is done; None keeps none.
    command
        What made the policy, for its header.

    Raises
    ------
    InputError
        The checkpoint is of another training, or this one would end before it learns.
    """

    def __init__(
        self,
        kind: Kind,
        scenario: TrainingScenario,
        parameters: TrainingParameters,
        *,
        checkpoint: Path | None = None,
        command: str = "",
    ):
        self.kind, self.scenario, self.parameters = kind, scenario, parameters
        self._check_length()
        self.checkpoint, self.command = checkpoint, command
        self.checkpoint_every_s = CHECKPOINT_EVERY_S
        self.trainer: Trainer = TRAINERS[kind](scenario.draw, parameters)
        self.seconds = 0.0
        self.resumed_at = 0
        if checkpoint is not None and checkpoint.exists():
            self._resume(checkpoint)

    def run(
        self, on_round: Callable[[float], None] = lambda utility: None, ends: float = np.inf
    ) -> PolicyFile:
        """Train to the end and return the policy; `on_round` gets each round's mean utility.

        Raises
        ------
        TimeoutError
            The training was not done by `ends`, a time of `time.monotonic()`. The next one goes on
            from the last checkpoint.
        """
        saved = time.monotonic()
        while not self.trainer.done:
            begun = time.monotonic()
            utility = self.trainer.run_round(ends)
            self.seconds += time.monotonic() - begun
            on_round(utility)
            if time.monotonic() - saved >= self.checkpoint_every_s:
                self.save_checkpoint()
                saved = time.monotonic()
        return self.policy()

    def policy(self) -> PolicyFile:
        """Return the policy as it stands."""
        model = BatchModel.of(self.scenario.draw(FIRST_TRAINING_SEED))
        header = PolicyHeader(
            kind=self.kind,
            scenario=self.scenario.name,
            fingerprint=self.scenario.fingerprint,
            description=self.scenario.description,
            layers=model.fleet.layers.tolist(),
            utility_weight=model.utility_weight,
            energy_term=model.formulation.energy_term,
            energy_scope=model.formulation.energy_scope,
            parameters=self.parameters.to_dict(),
            seed=self.parameters.seed,
            episodes=self.parameters.episodes,
            version=version("splitbench"),
            command=self.command,
            curve=self.trainer.curve,
            seconds=round(self.seconds, 3),
        )
        return PolicyFile(header, self.trainer.weights())

    def save_checkpoint(self) -> None:
        """Write the state of training, in one step."""
        if self.checkpoint is None:
            return
        arrays, numbers = self.trainer.state()
        about = self._about() | {"seconds": self.seconds, "trainer": json.loads(numbers)}
        save_arrays(arrays, {_KEY: json.dumps(about)}, self.checkpoint)

    def _resume(self, path: Path) -> None:
        arrays, metadata = load_arrays(path)
        about = json.loads(metadata.get(_KEY, "{}"))
        differing = [name for name, value in self._about().items() if about.get(name) != value]
        if differing:
            raise InputError(
                f"{path}: a checkpoint of another training (other {', '.join(differing)}); "
                "expected --fresh to start again"
            )
        self.seconds = about["seconds"]
        self.trainer.restore(arrays, json.dumps(about["trainer"]))
        self.resumed_at = self.trainer.round

    def _check_length(self) -> None:
        """Refuse a training that would end before its first update."""
        slots = len(self.scenario.draw(FIRST_TRAINING_SEED))
        seen = self.parameters.rounds * self.parameters.parallel * slots
        if seen < self.parameters.waits_for:
            raise InputError(
                f"{self.kind} on {self.scenario.name}: {self.parameters.episodes} episodes of "
                f"{slots} slots are {seen} transitions, and learning waits for "
                f"{self.parameters.waits_for}; expected more episodes, or fewer (learning_starts, "
                "buffer)"
            )

    def _about(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "fingerprint": self.scenario.fingerprint,
            "parameters": self.parameters.to_dict(),
            "code": training_digest(),
        }
