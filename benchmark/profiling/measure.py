"""`splitbench profile`: run the workers and collect their times into a profile object."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from splitbench.benchmark.profiling.jobs import IMAGE, Job, model_name
from splitbench.benchmark.profiling.load import LoadMeter
from splitbench.benchmark.profiling.rank_interval import band, coverage
from splitbench.benchmark.profiling.workers import run_jobs, wait_policy

#: Layers alone need fewer processes: a regression over many layers averages out differences.
LAYER_PROCESSES = 3


@dataclass(frozen=True)
class Plan:
    """The plan of a measurement.

    Attributes
    ----------
    processes
        Fresh processes for each model and thread count, taken in turn, so that drift of the machine
        affects all of them; the repeats are divided between them. The variation between processes
        (memory placement, other load) is several times that between the rounds of one process, so
        intervals are computed over processes.
    layers
        Whether layer configurations are run alone as well, in up to `LAYER_PROCESSES` of the
        processes' turns.
    """

    models: Sequence[str]
    threads: Sequence[int]
    repeats: int = 6
    warmup: int = 1
    processes: int = 6
    seed: int = 0
    layers: bool = True
    input_shape: tuple[int, ...] = IMAGE

    def jobs(self) -> list[Job]:
        """Return one job for each process, in order of running."""
        jobs = []
        layer_shares = _shares(self.repeats, min(self.processes, LAYER_PROCESSES))
        for turn, repeats in enumerate(_shares(self.repeats, self.processes)):
            jobs += [
                Job("network", model, threads, self.warmup, repeats, self.seed + turn,
                    self.input_shape)
                for model in self.models
                for threads in self.threads
            ]  # fmt: skip
            if self.layers:
                jobs += [
                    Job("layers", "", threads, self.warmup, share, self.seed)
                    for threads, share in product(self.threads, layer_shares[turn : turn + 1])
                ]
        return jobs

    @property
    def used_processes(self) -> int:
        """Processes that get a round: no more than there are repeats."""
        return min(self.processes, self.repeats)

    @property
    def rounds(self) -> int:
        """Total number of timed rounds, each of which is reported."""
        return sum(job.repeats for job in self.jobs())


def measure(
    plan: Plan, name: str, command: str, tick: Callable[[str], None] = lambda text: None
) -> dict[str, Any]:
    """Measure and return the object of a `splitbench/profile@1` file.

    Raises
    ------
    InputError
        A model that cannot be built, run or split; torch is not installed.
    """
    meter, start = LoadMeter(), time.perf_counter()
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    samples: dict[int, list[list[dict[str, Any]]]] = {}
    version = ""

    def ticked(job: Job) -> None:
        tick(f"{model_name(job.model) or 'layers alone'}, k = {job.threads}")

    for job, result in run_jobs(plan.jobs(), ticked):
        version = result["torch"]
        if job.task == "layers":
            samples.setdefault(job.threads, []).append(result["samples"])
        else:
            found.setdefault((job.model, job.threads), []).append(result)
    return {
        "format": "splitbench/profile@1",
        "name": name,
        "machine": meter.machine() | {"torch": version} | meter.load(),
        "method": {
            "command": command,
            "warmup": plan.warmup,
            "repeats": plan.repeats,
            "processes": plan.used_processes,
            "seconds": round(time.perf_counter() - start, 1),
            "note": "random weights (latency does not depend on them; denormals flushed); medians "
            f"of the processes' medians, {100 * coverage(plan.used_processes):.0f} % intervals by "
            f"ranks of these; OMP_WAIT_POLICY={wait_policy()}",
        },
        "dnns": [
            _dnn(model, [(k, found[model, k]) for k in sorted(plan.threads)])
            for model in plan.models
        ],
        "layers": [
            _merged(runs) for k in sorted(samples) for runs in zip(*samples[k], strict=True)
        ],
    }


def _dnn(model: str, by_threads: list[tuple[int, list[dict[str, Any]]]]) -> dict[str, Any]:
    first = by_threads[0][1][0]
    return {
        "dnn": model_name(model),
        "layers": first["layers"],
        "cut_values": first["cut_values"],
        "macs": first["macs"],
        "measured": [
            {"threads": threads}
            | {part: _interval(runs, part) for part in ("whole", "prefix", "suffix")}
            for threads, runs in by_threads
        ],
    }


def _interval(runs: list[dict[str, Any]], part: str) -> dict[str, Any]:
    """Return the interval over the processes' medians in the file's form: numbers or lists."""
    medians = np.array([np.median(run[part], axis=0) for run in runs])
    names = ("median_s", "low_s", "high_s")
    return {
        name: np.vectorize(lambda value: float(f"{value:.6g}"))(values).tolist()
        for name, values in zip(names, band(medians), strict=True)
    }


def _merged(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Merge a layer's runs in several processes: the median of their medians."""
    return runs[0] | {"median_s": float(np.median([run["median_s"] for run in runs]))}


def _shares(total: int, parts: int) -> list[int]:
    shares = [total // parts + (part < total % parts) for part in range(parts)]
    return [share for share in shares if share]
