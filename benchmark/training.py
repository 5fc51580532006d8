"""Read the arguments of `splitbench train`, train, and write the policy file."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from splitbench.benchmark.console import progress, warn
from splitbench.benchmark.planning.sources import load_any
from splitbench.problems import Horizon
from splitbench.problems.bracket_parameters import Spec, bind, parse_parameters, parse_spec
from splitbench.problems.errors import InputError, UnknownNameError
from splitbench.solvers.ddp.partitioners import PARAMETERS
from splitbench.solvers.ddp.policies.library import (
    checkpoint_of,
    file_name,
    own_directory,
    trained_path,
)
from splitbench.solvers.ddp.policies.policy_file import Kind, PolicyFile, load_policy, save_policy
from splitbench.solvers.ddp.training_parameters import TrainingParameters
from splitbench.solvers.ddp.training_scenario import (
    TrainingScenario,
    scenario_around,
    scenario_of_suite,
)


@dataclass(frozen=True)
class Training:
    """What to train, and where the policy is written."""

    kind: Kind
    scenario: TrainingScenario
    parameters: TrainingParameters
    out: Path | None = None

    @classmethod
    def asked(
        cls, policy: str, suite: str, given: Sequence[str], seed: int | None, out: Path | None
    ) -> Training:
        """Read `ddp[gradient=secant]`, a suite or file, `-p name=value` and --seed.

        Raises
        ------
        InputError
            An unknown kind, parameter or suite, or a value out of place.
        """
        spec = parse_spec(policy)
        if spec.path or spec.name not in PARAMETERS:
            raise UnknownNameError("policy", spec.name, PARAMETERS)
        words = dict(spec.parameters)
        for text in [*given, *([] if seed is None else [f"seed={seed}"])]:
            for name, value in parse_parameters(text, f"-p {text}").items():
                if name in words:
                    raise InputError(f"-p {text}: {name} is given twice; expected it once")
                words[name] = value
        made = PARAMETERS[spec.name]
        parameters = made(**bind(made, Spec(spec.name, words)))
        return cls(cast(Kind, spec.name), _scenario(suite), parameters, out)

    @property
    def path(self) -> Path:
        """Where the policy is written: --out, or where runs look for it."""
        return self.out or own_directory() / file_name(self.kind, self.scenario, self.parameters)

    @property
    def checkpoint(self) -> Path:
        """Checkpoint file, kept until the training is finished."""
        return checkpoint_of(self.path)

    @property
    def name(self) -> str:
        """The partitioner that uses this policy: `ddp[gradient=secant]`."""
        inside = ",".join(f"{key}={value}" for key, value in self.parameters.differing().items())
        return f"{self.kind}[{inside}]" if inside else self.kind

    @property
    def command(self) -> str:
        """The command that trains this policy again."""
        return f"splitbench train '{self.name}' '{self.scenario.name}'"


def _scenario(source: str) -> TrainingScenario:
    """Return the scenario of a suite, or of slots like a file's (a horizon's first one)."""
    if not source.endswith(".json"):
        return scenario_of_suite(source)
    posed = load_any(source)
    slot = posed.slot(0, posed.battery_start_j) if isinstance(posed, Horizon) else posed
    return replace(scenario_around(slot), name=source)


def train_policy(training: Training, fresh: bool) -> tuple[PolicyFile, Path]:
    """Train, with progress on stderr, and return the policy and its file.

    Unless `fresh`, an existing policy is not trained again, and an interrupted training is resumed.

    Raises
    ------
    InputError
        A checkpoint of another training, or a path that cannot be written.
    """
    _check_writable(training.path, ours=training.out is None)
    known = None if fresh else _trained(training)
    if known is not None:
        warn(f"{known} is trained already; --fresh trains it again")
        return load_policy(known), known
    if fresh:
        training.checkpoint.unlink(missing_ok=True)
    from splitbench.solvers.ddp.training.session import Session  # loads torch

    session = Session(
        training.kind,
        training.scenario,
        training.parameters,
        checkpoint=training.checkpoint,
        command=training.command,
    )
    if session.resumed_at:
        warn(f"goes on at round {session.resumed_at + 1} of {training.parameters.rounds}")
    total = training.parameters.rounds - session.resumed_at
    title = f"rounds of {training.parameters.parallel} episodes"
    with progress(title, total) as advance, deferred_interrupt() as asked_to_stop:

        def after_round(utility: float) -> None:
            advance(f"utility {utility:.4f} a slot")
            if asked_to_stop():
                session.save_checkpoint()
                raise KeyboardInterrupt

        policy = session.run(after_round)
    save_policy(policy, training.path)
    training.checkpoint.unlink(missing_ok=True)
    return policy, training.path


@contextmanager
def deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """Delay Ctrl-C to the end of a round; yield whether it was pressed. A second acts at once."""
    if threading.current_thread() is not threading.main_thread():  # no signals there
        yield lambda: False
        return
    pressed: list[int] = []

    def remember(number: int, frame: object) -> None:
        if pressed:
            raise KeyboardInterrupt
        pressed.append(number)

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)


def _check_writable(path: Path, ours: bool) -> None:
    """Refuse, before the training, a path that cannot be written to.

    Only the directory of our own policies (`ours`) is created.
    """
    try:
        if ours:
            path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out: {path}: {error.strerror}; expected a file to write") from None
    if not path.parent.is_dir():
        raise InputError(f"--out: {path}: no such directory; expected an existing one")
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise InputError(
            f"--out: {path}: cannot be written; expected a file in a directory of yours"
        )


def _trained(training: Training) -> Path | None:
    if training.out is None:
        return trained_path(training.kind, training.scenario, training.parameters)
    if not training.out.exists():
        return None
    there = load_policy(training.out).header
    same = (there.kind, there.fingerprint, there.parameters) == (
        training.kind,
        training.scenario.fingerprint,
        training.parameters.to_dict(),
    )
    if not same:
        raise InputError(f"--out: {training.out} is another policy; expected a new file or --fresh")
    return training.out


def policy_object(policy: PolicyFile, path: Path) -> dict[str, Any]:
    """Return what --json prints of a trained policy."""
    return policy.header.model_dump() | {"path": str(path)}
