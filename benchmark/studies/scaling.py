"""Scaling of the exact method, the ILPs and the horizon bound: time and memory over N.

Slots are those of suite `city` (at most 64 threads per device, K = 4N). Each method and size runs
in a separate process, to measure its peak memory. Model building is included; building the fleet,
which is the same in every slot, is not. All methods run on one thread. Times are CPU seconds, so
other load does not count.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from splitbench.benchmark.referee.environment import environment
from splitbench.benchmark.studies.scaling_point import BOUND, STATUS, print_measured
from splitbench.problems.errors import InputError
from splitbench.results.store.store import now

SIZES = (3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 100_000, 1_000_000)
EXACT = "exact"
#: Sizes at which the bound is measured, on a horizon of 120 slots.
BOUND_SIZES = (30, 100, 300, 1_000)
METHODS = (EXACT, "ilp-cbc", "ilp-highs", "ilp-cp-sat", BOUND)
#: Seconds per slot after which a method is not run at larger sizes.
MOST_S = 60.0
#: Smallest size for fitting a growth exponent; below it call overhead dominates.
FIT_FROM = {EXACT: 1_000}
#: What a measuring process runs.
_CHILD = (
    f"import sys; from {print_measured.__module__} import print_measured; "
    "print_measured(*sys.argv[1:])"
)
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Point(NamedTuple):
    """A method at a size: least seconds of its rounds, MiB above a bare interpreter, status."""

    method: str
    devices: int
    seconds: float
    memory_mib: float
    status: str

    @property
    def solved(self) -> bool:
        """Whether the answer is proved: the optimum, or a bound."""
        return self.status == "optimal" or (self.method == BOUND and self.status == "feasible")


def measure(
    largest: int = max(SIZES),
    methods: Sequence[str] = METHODS,
    most_s: float = MOST_S,
    on_point: Callable[[Point], None] = lambda point: None,
) -> dict[str, Any]:
    """Measure each method up to `largest` devices, or the size at which a slot takes `most_s`.

    Returns
    -------
    dict[str, Any]
        `made`, `machine`, `versions`, `most_s`, `points` (fields of `Point`) and `growth`: what
        `splitbench scaling --out` writes.

    Raises
    ------
    InputError
        No size or method is left, an unknown method, or a process that failed for another reason
        than time or memory.
    """
    if unknown := [method for method in methods if method not in METHODS]:
        raise InputError(f"--method: got {unknown[0]!r}; expected {', '.join(METHODS)}")
    if largest < min(SIZES):
        raise InputError(f"--largest: got {largest}; expected at least {min(SIZES)}")
    bare, points = _bare_mib(), []
    for method in methods:
        for devices in BOUND_SIZES if method == BOUND else SIZES:
            point = None if devices > largest else _point(method, devices, most_s, bare)
            if point is None:
                break
            points.append(point)
            on_point(point)
            if point.seconds > most_s or not point.solved:
                break
    made = environment()
    return {
        "made": now()[:10],
        "machine": {name: made["machine"][name] for name in ("processor", "cores")},
        "versions": made["versions"],
        "most_s": most_s,
        "points": [point._asdict() for point in points],
        "growth": exponents(points),
    }


def exponents(points: Sequence[Point]) -> dict[str, float]:
    """Fit seconds ~ N^e for each method, over N ≥ 30, or where calls no longer matter."""
    fitted = {}
    for method in dict.fromkeys(point.method for point in points):
        least = FIT_FROM.get(method, 30)
        own = [one for one in points if one.method == method and one.solved]
        logs = np.log([(one.devices, one.seconds) for one in own if one.devices >= least])
        if len(logs) > 1:
            fitted[method] = float(np.polyfit(logs[:, 0], logs[:, 1], 1)[0])
    return fitted


def table(measured: dict[str, Any]) -> str:
    """Return a table in markdown: a row a size, a column a method, the exponents, the machine."""
    points = [Point(**point) for point in measured["points"]]
    methods = list(dict.fromkeys(point.method for point in points))
    known = {(one.devices, one.method): one for one in points}
    rows = ["| N | " + " | ".join(methods) + " |", "|---" * (len(methods) + 1) + "|"]
    for devices in sorted({point.devices for point in points}):
        beside = known.get((devices, EXACT))
        cells = [_cell(known.get((devices, method)), beside) for method in methods]
        rows.append(f"| {devices:,} | " + " | ".join(cells) + " |")
    growth = measured["growth"]
    words = [f"N^{growth[name]:.2f}" if name in growth else "–" for name in methods]
    rows.append("| growth | " + " | ".join(words) + " |")
    versions, machine = measured["versions"], measured["machine"]
    used = ", ".join(
        f"{name} {versions[name]}"
        for name in ("python", "numpy", "highspy", "ortools", "pulp")
        if name in versions
    )
    rows += ["", f"{measured['made']}, {machine['processor']}, {machine['cores']} cores; {used}."]
    return "\n".join(rows)


def _cell(point: Point | None, exact: Point | None) -> str:
    if point is None:
        return "–"
    seconds = f"{point.seconds * 1e3:.2f} ms" if point.seconds < 1.0 else f"{point.seconds:.1f} s"
    if exact is not None and point.method not in (EXACT, BOUND):
        seconds += f" ({point.seconds / exact.seconds:.0f}×)"
    mark = "" if point.solved else f", {point.status}"
    return f"{seconds}, {point.memory_mib:.0f} MiB{mark}"


def _point(method: str, devices: int, most_s: float, bare: float) -> Point | None:
    """Measure in a process; None where it takes too long, or more memory than there is."""
    command = [sys.executable, "-c", _CHILD, method, str(devices), str(most_s)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=6 * most_s,
            env=os.environ | _ONE_THREAD,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return None
    if done.returncode < 0 or "MemoryError" in done.stderr:
        return None
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise InputError(f"{method} with {devices} devices: {why}")
    found = json.loads(done.stdout)
    return Point(method, devices, found["seconds"], found["memory_mib"] - bare, found["status"])


def _bare_mib() -> float:
    """Return the peak memory of an interpreter that only looks at its own."""
    code = "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
    if not STATUS.exists():
        code = "import resource as r; print(r.getrusage(r.RUSAGE_SELF).ru_maxrss)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout) / 1024
