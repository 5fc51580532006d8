"""The exact method beside the three ILPs, in seconds a slot: `make perf`.

Every solve starts from a fresh `SlotProblem`, so the utility table and the model are built anew
and counted for everybody. The `Fleet`, which does not change over a horizon, is shared, and with
it its cached arrays and thread curves. No time is asserted.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import cycle
from statistics import median
from typing import Any

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

SIZES = ((3, 16), (10, 40), (30, 120), (100, 400))
ILPS = ("ilp-cbc", "ilp-highs", "ilp-cp-sat")
SLOTS = 5  # different slots of one fleet, taken in turn

#: Seconds of each round, by (N, K) and solver; the table is printed from here.
MEASURED: dict[tuple[int, int], dict[str, list[float]]] = {}


def vgg_fleet(devices: int) -> Fleet:
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
@pytest.mark.parametrize("name", ["exact", *ILPS])
def test_seconds_a_slot(benchmark: Any, name: str, size: tuple[int, int]) -> None:
    """Each method is timed on the same slots, and answers as `exact` does."""
    devices, threads = size
    fleet, solver = vgg_fleet(devices), make(name)
    seeds: Iterator[int] = cycle(range(SLOTS))

    def fresh() -> tuple[tuple[Any, SlotProblem], dict[str, Any]]:
        return (solver, slot(fleet, threads, next(seeds))), {}

    rounds = 200 if name == "exact" and devices < 100 else (20 if devices < 100 else SLOTS)
    benchmark.group = f"N={devices}, K={threads}"
    benchmark.pedantic(solve_slot, setup=fresh, rounds=rounds, warmup_rounds=1)
    MEASURED.setdefault(size, {})[name] = list(benchmark.stats.stats.data)

    problem = slot(fleet, threads, 0)
    found, best = solve_slot(solver, problem), solve_slot(make("exact"), problem)
    assert found.partition is not None
    assert found.threads is not None
    utility = problem.evaluate(found.partition, found.threads).utility
    assert utility == pytest.approx(best.bound, rel=1e-9)


def test_table_of_medians(capsys: pytest.CaptureFixture[str]) -> None:
    """Print medians and their ratios to `exact`; runs last, on whatever was measured."""
    lines = [f"{'N':>4} {'K':>4} {'exact':>10}" + "".join(f"{name:>22}" for name in ILPS)]
    for (devices, threads), times in MEASURED.items():
        exact = median(times["exact"])
        line = f"{devices:>4} {threads:>4} {exact * 1e3:>7.3f} ms"
        for name in ILPS:
            if name in times:
                ilp = median(times[name])
                line += f"{ilp * 1e3:>12.2f} ms {ilp / exact:>5.0f}×"
        lines.append(line)
    with capsys.disabled():
        print("\n\nMedian seconds a slot, model building counted; × = times `exact`")
        print("\n".join(lines))
    assert len(lines) > 1, "nothing was measured"


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
