"""Worker processes: prepared in parallel, one per core, then run one at a time."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any

from splitbench.benchmark.profiling.jobs import Job, model_name
from splitbench.benchmark.profiling.load import usable_cores
from splitbench.problems.errors import InputError
from splitbench.problems.package_paths import module_command

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

#: Most workers that wait at the same time: each holds a network in memory.
READY_AT_ONCE = 4


def run_jobs(
    jobs: Sequence[Job], tick: Callable[[Job], None]
) -> Iterator[tuple[Job, dict[str, Any]]]:
    """Run each job in a fresh process and yield its result, in order.

    As many workers as there are cores load torch and build their networks at once; a ready worker
    sleeps until its turn, so that each measures alone.

    Raises
    ------
    InputError
        A worker refused its job, or died.
    """
    together = min(usable_cores(), READY_AT_ONCE)
    for start in range(0, len(jobs), together):
        with ExitStack() as stack:
            batch = [stack.enter_context(Worker(job)) for job in jobs[start : start + together]]
            for worker in batch:
                worker.wait()
            for worker in batch:
                yield worker.job, worker.run(tick)


class Worker:
    """One process with its job; a context that leaves no process behind."""

    def __init__(self, job: Job) -> None:
        self.job = job
        environment = os.environ | dict.fromkeys(_THREAD_VARIABLES, str(job.threads))
        environment |= {"OMP_WAIT_POLICY": wait_policy()}
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 (till exit)
        self.process = subprocess.Popen(
            module_command("splitbench.benchmark.profiling.worker"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True,
            env=environment,
        )  # fmt: skip
        self._say(job.to_json())

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:  # no worker outlives an interrupted parent
            self.process.kill()
        self.process.communicate()
        self._errors.close()

    def wait(self) -> None:
        """Return when the network is built and the worker waits for its turn."""
        self._listen("ready", lambda job: None)

    def run(self, tick: Callable[[Job], None]) -> dict[str, Any]:
        """Let it measure; return its result. `tick` is called after each timed round."""
        self._say("go")
        result = self._listen("result", tick)
        self.process.wait()
        return result

    def _say(self, line: str) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:  # it died; `_listen` reports why
            pass

    def _listen(self, event: str, tick: Callable[[Job], None]) -> dict[str, Any]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            message: dict[str, Any] = json.loads(line)
            if message.get("event") == "tick":
                tick(self.job)
            elif message.get("event") == "error":
                raise InputError(message["message"])
            elif message.get("event") == event:
                return message
        raise InputError(self._death())

    def _death(self) -> str:
        status = self.process.wait()
        self._errors.seek(0)
        last = (self._errors.read().strip().splitlines() or ["no message"])[-1]
        hint = " (pip install 'splitbench[learn]')" if "No module named 'torch'" in last else ""
        return (
            f"profile: the worker for {model_name(self.job.model) or 'layers'} on "
            f"{self.job.threads} threads ended with status {status}: {last}{hint}"
        )


def wait_policy() -> str:
    """Return how OpenMP threads wait: passively, unless the user sets it.

    If threads spin while another process occupies the core of one of them, a busy machine looks ten
    times slower.
    """
    return os.environ.get("OMP_WAIT_POLICY", "passive")
