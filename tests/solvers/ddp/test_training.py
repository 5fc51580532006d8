"""Training: it learns, it is the same every time, and it goes on where it stopped."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from splitbench.problems import InputError  # noqa: E402
from splitbench.problems.batch import BatchModel  # noqa: E402
from splitbench.solvers.ddp.actions import ActionSet  # noqa: E402
from splitbench.solvers.ddp.ddp_parameters import DdpParameters  # noqa: E402
from splitbench.solvers.ddp.episodes import drawn_episodes  # noqa: E402
from splitbench.solvers.ddp.observations import SharedObservation  # noqa: E402
from splitbench.solvers.ddp.partitioners import PARAMETERS  # noqa: E402
from splitbench.solvers.ddp.policies.inference import joint_actor, shared_scores  # noqa: E402
from splitbench.solvers.ddp.policies.policy import policy_for  # noqa: E402
from splitbench.solvers.ddp.policies.policy_file import PolicyFile  # noqa: E402
from splitbench.solvers.ddp.training.ddpg import Ddpg  # noqa: E402
from splitbench.solvers.ddp.training.networks import Actor, SharedNet  # noqa: E402
from splitbench.solvers.ddp.training.replay import Replay  # noqa: E402
from splitbench.solvers.ddp.training.session import Session  # noqa: E402
from splitbench.solvers.ddp.training_scenario import TrainingScenario, scenario_of_suite  # noqa: E402

KINDS = ("ddp", "ddp-shared", "imitation")
SCENARIO = scenario_of_suite("hetero[devices=3,slots=20]")
SMALL = {
    "updates": 1,
    "episodes": 32,
    "parallel": 4,
    "learning_starts": 40,
    "batch": 32,
    "hidden": 16,
}


def small(kind: str, **other: Any) -> Session:
    """A training of half a second."""
    parameters = PARAMETERS[kind](**SMALL | other)  # type: ignore[arg-type]
    return Session(kind, SCENARIO, parameters)  # type: ignore[arg-type]


def same(first: PolicyFile, second: PolicyFile) -> bool:
    """Whether two trainings came to the same, to the last bit."""
    return first.header.curve == second.header.curve and all(
        np.array_equal(array, second.weights[name]) for name, array in first.weights.items()
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_policy_and_another_seed_another(kind: str) -> None:
    """Curve and weights are the same bit for bit; a different seed gives different ones."""
    first = small(kind).run()
    assert same(first, small(kind).run())
    assert not same(first, small(kind, seed=1).run())


def test_the_same_seed_gives_the_same_curve_in_another_process() -> None:
    """Nothing of the process (threads, hash seed, torch's own generator) leaks into the curve."""
    code = (
        "import json, torch; torch.manual_seed({0}); torch.set_num_threads({0})\n"
        "from tests.solvers.ddp.test_training import small\n"
        "print(json.dumps(small('ddp').run().header.curve))"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code.format(number)], capture_output=True, text=True, check=True
        ).stdout
        for number in (1, 2)
    ]
    assert said[0] == said[1]
    assert len(json.loads(said[0])) == 8


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_that_was_stopped_goes_on_as_if_it_had_not_been(
    kind: str, tmp_path: Path
) -> None:
    """From a checkpoint after three rounds: the same curve and weights as undisturbed."""
    whole = small(kind).run()
    begun = small(kind)
    begun.checkpoint = tmp_path / "c.training"
    for _ in range(3):
        begun.trainer.run_round()
    begun.save_checkpoint()
    resumed = Session(begun.kind, SCENARIO, begun.parameters, checkpoint=begun.checkpoint)
    assert resumed.resumed_at == 3
    assert same(resumed.run(), whole)


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    """Other parameters do not go on from it: one line, with what helps."""
    begun = small("ddp")
    begun.checkpoint = tmp_path / "c.training"
    begun.save_checkpoint()
    with pytest.raises(InputError, match=r"another training.*--fresh"):
        Session("ddp", SCENARIO, DdpParameters(hidden=17), checkpoint=begun.checkpoint)


@pytest.mark.parametrize("kind", KINDS)
def test_training_pays(kind: str) -> None:
    """On horizons it never saw, a short training earns more than random cuts and than none."""
    parameters = {"episodes": 120, "batch": 64, "updates": 2}
    trained = small(kind, **parameters).run()
    untrained = small(kind, **parameters).policy()
    assert _earned(trained) > max(_earned(untrained), _earned(None)) + 0.1


def _earned(policy: PolicyFile | None) -> float:
    """Mean utility of a slot on held-out horizons; None plays at random."""
    episodes = drawn_episodes(SCENARIO.draw, range(8))
    rng = np.random.default_rng(0)
    earned = []
    while not episodes.done:
        if policy is None:
            partition = rng.integers(0, SCENARIO.fleet.layers + 1, episodes.battery_j.shape)
        else:
            partition = policy_for(policy, episodes.model).partition(episodes.slots)
        earned.append(episodes.step(partition).utility.mean())
    return float(np.mean(earned))


def test_numpy_plays_what_torch_learned() -> None:
    """The forward passes in numpy and in torch agree to single precision."""
    torch.manual_seed(0)
    actor = Actor(10, 3, 32)
    state = np.random.default_rng(0).normal(0.0, 2.0, (50, 10)).astype(np.float32)
    weights = {name: value.detach().numpy() for name, value in actor.state_dict().items()}
    with torch.no_grad():
        expected = actor(torch.from_numpy(state)).numpy()
    np.testing.assert_allclose(joint_actor(weights, state), expected, atol=1e-5)

    net = SharedNet(24)
    weights = {name: value.detach().numpy() for name, value in net.state_dict().items()}
    episodes = drawn_episodes(scenario_of_suite("hetero").draw, range(4))
    observe = SharedObservation(episodes.model)
    cuts, devices = observe(episodes.slots, observe.ahead(episodes.harvest_ahead_j, episodes.slots))
    mask = observe.actions.mask
    with torch.no_grad():
        scores = net(torch.from_numpy(cuts), torch.from_numpy(devices), torch.from_numpy(mask))
    ours = shared_scores(weights, cuts, devices, mask)
    np.testing.assert_allclose(ours[:, mask], scores.numpy()[:, mask], atol=1e-4)
    assert (ours[:, ~mask] == -np.inf).all()


def test_learning_starts_when_it_is_said_to() -> None:
    """At `learning_starts` transitions, or, as Algorithm 2 prints it, when the buffer is full."""
    for wait, full_at in ((False, 40), (True, 200)):
        other = {"buffer": 200, "wait_for_full_buffer": wait, "critic_first": 0.0}
        trainer = Ddpg(SCENARIO.draw, DdpParameters(**SMALL | other))  # type: ignore[arg-type]
        before = [weight.clone() for weight in trainer.actor.parameters()]
        changed_at = None
        while changed_at is None:
            episodes = drawn_episodes(SCENARIO.draw, range(4))
            while not episodes.done and changed_at is None:
                trainer.step(episodes)
                now = list(trainer.actor.parameters())
                if any(not torch.equal(a, b) for a, b in zip(before, now, strict=True)):
                    changed_at = len(trainer.replay)
        assert changed_at == full_at


def test_the_target_of_the_critic_is_bellmans() -> None:
    """The target is y = (1 − γ)·r + γ·Q'(s', π'(s')): with γ = 0 the reward alone."""
    for discount in (0.0, 0.9):
        trainer = Ddpg(SCENARIO.draw, DdpParameters(**SMALL | {"discount": discount}))  # type: ignore[arg-type]
        state = torch.randn(5, 10, generator=torch.Generator().manual_seed(0))
        reward = torch.arange(5.0)
        with torch.no_grad():
            action = trainer.action_of(trainer.target_actor(state))
            following = trainer.target_critic(state, action)
        expected = (1.0 - discount) * reward + discount * following
        seen = state if discount else None
        torch.testing.assert_close(trainer._target(reward, seen), expected)


def test_targets_follow_softly() -> None:
    """After an update each target weight has moved the stated share towards its network's."""
    trainer = Ddpg(SCENARIO.draw, DdpParameters(**SMALL | {"soft_update": 0.25}))  # type: ignore[arg-type]
    with torch.no_grad():
        for weight in trainer.actor.parameters():
            weight.add_(1.0)
    before = [weight.clone() for weight in trainer.target_actor.parameters()]
    trainer._follow(trainer.target_actor, trainer.actor)
    for was, now in zip(before, trainer.target_actor.parameters(), strict=True):
        torch.testing.assert_close(now, was + 0.25)


def test_the_buffer_keeps_the_last_transitions() -> None:
    """A full ring overwrites the oldest rows and samples only from what is in it."""
    replay = Replay(5)
    for start in range(0, 9, 3):
        replay.add(number=np.arange(start, start + 3))
    drawn = replay.sample(300, np.random.default_rng(0))["number"]
    assert set(drawn) == {4, 5, 6, 7, 8}
    copy = Replay(5)
    copy.restore(replay.state())
    replay.add(number=np.array([9]))
    copy.add(number=np.array([9]))
    np.testing.assert_array_equal(replay.state()["number"], copy.state()["number"])


def test_scenarios_of_a_policy_are_never_evaluated_on() -> None:
    """Training draws from seeds far above those of suites, and each training from its own."""
    seen: list[int] = []

    def draw(seed: int) -> Any:
        seen.append(seed)
        return SCENARIO.draw(seed)

    spied = TrainingScenario(SCENARIO.name, SCENARIO.fleet, draw)
    for seed in (0, 1):
        Session("ddp", spied, DdpParameters(**SMALL | {"seed": seed})).run()  # type: ignore[arg-type]
    assert min(seen) >= 1_000_000_000
    episodes = [s for s in seen if s % 1_000_000 < 500_000]
    assert {s // 1_000_000 - 1000 for s in episodes} == {0, 1}


def test_every_action_set_is_trained_on() -> None:
    """Both kinds of layers, mappings, inputs, each critic and gradient, a discount: each trains."""
    for other in (
        {"virtual_layers": "all"},
        {"virtual_layers": "all", "critic": "output", "gradient": "plain"},
        {"critic": "layers", "gradient": "secant"},
        {"twin_critics": True},
        {"critic": "output", "gradient": "smoothed", "mapping": "printed"},
        {"critic": "layers", "gradient": "softmax"},
        {"mapping": "printed", "uplink": "rate"},
        {"objective": "utility", "discount": 0.5},
    ):
        policy = small("ddp", **other).run()
        episodes = drawn_episodes(SCENARIO.draw, [0])
        partition = policy_for(policy, BatchModel.of(SCENARIO.draw(0))).partition(episodes.slots)
        kind = other.get("virtual_layers", "merged")
        choices = ActionSet.of(SCENARIO.fleet, kind)  # type: ignore[arg-type]
        for n, chosen in enumerate(partition[0]):
            assert chosen in choices.partitions[n]
