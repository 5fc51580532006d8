"""Algorithm 2: deep deterministic policy gradient for the partitions of all devices at once."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from splitbench.problems import Horizon
from splitbench.problems.arrays import Singles
from splitbench.problems.batch import Result
from splitbench.solvers.ddp.actions import ActionSet
from splitbench.solvers.ddp.episodes import FIRST_TRAINING_SEED, Episodes
from splitbench.solvers.ddp.observations import JointObservation
from splitbench.solvers.ddp.training.networks import Actor, Critic
from splitbench.solvers.ddp.training.trainer import Trainer, seeded
from splitbench.solvers.ddp.training_parameters import DdpParameters
from splitbench.solvers.ddp.training_scenario import Draw

Array = NDArray[Any]


class Ddpg(Trainer):
    """Actor, critic and their targets, trained from a replay buffer."""

    kind = "ddp"

    def __init__(self, draw: Draw, parameters: DdpParameters):
        super().__init__(draw, parameters)
        self.settings = parameters
        first: Horizon = draw(FIRST_TRAINING_SEED)
        devices = len(first.fleet)
        self.actions = ActionSet.of(first.fleet, parameters.actions)
        self.observe = JointObservation.fitted(draw, parameters.uplink, parameters.seed)
        inputs = len(self.observe.mean)
        with seeded(parameters.seed):
            self.actor = Actor(inputs, devices, parameters.hidden)
            self.critic = Critic(inputs, devices, parameters.hidden)
        self.target_actor = copy.deepcopy(self.actor)
        self.target_critic = copy.deepcopy(self.critic)
        adam = torch.optim.Adam
        self.actor_adam = adam(self.actor.parameters(), parameters.actor_rate, fused=True)
        self.critic_adam = adam(self.critic.parameters(), parameters.critic_rate, fused=True)

    def step(self, episodes: Episodes) -> Result:
        """Lines 5–15 of Algorithm 2, for all parallel episodes."""
        state = self.observe(episodes.slots)
        action = self._explored(state)
        partition = self.actions.decode(action, self.settings.mapping)
        result = episodes.step(partition, self.settings.objective)
        reward = np.maximum(result.device_utility, self.settings.utility_floor).sum(axis=1)
        self.replay.add(
            state=state,
            action=action,
            reward=reward.astype(np.float32),
            following=self.observe(episodes.slots),
        )
        if self.ready:
            self._cool(self.actor_adam, self.settings.actor_rate)
            self._cool(self.critic_adam, self.settings.critic_rate)
            for _ in range(self.settings.updates):
                self._learn()
        return result

    def weights(self) -> dict[str, Array]:
        """Return the actor and the scales of its inputs."""
        named = {name: value.detach().numpy() for name, value in self.actor.state_dict().items()}
        return named | {"mean": self.observe.mean, "deviation": self.observe.deviation}

    def learners(self) -> dict[str, nn.Module | torch.optim.Optimizer]:
        """Return networks and optimisers by name."""
        return {
            "actor": self.actor,
            "critic": self.critic,
            "target_actor": self.target_actor,
            "target_critic": self.target_critic,
            "actor_adam": self.actor_adam,
            "critic_adam": self.critic_adam,
        }

    def _explored(self, state: Singles) -> Singles:
        """Return the actor's tanh P with noise, and some devices at random."""
        shape = (len(state), len(self.actions.sizes))
        random = self.rng.uniform(-1.0, 1.0, shape)
        if not self.ready:
            return random.astype(np.float32)
        with torch.no_grad():
            chosen = torch.tanh(self.actor(torch.from_numpy(state))).numpy()
        settings, share = self.settings, self._share_done
        spread = settings.noise + (settings.noise_end - settings.noise) * share
        noisy = np.clip(chosen + self.rng.normal(0.0, spread, shape), -1.0, 1.0)
        at_random = self.rng.random(shape) < settings.uniform * (1.0 - share)
        return np.where(at_random, random, noisy).astype(np.float32)

    def _learn(self) -> None:
        batch = self.replay.sample(self.settings.batch, self.rng)
        rows = {name: torch.from_numpy(value) for name, value in batch.items()}
        state = rows["state"]
        value = self.critic(state, rows["action"])
        loss = nn.functional.mse_loss(value, self._target(rows["reward"], rows["following"]))
        _descend(self.critic_adam, loss)
        output = self.actor(state)
        gain = self.critic(state, torch.tanh(output)).mean()
        _descend(self.actor_adam, self.settings.output_penalty * output.square().mean() - gain)
        self._follow(self.target_actor, self.actor)
        self._follow(self.target_critic, self.critic)

    def _target(self, reward: Tensor, following: Tensor) -> Tensor:
        """Y = (1 − γ)·r + γ·Q'(s', π'(s')); the horizon's end is no end of the process."""
        discount = self.settings.discount
        if discount == 0.0:
            return reward
        with torch.no_grad():
            action = torch.tanh(self.target_actor(following))
            value: Tensor = self.target_critic(following, action)
        return (1.0 - discount) * reward + discount * value

    @torch.no_grad()
    def _follow(self, target: nn.Module, source: nn.Module) -> None:
        torch._foreach_lerp_(
            list(target.parameters()), list(source.parameters()), self.settings.soft_update
        )


def _descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
