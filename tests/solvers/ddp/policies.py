"""Small policies made by hand, so that tests of what uses them need not train."""

from __future__ import annotations

from typing import Any

import numpy as np

from splitbench.solvers.ddp.actions import ActionSet
from splitbench.solvers.ddp.ddp_parameters import DdpParameters
from splitbench.solvers.ddp.observations import CUT_FEATURES, DEVICE_FEATURES
from splitbench.solvers.ddp.policies.policy_file import PolicyFile, PolicyHeader
from splitbench.solvers.ddp.shared_parameters import SharedParameters
from splitbench.solvers.ddp.training_scenario import TrainingScenario


def random_policy(scenario: TrainingScenario, kind: str = "ddp", hidden: int = 8) -> PolicyFile:
    """A policy of random weights for a scenario's devices; `kind` is ddp or ddp-shared."""
    rng = np.random.default_rng(3)
    devices = len(scenario.fleet)
    inputs = 3 * devices + 1
    if kind == "ddp":
        outputs = ActionSet.of(scenario.fleet).partitions.size
        shapes = {"net.0": (hidden, inputs), "net.2": (hidden, hidden), "net.4": (outputs, hidden)}
        extra = {"mean": np.zeros(inputs), "deviation": np.ones(inputs)}
    else:
        shapes = {
            "cut.0": (hidden, CUT_FEATURES + DEVICE_FEATURES), "cut.2": (hidden, hidden),
            "device.0": (hidden, 2 * hidden), "score.0": (hidden, 3 * hidden),
            "score.2": (1, hidden),
        }  # fmt: skip
        extra = {}
    weights: dict[str, Any] = dict(extra)
    for name, shape in shapes.items():
        weights[f"{name}.weight"] = rng.normal(0.0, 1.0, shape).astype(np.float32)
        weights[f"{name}.bias"] = rng.normal(0.0, 1.0, shape[0]).astype(np.float32)
    parameters = (DdpParameters if kind == "ddp" else SharedParameters)()
    horizon = scenario.draw(0)
    header = PolicyHeader(
        kind=kind,  # type: ignore[arg-type]
        scenario=scenario.name,
        fingerprint=scenario.fingerprint,
        description=scenario.description,
        layers=scenario.fleet.layers.tolist(),
        utility_weight=horizon.utility_weight,
        energy_term=horizon.formulation.energy_term,
        energy_scope=horizon.formulation.energy_scope,
        parameters=parameters.to_dict(),
        seed=0,
        episodes=1,
        version="0",
        command="by hand",
        curve=[0.0],
        seconds=0.0,
    )
    return PolicyFile(header, weights)
