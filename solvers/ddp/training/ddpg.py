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
from splitbench.solvers.ddp.ddp_parameters import DdpParameters
from splitbench.solvers.ddp.episodes import FIRST_TRAINING_SEED, Episodes
from splitbench.solvers.ddp.observations import JointObservation
from splitbench.solvers.ddp.training.critics import CRITICS, Critic, LayerCentres, TwinCritics
from splitbench.solvers.ddp.training.networks import Actor
from splitbench.solvers.ddp.training.policy_gradients import (
    expected_table,
    plain,
    secant,
    smoothed,
)
from splitbench.solvers.ddp.training.trainer import Trainer, seeded
from splitbench.solvers.ddp.training_scenario import Draw

Array = NDArray[Any]
#: P of the last layer's centre as printed is infinite: the secant step aims at this one.
_MOST_OUTPUT = 4.0


class Ddpg(Trainer):
    """Actor, critic and their targets, trained from a replay buffer."""

    kind = "ddp"

    def __init__(self, draw: Draw, parameters: DdpParameters):
        super().__init__(draw, parameters)
        self.settings = parameters
        first: Horizon = draw(FIRST_TRAINING_SEED)
        self.actions = ActionSet.of(first.fleet, parameters.virtual_layers)
        self.observe = JointObservation.fitted(draw, parameters.uplink, parameters.seed)
        self.layers = LayerCentres(self.actions, parameters.mapping)
        self.mask = torch.from_numpy(self.actions.mask)
        self._centre_outputs = torch.atanh(self.layers.centres).clamp(max=_MOST_OUTPUT)
        self.scores_layers = parameters.gradient == "softmax"
        inputs = len(self.observe.mean)
        outputs = self.mask.numel() if self.scores_layers else len(self.mask)
        with seeded(parameters.seed):
            self.actor = Actor(inputs, outputs, parameters.hidden)
            critics = [
                CRITICS[parameters.critic](inputs, self.layers, parameters.critic_hidden)
                for _ in range(2 if parameters.twin_critics else 1)
            ]
        self.critic: Critic = TwinCritics(*critics) if parameters.twin_critics else critics[0]
        self.target_actor = copy.deepcopy(self.actor)
        self.target_critic = copy.deepcopy(self.critic)
        adam, betas = torch.optim.Adam, (0.9, parameters.actor_beta2)
        self.actor_adam = adam(
            self.actor.parameters(), parameters.actor_rate, betas=betas, fused=True
        )
        self.critic_adam = adam(self.critic.parameters(), parameters.critic_rate, fused=True)

    def step(self, episodes: Episodes) -> Result:
        """Lines 5–15 of Algorithm 2, for all parallel episodes."""
        state = self.observe(episodes.slots)
        action = self._explored(state)
        index = self.actions.index(action, self.settings.mapping)
        result = episodes.step(self.actions.chosen(index), self.settings.objective)
        reward = np.maximum(result.device_utility, self.settings.utility_floor).sum(axis=1)
        if self.settings.critic != "output":  # the critic sees layers
            centres = self.layers.centres.numpy()
            action = np.take_along_axis(centres[None], index[..., None], axis=2)[..., 0]
        row = {"state": state, "action": action, "reward": reward.astype(np.float32)}
        if self.settings.discount > 0.0:
            row["following"] = self.observe(episodes.slots)
        self.replay.add(**row)
        if self.ready:
            self._cool(self.actor_adam, self.settings.actor_rate)
            self._cool(self.critic_adam, self.settings.critic_rate)
            for _ in range(self.settings.updates):
                self._learn()
        return result

    def weights(self) -> dict[str, Array]:
        """Return the actor, in half precision to halve the file, and the scales of its inputs."""
        named = {
            name: value.detach().numpy().astype(np.float16)
            for name, value in self.actor.state_dict().items()
        }
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

    def action_of(self, output: Tensor) -> Tensor:
        """Return tanh P, shape (batch, N), of an actor's output."""
        if not self.scores_layers:
            return torch.tanh(output)
        scores = output.view(-1, *self.mask.shape).masked_fill(~self.mask, -torch.inf)
        best = scores.argmax(2, keepdim=True)
        centres = self.layers.centres.expand(len(scores), -1, -1)
        return centres.gather(2, best)[..., 0]

    @property
    def _critic_only(self) -> bool:
        """Whether it is too early for the actor to learn and act."""
        return not self.ready or self._share_done < self.settings.critic_first

    def _explored(self, state: Singles) -> Singles:
        """Return the actor's tanh P with noise, and some devices at random."""
        shape = (len(state), len(self.actions.sizes))
        random = self.rng.uniform(-1.0, 1.0, shape)
        if self._critic_only:
            return random.astype(np.float32)
        with torch.no_grad():
            chosen = self.action_of(self.actor(torch.from_numpy(state))).numpy()
        settings, share = self.settings, self._share_done
        spread = settings.noise + (settings.noise_end - settings.noise) * share
        noisy = np.clip(chosen + self.rng.normal(0.0, spread, shape), -1.0, 1.0)
        uniform = settings.uniform + (settings.uniform_end - settings.uniform) * share
        at_random = self.rng.random(shape) < uniform
        return np.where(at_random, random, noisy).astype(np.float32)

    def _learn(self) -> None:
        batch = self.replay.sample(self.settings.batch, self.rng)
        rows = {name: torch.from_numpy(value) for name, value in batch.items()}
        target = self._target(rows["reward"], rows.get("following"))
        _descend(self.critic_adam, self.critic.loss(rows["state"], rows["action"], target))
        if not self._critic_only:
            _descend(self.actor_adam, self._actor_loss(rows["state"][: self.settings.actor_batch]))
        if self.settings.discount > 0.0:  # nothing else looks at the targets
            self._follow(self.target_actor, self.actor)
            self._follow(self.target_critic, self.critic)

    def _actor_loss(self, state: Tensor) -> Tensor:
        """Line 14, or the gradient that replaces it."""
        settings = self.settings
        output = self.actor(state)
        action = self.action_of(output)
        if settings.gradient == "softmax":
            entropy = settings.entropy * (1.0 - self._share_done)
            scores = output.view(-1, *self.mask.shape)
            return expected_table(self.critic, self.mask, state, scores, action, entropy)
        if settings.gradient == "secant":
            loss: Tensor = secant(
                self.critic, self.layers, self.mask, state, output, self._centre_outputs
            )
        elif settings.gradient == "smoothed":
            spread = settings.noise + (settings.noise_end - settings.noise) * self._share_done
            loss = smoothed(self.critic, self.layers, self.mask, state, action, max(spread, 1e-3))
        else:
            loss = plain(self.critic, state, action)
        penalty: Tensor = settings.output_penalty * output.square().mean()
        return loss + penalty

    def _target(self, reward: Tensor, following: Tensor | None) -> Tensor:
        """Y = (1 − γ)·r + γ·Q'(s', π'(s')); the horizon's end is no end of the process."""
        discount = self.settings.discount
        if following is None:
            return reward
        with torch.no_grad():
            action = self.action_of(self.target_actor(following))
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
