"""Devices for tests of thread allocation.

`light_fleet` makes devices whose whole DNN goes to the server (l = 0) in D(k) from a table, with so
few tasks that the queue is far below what the cases turn on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from splitbench.problems import (
    Device,
    Fleet,
    Formulation,
    SlotProblem,
    TableCurve,
)
from splitbench.solvers.contract import Context, Solution
from splitbench.solvers.threads.thread_allocation import ThreadAllocation

ALLOWED = Formulation(hibernation="allowed")


def light_fleet(
    tables: list[list[float]], threads: int, rate_hz: float | list[float] = 1e-9, **changes: Any
) -> SlotProblem:
    """Devices of one layer, 0.001 s of sending at l = 0, D(k) from `tables`, deadline 1 s."""
    devices = [
        Device(
            name=f"d{index}",
            deadline_s=1.0,
            battery_max_j=1000.0,
            compute_power_w=1.0,
            transmit_power_w=1.0,
            cut_bits=(1e3, 0.0),
            local_s=(0.0, 5.0),
            server_share=(1.0, 0.0),
            curve=TableCurve(tuple(table)),
        )
        for index, table in enumerate(tables)
    ]
    count = len(tables)
    numbers: dict[str, Any] = {
        "arrival_rate_hz": np.broadcast_to(rate_hz, count),
        "uplink_bps": np.full(count, 1e6),
        "battery_j": np.full(count, 500.0),
        "harvest_j": np.zeros(count),
    } | changes
    return SlotProblem(fleet=Fleet(devices), threads=threads, **numbers)


def allocate(problem: SlotProblem, partition: Any, seed: int = 0, **parameters: Any) -> Solution:
    """Run TA on a partition."""
    return ThreadAllocation(**parameters).allocate(
        problem, np.asarray(partition), Context(seed=seed)
    )
