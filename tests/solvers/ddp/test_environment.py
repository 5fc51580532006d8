"""The horizon as a Gymnasium environment, by Gymnasium's own checks and an outside client."""

from __future__ import annotations

import subprocess
import sys
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from splitbench.problems import InputError, Simulation
from splitbench.solvers.ddp.environment import PartitionEnv, PartitionVectorEnv
from splitbench.solvers.ddp.episodes import FIRST_TRAINING_SEED
from splitbench.solvers.ddp.observations import LIMIT
from splitbench.solvers.ddp.training_scenario import scenario_of_suite
from splitbench.solvers.threads.thread_allocation import ThreadAllocation

SUITES = ("paper-wifi", "hetero[devices=4]", "starved")


@pytest.mark.parametrize("suite", SUITES)
def test_gymnasiums_checker_passes(suite: str) -> None:
    """`check_env` finds nothing, neither an error nor a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(PartitionEnv(suite), skip_render_check=True)


def test_it_is_made_by_its_id() -> None:
    """`gymnasium.make` finds it by module and id, and wraps it as any other."""
    name = "splitbench.solvers.ddp.environment:splitbench/Partition-v0"
    made = gymnasium.make(name, suite="hetero[devices=3]")
    observation, _ = made.reset(seed=1)
    assert observation.shape == (10,)
    assert made.action_space.shape == (3,)


def test_a_step_is_a_slot_of_the_simulation() -> None:
    """Reward, charge and threads are those of TA and the model for the partition of Eq. 19."""
    env = PartitionEnv("hetero[devices=3,slots=15]")
    env.reset(seed=7)
    horizon_seed = FIRST_TRAINING_SEED + int(np.random.Generator(
        np.random.PCG64(np.random.SeedSequence(7))).integers(2**31))  # fmt: skip
    horizon = scenario_of_suite("hetero[devices=3,slots=15]").draw(horizon_seed)
    simulation, rng, truncated = Simulation(horizon), np.random.default_rng(0), False
    while not truncated:
        action = rng.uniform(-1.0, 1.0, 3).astype(np.float32)
        _, reward, terminated, truncated, info = env.step(action)
        share = (action.astype(float) + 1.0) / 2.0
        layers = simulation.problem.layers
        expected = np.minimum(np.floor(share * (layers + 1)), layers).astype(int)
        decision = ThreadAllocation().allocate(simulation.problem, expected)
        np.testing.assert_array_equal(info["partition"], decision.partition)
        np.testing.assert_array_equal(info["threads"], decision.threads)
        outcome = simulation.step(decision.partition, decision.threads)  # type: ignore[arg-type]
        assert reward == pytest.approx(outcome.utility, rel=1e-12)
        np.testing.assert_allclose(info["battery_j"], outcome.battery_next_j)
        assert not terminated
    assert simulation.done


def test_many_at_once_go_as_each_alone() -> None:
    """Rows of the vectorised environment are single ones on the same horizons, restarts too."""
    many = PartitionVectorEnv(3, "hetero[devices=3,slots=4]")
    first, _ = many.reset(seed=5)
    alone = [PartitionEnv("hetero[devices=3,slots=4]") for _ in range(3)]
    seen = [env.reset(seed=5 + place)[0] for place, env in enumerate(alone)]
    np.testing.assert_array_equal(first, seen)
    rng = np.random.default_rng(1)
    for step in range(9):
        actions = rng.uniform(-1.0, 1.0, (3, 3)).astype(np.float32)
        observation, reward, _, over, _ = many.step(actions)
        if step == 4:  # next-step autoreset: this step began the next episodes
            np.testing.assert_array_equal(observation, [env.reset()[0] for env in alone])
            continue
        expected = [env.step(action) for env, action in zip(alone, actions, strict=True)]
        np.testing.assert_array_equal(observation, [one[0] for one in expected])
        np.testing.assert_allclose(reward, [one[1] for one in expected], rtol=1e-12)
        assert over.tolist() == [one[3] for one in expected]


def test_seeds_of_many_go_as_gymnasiums_do() -> None:
    """Seed s gives environment i seed s + i; a list gives one each, None goes on undisturbed."""
    many, going_on = (PartitionVectorEnv(3, "hetero[devices=3,slots=4]") for _ in range(2))
    first, _ = many.reset(seed=5)
    np.testing.assert_array_equal(first, going_on.reset(seed=[5, 6, 7])[0])
    np.testing.assert_array_equal(many.reset()[0], going_on.reset(seed=[None, None, None])[0])
    mixed, _ = many.reset(seed=(9, None, 5))
    np.testing.assert_array_equal(mixed[2], first[0])
    np.testing.assert_array_equal(mixed[1], going_on.reset()[0][1])


@pytest.mark.parametrize("seeds", [[1, 2], [1, 2, 3, 4], []])
def test_seeds_of_the_wrong_number_are_refused(seeds: list[int]) -> None:
    """A list of seeds has one for each environment; another length changes nothing."""
    many = PartitionVectorEnv(3, "hetero[devices=3]")
    with pytest.raises(InputError, match=f"got {len(seeds)} seeds; expected 3"):
        many.reset(seed=seeds)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_actions_that_are_no_numbers_are_refused(value: float) -> None:
    """NaN and infinity are refused with their place, by one environment and by many."""
    env, many = PartitionEnv("hetero[devices=3]"), PartitionVectorEnv(2, "hetero[devices=3]")
    env.reset(seed=1)
    with pytest.raises(InputError, match=rf"got an action of {value} at \(0, 1\)"):
        env.step(np.array([0, value, 0], np.float32))
    many.reset(seed=1)
    with pytest.raises(InputError, match=rf"got an action of {value} at \(1, 2\)"):
        many.step(np.array([[0, 0, 0], [0, 0, value]], np.float32))


def test_actions_of_a_wrong_shape_are_refused() -> None:
    """An action for two of three devices, or for one of two environments, is no action."""
    env, many = PartitionEnv("hetero[devices=3]"), PartitionVectorEnv(2, "hetero[devices=3]")
    env.reset(seed=1)
    with pytest.raises(InputError, match=r"got actions of shape \(1, 2\); expected \(1, 3\)"):
        env.step(np.zeros(2, np.float32))
    many.reset(seed=1)
    with pytest.raises(InputError, match=r"got actions of shape \(1, 3\); expected \(2, 3\)"):
        many.step(np.zeros((1, 3), np.float32))


def test_a_step_after_the_end_is_refused() -> None:
    """Once an episode was truncated, only reset goes on."""
    env = PartitionEnv("hetero[devices=3,slots=1]")
    env.reset(seed=1)
    assert env.step(np.zeros(3, np.float32))[3]
    with pytest.raises(InputError, match="the episode is over"):
        env.step(np.zeros(3, np.float32))


def test_observations_are_scaled() -> None:
    """λ, 1/B and K have a mean near 0 and a spread near 1; charges, 0 to E_max, lie in ±√3."""
    many = PartitionVectorEnv(16, "hetero")
    rows = [many.reset(seed=11)[0]]
    rng = np.random.default_rng(2)
    for _ in range(119):
        rows.append(many.step(rng.uniform(-1, 1, (16, 9)).astype(np.float32))[0])
    seen = np.concatenate(rows)
    assert np.abs(seen).max() <= LIMIT
    drawn = np.delete(seen, range(9, 18), axis=1)
    assert np.abs(drawn.mean(axis=0)).max() < 0.2
    assert np.abs(drawn.std(axis=0) - 1.0).max() < 0.2
    assert np.abs(seen[:, 9:18]).max() <= 3.0**0.5 + 1e-6


def test_the_same_seed_gives_the_same_episode_in_another_process() -> None:
    """Observations and rewards after `reset(seed=3)` do not depend on the process."""
    code = (
        "import numpy as np; from splitbench.solvers.ddp.environment import PartitionEnv\n"
        "env = PartitionEnv('paper-wifi'); total = env.reset(seed=3)[0].sum()\n"
        "for _ in range(5):\n"
        "    step = env.step(np.zeros(3, np.float32)); total += step[0].sum() + step[1]\n"
        "print(repr(float(total)))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    }
    assert len(said) == 1


def test_what_cannot_be_an_environment_is_refused() -> None:
    """Independent slots, no environments, a step before the first reset: one line each."""
    with pytest.raises(InputError, match="expected a suite of horizons"):
        PartitionEnv("small")
    with pytest.raises(InputError, match="num_envs: got 0"):
        PartitionVectorEnv(0)
    with pytest.raises(InputError, match="expected reset"):
        PartitionEnv("paper-wifi").step(np.zeros(3, np.float32))


def test_stable_baselines_trains_on_it_unchanged() -> None:
    """The outside client: its own checker accepts the environment, and DDPG learns on it."""
    pytest.importorskip("torch")
    stable = pytest.importorskip("stable_baselines3")
    from stable_baselines3.common.env_checker import check_env as check_for_stable

    env = PartitionEnv("paper-wifi[slots=20]")
    check_for_stable(env)
    model = stable.DDPG(
        "MlpPolicy", env, seed=0, learning_starts=100, batch_size=64, device="cpu",
        policy_kwargs={"net_arch": [32, 32]},
    )  # fmt: skip
    before = _earned(model, env)
    model.learn(1_500)
    assert _earned(model, env) > before + 1.0


def _earned(model, env: PartitionEnv) -> float:  # type: ignore[no-untyped-def]
    """Mean reward of a model's deterministic actions over three episodes."""
    rewards = []
    for seed in range(3):
        observation, _ = env.reset(seed=seed)
        truncated = False
        while not truncated:
            action, _ = model.predict(observation, deterministic=True)
            observation, reward, _, truncated, _ = env.step(action)
            rewards.append(reward)
    return float(np.mean(rewards))
