"""`python -m benchmark.profiling.worker`: one job from stdin, JSON lines on stdout.

`{"event": "ready"}` once all is built, and nothing more until a second line comes; then
`{"event": "tick"}` for each timed round and `{"event": "result", …}`, or `{"event": "error", …}`.
The parent sets the threads in the environment, before torch is loaded; see `measure`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmark.profiling.jobs import Job
from problems.errors import InputError

#: A layer that runs alone is timed this often for each repeat, but for long layers once.
LAYER_RUNS = 3
LONG_LAYER_S = 0.005


def main() -> int:
    """Read the job, do it, and say what came of it."""
    job = Job.from_json(sys.stdin.readline())
    pin_threads(job.threads)
    try:
        result = measure_network(job) if job.task == "network" else measure_layers(job)
    except InputError as error:
        say(event="error", message=str(error))
        return 2
    say(event="result", **result)
    return 0


def say(**message: Any) -> None:
    """Write one line to the parent."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def wait_for_turn() -> None:
    """Say that all is built, and sleep until the parent says go; end with it."""
    say(event="ready")
    if not sys.stdin.readline():
        raise SystemExit(1)


def pin_threads(threads: int) -> None:
    """Give torch so many threads, each a core of its own where there are enough."""
    import torch

    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    torch.set_flush_denormal(True)
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[:threads] if threads <= len(cores) else cores)


def measure_network(job: Job) -> dict[str, Any]:
    """Time the whole network and, at each cut l = 0..S, its prefix and its suffix.

    Returns lists of seconds: whole (rounds), prefix and suffix (rounds × S + 1).
    """
    import torch

    from benchmark.profiling.networks import network_of
    from benchmark.profiling.segments import split_network

    module, example = network_of(job)
    split = split_network(module, example, job.model)
    layers = split.graph.virtual_layers()
    count, rng = len(layers), np.random.default_rng(job.seed)
    whole: list[float] = []
    prefix, suffix = (np.zeros((job.repeats, count + 1)) for _ in range(2))

    def timed(values: tuple[Any, ...], start: int, end: int) -> tuple[float, tuple[Any, ...]]:
        begin = time.perf_counter()
        values = split.run(values, start, end)
        return time.perf_counter() - begin, values

    wait_for_turn()
    with torch.inference_mode():
        for _ in range(job.warmup):
            module(example)
            split.run((example,), 0, count)
        for row in range(job.repeats):
            for cut in rng.permutation(count + 1):
                values: tuple[Any, ...] = (example,)
                if cut > 0:
                    prefix[row, cut], values = timed(values, 0, cut)
                if cut < count:
                    values = tuple(_copied(value) for value in values)
                    suffix[row, cut], _ = timed(values, cut, count)
                else:
                    begin = time.perf_counter()
                    module(example)
                    whole.append(time.perf_counter() - begin)
            say(event="tick")
    return {
        "torch": torch.__version__,
        "layers": list(layers.names),
        "cut_values": list(layers.values),
        "macs": list(layers.macs),
        "whole": whole,
        "prefix": prefix.tolist(),
        "suffix": suffix.tolist(),
    }


def measure_layers(job: Job) -> dict[str, Any]:
    """Time layers that run alone; the median over all rounds of each."""
    import torch

    from benchmark.profiling.layer_samples import layer_cases

    samples = []
    with torch.inference_mode():
        cases = layer_cases(job.seed)
        wait_for_turn()
        for case in cases:
            warm = min(_timed(case.run) for _ in range(max(job.warmup, 1)))
            runs = job.repeats * (1 if warm > LONG_LAYER_S else LAYER_RUNS)
            seconds = [_timed(case.run) for _ in range(runs)]
            sample = {
                "kind": case.kind,
                "threads": job.threads,
                "input_values": case.input_values,
                "output_values": case.output_values,
            }
            if case.filter_work:
                sample["filter_work"] = case.filter_work
            samples.append(sample | {"median_s": float(np.median(seconds))})
    for _ in range(job.repeats):
        say(event="tick")
    return {"torch": torch.__version__, "samples": samples}


def _timed(run: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def _copied(value: Any) -> Any:
    """Give the suffix inputs of its own, so that an in-place layer changes nobody else's."""
    return value.clone() if hasattr(value, "clone") else value


if __name__ == "__main__":
    raise SystemExit(main())
