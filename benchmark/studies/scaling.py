"""Growth of the exact method and the ILPs: time and memory of one slot over N.

Slots are those of suite `city` (64 threads a device at most, K = 4N). Each method and size runs in
a process of its own, so that its peak memory is its own. Model building is counted; the fleet,
which no slot changes, is not. All run on one thread, and seconds are the processor's: what else
the machine does counts for nobody.

    python -m splitbench.benchmark.studies.scaling --out scaling.json
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

SIZES = (3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 100_000, 1_000_000)
METHODS = ("exact", "ilp-cbc", "ilp-highs", "ilp-cp-sat")
#: The bound on a horizon of 120 slots, by prices alone.
BOUND = "horizon bound"
BOUND_SIZES = (30, 100, 300, 1_000)
#: A method that takes longer than so many seconds for a slot goes no further.
MOST_S = 60.0
#: Sizes from which a growth exponent is fitted: below, calls are most of the time.
FIT_FROM = {"exact": 1_000}
#: Marks the set in which this module is the measuring process.
_CHILD = "--measure"
_STATUS = Path("/proc/self/status")
_MODULE = "splitbench.benchmark.studies.scaling"


class Point(NamedTuple):
    """A method at a size: least seconds of its rounds, MiB above a bare interpreter, status."""

    method: str
    devices: int
    seconds: float
    memory_mib: float
    status: str


def measure(
    sizes: tuple[int, ...] = SIZES, methods: tuple[str, ...] = (*METHODS, BOUND)
) -> list[Point]:
    """Measure each method up to the size that takes it a minute."""
    bare = _bare_mib()
    points = []
    for method in methods:
        for devices in BOUND_SIZES if method == BOUND else sizes:
            command = [sys.executable, "-m", _MODULE, _CHILD, method, str(devices)]
            try:
                done = subprocess.run(
                    command, capture_output=True, text=True, timeout=6 * MOST_S, check=True
                )
            except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
                break  # it takes too long, or more memory than there is
            found = json.loads(done.stdout)
            seconds, memory = found["seconds"], found["memory_mib"] - bare
            points.append(Point(method, devices, seconds, memory, found["status"]))
            if seconds > MOST_S or found["status"] not in ("optimal", "feasible"):
                break
    return points


def exponents(points: list[Point]) -> dict[str, float]:
    """Fit seconds ~ N^e for each method, over N ≥ 30, or where calls no longer matter."""
    fitted = {}
    for method in dict.fromkeys(point.method for point in points):
        least = FIT_FROM.get(method, 30)
        own = [one for one in points if one.method == method and one.devices >= least]
        if len(own) > 1:
            logs = np.log([(one.devices, one.seconds) for one in own])
            fitted[method] = float(np.polyfit(logs[:, 0], logs[:, 1], 1)[0])
    return fitted


def lines(points: list[Point]) -> list[str]:
    """Return a table in markdown: a row a size, a column a method, and the exponents."""
    methods = list(dict.fromkeys(point.method for point in points))
    known = {(one.devices, one.method): one for one in points}
    rows = ["| N | " + " | ".join(methods) + " |", "|---" * (len(methods) + 1) + "|"]
    for devices in sorted({point.devices for point in points}):
        cells = [_cell(known.get((devices, method))) for method in methods]
        rows.append(f"| {devices:,} | " + " | ".join(cells) + " |")
    fitted = exponents(points)
    words = [f"{fitted[name]:.2f}" if name in fitted else "–" for name in methods]
    return [*rows, "| growth | " + " | ".join(words) + " |"]


def _cell(point: Point | None) -> str:
    if point is None:
        return "–"
    seconds = f"{point.seconds * 1e3:.2f} ms" if point.seconds < 1.0 else f"{point.seconds:.1f} s"
    mark = "" if point.status == "optimal" or point.method == BOUND else f" ({point.status})"
    return f"{seconds}, {point.memory_mib:.0f} MiB{mark}"


def _bare_mib() -> float:
    """Return the peak memory of an interpreter that only looks at its own."""
    code = "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
    if not _STATUS.exists():
        code = "import resource as r; print(r.getrusage(r.RUSAGE_SELF).ru_maxrss)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout) / 1024


def _cpu_s() -> float:
    """Return the processor time of this process and of those it waited for (CBC is one)."""
    of_children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + of_children.ru_utime + of_children.ru_stime


def _peak_mib() -> float:
    """Return this process's peak memory; `ru_maxrss` alone would count its parent's, too."""
    if not _STATUS.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = re.search(r"VmHWM:\s+(\d+)", _STATUS.read_text())
    return int(found[1]) / 1024 if found else 0.0


def _measured(method: str, devices: int) -> dict[str, Any]:
    """Measure in this process; what is printed is read by `measure`."""
    from splitbench.problems.suites.named_suites import make_suite

    seconds, status = [], "optimal"
    if method == BOUND:
        from splitbench.solvers.horizon.bound import horizon_bound

        horizon = make_suite(f"city[devices={devices},slots=120]").horizon(0)
        begun = _cpu_s()
        found = horizon_bound(horizon, method="dual")
        seconds.append(_cpu_s() - begun)
        status = "feasible" if found.total is not None else "error"
    else:
        from splitbench.solvers import Context, make, solve_slot

        horizon, solver = make_suite(f"city[devices={devices}]").horizon(0), make(method)
        rounds = 0
        while rounds == 0 or (sum(seconds) < 1.0 and rounds < 200):
            begun = _cpu_s()
            slot = horizon.slot(0, horizon.battery_start_j)
            context = Context(deadline=time.monotonic() + 2.0 * MOST_S)
            status = str(solve_slot(solver, slot, context).status)
            took = _cpu_s() - begun
            if rounds == 0 and took < 1.0:  # the first loads libraries and fills caches
                rounds += 1
                continue
            seconds.append(took)
            rounds += 1
    return {"seconds": min(seconds), "memory_mib": _peak_mib(), "status": status}


def main() -> None:
    """Measure, print the table, and keep the points."""
    if sys.argv[1:2] == [_CHILD]:
        print(json.dumps(_measured(sys.argv[2], int(sys.argv[3]))))
        return
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.json")
    parser.add_argument("--largest", type=int, default=max(SIZES), metavar="N")
    parser.add_argument("--methods", nargs="+", default=[*METHODS, BOUND], metavar="METHOD")
    given = parser.parse_args()
    sizes = tuple(size for size in SIZES if size <= given.largest)
    points = measure(sizes, tuple(given.methods))
    given.out.write_text(json.dumps([point._asdict() for point in points], indent=1) + "\n")
    print("\n".join(lines(points)))


if __name__ == "__main__":
    main()
