"""Trained policies: from slots to partitions, in numpy."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from splitbench.problems import InputError
from splitbench.problems.arrays import Floats, Ints
from splitbench.problems.batch import BatchModel, Slots
from splitbench.solvers.ddp.actions import ActionSet
from splitbench.solvers.ddp.ddp_parameters import DdpParameters
from splitbench.solvers.ddp.observations import (
    CUT_FEATURES,
    DEVICE_FEATURES,
    JointObservation,
    SharedObservation,
)
from splitbench.solvers.ddp.policies.inference import joint_actor, shared_scores
from splitbench.solvers.ddp.policies.policy_file import PolicyFile


class Policy(Protocol):
    """Chooses where each DNN is cut."""

    def partition(self, slots: Slots, harvest_ahead_j: Floats | None = None) -> Ints:
        """Return l_n for each of E slots, shape (E, N).

        `harvest_ahead_j` is the expected harvest of each later slot, J, shape (F, E, N).
        """


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
        self.actions = ActionSet.of(model.fleet, self.parameters.virtual_layers)
        mean, deviation = (_weights(file, name) for name in ("mean", "deviation"))
        self.observe = JointObservation(
            model.fleet.battery_max_j, self.parameters.uplink, mean, deviation
        )
        inputs, hidden = 3 * len(layers) + 1, len(_weights(file, "net.0.bias"))
        if mean.shape != (inputs,) or deviation.shape != (inputs,):
            raise InputError(f"policy {_named(file)}: mean of {mean.shape}; expected ({inputs},)")
        self.scores_layers = self.parameters.gradient == "softmax"
        outputs = self.actions.partitions.size if self.scores_layers else len(layers)
        shapes = {
            "net.0": (hidden, inputs), "net.2": (hidden, hidden), "net.4": (outputs, hidden),
        }  # fmt: skip
        _check_shapes(file, shapes)
        self._weights = {
            name: np.asarray(values, dtype=np.float32) for name, values in file.weights.items()
        }

    def partition(self, slots: Slots, harvest_ahead_j: Floats | None = None) -> Ints:
        """Return l_n for each of E slots, shape (E, N), by Eq. 19; Eq. 16 has no forecast."""
        output = joint_actor(self._weights, self.observe(slots))
        if not self.scores_layers:
            return self.actions.decode(np.tanh(output), self.parameters.mapping)
        scores = output.reshape(len(output), *self.actions.partitions.shape)
        # Eq. 19 maps the centre of the best layer's interval to that layer.
        return self.actions.chosen(np.where(self.actions.mask, scores, -np.inf).argmax(axis=2))


class SharedPolicy:
    """The network that scores each device's merged cuts, bound to any devices."""

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

    def partition(self, slots: Slots, harvest_ahead_j: Floats | None = None) -> Ints:
        """Return l_n for each of E slots, shape (E, N): the cut of the highest score."""
        seen = harvest_ahead_j if self.looks_ahead else None
        cuts, devices = self.observe(slots, self.observe.ahead(seen, slots))
        choice = shared_scores(self.file.weights, cuts, devices, self.actions.mask).argmax(axis=2)
        return self.actions.chosen(choice)


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


def _weights(file: PolicyFile, name: str) -> Floats:
    if name not in file.weights:
        raise InputError(f"policy {_named(file)}: no weights {name}; expected those of `train`")
    return file.weights[name]


def _check_shapes(file: PolicyFile, shapes: dict[str, tuple[int, int]]) -> None:
    """Refuse weights that do not fit the networks of this version."""
    for name, shape in shapes.items():
        for part, expected in (("weight", shape), ("bias", shape[:1])):
            got = _weights(file, f"{name}.{part}").shape
            if got != expected:
                raise InputError(
                    f"policy {_named(file)}: weights {name}.{part} of {got}; expected {expected}, "
                    "as this version trains them"
                )
