"""No decision beats the optimum by breaking a constraint, where hibernation is allowed."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from splitbench.problems import Fleet, Formulation, SlotProblem, load_horizon
from splitbench.solvers.exact.brute_force import BruteForce
from tests.strategies import problems

ALLOWED = Formulation(hibernation="allowed")

#: The case from issue 14: device b takes 3 s on the board, and 0.9 s on one of the server's two
#: threads against 0.05 s on both. Device a has no charge; if it held no thread, b could have both.
FREED_THREAD = {
    "format": "splitbench/horizon@1",
    "name": "v",
    "slot_s": 30.0,
    "min_threads": 1,
    "utility_weight": 0.5,
    "formulation": {"energy_term": "residual", "energy_scope": "slot"},
    "devices": [
        {
            "name": "a",
            "dnn": "x",
            "deadline_s": 0.1,
            "battery_max_j": 100.0,
            "battery_start_j": 0.0,
            "compute_power_w": 5.0,
            "transmit_power_w": 5.0,
            "cut_bits": [1000000.0, 0.0],
            "local_s": 1.0,
            "server_s": {"table": [0.05, 0.04]},
        },
        {
            "name": "b",
            "dnn": "x",
            "deadline_s": 0.1,
            "battery_max_j": 100.0,
            "compute_power_w": 5.0,
            "transmit_power_w": 5.0,
            "cut_bits": [100000.0, 0.0],
            "local_s": 3.0,
            "server_s": {"table": [0.9, 0.05]},
        },
    ],
    "slots": [
        {
            "threads": 2,
            "arrival_rate_hz": [0.5, 0.5],
            "uplink_bps": [10000000.0, 10000000.0],
            "harvest_j": [0.0, 0.0],
        }
    ],
}


def test_a_thread_freed_below_k_min_does_not_pay(tmp_path: Path) -> None:
    """L = [−1, 0], k = [0, 2] scores −20, below the optimum; it used to score −9.31 above it."""
    path = tmp_path / "freed.json"
    path.write_text(json.dumps(FREED_THREAD), encoding="utf-8")
    horizon = load_horizon(path)
    problem = horizon.slot(0, horizon.battery_start_j)
    optimum = BruteForce().solve(problem).utility
    assert optimum is not None
    outcome = problem.evaluate([-1, 0], [0, 2])
    assert [violation.constraint for violation in outcome.violations] == ["threads_min"]
    assert outcome.utility == -20.0 < optimum
    assert not outcome.served.any()


def every_decision(problem: SlotProblem) -> itertools.product[tuple[int, ...]]:
    """All of (l, k) with l in −1..S + 1 and k in 0..K + 1, valid or not, device by device."""
    threads = range(problem.threads + 2)
    choices = [itertools.product(range(-1, int(layers) + 2), threads) for layers in problem.layers]
    return itertools.product(*choices)


@settings(max_examples=8, deadline=None)  # of a thousand decisions each
@pytest.mark.parametrize("caps", [False, True])
@given(problems(devices=2, layers=2, min_threads=1, spare=2, formulation=ALLOWED, caps=False))
def test_no_decision_beats_the_optimum(caps: bool, problem: SlotProblem) -> None:
    """Of all decisions, valid or not, none scores more than U* by brute force over valid ones.

    With `caps` only the even division fits them, so that a thread above a cap could spare others.
    """
    if caps:
        problem = capped(problem)
    solution = BruteForce().solve(problem)
    if solution.utility is None:
        assert not can_divide(problem)  # no U* only where the threads do not fit (MODEL.md)
        return
    for decision in every_decision(problem):
        partition, threads = zip(*decision, strict=True)
        outcome = problem.evaluate(partition, threads)
        assert outcome.utility <= solution.utility + 1e-9 * abs(solution.utility)


def can_divide(problem: SlotProblem) -> bool:
    """Whether K can be divided within k_min and the caps."""
    caps = np.minimum(problem.fleet.thread_caps, problem.threads)
    return bool(
        (caps >= problem.min_threads).all()
        and len(problem) * problem.min_threads <= problem.threads <= caps.sum()
    )


def capped(problem: SlotProblem) -> SlotProblem:
    """The same slot with every device's cap at its even share of the threads."""
    shares = problem.even_threads()
    devices = [
        replace(device, max_threads=max(int(share), 1))
        for device, share in zip(problem.fleet.devices, shares, strict=True)
    ]
    return replace(problem, fleet=Fleet(devices))
