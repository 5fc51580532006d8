"""Describe the measuring machine, and its other load during the measurement."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from splitbench.benchmark.referee.environment import environment


class LoadMeter:
    """Measures the load since its creation, without that of this process and its workers."""

    def __init__(self) -> None:
        self._start, self._busy, self._own = time.perf_counter(), _busy_s(), _own_s()
        self._load_before = _load_average()

    def machine(self) -> dict[str, Any]:
        """Return CPU, usable cores and operating system; no host or user name."""
        machine = environment()["machine"]
        return {
            "cpu": machine["processor"] or "unknown",
            "cores": usable_cores(),
            "system": machine["system"],
        }

    def load(self) -> dict[str, float]:
        """Return load averages and the cores that other processes kept busy, if available."""
        found = {"load_before": self._load_before, "load_after": _load_average()}
        busy = _busy_s()
        if busy is not None and self._busy is not None:
            elapsed = max(time.perf_counter() - self._start, 1e-9)
            foreign = (busy - self._busy - (_own_s() - self._own)) / elapsed
            found["foreign_cores"] = round(max(foreign, 0.0), 2)
        return {name: value for name, value in found.items() if value is not None}


def usable_cores() -> int:
    """Return the cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def one_a_core(cpus: Iterable[int], core_of: Callable[[int], object]) -> list[int]:
    """Order logical CPUs: the first of each physical core come before any second one."""
    rank: Counter[object] = Counter()
    order = []
    for cpu in sorted(cpus):
        core = core_of(cpu)
        order.append((rank[core], cpu))
        rank[core] += 1
    return [cpu for _, cpu in sorted(order)]


def core_of(cpu: int) -> object:
    """Return an identifier of a logical CPU's physical core; the CPU itself if unknown."""
    topology = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology")
    try:
        return tuple(
            (topology / name).read_text(encoding="ascii")
            for name in ("physical_package_id", "core_id")
        )
    except (OSError, ValueError):
        return cpu


def _load_average() -> float | None:
    try:
        return round(os.getloadavg()[0], 2)
    except (AttributeError, OSError):
        return None


def _own_s() -> float:
    """CPU seconds of this process and of its children that have ended."""
    return sum(os.times()[:4])


def _busy_s() -> float | None:
    """CPU seconds that all processes used since the system started, all cores together."""
    try:
        first = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()
        ticks = os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return None
    user, nice, system, _, _, irq, softirq, steal = map(int, first[1:9])
    return (user + nice + system + irq + softirq + steal) / ticks
