"""`python -m splitbench.benchmark.profiling.worker`: one job from stdin, JSON lines on stdout.

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
from typing import Any, TextIO

import numpy as np

from splitbench.benchmark.profiling.jobs import Job
from splitbench.benchmark.profiling.load import core_of, one_a_core
from splitbench.problems.errors import InputError

#: How often a layer alone is timed per repeat; long layers are timed once.
LAYER_RUNS = 3
LONG_LAYER_S = 0.005


#: The parent's lines and ours; a user's module reads and prints elsewhere (`_keep_to_ourselves`).
_orders: TextIO = sys.stdin
_messages: TextIO = sys.stdout


def main() -> int:
    """Read the job, run it, and report the result."""
    _keep_to_ourselves()
    job = Job.from_json(_orders.readline())
    pin_threads(job.threads)
    try:
        result = measure_network(job) if job.task == "network" else measure_layers(job)
    except InputError as error:
        say(event="error", message=str(error))
        return 2
    say(event="result", **result)
    return 0


def _keep_to_ourselves() -> None:
    """Redirect the output of a user's module (C code included) to stderr, and give it an empty
    stdin. Text printed without a newline would corrupt the next message.
    """
    global _orders, _messages
    _orders = os.fdopen(os.dup(0), encoding="utf-8")
    _messages = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)


def say(**message: Any) -> None:
    """Write one line to the parent."""
    _messages.write(json.dumps(message) + "\n")
    _messages.flush()


def wait_for_turn() -> None:
    """Report that everything is built and wait for the parent's signal; end with the parent."""
    say(event="ready")
    if not _orders.readline():
        raise SystemExit(1)


def pin_threads(threads: int) -> None:
    """Set torch's number of threads, each on its own core if there are enough."""
    import torch

    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    torch.set_flush_denormal(True)
    if hasattr(os, "sched_setaffinity"):
        cores = one_a_core(os.sched_getaffinity(0), core_of)
        os.sched_setaffinity(0, cores[:threads] if threads <= len(cores) else cores)


def measure_network(job: Job) -> dict[str, Any]:
    """Time the whole network and, at each cut l = 0..S, its prefix and its suffix.

    Returns lists of seconds: whole (rounds), prefix and suffix (rounds × S + 1).
    """
    import torch

    from splitbench.benchmark.profiling.networks import network_of
    from splitbench.benchmark.profiling.segments import split_network

    module, inputs = network_of(job)
    split = split_network(module, inputs, job.model)
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
            module(*inputs)
            split.run(inputs, 0, count)
        for row in range(job.repeats):
            for cut in rng.permutation(count + 1):
                values: tuple[Any, ...] = inputs
                if cut > 0:
                    prefix[row, cut], values = timed(values, 0, cut)
                if cut < count:
                    values = tuple(_copied(value) for value in values)
                    suffix[row, cut], _ = timed(values, cut, count)
                else:
                    begin = time.perf_counter()
                    module(*inputs)
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

    from splitbench.benchmark.profiling.layer_samples import layer_cases

    samples = []
    with torch.inference_mode():
        cases = layer_cases(job.seed)
        wait_for_turn()
        for done, case in enumerate(cases, start=1):
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
            for _ in range(_ticks(job, done, len(cases)) - _ticks(job, done - 1, len(cases))):
                say(event="tick")
    return {"torch": torch.__version__, "samples": samples}


def _ticks(job: Job, done: int, cases: int) -> int:
    """Return the number of the job's rounds that `done` of `cases` correspond to."""
    return job.repeats * done // cases


def _timed(run: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def _copied(value: Any) -> Any:
    """Copy the suffix's inputs, so that an in-place layer does not change the originals."""
    return value.clone() if hasattr(value, "clone") else value


if __name__ == "__main__":
    raise SystemExit(main())
