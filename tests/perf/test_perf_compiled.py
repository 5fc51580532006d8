"""What a compiled loop would bring on small slots: why numba is no dependency.

    pip install numba
    pytest tests/perf/test_perf_compiled.py -m perf -s

The loop is one pass over l and k and the plain dynamic programme. No time is asserted.
"""

from __future__ import annotations

import time
from statistics import median
from typing import Any

import numpy as np
import pytest

from splitbench.problems import SlotProblem
from splitbench.solvers import make, solve_slot
from tests.perf.test_perf_exact import SLOTS, slot, vgg_fleet

pytestmark = pytest.mark.perf
REPEATS = 100


def whole_slot(  # type: ignore[no-untyped-def]
    rate, uplink, battery, harvest, deadline, capacity, compute, transmit, bits, local, share,
    whole, layers, slot_s, weight, least, spare,
):  # fmt: skip
    """U* of a slot by Eq. 1–10 and the division of threads; without hibernation."""
    best = np.full(spare + 1, -np.inf)
    for n in range(len(rate)):
        value = np.full(spare + 1, -np.inf)
        for cut in range(layers[n] + 1):
            sent_s = bits[n, cut] / uplink[n]
            spent = (compute[n] * local[n, cut] + transmit[n] * sent_s) * rate[n] * slot_s
            charge = battery[n] - spent + harvest[n]
            if charge <= 0.0:
                continue
            kept = weight * min(charge, capacity[n]) / capacity[n]
            for extra in range(spare + 1):
                service = whole[n, least - 1 + extra] * share[n, cut]
                rho = rate[n] * service
                if rho < 1.0:
                    wait = rate[n] * service * service / (2.0 * (1.0 - rho))
                    late = local[n, cut] + sent_s + wait + service
                    earned = kept + (1.0 - weight) * (deadline[n] - late) / deadline[n]
                    value[extra] = max(value[extra], earned)
        if n == 0:
            best = value
            continue
        following = np.full(spare + 1, -np.inf)
        for total in range(spare + 1):
            for extra in range(total + 1):
                following[total] = max(following[total], best[total - extra] + value[extra])
        best = following
    return best[spare]


def arguments(problem: SlotProblem) -> tuple[Any, ...]:
    """Return the numbers of a slot in the order that `whole_slot` takes them."""
    fleet, cuts = problem.fleet, problem.fleet.cuts
    return (
        problem.arrival_rate_hz, problem.uplink_bps, problem.battery_j, problem.harvest_j,
        fleet.deadline_s, fleet.battery_max_j, fleet.compute_power_w, fleet.transmit_power_w,
        cuts.cut_bits, cuts.local_s, cuts.server_share, fleet.curve_s(problem.threads),
        fleet.layers, problem.slot_s, problem.utility_weight, problem.min_threads,
        problem.spare_threads,
    )  # fmt: skip


def test_compiled_beside_exact() -> None:
    """The loop finds U* of `exact`; prints medians, and what starting it costs."""
    begun = time.perf_counter()
    numba = pytest.importorskip("numba")
    imported_s = time.perf_counter() - begun
    compiled = numba.njit(cache=True)(whole_slot)
    begun = time.perf_counter()
    compiled(*arguments(slot(vgg_fleet(3), 16, 0)))
    print(f"\nimport {imported_s:.2f} s, first call {time.perf_counter() - begun:.2f} s")
    exact, highs = make("exact"), make("ilp-highs")
    for devices, threads in ((3, 16), (10, 40), (30, 120)):
        fleet = vgg_fleet(devices)
        seconds: dict[str, list[float]] = {"compiled": [], "exact": [], "ilp-highs": []}
        for turn in range(REPEATS * SLOTS):
            for name in seconds if turn < SLOTS else ("compiled", "exact"):
                problem = slot(fleet, threads, turn % SLOTS)
                begun = time.perf_counter()
                if name == "compiled":
                    found = compiled(*arguments(problem))
                else:
                    bound = solve_slot(exact if name == "exact" else highs, problem).bound
                    assert found == pytest.approx(bound, rel=1e-9)
                seconds[name].append(time.perf_counter() - begun)
        shown = ", ".join(f"{name} {median(of) * 1e3:.3f} ms" for name, of in seconds.items())
        print(f"N = {devices}: {shown}")
