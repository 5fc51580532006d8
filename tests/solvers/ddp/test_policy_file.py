"""Policies as files: round trips, and other files are refused."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from splitbench.problems import InputError
from splitbench.problems.batch import BatchModel
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers.ddp.episodes import drawn_episodes
from splitbench.solvers.ddp.policies.policy import policy_for
from splitbench.solvers.ddp.policies.policy_file import load_policy, save_arrays, save_policy
from splitbench.solvers.ddp.training_scenario import scenario_of_suite
from tests.solvers.ddp.policies import random_policy


@pytest.mark.parametrize("kind", ["ddp", "ddp-shared"])
def test_a_policy_read_back_decides_the_same(tmp_path: Path, kind: str) -> None:
    """Header and weights survive the file, and so does every partition of an episode."""
    scenario = scenario_of_suite("hetero")
    made = random_policy(scenario, kind)
    save_policy(made, tmp_path / "p.safetensors")
    read = load_policy(tmp_path / "p.safetensors")
    assert read.header == made.header
    episodes = drawn_episodes(scenario.draw, [1, 2])
    first, second = (policy_for(file, episodes.model) for file in (made, read))
    for _ in range(5):
        partition = first.partition(episodes.slots)
        np.testing.assert_array_equal(partition, second.partition(episodes.slots))
        episodes.step(partition)


def test_the_header_is_json_that_others_can_read(tmp_path: Path) -> None:
    """The file starts as safetensors does; its header names scenario, N, S, parameters, seed."""
    save_policy(random_policy(scenario_of_suite("paper-wifi")), tmp_path / "p.safetensors")
    data = (tmp_path / "p.safetensors").read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["splitbench"])
    assert header["format"] == "splitbench/policy@1"
    assert header["scenario"] == "paper-wifi"
    assert len(header["layers"]) == 3
    assert {"fingerprint", "parameters", "seed", "version", "command"} <= set(header)


def test_what_is_no_policy_is_refused_in_one_line(tmp_path: Path) -> None:
    """No file, a pickle, tensors without a header, a header of another kind, weights of NaN."""
    path = tmp_path / "p.safetensors"
    refusals = []

    def refused() -> None:
        with pytest.raises(InputError) as caught:
            load_policy(path)
        refusals.append(str(caught.value))

    refused()
    path.write_bytes(pickle.dumps({"weights": [1.0]}))
    refused()
    save_arrays({"a": np.zeros(2)}, {}, path)
    refused()
    save_arrays({"a": np.zeros(2)}, {"splitbench": '{"format": "splitbench/policy@9"}'}, path)
    refused()
    policy = random_policy(scenario_of_suite("paper-wifi"))
    policy.weights["net.0.bias"][0] = np.nan
    save_policy(policy, path)
    refused()
    assert all(len(line.splitlines()) == 1 and "expected" in line for line in refusals)
    assert len(set(refusals)) == 5


def test_a_policy_of_other_devices_does_not_fit(tmp_path: Path) -> None:
    """A joint actor is refused for another N or S; a shared network plays any devices."""
    three = scenario_of_suite("hetero[devices=3]")
    other = BatchModel.of(make_suite("paper-wifi").horizon(0, 1))
    with pytest.raises(InputError, match="is for N = 3, S ="):
        policy_for(random_policy(three), other)
    thirty = make_suite("hetero[devices=30]").horizon(0, 1)
    shared = policy_for(random_policy(three, "ddp-shared"), BatchModel.of(thirty))
    episodes = drawn_episodes(lambda seed: make_suite("hetero[devices=30]").horizon(seed), [0])
    assert shared.partition(episodes.slots).shape == (1, 30)


def test_weights_of_another_shape_are_refused() -> None:
    """A header that promises other devices than the weights have is found out at once."""
    scenario = scenario_of_suite("paper-wifi")
    policy = random_policy(scenario)
    policy.weights["mean"] = np.zeros(7)
    with pytest.raises(InputError, match="mean of"):
        policy_for(policy, BatchModel.of(scenario.draw(0)))
    del policy.weights["mean"]
    with pytest.raises(InputError, match="no weights mean"):
        policy_for(policy, BatchModel.of(scenario.draw(0)))
