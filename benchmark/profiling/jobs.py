"""Jobs of worker processes, as plain data that can be sent through a pipe."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from splitbench.problems.errors import InputError, UnknownNameError
from splitbench.problems.networks.network import network_names

IMAGE = (1, 3, 224, 224)


@dataclass(frozen=True)
class Job:
    """One process's job: time a network at a thread count, or layers alone.

    Attributes
    ----------
    task
        `network` times the whole and every split, `layers` layer configurations drawn from `seed`.
    model
        A shipped network's name, or `path.py:name` of a module, of a pair of a module and its
        inputs, or of a function that returns one of these.
    input_shape
        Shape of the input of a model that does not state its inputs.
    repeats
        Timed rounds; each runs the whole and every split once, in an order drawn from `seed`.
    """

    task: Literal["network", "layers"]
    model: str
    threads: int
    warmup: int
    repeats: int
    seed: int
    input_shape: tuple[int, ...] = IMAGE

    def to_json(self) -> str:
        """Return the job as one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Job:
        """Read what `to_json` wrote."""
        fields = json.loads(text)
        return cls(**(fields | {"input_shape": tuple(fields["input_shape"])}))


def check_model(text: str) -> str:
    """Return a model's name, with a file's path made absolute; refuse anything else.

    Raises
    ------
    InputError
        No shipped network, no file, or a file without a name behind the colon.
    """
    path, colon, name = text.rpartition(":")
    if not colon and not text.endswith(".py"):
        if text not in network_names():
            raise UnknownNameError("network", text, network_names())
        return text
    file = Path(path or text)
    if not name or not path:
        raise InputError(f"--model: got {text!r}; expected path.py:name of a torch module")
    if not file.is_file():
        raise InputError(f"--model: no file {path}; expected a Python file that defines {name}")
    return f"{file.resolve()}:{name}"


def model_name(text: str) -> str:
    """Return the name of a checked model in the profile."""
    return text.rpartition(":")[2]
