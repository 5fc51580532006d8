"""Find policies: those trained on this machine first, then the shipped ones.

A policy is found by what it was trained for, as its header says, and not by the name of its file.
`SPLITBENCH_POLICIES` names the directory that training writes to.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from math import inf
from pathlib import Path
from typing import NamedTuple

from splitbench.problems import InputError
from splitbench.problems.package_paths import PACKAGE
from splitbench.solvers.ddp.policies.policy_file import Kind, PolicyHeader, load_header
from splitbench.solvers.ddp.training_parameters import TrainingParameters
from splitbench.solvers.ddp.training_scenario import TrainingScenario

SHIPPED = PACKAGE / "solvers" / "ddp" / "data" / "policies"
#: Largest distance from its training at which a joint actor is used; beyond it one is trained. Its
#: inputs are scaled by the ranges of its training, and it knows its devices by their places alone.
FARTHEST_JOINT = 0.1
#: Seconds between two looks at a lock that another process holds.
_LOOK_AGAIN_S = 0.05


class FoundPolicy(NamedTuple):
    """A policy that can be used for a scenario.

    `distance` is 0 where it was trained for that scenario (`ScenarioDescription.distance_to`).
    """

    path: Path
    header: PolicyHeader
    distance: float


def own_directory() -> Path:
    """Return the directory that training writes to."""
    named = os.environ.get("SPLITBENCH_POLICIES")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "splitbench" / "policies"


def file_name(kind: Kind, scenario: TrainingScenario, parameters: TrainingParameters) -> str:
    """Return the name that training gives a policy's file: a label and a digest."""
    label = scenario.name if scenario.is_suite else "file"
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", label)[:60].strip("-")
    text = json.dumps([kind, scenario.fingerprint, parameters.to_dict()], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return f"{kind}-{stem}-{digest}.safetensors"


def find_policy(
    kind: Kind, scenario: TrainingScenario, parameters: TrainingParameters
) -> FoundPolicy | None:
    """Return the nearest policy of this kind and these parameters that can be used, or None.

    Of two that are equally near, the one trained here comes before a shipped one. The shared
    kinds serve any devices; the joint actor of `ddp` only its own, and only up to
    `FARTHEST_JOINT`.
    """
    joint = kind == "ddp"
    nearest: FoundPolicy | None = None
    for path, header in _policies(kind):
        if header.description is None or not parameters.match(header.parameters):
            continue
        distance = scenario.description.distance_to(header.description, in_order=joint)
        if distance is None or (joint and distance > FARTHEST_JOINT):
            continue
        if nearest is None or distance < nearest.distance:
            nearest = FoundPolicy(path, header, distance)
    return nearest


def trained_path(
    kind: Kind, scenario: TrainingScenario, parameters: TrainingParameters
) -> Path | None:
    """Return the file of the policy that a training would give, or None.

    The same scenario may go by several names (`hetero`, `hetero[devices=9]`).
    """
    found = find_policy(kind, scenario, parameters)
    return found.path if found is not None and found.distance == 0.0 else None


def _policies(kind: Kind) -> Iterator[tuple[Path, PolicyHeader]]:
    """Go through the policies of a kind: the user's own, then the shipped ones."""
    for directory in (own_directory(), SHIPPED):
        for path in sorted(directory.glob("*.safetensors")):
            header = _header(path, path.stat().st_mtime_ns)
            if header is not None and header.kind == kind:
                yield path, header


@cache
def _header(path: Path, modified: int) -> PolicyHeader | None:
    """Read a header once for each state of a file; None for what is no policy."""
    try:
        return load_header(path)
    except InputError:
        return None


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
def locked(path: Path, ends: float = inf) -> Iterator[None]:
    """Hold a lock on `path` among this machine's processes; it is freed when its holder ends.

    Raises
    ------
    TimeoutError
        Another process held it until `ends`, a time of `time.monotonic()`.
    """
    import fcntl

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= ends:
                    raise TimeoutError(f"{path.name}: another process trains it") from None
                time.sleep(_LOOK_AGAIN_S)
        yield


#: What decides the outcome of a training: a change elsewhere keeps short trainings and checkpoints.
_TRAINING_CODE = (
    "problems/*.py", "problems/horizon/*.py", "problems/sun/*.py", "problems/suites/*.py",
    "problems/latency/**/*.py", "problems/networks/*.py", "solvers/ddp/*.py",
    "solvers/ddp/training/*.py", "solvers/ddp/policies/inference.py", "solvers/threads/*.py",
    "solvers/exact/max_plus.py", "solvers/horizon/charge_value.py", "solvers/horizon/forecast.py",
)  # fmt: skip


@cache
def training_digest() -> str:
    """Return a digest of the code that trains: another code may train another policy.

    Shipped policies and those of `splitbench train` do not depend on it.
    """
    digest = hashlib.sha256()
    for pattern in _TRAINING_CODE:
        for path in sorted(PACKAGE.glob(pattern)):
            digest.update(path.relative_to(PACKAGE).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
