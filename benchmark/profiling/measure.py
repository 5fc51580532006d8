"""`splitbench profile`: run the workers, gather their seconds into a profile file's object."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.profiling.jobs import IMAGE, Job, model_name
from benchmark.profiling.load import LoadMeter
from benchmark.profiling.rank_interval import band, coverage
from problems.errors import InputError

_ROOT = Path(__file__).resolve().parent.parent.parent
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Attributes
    ----------
    processes
        Fresh processes for each model and thread count, taken in turn, so that drift of the
        machine meets all of them; the repeats are shared out.
    layers
        Whether layer configurations are run alone as well.
    """

    models: Sequence[str]
    threads: Sequence[int]
    repeats: int = 6
    warmup: int = 2
    processes: int = 2
    seed: int = 0
    layers: bool = True
    input_shape: tuple[int, ...] = IMAGE

    def jobs(self) -> list[Job]:
        """Return one job for each process, in order of running."""
        jobs = []
        for turn, repeats in enumerate(_shares(self.repeats, self.processes)):
            jobs += [
                Job("network", model, threads, self.warmup, repeats, self.seed + turn,
                    self.input_shape)
                for model in self.models
                for threads in self.threads
            ]  # fmt: skip
        if self.layers:
            jobs += [
                Job("layers", "", threads, self.warmup, self.repeats, self.seed)
                for threads in self.threads
            ]
        return jobs

    @property
    def rounds(self) -> int:
        """How often a worker says that it is a round further."""
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
    samples: list[dict[str, Any]] = []
    version = ""
    for job in plan.jobs():
        label = f"{model_name(job.model) or 'layers alone'}, k = {job.threads}"
        result = run_worker(job, partial(tick, label))
        meter.own_cpu_s += result["cpu_s"]
        version = result["torch"]
        if job.task == "layers":
            samples += result["samples"]
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
            "processes": min(plan.processes, plan.repeats),
            "seconds": round(time.perf_counter() - start, 1),
            "note": f"random weights (latency does not depend on them; denormals flushed); medians "
            f"of all rounds, {100 * coverage(plan.repeats):.0f} % intervals by ranks; "
            f"OMP_WAIT_POLICY={_wait_policy()}",
        },
        "dnns": [
            _dnn(model, [(k, found[model, k]) for k in sorted(plan.threads)])
            for model in plan.models
        ],
        "layers": samples,
    }


def run_worker(job: Job, tick: Callable[[], None]) -> dict[str, Any]:
    """Run a job in a process of its own and return its result.

    Raises
    ------
    InputError
        The worker refused the job, or died.
    """
    environment = os.environ | dict.fromkeys(_THREAD_VARIABLES, str(job.threads))
    environment["OMP_WAIT_POLICY"] = _wait_policy()
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH", "")]))
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmark.profiling.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
            env=environment | {"PYTHONPATH": path},
        )  # fmt: skip
        with process:
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                process.stdin.write(job.to_json())
                process.stdin.close()
                result = _listen(process.stdout, tick)
            except BaseException:  # no worker outlives an interrupted parent
                process.kill()
                raise
        errors.seek(0)
        trouble = errors.read()
    if result is None:
        last = (trouble.strip().splitlines() or ["no message"])[-1]
        hint = " (pip install 'splitbench[trace]')" if "No module named 'torch'" in last else ""
        raise InputError(
            f"profile: the worker for {model_name(job.model) or 'layers'} on {job.threads} threads "
            f"ended with status {process.returncode}: {last}{hint}"
        )
    if result["event"] == "error":
        raise InputError(result["message"])
    return result


def _wait_policy() -> str:
    """Return how threads wait for each other: passively, unless the user says otherwise.

    Threads that spin while one of them is kept from its core by another process make a busy
    machine look ten times slower.
    """
    return os.environ.get("OMP_WAIT_POLICY", "passive")


def _listen(stream: Any, tick: Callable[[], None]) -> dict[str, Any] | None:
    result = None
    for line in stream:
        try:
            message = json.loads(line)
        except json.JSONDecodeError:  # a user's module prints
            continue
        if not isinstance(message, dict):
            continue
        if message.get("event") == "tick":
            tick()
        elif message.get("event") in ("result", "error"):
            result = message
    return result


def _dnn(model: str, by_threads: list[tuple[int, list[dict[str, Any]]]]) -> dict[str, Any]:
    first = by_threads[0][1][0]
    return {
        "dnn": model_name(model),
        "layers": first["layers"],
        "cut_values": first["cut_values"],
        "macs": first["macs"],
        "measured": [
            {
                "threads": threads,
                "whole": _interval(np.concatenate([run["whole"] for run in runs])[:, None], True),
                "prefix": _interval(np.concatenate([run["prefix"] for run in runs])),
                "suffix": _interval(np.concatenate([run["suffix"] for run in runs])),
            }
            for threads, runs in by_threads
        ],
    }


def _interval(rounds: Any, single: bool = False) -> dict[str, Any]:
    names = ("median_s", "low_s", "high_s")
    values = [[float(f"{value:.6g}") for value in row] for row in band(rounds)]
    return {name: row[0] if single else row for name, row in zip(names, values, strict=True)}


def _shares(total: int, parts: int) -> list[int]:
    shares = [total // parts + (part < total % parts) for part in range(parts)]
    return [share for share in shares if share]
