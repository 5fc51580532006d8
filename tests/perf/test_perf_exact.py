"""The exact method beside the three ILPs, in seconds a slot: `make perf`.

The solvers take turns, several rounds of them: a machine that grows slower for a while does so for
all. A turn is a run of slots, as in an episode. Its first solves are not timed, since the solver
before has emptied the processor's caches. Every solve has a fresh `SlotProblem`: utility table and
model are built anew and counted for everybody. The `Fleet`, which does not change over a horizon,
is shared, and with it its cached arrays and thread curves. No time is asserted.
"""

from __future__ import annotations

import time
from statistics import median

import numpy as np
import pytest

from splitbench.problems import (
    Device,
    Exp2Curve,
    Fleet,
    SlotProblem,
    linear_local_s,
    linear_server_share,
)
from splitbench.problems.networks.network import load_network
from splitbench.solvers import make, solve_slot
from splitbench.solvers.exact.knapsack import best_division

pytestmark = pytest.mark.perf

#: N, K, rounds, and slots in a turn of `exact` and of an ILP.
SIZES = (
    (3, 16, 10, 120, 12),
    (10, 40, 10, 120, 6),
    (30, 120, 10, 60, 3),
    (100, 400, 5, 30, 3),
    (300, 1200, 4, 20, 2),
    (1000, 4000, 3, 20, 2),
)
ILPS = ("ilp-cbc", "ilp-highs", "ilp-cp-sat")
SLOTS = 5  # different slots of one fleet, taken in turn
MOST_THREADS = 64  # of a device
UNTIMED = 3  # of ten slots of a turn


def vgg_fleet(devices: int, max_threads: int | None = MOST_THREADS) -> Fleet:
    """Devices that run VGG-16 (21 virtual layers), each with a two-exponential server curve."""
    rng = np.random.default_rng([devices, 1])
    cut_bits = tuple(load_network("vgg16_bn").virtual_layers().cut_bits().tolist())
    layers = len(cut_bits) - 1
    return Fleet(
        [
            Device(
                name=f"d{index}",
                deadline_s=float(rng.uniform(0.3, 0.6)),
                battery_max_j=2000.0,
                compute_power_w=8.6,
                transmit_power_w=6.5,
                cut_bits=cut_bits,
                local_s=linear_local_s(float(rng.uniform(0.2, 0.6)), layers),
                server_share=linear_server_share(layers),
                curve=Exp2Curve(
                    0.19 * float(rng.uniform(0.8, 1.5)),
                    -0.82 * float(rng.uniform(0.5, 1.1)),
                    0.05 * float(rng.uniform(0.6, 1.5)),
                    -0.03 * float(rng.uniform(0.2, 1.5)),
                ),
                max_threads=max_threads,
            )
            for index in range(devices)
        ]
    )


def slot(fleet: Fleet, threads: int, seed: int) -> SlotProblem:
    """One slot with the paper's WiFi uplinks and arrivals of 20–30 a slot."""
    rng, count = np.random.default_rng([len(fleet), seed]), len(fleet)
    return SlotProblem(
        fleet=fleet,
        threads=threads,
        arrival_rate_hz=rng.uniform(20 / 30, 30 / 30, count),
        uplink_bps=rng.uniform(10e6, 20e6, count),
        battery_j=rng.uniform(200.0, 2000.0, count),
        harvest_j=rng.uniform(0.0, 100.0, count),
    )


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"N{size[0]}-K{size[1]}")
def test_ratios_side_by_side(size: tuple[int, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Print medians and ratios (of the fastest solves); each ILP finds the optimum of `exact`."""
    devices, threads, rounds, *turns = size
    fleet = vgg_fleet(devices)
    seconds: dict[str, list[float]] = {name: [] for name in ("exact", *ILPS)}
    for _ in range(rounds):
        for name in seconds:
            solver, slots = make(name), turns[name != "exact"]
            for index in range(slots):
                problem = slot(fleet, threads, index % SLOTS)
                begun = time.perf_counter()
                found = solve_slot(solver, problem)
                if index >= slots * UNTIMED // 10:
                    seconds[name].append(time.perf_counter() - begun)
            outcome = problem.evaluate(found.partition, found.threads)  # type: ignore[arg-type]
            best = solve_slot(make("exact"), problem).bound
            assert outcome.utility == pytest.approx(best, rel=1e-9)
    line = f"N = {devices:>4}, K = {threads:>4}: exact {median(seconds['exact']) * 1e3:>7.3f} ms"
    for name in ILPS:
        ratio, of_fastest = (f(seconds[name]) / f(seconds["exact"]) for f in (median, min))
        line += f"; {name} {median(seconds[name]) * 1e3:.2f} ms {ratio:.0f}× ({of_fastest:.0f}×)"
    with capsys.disabled():
        print(f"\n{line}")


def test_caps_shorten_the_division() -> None:
    """N = 400, K = 3,200: caps of 16 on all but one device beside none, side by side."""
    rng = np.random.default_rng(0)
    free = rng.standard_normal((400, 2801))
    capped = free.copy()
    capped[1:, 16:] = -np.inf
    seconds = []
    for value in (capped, free):
        begin = time.perf_counter()
        best_division(value)
        seconds.append(time.perf_counter() - begin)
    print(f"\ncaps of 16: {seconds[0]:.2f} s; none: {seconds[1]:.2f} s")
