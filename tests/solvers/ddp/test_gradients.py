"""Critics and policy gradients of `ddp`: what each sees, and where each moves the actor."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from splitbench.solvers.ddp.actions import ActionSet  # noqa: E402
from splitbench.solvers.ddp.training.critics import (  # noqa: E402
    CRITICS,
    Critic,
    LayerCentres,
    TwinCritics,
)
from splitbench.solvers.ddp.training.policy_gradients import (  # noqa: E402
    expected_table,
    plain,
    secant,
    smoothed,
)

#: Two devices of four and three layers' cuts.
ACTIONS = ActionSet(np.array([[0, 1, 2, 3], [0, 1, 2, 2]]), np.array([4, 3]))
LAYERS = LayerCentres(ACTIONS, "corrected")
MASK = torch.from_numpy(ACTIONS.mask)
STATE = torch.randn(6, 5, generator=torch.Generator().manual_seed(1))


class Valley(Critic):
    """Device 0 gains most at layer 3, across a deep valley; device 1 at layer 0."""

    def __init__(self) -> None:
        super().__init__(LAYERS, torch.nn.Sequential())
        self.table = torch.tensor([[0.5, 0.6, -3.0, 1.0], [0.4, 0.1, 0.0, 0.0]])

    def forward(self, state: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        """Return the interpolated sum."""
        return (self.table * LAYERS.weights(action)).sum((1, 2))

    def by_layer(self, state: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        """Return the sum with one device moved."""
        held = (self.table * LAYERS.weights(action)).sum(2)
        return self.table + held.sum(1)[:, None, None] - held[..., None]


@pytest.mark.parametrize("kind", CRITICS)
def test_by_layer_is_q_with_one_device_moved(kind: str) -> None:
    """Each entry is the value of the action whose device n is at that layer's centre."""
    torch.manual_seed(0)
    critic = CRITICS[kind](5, LAYERS, 16)  # type: ignore[index]
    action = torch.rand(6, 2) * 2.0 - 1.0
    values = critic.by_layer(STATE, action)
    for device in range(2):
        for layer in range(int(ACTIONS.sizes[device])):
            moved = action.clone()
            moved[:, device] = LAYERS.centres[device, layer]
            torch.testing.assert_close(values[:, device, layer], critic(STATE, moved))


def test_of_twin_critics_the_lower_value_counts_and_both_learn() -> None:
    """Q and Q by layer are the minimum of the two; the loss is the sum of theirs."""
    torch.manual_seed(0)
    first, second = (CRITICS["table"](5, LAYERS, 16) for _ in range(2))
    twins, action = TwinCritics(first, second), torch.rand(6, 2) * 2.0 - 1.0
    lower = torch.minimum(first(STATE, action), second(STATE, action))
    torch.testing.assert_close(twins(STATE, action), lower)
    values = twins.by_layer(STATE, action)
    assert (values <= first.by_layer(STATE, action)).all()
    assert (values <= second.by_layer(STATE, action)).all()
    twins.loss(STATE, action, torch.zeros(6)).backward()
    for critic in (first, second):
        alone = critic.loss(STATE, action, torch.zeros(6))
        for held, wanted in zip(
            critic.parameters(), torch.autograd.grad(alone, list(critic.parameters())), strict=True
        ):
            torch.testing.assert_close(held.grad, wanted)


def test_interpolation_is_one_hot_at_centres_and_linear_between() -> None:
    """At a centre one layer has the weight; half way two have half; beyond the ends the nearest."""
    weights = LAYERS.weights(LAYERS.centres.T[:3])
    for layer in range(3):
        expected = torch.zeros(2, 4)
        expected[:, layer] = 1.0
        torch.testing.assert_close(weights[layer], expected)
    for low, high in pairwise(LAYERS.centres[0].tolist()):
        half = LAYERS.weights(torch.tensor([[(low + high) / 2.0, 1.0]]))[0]
        assert sorted(half[0].tolist())[-2:] == pytest.approx([0.5, 0.5])
        assert half[1].tolist() == pytest.approx([0.0, 0.0, 1.0, 0.0])


def followed(gradient: str, start: float, steps: int = 600) -> list[int]:
    """Layers that each device ends at when its P alone follows a gradient from `start`."""
    critic, state = Valley(), torch.zeros(8, 5)
    output = torch.full((8, 2), start).requires_grad_()
    adam = torch.optim.Adam([output], 0.02)
    centre_outputs = torch.atanh(LAYERS.centres)
    for _ in range(steps):
        action = torch.tanh(output)
        loss = {
            "plain": lambda action=action: plain(critic, state, action),
            "smoothed": lambda action=action: smoothed(critic, LAYERS, MASK, state, action, 0.05),
            "secant": lambda: secant(critic, LAYERS, MASK, state, output, centre_outputs),
        }[gradient]()
        adam.zero_grad()
        loss.backward()
        adam.step()
    index = ACTIONS.index(torch.tanh(output).detach().numpy())
    assert (index == index[0]).all()
    return index[0].tolist()


@pytest.mark.parametrize("gradient", ["plain", "smoothed"])
def test_a_local_gradient_does_not_cross_a_valley(gradient: str) -> None:
    """As printed, and smoothed, the actor climbs the hill beside it and stays there."""
    assert followed(gradient, -0.3) == [1, 0]


def test_the_secant_crosses_a_valley() -> None:
    """The secant goes to the best layer of each device from wherever it starts."""
    for start in (-1.0, 0.0, 1.0):
        assert followed("secant", start) == [3, 0]


def test_softmax_prefers_the_best_layer_and_entropy_spreads() -> None:
    """Without entropy the scores single out the best layer; with much of it they stay alike."""
    for entropy, expected in ((0.0, 0.9), (100.0, 0.3)):
        scores = torch.zeros(8, 2, 4).requires_grad_()
        adam = torch.optim.Adam([scores], 0.05)
        for _ in range(300):
            action = torch.zeros(8, 2)
            loss = expected_table(Valley(), MASK, torch.zeros(8, 5), scores, action, entropy)
            adam.zero_grad()
            loss.backward()
            adam.step()
        shares = torch.softmax(scores.masked_fill(~MASK, -torch.inf), 2)[0].detach()
        if entropy:
            assert shares[0].max() < expected
        else:
            assert shares[0, 3] > expected
            assert shares[1, 0] > expected
