"""Cells on worker processes: hard limits, and a row for whatever happens to a worker."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any

from benchmark.killed import record_of_killed
from benchmark.limits import Limits
from benchmark.messages import record_from
from benchmark.worker_process import Task, WorkerProcess
from results import CellKey, CellRecord
from solvers import Status

#: How often limits are looked at while nothing is reported.
POLL_S = 0.1


@dataclass(frozen=True)
class Finished:
    """A cell that has ended, with its wall-clock time and what the reference took of it."""

    record: CellRecord
    wall_s: float
    worker: int
    reference_s: float = 0.0

    @property
    def overhead_s(self) -> float:
        """What the harness took beyond the solver and the reference: model and isolation."""
        return self.wall_s - sum(self.record.solve_s) - self.reference_s


class Pool:
    """Worker processes that serve many cells each; a dead one is replaced.

    Use as a context manager: leaving it ends every process that was started.
    """

    def __init__(self, jobs: int, limits: Limits):
        self.limits = limits
        self._waiting: deque[CellKey] = deque()
        self._workers = [self._start(index) for index in range(jobs)]

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *error: object) -> None:
        for worker in self._workers:
            worker.kill()

    @property
    def now_running(self) -> list[CellKey | None]:
        """The cell of each worker, None for an idle one."""
        return [worker.task.key if worker.task else None for worker in self._workers]

    def run(self, keys: Sequence[CellKey]) -> Iterator[Finished]:
        """Run cells, yielding each as it ends, in no particular order."""
        self._waiting, left = deque(keys), len(keys)
        for worker in self._workers:
            self._next(worker)
        checked = time.monotonic()
        while left:
            finished = self._heard()
            if time.monotonic() - checked >= POLL_S:
                checked = time.monotonic()
                finished += [done for worker in self._workers if (done := self._enforce(worker))]
            for done in finished:
                left -= 1
                self._next(self._workers[done.worker])
                yield done

    def _start(self, index: int) -> WorkerProcess:
        return WorkerProcess(index, self.limits.memory_bytes)

    def _next(self, worker: WorkerProcess) -> None:
        """Hand an idle worker that is up its next cell; its clock starts now."""
        if worker.ready and worker.task is None and self._waiting:
            worker.assign(self._waiting.popleft(), self.limits.timeout_s)

    def _heard(self) -> list[Finished]:
        by_connection = {worker.connection: worker for worker in self._workers}
        ready = wait(list(by_connection), POLL_S)
        messages = [self._hear(by_connection[connection]) for connection in ready]  # type: ignore[index]
        return [finished for finished in messages if finished is not None]

    def _hear(self, worker: WorkerProcess) -> Finished | None:
        try:
            message = worker.read()
        except EOFError:
            return self._died(worker)
        return self._take(worker, message)

    def _take(self, worker: WorkerProcess, message: dict[str, Any]) -> Finished | None:
        task = worker.task
        if message["kind"] == "ready":
            worker.ready = True
            self._next(worker)
            return None
        assert task is not None
        if message["kind"] == "slot":
            task.slots.append(message)
            task.incumbent = None
        elif message["kind"] == "incumbent":
            task.incumbent = message
        elif message["kind"] == "done":
            worker.task = None
            record = record_from(message["record"])
            wall = time.monotonic() - task.started
            return Finished(record, wall, worker.index, message["reference_s"])
        return None

    def _enforce(self, worker: WorkerProcess) -> Finished | None:
        if worker.task is None:
            return None
        if worker.overdue:
            return self._kill(worker, Status.TIMEOUT, f"killed after {self.limits.timeout_s:g} s")
        memory = self.limits.memory_bytes
        if memory is not None and worker.uses_bytes() > memory:
            return self._kill(worker, Status.MEMORY, f"killed above {memory / 2**30:.3g} GiB")
        return None

    def _died(self, worker: WorkerProcess) -> Finished | None:
        if worker.task is None:
            died = self._replace(worker)
            if not worker.ready:  # it never came up: no cell is to blame, so no row can say it
                raise RuntimeError(f"a worker could not start ({died})")
            return None
        return self._kill(worker, Status.ERROR, "the process ended by itself")

    def _kill(self, worker: WorkerProcess, status: Status, why: str) -> Finished:
        task = worker.task
        assert task is not None
        wall = time.monotonic() - task.started
        died = self._replace(worker)
        if status is Status.ERROR:
            why = f"{why} ({died})"
        return Finished(self._record(task, status, why), wall, worker.index)

    def _record(self, task: Task, status: Status, why: str) -> CellRecord:
        return record_of_killed(
            task.key, status, why, task.slots, task.incumbent, self.limits.timeout_s
        )

    def _replace(self, worker: WorkerProcess) -> str:
        died = worker.kill()
        self._workers[worker.index] = self._start(worker.index)
        return died
