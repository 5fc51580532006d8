"""A learned partitioner in a run: finds its policy, or trains one, and asks it for partitions."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from math import inf
from pathlib import Path

from splitbench.problems import EpisodeView, InputError, SlotProblem
from splitbench.problems.arrays import Floats, Ints
from splitbench.problems.batch import BatchModel, Slots
from splitbench.problems.status import Status
from splitbench.solvers.contract import Context, Solution, no_decision
from splitbench.solvers.ddp.episodes import FIRST_TRAINING_SEED
from splitbench.solvers.ddp.policies.library import (
    SHIPPED,
    checkpoint_of,
    find_policy,
    locked,
    scaled_down_path,
)
from splitbench.solvers.ddp.policies.policy import Policy, policy_for
from splitbench.solvers.ddp.policies.policy_file import Kind, PolicyFile, load_policy, save_policy
from splitbench.solvers.ddp.training_parameters import TrainingParameters
from splitbench.solvers.ddp.training_scenario import (
    TrainingScenario,
    scenario_around,
    scenario_of_suite,
)
from splitbench.solvers.horizon.forecast import Forecast

#: Seconds between checkpoints of a training in a run, which a short limit may end.
_CHECKPOINT_EVERY_S = 2.0
#: No training is begun with less time: importing torch alone takes up to two seconds of it.
_LEAST_TRAINING_S = 4.0


class PolicyRunner:
    """Finds a policy for the devices at hand, and asks it for partitions.

    In this order: the file it was given; the nearest trained policy that can be used
    (`find_policy`); one that it trains here, in the scaled-down way. `note` names it, unless the
    policy was trained for exactly this scenario.

    Parameters
    ----------
    policy
        A policy file; None: the nearest one.
    """

    def __init__(self, kind: Kind, parameters: TrainingParameters, policy: str | None):
        self.kind, self.parameters, self.given = kind, parameters, policy
        self.note = ""
        self._model: BatchModel | None = None
        self._policy: Policy | None = None
        self._forecast: Forecast | None = None

    def files(self, suite: str) -> list[Path]:
        """Return the policies that may be used on a suite and are not part of the code.

        Policies from short trainings are not listed: the code and the scenario determine them.
        """
        if self.given:
            return [path for path in [Path(self.given)] if path.is_file()]
        try:
            scenario = scenario_of_suite(suite)
        except InputError:
            return []
        found = find_policy(self.kind, scenario, self.parameters)
        return [found.path] if found is not None and found.path.parent != SHIPPED else []

    def start(self, horizon: EpisodeView) -> None:
        """Bind the policy for an episode's suite; a file has no suite, see `partition`.

        Raises
        ------
        InputError
            The given policy does not fit these devices, or torch is missing where one has to be
            trained; the message names the command that helps.
        """
        self._model = self._policy = None
        self._forecast = Forecast(horizon, "causal")
        if horizon.suite:
            suite = horizon.suite
            self._bind(BatchModel.of(horizon), lambda: scenario_of_suite(suite), inf)

    def partition(self, problem: SlotProblem, context: Context) -> Ints | Solution:
        """Return l_n, shape (N,).

        For a single slot of new devices a policy is trained first. Where the context's limit leaves
        no time for that the answer is `timeout`, and what was learned is kept for the next time.
        """
        model = BatchModel.of(problem)
        if model != self._model:
            if self._model is not None:  # a single slot, outside any episode
                self._forecast = None
            try:
                ends = time.monotonic() + context.time_left_s()
                self._bind(model, lambda: scenario_around(problem), ends)
            except InputError as error:
                return no_decision(Status.UNSUPPORTED, str(error))
            except TimeoutError as error:
                return no_decision(Status.TIMEOUT, str(error))
        assert self._policy is not None
        harvest_ahead_j = self._harvest_ahead_j(problem)
        partition: Ints = self._policy.partition(Slots.of(problem), harvest_ahead_j)[0]
        return partition

    def _harvest_ahead_j(self, problem: SlotProblem) -> Floats | None:
        """Return the expected harvest of an episode's later slots, J, shape (F, 1, N).

        None for a slot by itself.
        """
        if self._forecast is None:
            return None
        self._forecast.see(problem)
        return self._forecast.harvest_j()[:, None, :]

    def _bind(
        self, model: BatchModel, scenario: Callable[[], TrainingScenario], ends: float
    ) -> None:
        file = self._given_policy() if self.given else self._found_or_trained(scenario(), ends)
        try:
            self._policy = policy_for(file, model)
        except InputError as error:
            raise InputError(f"{error}; {self._command(scenario())}") from None
        self._model = model

    def _given_policy(self) -> PolicyFile:
        assert self.given is not None
        file = load_policy(Path(self.given))
        if file.header.kind != self.kind:
            raise InputError(
                f"policy {self.given}: of kind {file.header.kind}; expected {self.kind}"
            )
        self.note = f"policy {self.given}, trained on {file.header.scenario}"
        return file

    def _found_or_trained(self, scenario: TrainingScenario, ends: float) -> PolicyFile:
        found = find_policy(self.kind, scenario, self.parameters)
        if found is None:
            return self._scaled_down(scenario, ends)
        self.note = ""
        if found.distance > 0.0:
            self.note = (
                f"policy trained on {found.header.scenario}, used away from its training "
                f"(distance {found.distance:.2g})"
            )
        return load_policy(found.path)

    def _scaled_down(self, scenario: TrainingScenario, ends: float) -> PolicyFile:
        """Return the policy of a short training, which is stored for the other cells.

        Raises
        ------
        TimeoutError
            There is none by `ends`, a time of `time.monotonic()`; names the command that trains.
        """
        short = self.parameters.scaled_down(len(scenario.draw(FIRST_TRAINING_SEED)))
        path = scaled_down_path(self.kind, scenario, short)
        try:
            with locked(path, ends):  # the other cells of a run wait for the cell that trains
                file = (
                    load_policy(path)
                    if path.is_file()
                    else self._trained(scenario, short, path, ends)
                )
        except TimeoutError:
            raise TimeoutError(
                f"no policy for {scenario.name}, and no time to train one; "
                f"{self._command(scenario)}"
            ) from None
        whole = self.parameters.episodes
        length = f"{file.header.episodes} of {whole}" if short.episodes < whole else str(whole)
        self.note = (
            f"no policy for {scenario.name}: trained {length} episodes in "
            f"{file.header.seconds:.0f} s; {self._command(scenario)}"
        )
        return file

    def _trained(
        self, scenario: TrainingScenario, parameters: TrainingParameters, path: Path, ends: float
    ) -> PolicyFile:
        """Train, from a checkpoint if an earlier run ended in its training.

        Raises
        ------
        TimeoutError
            The training was not done by `ends`.
        """
        if importlib.util.find_spec("torch") is None:
            raise InputError(
                f"{self.kind}: no policy for {scenario.name}, and training one needs torch; "
                "expected after: pip install 'splitbench[learn]'"
            )
        if time.monotonic() + _LEAST_TRAINING_S > ends:
            raise TimeoutError
        from splitbench.solvers.ddp.training.session import Session

        checkpoint = checkpoint_of(path)
        session = Session(
            self.kind, scenario, parameters, checkpoint=checkpoint, command="trained in a run"
        )
        session.checkpoint_every_s = _CHECKPOINT_EVERY_S
        file = session.run(ends=ends)
        save_policy(file, path)
        checkpoint.unlink(missing_ok=True)
        return file

    def _command(self, scenario: TrainingScenario) -> str:
        differing = ",".join(f"{k}={v}" for k, v in self.parameters.differing().items())
        kind = f"'{self.kind}[{differing}]'" if differing else self.kind
        source = f"'{scenario.name}'" if scenario.is_suite else "FILE.json (the file of this slot)"
        return f"in full: splitbench train {kind} {source}"
