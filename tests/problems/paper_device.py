"""The paper device, with numbers worked out by hand for the tests of one slot.

The paper device (`paper_slot`): S = 2 layers, cuts of 8, 2 and 0 Mbit on a 10 Mbit/s uplink, so
0.8, 0.2 and 0 s to send; 0, 0.1 and 0.4 s on the device; shares 1, 1/4 and 0 of D(k) = 0.4, 0.2,
0.16 s on the server. λ = 0.5 /s over τ = 20 s: 10 tasks. E = 50 J of 100 J, H = 10 J, P_loc = 4 W,
P_tran = 2.5 W, D_max = 2 s, V = 1/4. On one thread:

    l   local  send  server  ρ = λ·D  wait = λ·D²/(2(1 − ρ))     end to end
    0   0      0.8   0.4     0.2      0.5·0.16/1.6 = 0.05        1.25
    1   0.1    0.2   0.1     0.05     0.5·0.01/1.9 = 1/380       0.4 + 1/380
    2   0.4    0     0       0        0                          0.4

    l   energy of 10 tasks         next charge      utility
    0   10·(2.5·0.8) = 20 J        50 − 20 + 10     0.25·0.40 + 0.75·0.375 = 0.38125
    1   10·(0.4 + 0.5) = 9 J       50 − 9 + 10      0.25·0.51 + 0.75·(0.8 − 1/760)
    2   10·(4·0.4) = 16 J          50 − 16 + 10     0.25·0.44 + 0.75·0.8 = 0.71
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from splitbench.problems import (
    Device,
    Fleet,
    Formulation,
    Outcome,
    SlotProblem,
    TableCurve,
)

PAPER = Device(
    name="md0",
    dnn="two layers",
    deadline_s=2.0,
    battery_max_j=100.0,
    compute_power_w=4.0,
    transmit_power_w=2.5,
    cut_bits=(8e6, 2e6, 0.0),
    local_s=(0.0, 0.1, 0.4),
    server_share=(1.0, 0.25, 0.0),
    curve=TableCurve((0.4, 0.2, 0.16)),
)
ALLOWED = Formulation(hibernation="allowed")


def paper_slot(devices: int = 1, **changes: Any) -> SlotProblem:
    """N copies of the paper device, K = N threads unless told otherwise."""
    device = replace(PAPER, **changes.pop("device", {}))
    numbers: dict[str, Any] = {
        "threads": devices,
        "arrival_rate_hz": 0.5,
        "uplink_bps": 1e7,
        "battery_j": 50.0,
        "harvest_j": 10.0,
        "slot_s": 20.0,
        "utility_weight": 0.25,
    } | changes
    for name in ("arrival_rate_hz", "uplink_bps", "battery_j", "harvest_j"):
        numbers[name] = np.broadcast_to(numbers[name], devices)
    fleet = Fleet([replace(device, name=f"md{index}") for index in range(devices)])
    return SlotProblem(fleet=fleet, **numbers)


def amounts(outcome: Outcome) -> dict[tuple[str, str | None], float]:
    """Violations as (constraint, device) -> amount."""
    return {(name, device): amount for name, device, amount in outcome.violations}
