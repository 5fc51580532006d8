"""Where policies are: those that were trained here, then those that are shipped.

A policy's place follows from its kind, its scenario and its parameters, so that looking for one
is opening one file. `SPLITBENCH_POLICIES` names the directory that training writes to.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from splitbench.problems.batch import BatchModel
from splitbench.problems.package_paths import PACKAGE
from splitbench.solvers.ddp.policies.policy_file import Kind, PolicyFile, load_policy
from splitbench.solvers.ddp.training_parameters import TrainingParameters
from splitbench.solvers.ddp.training_scenario import TrainingScenario, scenario_of_suite

SHIPPED = PACKAGE / "solvers" / "ddp" / "data" / "policies"
#: Shared policies of this suite serve devices that no policy was trained for.
GENERAL_SUITE = "hetero"


def own_directory() -> Path:
    """Return the directory that training writes to."""
    named = os.environ.get("SPLITBENCH_POLICIES")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "splitbench" / "policies"


def file_name(kind: Kind, scenario: TrainingScenario, parameters: TrainingParameters) -> str:
    """Return the name of the file for a policy: the digest tells it, the label is for people."""
    label = scenario.name if scenario.is_suite else "file"
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", label)[:60].strip("-")
    return f"{kind}-{stem}-{_digest(kind, scenario, parameters)}.safetensors"


def _digest(kind: Kind, scenario: TrainingScenario, parameters: TrainingParameters) -> str:
    text = json.dumps([kind, scenario.fingerprint, parameters.to_dict()], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def trained_path(
    kind: Kind, scenario: TrainingScenario, parameters: TrainingParameters
) -> Path | None:
    """Return the file of the policy that a training would give, or None.

    The same scenario may go by several names (`hetero`, `hetero[devices=9]`).
    """
    digest = _digest(kind, scenario, parameters)
    for directory in (own_directory(), SHIPPED):
        for path in sorted(directory.glob(f"*-{digest}.safetensors")):
            return path
    return None


def find_policy(
    kind: Kind, scenario: TrainingScenario, parameters: TrainingParameters, model: BatchModel
) -> PolicyFile | None:
    """Return the policy that fits a scenario, or None.

    A shared policy serves any devices: where none was trained for these, the one for
    `GENERAL_SUITE` does, unless V or the energy terms are others.
    """
    path = fitting_path(kind, scenario, parameters)
    if path is None:
        return None
    policy = load_policy(path)
    exact = policy.header.fingerprint == scenario.fingerprint
    return policy if exact or rewards_the_same(policy, model) else None


def fitting_path(
    kind: Kind, scenario: TrainingScenario, parameters: TrainingParameters
) -> Path | None:
    """Return the file that `find_policy` looks into."""
    path = trained_path(kind, scenario, parameters)
    if path is None and kind != "ddp":
        path = trained_path(kind, scenario_of_suite(GENERAL_SUITE), parameters)
    return path


def rewards_the_same(policy: PolicyFile, model: BatchModel) -> bool:
    """Whether a policy was trained on the same V and energy terms."""
    header, formulation = policy.header, model.formulation
    return (header.utility_weight, header.energy_term, header.energy_scope) == (
        model.utility_weight,
        formulation.energy_term,
        formulation.energy_scope,
    )


def scaled_down_path(
    kind: Kind, scenario: TrainingScenario, parameters: TrainingParameters
) -> Path:
    """Return where the policy that a run trains by itself is kept, for this code alone."""
    name = file_name(kind, scenario, parameters)
    return own_directory() / "scaled-down" / training_digest() / name


def checkpoint_of(path: Path) -> Path:
    """Return the file that the state of a policy's training is kept in until it is done."""
    return path.with_name(path.name + ".training")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold what is at `path` alone among the processes of this machine; the dead let go."""
    import fcntl

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@cache
def training_digest() -> str:
    """Return a digest of the code that trains: another code may train another policy."""
    root = PACKAGE
    digest = hashlib.sha256()
    for room in ("problems", "solvers"):
        for path in sorted((root / room).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
