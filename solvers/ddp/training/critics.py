"""Critics Q(s, a) of Algorithm 2: as the paper has it, two that see virtual layers, and twins.

Each takes actions a = tanh P, shape (batch, N), and gives values of shape (batch,). `by_layer`
gives what Q would be with one device at the centre of each of its layers and the other devices
where `action` has them, shape (batch, N, A).
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import torch
from torch import Tensor, nn

from splitbench.solvers.ddp.actions import ActionSet, Mapping
from splitbench.solvers.ddp.ddp_parameters import CriticKind
from splitbench.solvers.ddp.training.networks import dense


class LayerCentres(nn.Module):
    """Centres of the layers' intervals of Eq. 19, and interpolation between them."""

    centres: Tensor
    last: Tensor
    steps: Tensor

    def __init__(self, actions: ActionSet, mapping: Mapping):
        super().__init__()
        last = torch.from_numpy(actions.sizes - 1).float()
        centres = actions.centres(mapping).astype(np.float32)
        self.register_buffer("centres", torch.from_numpy(centres), persistent=False)
        self.register_buffer("last", last, persistent=False)
        steps = (last if mapping == "printed" else last + 1).clamp(min=1)
        self.register_buffer("steps", steps, persistent=False)

    def weights(self, action: Tensor) -> Tensor:
        """Return weights on the layers that interpolate linearly at `action`, (batch, N, A).

        At a centre one weight is 1; beyond the first and last centre the nearest layer has it.
        """
        place = ((action + 1.0) / 2.0 * self.steps - 0.5).clamp(min=0.0)
        place = torch.minimum(place, self.last)
        number = torch.arange(self.centres.shape[1])
        return (1.0 - (place[..., None] - number).abs()).clamp(min=0.0)


class Critic(nn.Module, ABC):
    """Q(s, a | θ_Q).

    Parameters
    ----------
    layers
        The layers of each device that actions stand for.
    net
        The network that is trained.
    """

    def __init__(self, layers: LayerCentres, net: nn.Sequential):
        super().__init__()
        self.layers, self.net = layers, net

    @abstractmethod
    def forward(self, state: Tensor, action: Tensor) -> Tensor:
        """Return Q(s, a), shape (batch,); differentiable in `action`."""

    @abstractmethod
    def by_layer(self, state: Tensor, action: Tensor) -> Tensor:
        """Return Q with one device moved to each layer in turn, shape (batch, N, A)."""

    def loss(self, state: Tensor, action: Tensor, target: Tensor) -> Tensor:
        """Return the mean squared error against targets of shape (batch,)."""
        return nn.functional.mse_loss(self(state, action), target)

    def _action_weights(self, state: Tensor) -> Tensor:
        """Return the first layer's weights on what comes behind the state."""
        first = self.net[0]
        assert isinstance(first, nn.Linear)
        return first.weight[:, state.shape[1] :]

    def _moved(self, inputs: Tensor, shift: Tensor) -> Tensor:
        """Return Q where the first layer's output is shifted, by (batch, N, A, hidden)."""
        first = self.net[0](inputs)[:, None, None, :] + shift
        value: Tensor = self.net[1:](first)[..., 0]
        return value


class OutputCritic(Critic):
    """The paper's: a network on the state and all N numbers tanh P_n."""

    def __init__(self, inputs: int, layers: LayerCentres, hidden: int):
        super().__init__(layers, dense(inputs + len(layers.centres), hidden, 1))

    def forward(self, state: Tensor, action: Tensor) -> Tensor:
        """Return Q(s, a)."""
        output: Tensor = self.net(torch.cat([state, action], dim=1))
        return output[:, 0]

    def by_layer(self, state: Tensor, action: Tensor) -> Tensor:
        """Return Q with one device moved to each layer in turn."""
        centres = self.layers.centres
        moved = (centres[None] - action[..., None])[..., None]  # (batch, N, A, 1)
        weight = self._action_weights(state).T  # (N, hidden)
        return self._moved(torch.cat([state, action], dim=1), moved * weight[:, None, :])


class LayerCritic(Critic):
    """A network on the state and the layer of each device, one-hot."""

    def __init__(self, inputs: int, layers: LayerCentres, hidden: int):
        super().__init__(layers, dense(inputs + layers.centres.numel(), hidden, 1))

    def forward(self, state: Tensor, action: Tensor) -> Tensor:
        """Return Q(s, layers); between two centres the one-hot input is interpolated."""
        output: Tensor = self.net(torch.cat([state, self.layers.weights(action).flatten(1)], dim=1))
        return output[:, 0]

    def by_layer(self, state: Tensor, action: Tensor) -> Tensor:
        """Return Q with one device moved to each layer in turn."""
        held = self.layers.weights(action)
        devices, width = held.shape[1:]
        inputs = torch.cat([state, held.flatten(1)], dim=1)
        weight = self._action_weights(state).T.reshape(devices, width, -1)
        without = torch.einsum("bna,nah->bnh", held, weight)
        return self._moved(inputs, weight[None] - without[:, :, None, :])


class TableCritic(Critic):
    """A network from the state to one value per device and layer; Q is the sum of N of them.

    Q(s, a) = Σ_n table_n(s), interpolated linearly at a_n. It is fitted to the summed reward
    alone. So each entry also learns the layer's effect on the other devices' threads.
    """

    def __init__(self, inputs: int, layers: LayerCentres, hidden: int):
        super().__init__(layers, dense(inputs, hidden, layers.centres.numel()))

    def table(self, state: Tensor) -> Tensor:
        """Return the values of all layers, shape (batch, N, A)."""
        table: Tensor = self.net(state).view(len(state), *self.layers.centres.shape)
        return table

    def forward(self, state: Tensor, action: Tensor) -> Tensor:
        """Return Q(s, a)."""
        return (self.table(state) * self.layers.weights(action)).sum((1, 2))

    def by_layer(self, state: Tensor, action: Tensor) -> Tensor:
        """Return Q with one device moved to each layer in turn."""
        table = self.table(state)
        held = (table * self.layers.weights(action)).sum(2, keepdim=True)
        return table - held + held.sum(1, keepdim=True)


class TwinCritics(Critic):
    """Two critics that start from other weights; of their values the lower one counts.

    The clipped double Q of Fujimoto et al. (2018), so that the actor does not follow the errors of
    one network. Each is fitted to the same targets.
    """

    def __init__(self, first: Critic, second: Critic):
        super().__init__(first.layers, nn.Sequential())
        self.first, self.second = first, second

    def forward(self, state: Tensor, action: Tensor) -> Tensor:
        """Return the lower Q(s, a)."""
        return torch.minimum(self.first(state, action), self.second(state, action))

    def by_layer(self, state: Tensor, action: Tensor) -> Tensor:
        """Return the lower Q with one device moved to each layer in turn."""
        return torch.minimum(
            self.first.by_layer(state, action), self.second.by_layer(state, action)
        )

    def loss(self, state: Tensor, action: Tensor, target: Tensor) -> Tensor:
        """Return the sum of both mean squared errors."""
        return self.first.loss(state, action, target) + self.second.loss(state, action, target)


CRITICS: dict[CriticKind, type[OutputCritic | LayerCritic | TableCritic]] = {
    "output": OutputCritic,
    "layers": LayerCritic,
    "table": TableCritic,
}
