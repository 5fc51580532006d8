"""Learned partitioners in a run: which policy is used, and its note."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from splitbench.benchmark.referee.cell_record import record_of
from splitbench.benchmark.referee.episode import run_episode
from splitbench.benchmark.referee.player import PlugIn
from splitbench.benchmark.runs.plan import Request, cells_of
from splitbench.problems import EpisodeView, InputError, Simulation, SlotProblem
from splitbench.problems.suites.named_suites import make_suite
from splitbench.results import CellKey
from splitbench.solvers import Context, Status, make, solve_slot
from splitbench.solvers.calling import start_episode
from splitbench.solvers.contract import ALONE
from splitbench.solvers.ddp.ddp_parameters import DdpParameters
from splitbench.solvers.ddp.partitioners import PARAMETERS
from splitbench.solvers.ddp.policies import policy_runner
from splitbench.solvers.ddp.policies.library import (
    file_name,
    find_policy,
    locked,
    own_directory,
    scaled_down_path,
    trained_path,
)
from splitbench.solvers.ddp.policies.policy_file import Kind, PolicyFile, load_policy, save_policy
from splitbench.solvers.ddp.shared_parameters import SharedParameters
from splitbench.solvers.ddp.training_scenario import scenario_of_suite
from tests.solvers.ddp.policies import random_policy

SUITE = "hetero[devices=3,arrival_scale=1.25]"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory of policies."""
    monkeypatch.setenv("SPLITBENCH_POLICIES", str(tmp_path))
    return tmp_path


def placed(suite: str, kind: Kind = "ddp", suite_of_policy: str | None = None) -> PolicyFile:
    """Put a random policy where runs look for a trained one of `suite`."""
    scenario = scenario_of_suite(suite)
    made = random_policy(scenario_of_suite(suite_of_policy or suite), kind)
    save_policy(made, own_directory() / file_name(kind, scenario, PARAMETERS[kind]()))
    return made


def row_of(name: str, suite: str, slots: int = 3):  # type: ignore[no-untyped-def]
    """The record of one short episode."""
    episode = run_episode(PlugIn.of(make(name)), make_suite(suite).horizon(0, slots))
    return record_of(CellKey(suite, name, 0, slots, None, True, ""), episode, {})


@pytest.mark.parametrize("kind", ["ddp", "ddp-shared"])
def test_a_trained_policy_is_found_and_needs_no_words(own: Path, kind: Kind) -> None:
    """The policy of the suite is used: its partitions are the scheme's, and the row has no note."""
    made = placed(SUITE, kind)
    from splitbench.problems.batch import BatchModel, Slots
    from splitbench.solvers.ddp.policies.policy import policy_for

    horizon = make_suite(SUITE).horizon(0, 4)
    scheme = make(f"{kind}+ta")
    start_episode(scheme, EpisodeView.of(horizon))
    policy = policy_for(made, BatchModel.of(horizon))
    simulation = Simulation(horizon)
    while not simulation.done:
        problem = simulation.problem
        expected = policy.partition(Slots.of(problem))[0]
        np.testing.assert_array_equal(scheme.partitioner.partition(problem), expected)
        solution = solve_slot(scheme, problem)
        simulation.step(solution.partition, solution.threads)  # type: ignore[arg-type]
    assert row_of(f"{kind}+ta", SUITE).note == ""


def test_without_a_policy_a_short_training_is_run_and_said(own: Path) -> None:
    """The note says how long was trained of how long, the time, and the command for the rest."""
    pytest.importorskip("torch")
    name = "ddp[hidden=8,batch=16]+ta"
    record = row_of(name, SUITE)
    assert record.status == "feasible"
    for words in (
        "no policy for hetero[arrival_scale=1.25,devices=3]:",
        "trained 160 of 640 episodes in",
        "in full: splitbench train 'ddp[batch=16,hidden=8]'",
    ):
        assert words in record.note
    kept = list(own.rglob("*.safetensors"))
    assert [path.parent.parent.name for path in kept] == ["scaled-down"]
    before = kept[0].stat().st_mtime_ns
    again = row_of(name, SUITE)
    assert kept[0].stat().st_mtime_ns == before  # the next cell does not train again
    assert again.utility_mean == record.utility_mean
    assert again.note == record.note


def test_a_policy_for_other_devices_is_unsupported_with_the_command_that_helps(
    own: Path, tmp_path: Path
) -> None:
    """Wrong N or S: no decision, and the row says what was given, wanted, and how to get it."""
    path = tmp_path / "mine.safetensors"
    save_policy(random_policy(scenario_of_suite("paper-wifi")), path)
    record = row_of(f"ddp[policy={path}]+ta", "hetero")
    assert record.status == Status.UNSUPPORTED
    assert f"policy {path} is for N = 3, S = [" in record.note
    assert "expected one for N = 9" in record.note
    assert "splitbench train ddp 'hetero'" in record.note
    problem = make_suite("small").instances(0, 1)[0]
    alone = solve_slot(make(f"ddp[policy={path}]+ta"), problem)
    assert (alone.status, alone.decided) == (Status.UNSUPPORTED, False)


def test_a_given_policy_is_used_where_it_fits_and_is_named(own: Path, tmp_path: Path) -> None:
    """`policy=PATH` wins over what is found, and the row names the file."""
    path = tmp_path / "mine.safetensors"
    save_policy(random_policy(scenario_of_suite(SUITE), "ddp-shared"), path)
    record = row_of(f"ddp-shared[policy={path}]+ta", "paper-5g")
    assert record.status == "feasible"
    assert f"policy {path}, trained on hetero" in record.note
    assert row_of(f"imitation[policy={path}]+ta", "paper-5g").status == Status.UNSUPPORTED
    assert "no such file" in row_of("ddp[policy=/nowhere.safetensors]+ta", SUITE).note


def test_a_shared_policy_serves_devices_it_was_not_trained_for(own: Path) -> None:
    """The nearest policy is used, and the note says how far it is; but none of another V."""
    placed("hetero", "ddp-shared")
    record = row_of("ddp-shared+ta", "hetero[devices=14]")
    assert record.status == "feasible"
    assert "policy trained on hetero, used away from its training (distance 0.0" in record.note
    other = scenario_of_suite("hetero[utility_weight=0.2]")
    assert find_policy("ddp-shared", other, SharedParameters()) is None


@pytest.mark.parametrize(
    ("suite", "nearest"),
    [
        ("paper-wifi[devices=6]", "paper-wifi"),
        ("paper-5g[devices=6]", "paper-5g"),
        ("hetero[devices=30]", "hetero"),
        ("cloudy", "hetero"),
        ("congested[devices=3]", "congested"),
    ],
)
def test_the_nearest_policy_is_used_whatever_the_suite_is_called(
    own: Path, suite: str, nearest: str
) -> None:
    """Six of the paper's devices take the paper's policy, not that of another fleet."""
    for kind in ("ddp-shared", "imitation"):
        found = find_policy(kind, scenario_of_suite(suite), PARAMETERS[kind]())  # type: ignore[arg-type]
        assert found is not None
        assert found.header.scenario == nearest
        assert found.distance > 0.0


def test_the_joint_actor_is_used_near_its_training_only(own: Path) -> None:
    """A tenth more arrivals: the policy of the suite, with a note; half more: none."""
    placed("paper-wifi")
    near = find_policy("ddp", scenario_of_suite("paper-wifi[arrival_scale=1.1]"), DdpParameters())
    assert near is not None
    assert near.header.scenario == "paper-wifi"
    assert 0.0 < near.distance < 0.1
    for far in ("paper-wifi[arrival_scale=1.5]", "paper-wifi[devices=4]", "hetero[devices=4]"):
        assert find_policy("ddp", scenario_of_suite(far), DdpParameters()) is None


def test_what_is_no_policy_is_passed_over(own: Path) -> None:
    """A broken file among the policies does not end a run."""
    (own / "ddp-broken.safetensors").write_bytes(b"no policy")
    made = placed(SUITE)
    found = find_policy("ddp", scenario_of_suite(SUITE), DdpParameters())
    assert found is not None
    assert found.header == made.header


def test_a_slot_without_a_suite_is_trained_for(own: Path) -> None:
    """A slot instance has no suite to draw from: a short training on slots like it, with a note."""
    pytest.importorskip("torch")
    problem = make_suite("small").instances(0, 1)[0]
    solution = solve_slot(make("ddp[hidden=8,batch=16,parallel=40]+ta"), problem)
    assert solution.decided
    assert "no policy for slots like small seed 0" in solution.note
    partition = np.asarray(solution.partition)
    assert ((partition >= 0) & (partition <= problem.layers)).all()
    short = replace(problem, threads=1, min_threads=2)
    assert solve_slot(make("ddp+ta"), short).status == Status.UNSUPPORTED


def test_threads_are_divided_by_what_the_scheme_is_for() -> None:
    """The paper's schemes by latency; ours by utility unless an allocator's parameter is given."""
    assert make("ddp+ta").allocator.objective == "latency"
    assert make("dads+ta").allocator.objective == "latency"
    assert make("ddp-shared+ta").allocator.objective == "utility"
    assert make("imitation+ta").allocator.objective == "utility"
    assert make("imitation+ta[start=random]").allocator.objective == "latency"
    assert make("ddp[gradient=secant]+ta[objective=utility]").allocator.objective == "utility"


def test_every_parameter_can_be_written_in_brackets() -> None:
    """`ddp[…]` takes each field of its dataclass, with its type; a wrong value names it."""
    made = make("ddp[virtual_layers=all,mapping=printed,discount=0.9,hidden=64]+ta").partitioner
    assert made.runner.parameters == DdpParameters(
        virtual_layers="all", mapping="printed", discount=0.9, hidden=64
    )
    for wrong in ("ddp[mapping=print]+ta", "ddp[discount=1.5]+ta", "ddp[hiden=3]+ta"):
        with pytest.raises(InputError, match=r"expected|did you mean"):
            make(wrong)


def test_policies_are_kept_apart_by_what_they_were_trained_with() -> None:
    """Another seed, length, parameter, kind or scenario has a file of its own."""
    scenario, other = scenario_of_suite("paper-wifi"), scenario_of_suite("paper-5g")
    plain = file_name("ddp", scenario, DdpParameters())
    names = {
        plain,
        file_name("ddp", other, DdpParameters()),
        file_name("ddp", scenario, DdpParameters(seed=1)),
        file_name("ddp", scenario, DdpParameters(hidden=7)),
        file_name("ddp", scenario, DdpParameters(episodes=7)),
        file_name("ddp-shared", scenario, SharedParameters()),
    }
    assert len(names) == 6
    assert scaled_down_path("ddp", scenario, DdpParameters()).name == plain


@pytest.mark.parametrize("name", ["hetero[devices=9]", "hetero[slots=10]", "hetero[truth=table]"])
def test_the_same_scenario_by_another_name_has_the_same_policy(own: Path, name: str) -> None:
    """A shipped policy is found by what it was trained on, whatever the suite is called."""
    path = trained_path("ddp", scenario_of_suite(name), DdpParameters())
    assert path is not None
    assert path == trained_path("ddp", scenario_of_suite("hetero"), DdpParameters())


def test_a_toy_does_not_take_the_place_of_a_policy(own: Path) -> None:
    """After a training of one episode the suite still has the policy in full."""
    toy = random_policy(scenario_of_suite("hetero"))
    parameters = DdpParameters(episodes=1)
    header = toy.header.model_copy(update={"parameters": parameters.to_dict()})
    save_policy(replace(toy, header=header), own / "toy.safetensors")
    scenario = scenario_of_suite("hetero")
    assert trained_path("ddp", scenario, parameters) == own / "toy.safetensors"
    found = trained_path("ddp", scenario, DdpParameters())
    assert found is not None
    assert load_policy(found).header.parameters["episodes"] == DdpParameters().episodes


def test_a_policy_that_does_not_fit_says_so_on_a_file_too(own: Path, tmp_path: Path) -> None:
    """A horizon file has no suite: the misfit is told all the same, with the command."""
    path = tmp_path / "mine.safetensors"
    save_policy(random_policy(scenario_of_suite("paper-wifi")), path)
    horizon = replace(make_suite("hetero").horizon(0, 3), suite="")
    episode = run_episode(PlugIn.of(make(f"ddp[policy={path}]+ta")), horizon)
    assert episode.ended is not None
    note = episode.ended.solution.note
    assert "is for N = 3" in note
    assert "splitbench train ddp FILE.json" in note


def test_another_model_binds_another_policy(own: Path) -> None:
    """The policy for one V is not used on a slot of another."""
    placed("hetero", "ddp-shared")
    problem = (
        make_suite("hetero").horizon(0, 1).slot(0, make_suite("hetero").horizon(0).battery_start_j)
    )
    runner = make("ddp-shared[hidden=48]+ta").partitioner.runner
    runner.partition(problem, ALONE)
    first = runner._policy
    other = replace(problem, utility_weight=0.9)
    taken: list[float] = []
    runner._bind = lambda model, *others: taken.append(model.utility_weight)  # type: ignore[method-assign]
    runner.partition(other, ALONE)
    assert taken == [0.9]
    assert first is not None


def test_weights_of_another_version_are_unsupported(own: Path, tmp_path: Path) -> None:
    """A shared policy with other inputs than this version's is a row that says so, no crash."""
    path = tmp_path / "old.safetensors"
    old = random_policy(scenario_of_suite("hetero"), "ddp-shared")
    old.weights["cut.0.weight"] = old.weights["cut.0.weight"][:, :-1]
    save_policy(old, path)
    record = row_of(f"ddp-shared[policy={path}]+ta", "hetero")
    assert record.status == Status.UNSUPPORTED
    assert "weights cut.0.weight of (8, 16); expected (8, 17)" in record.note


def test_a_run_ended_in_its_training_goes_on_the_next_time(own: Path) -> None:
    """A limit shorter than the short training ends the cell; the next run goes on from there."""
    pytest.importorskip("torch")
    from splitbench.solvers.ddp.policies.library import checkpoint_of
    from splitbench.solvers.ddp.training.session import Session

    scenario = scenario_of_suite(SUITE)
    parameters = DdpParameters(hidden=8, batch=16, parallel=40)
    short = parameters.scaled_down(120)
    path = scaled_down_path("ddp", scenario, short)
    begun = Session("ddp", scenario, short, checkpoint=checkpoint_of(path))
    begun.trainer.run_round()
    begun.save_checkpoint()
    assert row_of("ddp[hidden=8,batch=16,parallel=40]+ta", SUITE).status == "feasible"
    assert not checkpoint_of(path).exists()
    assert load_policy(path).header.curve[0] == begun.trainer.curve[0]


def test_a_policy_trained_since_is_a_new_cell(own: Path) -> None:
    """The key of a stored result holds the policy: after a training the cell is run again."""
    request = Request([SUITE], ["ddp+ta", "eo+ta"], [0])
    before = cells_of(request)
    placed(SUITE)
    after = cells_of(request)
    changed = [old.solver for old, new in zip(before, after, strict=True) if old != new]
    assert changed == ["ddp+ta"]
    assert cells_of(request) == after


def new_slot() -> SlotProblem:
    """A slot by itself, for whose devices no policy was trained."""
    horizon = replace(make_suite(SUITE).horizon(0, 1), suite="")
    return horizon.slot(0, horizon.battery_start_j)


def test_a_limit_too_short_to_train_in_is_told_at_once(own: Path) -> None:
    """With a second left no training is begun: `timeout`, and the command that trains in full."""
    pytest.importorskip("torch")
    solution = solve_slot(make("ddp+ta"), new_slot(), Context(deadline=time.monotonic() + 1.0))
    assert (solution.status, solution.decided) == (Status.TIMEOUT, False)
    assert "no time to train one" in solution.note
    assert "splitbench train ddp FILE.json" in solution.note
    assert not list(own.rglob("*.training"))


def test_a_training_in_a_slot_ends_with_its_time(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A training that is not done when time is up is no decision; what it learned is kept."""
    pytest.importorskip("torch")
    from splitbench.solvers.ddp.training.trainer import Trainer

    rounds, run_round = [], Trainer.run_round

    def slow(trainer: Trainer, ends: float) -> float:
        rounds.append(ends)
        return run_round(trainer, ends if len(rounds) < 2 else 0.0)

    monkeypatch.setattr(Trainer, "run_round", slow)
    monkeypatch.setattr(policy_runner, "_CHECKPOINT_EVERY_S", 0.0)
    name, deadline = "ddp[hidden=8,batch=16,parallel=40]+ta", time.monotonic() + 60.0
    solution = solve_slot(make(name), new_slot(), Context(deadline=deadline))
    assert (solution.status, solution.decided) == (Status.TIMEOUT, False)
    assert rounds == [pytest.approx(deadline, abs=1.0)] * 2
    assert len(list(own.rglob("*.training"))) == 1
    monkeypatch.undo()
    monkeypatch.setenv("SPLITBENCH_POLICIES", str(own))
    assert solve_slot(make(name), new_slot()).decided


def test_a_lock_is_waited_for_no_longer_than_the_limit(tmp_path: Path) -> None:
    """While another process trains the same policy, a slot waits until its own limit."""
    path = tmp_path / "policy"
    with locked(path), pytest.raises(TimeoutError), locked(path, ends=0.0):
        pytest.fail("two hold the lock")
    with locked(path, ends=0.0):
        pass
