"""The horizon as a Gymnasium environment: state of Eq. 16, actions by Eq. 19, reward U.

Make it with
`gymnasium.make("splitbench.solvers.ddp.environment:splitbench/Partition-v0", suite="hetero")`,
or use the classes here. Episodes are drawn from the seeds of training, never from those that
suites are evaluated on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from splitbench.problems import InputError
from splitbench.problems.arrays import Singles
from splitbench.problems.batch import Result
from splitbench.solvers.ddp.actions import ActionSet, Mapping, VirtualLayers
from splitbench.solvers.ddp.ddp_parameters import UplinkInput
from splitbench.solvers.ddp.episodes import FIRST_TRAINING_SEED, Episodes, drawn_episodes
from splitbench.solvers.ddp.observations import LIMIT, JointObservation
from splitbench.solvers.ddp.training_scenario import scenario_of_suite
from splitbench.solvers.threads.batch_threads import Objective

#: Episodes are drawn from that many training seeds.
_SEEDS = 2**31


class _Rules:
    """What single and vectorised environments have in common: spaces, actions, rewards."""

    def __init__(
        self,
        suite: str,
        virtual_layers: VirtualLayers,
        mapping: Mapping,
        uplink: UplinkInput,
        objective: Objective,
    ):
        scenario = scenario_of_suite(suite)
        self.draw, self.mapping, self.objective = scenario.draw, mapping, objective
        self.actions = ActionSet.of(scenario.fleet, virtual_layers)
        self.observe: JointObservation = JointObservation.fitted(scenario.draw, uplink)
        devices = len(scenario.fleet)
        self.action_space = Box(-1.0, 1.0, (devices,), np.float32)
        self.observation_space = Box(-LIMIT, LIMIT, (len(self.observe.mean),), np.float32)

    def episodes(self, seeds: list[int]) -> Episodes:
        return drawn_episodes(self.draw, [FIRST_TRAINING_SEED + seed for seed in seeds])

    def step(self, episodes: Episodes, action: Any) -> Result:
        """Take actions of shape (E, N), clipped to [−1, 1]."""
        given = np.asarray(action, dtype=np.float64)
        expected = (len(episodes), *self.action_space.shape)
        if given.shape != expected:
            raise InputError(f"step: got actions of shape {given.shape}; expected {expected}")
        if not np.isfinite(given).all():
            place = tuple(int(at) for at in np.argwhere(~np.isfinite(given))[0])
            raise InputError(
                f"step: got an action of {given[place]} at {place}; expected finite numbers "
                "from -1 to 1"
            )
        tanh = np.clip(given, -1.0, 1.0)
        return episodes.step(self.actions.decode(tanh, self.mapping), self.objective)


class PartitionEnv(gymnasium.Env[Singles, Singles]):
    """One horizon an episode; TA divides the threads, as in Algorithm 2.

    The observation is {λ, E, B, K} (Eq. 16), shape (3N + 1,), standardised and cut at ±5; the
    action is tanh P of Eq. 19, shape (N,), in [−1, 1]; the reward is the slot's U (Eq. 18). The
    end of the horizon truncates the episode. `info` has `partition`, `threads`, `battery_j`, and
    `device_utility`, shape (N,) each.

    Parameters
    ----------
    suite
        A suite of horizons, `hetero[devices=3]`.
    virtual_layers, mapping, uplink, objective
        As in `DdpParameters`, with all layers by default, as the paper has them.

    Raises
    ------
    InputError
        No such suite, or one of independent slots.
    """

    metadata = {"render_modes": []}  # noqa: RUF012 — Gymnasium's own way of declaring it

    def __init__(
        self,
        suite: str = "paper-wifi",
        virtual_layers: VirtualLayers = "all",
        mapping: Mapping = "corrected",
        uplink: UplinkInput = "inverse",
        objective: Objective = "latency",
    ):
        self._rules = _Rules(suite, virtual_layers, mapping, uplink, objective)
        self.action_space = self._rules.action_space
        self.observation_space = self._rules.observation_space
        self._episodes: Episodes | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Singles, dict[str, Any]]:
        """Draw the next horizon; the same `seed` begins the same sequence of them."""
        super().reset(seed=seed)
        self._episodes = self._rules.episodes([int(self.np_random.integers(_SEEDS))])
        return self._observed(), {"battery_j": self._episodes.battery_j[0].copy()}

    def step(self, action: Singles) -> tuple[Singles, float, bool, bool, dict[str, Any]]:
        """Cut by `action`, let TA divide the threads, and go on to the next slot.

        Raises
        ------
        InputError
            `reset` was not called since the last episode ended, or an action that is not finite
            or has the wrong shape.
        """
        if self._running.done:
            raise InputError("step: the episode is over; expected reset() first")
        result = self._rules.step(self._running, np.asarray(action)[None])
        info = {name: rows[0] for name, rows in _info(result).items()}
        reward = float(result.utility[0])
        return self._observed(), reward, False, self._running.done, info

    @property
    def _running(self) -> Episodes:
        if self._episodes is None:
            raise InputError("step: no episode has begun; expected reset() first")
        return self._episodes

    def _observed(self) -> Singles:
        seen: Singles = self._rules.observe(self._running.slots)[0]
        return seen


class PartitionVectorEnv(VectorEnv[Singles, Singles, np.ndarray]):
    """E horizons stepped together, as arrays; they end and restart together.

    As `PartitionEnv`, with a leading axis; after the end the next step begins the next episodes
    (Gymnasium's next-step autoreset), whatever its action.
    """

    metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP}  # noqa: RUF012

    def __init__(
        self,
        num_envs: int,
        suite: str = "paper-wifi",
        virtual_layers: VirtualLayers = "all",
        mapping: Mapping = "corrected",
        uplink: UplinkInput = "inverse",
        objective: Objective = "latency",
    ):
        if num_envs < 1:
            raise InputError(f"num_envs: got {num_envs}; expected at least 1")
        self._rules = _Rules(suite, virtual_layers, mapping, uplink, objective)
        self.num_envs = num_envs
        self.single_action_space = self._rules.action_space
        self.single_observation_space = self._rules.observation_space
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._generators: list[np.random.Generator] = []
        self._episodes: Episodes | None = None

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Singles, dict[str, Any]]:
        """Draw the next horizons, each as a `PartitionEnv` of its seed would.

        A whole number seeds environment i with `seed` + i, as in Gymnasium's own vector
        environments; a sequence has one seed for each, None where the generator goes on.

        Raises
        ------
        InputError
            A sequence of another length than `num_envs`.
        """
        self._seed(seed)
        drawn = [int(rng.integers(_SEEDS)) for rng in self._generators]
        self._episodes = self._rules.episodes(drawn)
        return self._rules.observe(self._episodes.slots), {}

    def _seed(self, seed: int | Sequence[int | None] | None) -> None:
        seeds: list[int | None]
        if seed is None:
            seeds = [None] * self.num_envs
        elif isinstance(seed, int | np.integer):
            seeds = [int(seed) + place for place in range(self.num_envs)]
        else:
            seeds = list(seed)
        if len(seeds) != self.num_envs:
            raise InputError(
                f"reset: got {len(seeds)} seeds; expected {self.num_envs}, one for each environment"
            )
        old: list[np.random.Generator | None] = [*self._generators] or [None] * self.num_envs
        self._generators = [
            seeding.np_random(one)[0] if one is not None or before is None else before
            for one, before in zip(seeds, old, strict=True)
        ]

    def step(
        self, actions: Singles
    ) -> tuple[Singles, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Go on by one slot in all episodes, or begin the next ones where they are over.

        Raises
        ------
        InputError
            `reset` was not called, or an action that is not finite or has the wrong shape.
        """
        if self._episodes is None:
            raise InputError("step: no episode has begun; expected reset() first")
        no, yes = np.zeros(self.num_envs, bool), np.ones(self.num_envs, bool)
        if self._episodes.done:
            observation, _ = self.reset()
            return observation, np.zeros(self.num_envs), no, no, {}
        result = self._rules.step(self._episodes, actions)
        over = yes if self._episodes.done else no
        seen = self._rules.observe(self._episodes.slots)
        return seen, result.utility, no.copy(), over, _info(result)


def _info(result: Result) -> dict[str, Any]:
    return {
        "partition": result.partition,
        "threads": result.threads,
        "battery_j": result.battery_next_j,
        "device_utility": result.device_utility,
    }


gymnasium.register(
    "splitbench/Partition-v0",
    entry_point=f"{__name__}:PartitionEnv",
    vector_entry_point=f"{__name__}:PartitionVectorEnv",
)
