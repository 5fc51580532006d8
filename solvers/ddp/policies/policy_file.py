"""Policies as files: safetensors, with a JSON header that says what they are for."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from splitbench.problems import InputError
from splitbench.solvers.ddp.scenario_description import ScenarioDescription

Array = NDArray[Any]
Read = TypeVar("Read")
Kind = Literal["ddp", "ddp-shared", "imitation"]

FORMAT: Literal["splitbench/policy@1"] = "splitbench/policy@1"
#: Key of safetensors' metadata, whose values are strings, under which the header stands.
_KEY = "splitbench"


class PolicyHeader(BaseModel):
    """What a policy is, and how it came to be.

    Attributes
    ----------
    scenario, fingerprint
        What it was trained on; see `TrainingScenario`.
    description
        What it was trained for, in numbers by which it is found; None in a file of a version that
        did not write it, which can still be named by `policy=PATH`.
    layers
        S_n of each device; N is their number.
    parameters
        Every parameter of the training, the seed among them.
    episodes
        Horizons trained on.
    curve
        Mean utility of a slot in each round of training, exploration included.
    seconds
        What training took.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["splitbench/policy@1"] = FORMAT
    kind: Kind
    scenario: str
    fingerprint: str
    description: ScenarioDescription | None = None
    layers: list[int]
    utility_weight: float
    energy_term: str
    energy_scope: str
    parameters: dict[str, str | bool | int | float | None]
    seed: int
    episodes: int
    version: str
    command: str
    curve: list[float]
    seconds: float


@dataclass(frozen=True)
class PolicyFile:
    """A policy: its header, its weights by name, and the file it was read from."""

    header: PolicyHeader
    weights: dict[str, Array]
    path: Path | None = None


def save_policy(policy: PolicyFile, path: Path) -> None:
    """Write a policy atomically: readers find the old file or the new one.

    Raises
    ------
    InputError
        A path that cannot be written.
    """
    save_arrays(policy.weights, {_KEY: policy.header.model_dump_json()}, path)


def save_arrays(arrays: Mapping[str, Array], metadata: dict[str, str], path: Path) -> None:
    """Write named arrays and texts as safetensors, in one step."""
    from safetensors.numpy import save

    data = save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, metadata)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; expected a file to write") from None


def load_arrays(path: Path) -> tuple[dict[str, Array], dict[str, str]]:
    """Read named arrays and the texts beside them.

    Raises
    ------
    InputError
        No such file, or none in safetensors.
    """

    def read(file: Any) -> tuple[dict[str, Array], dict[str, str]]:
        names = list(file.keys())
        return {name: file.get_tensor(name) for name in names}, file.metadata() or {}

    return _opened(path, read)


def _opened(path: Path, read: Callable[[Any], Read]) -> Read:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise InputError(f"{path}: no such file; expected a .safetensors file")
    try:
        with safe_open(path, "numpy") as file:
            return read(file)
    except (SafetensorError, OSError) as error:
        said = str(error).partition("\n")[0]
        raise InputError(f"{path}: {said}; expected a .safetensors file") from None


def load_policy(path: Path) -> PolicyFile:
    """Read a policy; nothing in it is run.

    Raises
    ------
    InputError
        No policy, or one whose weights are not finite numbers.
    """
    arrays, metadata = load_arrays(path)
    header = _header_of(metadata, path)
    for name, array in arrays.items():
        if not (np.issubdtype(array.dtype, np.floating) and np.isfinite(array).all()):
            raise InputError(f"{path}: weights {name}: not finite; expected finite numbers")
    return PolicyFile(header, arrays, path)


def load_header(path: Path) -> PolicyHeader:
    """Read what a policy is for, without its weights.

    Raises
    ------
    InputError
        No policy.
    """
    return _header_of(_opened(path, lambda file: file.metadata() or {}), path)


def _header_of(metadata: dict[str, str], path: Path) -> PolicyHeader:
    try:
        return PolicyHeader.model_validate(json.loads(metadata.get(_KEY, "null")))
    except (ValidationError, ValueError) as error:
        where = ""
        if isinstance(error, ValidationError):
            where = ".".join(map(str, error.errors()[0]["loc"]))
        raise InputError(
            f"{path}: header {where or 'missing'}; expected a policy that `splitbench train` wrote"
        ) from None
