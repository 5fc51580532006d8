"""The policies in the repository: they are there, they fit, and their command makes them again."""

from __future__ import annotations

import shlex
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from splitbench.benchmark.training import Training
from splitbench.problems.batch import BatchModel
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers.ddp.episodes import drawn_episodes
from splitbench.solvers.ddp.policies.library import SHIPPED, find_policy, trained_path
from splitbench.solvers.ddp.policies.policy import policy_for
from splitbench.solvers.ddp.policies.policy_file import PolicyFile, load_policy

SUITES = ("paper-wifi", "paper-5g", "hetero", "congested")
NAMES = ("ddp", "ddp-shared", "imitation")
#: The joint actor serves its own devices only, so these have one of their own.
JOINT_SUITES = ("hetero[devices=3]", "paper-calibrated-wifi", "paper-calibrated-5g")
FILES = sorted(SHIPPED.glob("*.safetensors"))


@pytest.fixture(autouse=True)
def no_own_policies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Policies that were trained on this machine do not take the place of the shipped ones."""
    monkeypatch.setenv("SPLITBENCH_POLICIES", str(tmp_path))


def training_of(policy: PolicyFile) -> Training:
    """The training that a policy's own command asks for."""
    words = shlex.split(policy.header.command)
    assert words[:2] == ["splitbench", "train"]
    return Training.asked(words[2], words[3], [], None, None)


@pytest.mark.parametrize(
    ("suite", "name"),
    [*product(SUITES, NAMES), *product(JOINT_SUITES, ("ddp",))],
)
def test_each_suite_has_its_policies(suite: str, name: str) -> None:
    """The default schemes find a policy that was trained in full on the very suite."""
    training = Training.asked(name, suite, [], None, None)
    path = trained_path(training.kind, training.scenario, training.parameters)
    assert path is not None
    assert path.parent == SHIPPED
    policy = load_policy(path)
    assert policy.header.fingerprint == training.scenario.fingerprint
    assert policy.header.episodes == training.parameters.episodes
    policy_for(policy, BatchModel.of(make_suite(suite).horizon(0, 1)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_policy_is_what_its_header_says(path) -> None:  # type: ignore[no-untyped-def]
    """The command in the header finds this very file, which agrees with it in seed and length."""
    policy = load_policy(path)
    training = training_of(policy)
    found = find_policy(training.kind, training.scenario, training.parameters)
    assert found is not None
    assert (found.path, found.distance) == (path, 0.0)
    # A parameter that came later is absent from the header: training then did as its default says.
    defaults = type(training.parameters)().to_dict()
    assert defaults | policy.header.parameters == training.parameters.to_dict()
    assert policy.header.seed == training.parameters.seed
    assert len(policy.header.curve) == training.parameters.rounds


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_policy_reaches_where_its_curve_ended(path) -> None:  # type: ignore[no-untyped-def]
    """On suites' own seeds it earns at least what its last round of training did, within 5 %."""
    policy = load_policy(path)
    suite = make_suite(policy.header.scenario)
    episodes = drawn_episodes(suite.horizon, range(200, 206))
    trained = policy_for(policy, episodes.model)
    objective = "latency" if policy.header.kind == "ddp" else "utility"
    earned = []
    while not episodes.done:
        partition = trained.partition(episodes.slots, episodes.harvest_ahead_j)
        earned.append(episodes.step(partition, objective).utility.mean())  # type: ignore[arg-type]
    assert np.mean(earned) > policy.header.curve[-1] - 0.05 * abs(policy.header.curve[-1])


@pytest.mark.parametrize("name", NAMES)
def test_training_again_begins_as_the_shipped_policy_did(name: str) -> None:
    """The first rounds of the training anew have the rewards that the shipped header has."""
    pytest.importorskip("torch")
    from splitbench.solvers.ddp.training.session import Session

    training = Training.asked(name, "paper-wifi", [], None, None)
    path = trained_path(training.kind, training.scenario, training.parameters)
    assert path is not None
    shipped = load_policy(path)
    session = Session(training.kind, training.scenario, training.parameters)
    # Past `learning_starts`, so that learned behaviour is compared and not exploration alone.
    rounds = 4 if training.kind == "ddp" else 2
    again = [session.trainer.run_round() for _ in range(rounds)]
    np.testing.assert_allclose(again, shipped.header.curve[:rounds], rtol=1e-3)


@pytest.mark.slow
def test_training_again_gives_the_shipped_policy() -> None:
    """The smallest shipped training, whole: it ends with the same rewards and decisions."""
    pytest.importorskip("torch")
    from splitbench.solvers.ddp.training.session import Session

    training = Training.asked("imitation", "paper-wifi", [], None, None)
    path = trained_path(training.kind, training.scenario, training.parameters)
    assert path is not None
    shipped = load_policy(path)
    again = Session(training.kind, training.scenario, training.parameters).run()
    np.testing.assert_allclose(again.header.curve, shipped.header.curve, rtol=1e-2)
    episodes = drawn_episodes(make_suite("paper-wifi").horizon, range(4))
    first, second = (policy_for(one, episodes.model) for one in (shipped, again))
    same = []
    while not episodes.done:
        partition = first.partition(episodes.slots)
        same.append(partition == second.partition(episodes.slots))
        episodes.step(partition, "utility")
    assert np.mean(same) > 0.98
