"""Trained policies at work: from slots to partitions, in numpy."""

from __future__ import annotations

from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from splitbench.problems import InputError
from splitbench.problems.arrays import Ints
from splitbench.problems.batch import BatchModel, Slots
from splitbench.solvers.ddp.actions import ActionSet
from splitbench.solvers.ddp.observations import (
    CUT_FEATURES,
    DEVICE_FEATURES,
    JointObservation,
    SharedObservation,
)
from splitbench.solvers.ddp.outlook import Outlook
from splitbench.solvers.ddp.policies.inference import joint_actor, shared_scores
from splitbench.solvers.ddp.policies.policy_file import PolicyFile
from splitbench.solvers.ddp.training_parameters import DdpParameters


class Policy(Protocol):
    """Chooses where each DNN is cut."""

    def partition(self, slots: Slots, outlook: Outlook | None = None) -> Ints:
        """Return l_n for each of E slots, shape (E, N)."""


class JointPolicy:
    """The actor of Algorithm 2, bound to the devices it was trained for.

    Raises
    ------
    InputError
        Devices of another number or with other S, or weights of another shape.
    """

    def __init__(self, file: PolicyFile, model: BatchModel):
        self.file, header = file, file.header
        layers = model.fleet.layers.tolist()
        if header.layers != layers:
            raise InputError(
                f"policy {_named(file)} is for N = {len(header.layers)}, S = {header.layers}; "
                f"expected one for N = {len(layers)}, S = {layers}"
            )
        known = DdpParameters.__dataclass_fields__
        self.parameters = DdpParameters(
            **{name: value for name, value in header.parameters.items() if name in known}  # type: ignore[arg-type]
        )
        self.actions = ActionSet.of(model.fleet, self.parameters.actions)
        mean, deviation = (_weights(file, name) for name in ("mean", "deviation"))
        self.observe = JointObservation(
            model.fleet.battery_max_j, self.parameters.uplink, mean, deviation
        )
        inputs, hidden = 3 * len(layers) + 1, len(_weights(file, "net.0.bias"))
        if mean.shape != (inputs,) or deviation.shape != (inputs,):
            raise InputError(f"policy {_named(file)}: mean of {mean.shape}; expected ({inputs},)")
        shapes = {
            "net.0": (hidden, inputs),
            "net.2": (hidden, hidden),
            "net.4": (len(layers), hidden),
        }
        _check_shapes(file, shapes)

    def partition(self, slots: Slots, outlook: Outlook | None = None) -> Ints:
        """Return l_n for each of E slots, shape (E, N), by Eq. 19; Eq. 16 has no outlook."""
        action = joint_actor(self.file.weights, self.observe(slots))
        return self.actions.decode(action, self.parameters.mapping)


class SharedPolicy:
    """The network that scores each device's candidate cuts, bound to any devices."""

    def __init__(self, file: PolicyFile, model: BatchModel):
        self.file = file
        self.observe = SharedObservation(model)
        self.actions = self.observe.actions
        header = file.header
        # What training saw: of later slots nothing, unless the teacher looked ahead.
        self.looks_ahead = header.parameters.get("teacher") == "lookahead" and (
            header.energy_term == "residual"
        )
        hidden = len(_weights(file, "cut.0.bias"))
        _check_shapes(
            file,
            {
                "cut.0": (hidden, CUT_FEATURES + DEVICE_FEATURES), "cut.2": (hidden, hidden),
                "device.0": (hidden, 2 * hidden), "score.0": (hidden, 3 * hidden),
                "score.2": (1, hidden),
            },
        )  # fmt: skip

    def partition(self, slots: Slots, outlook: Outlook | None = None) -> Ints:
        """Return l_n for each of E slots, shape (E, N): the candidate of the highest score."""
        seen = outlook if self.looks_ahead else None
        cuts, devices = self.observe(slots, self.observe.ahead(seen, slots))
        choice = shared_scores(self.file.weights, cuts, devices, self.actions.mask).argmax(axis=2)
        partition: Ints = self.actions.partitions[self._device, choice]
        return partition

    @cached_property
    def _device(self) -> Ints:
        return np.arange(len(self.actions.sizes))


def policy_for(file: PolicyFile, model: BatchModel) -> Policy:
    """Bind a policy to devices.

    Raises
    ------
    InputError
        It does not fit them.
    """
    return (JointPolicy if file.header.kind == "ddp" else SharedPolicy)(file, model)


def _named(file: PolicyFile) -> str:
    return str(file.path) if file.path else f"for {file.header.scenario}"


def _weights(file: PolicyFile, name: str) -> NDArray[np.float64]:
    if name not in file.weights:
        raise InputError(f"policy {_named(file)}: no weights {name}; expected those of `train`")
    return file.weights[name]


def _check_shapes(file: PolicyFile, shapes: dict[str, tuple[int, int]]) -> None:
    """Refuse weights that a network of this version cannot play."""
    for name, shape in shapes.items():
        for part, expected in (("weight", shape), ("bias", shape[:1])):
            got = _weights(file, f"{name}.{part}").shape
            if got != expected:
                raise InputError(
                    f"policy {_named(file)}: weights {name}.{part} of {got}; expected {expected}, "
                    "as this version trains them"
                )
