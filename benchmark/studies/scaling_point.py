"""One point of `scaling`, measured in this process: seconds and peak memory of a method at a size.

It imports no more than the method needs, since memory is counted.
"""

from __future__ import annotations

import json
import re
import resource
import time
from pathlib import Path

from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers import Context, make, solve_slot
from splitbench.solvers.horizon.bound import horizon_bound

#: The method that is no solver: the bound on a horizon of 120 slots, by prices alone.
BOUND = "horizon bound"
#: Where Linux tells a process its own peak memory.
STATUS = Path("/proc/self/status")


def _cpu_s() -> float:
    """Return the processor time of this process and of those it waited for (CBC is one)."""
    of_children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + of_children.ru_utime + of_children.ru_stime


def _peak_mib() -> float:
    """Return this process's peak memory; `ru_maxrss` alone would count its parent's, too."""
    if not STATUS.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = re.search(r"VmHWM:\s+(\d+)", STATUS.read_text())
    return int(found[1]) / 1024 if found else 0.0


def print_measured(method: str, devices: str, most_s: str) -> None:
    """Measure in this process; what is printed is read by `_point`."""
    size = int(devices)
    seconds, status = _bound_s(size) if method == BOUND else _slot_s(method, size, float(most_s))
    print(json.dumps({"seconds": seconds, "memory_mib": _peak_mib(), "status": status}))


def _bound_s(devices: int) -> tuple[float, str]:
    horizon = make_suite(f"city[devices={devices},slots=120]").horizon(0)
    begun = _cpu_s()
    found = horizon_bound(horizon, method="dual")
    return _cpu_s() - begun, "feasible" if found.total is not None else "error"


def _slot_s(method: str, devices: int, most_s: float) -> tuple[float, str]:
    """Solve a slot until a second has passed; the first loads libraries and fills caches."""
    horizon, solver = make_suite(f"city[devices={devices}]").horizon(0), make(method)
    seconds: list[float] = []
    while len(seconds) < 2 or (sum(seconds) < 1.0 and len(seconds) < 200):
        begun = _cpu_s()
        slot = horizon.slot(0, horizon.battery_start_j)
        context = Context(deadline=time.monotonic() + 2.0 * most_s)
        status = str(solve_slot(solver, slot, context).status)
        seconds.append(_cpu_s() - begun)
        if seconds[0] >= 1.0:
            break
    return min(seconds), status
