"""Cells on worker processes: hard limits, and a row for whatever happens to a worker."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any

from splitbench.benchmark.isolation.cores import take_core
from splitbench.benchmark.isolation.limits import Limits
from splitbench.benchmark.isolation.messages import record_from
from splitbench.benchmark.isolation.worker_process import WorkerProcess
from splitbench.benchmark.referee.partial_record import Task, record_of_killed
from splitbench.problems import InputError
from splitbench.results import CellKey, CellRecord
from splitbench.solvers import Status

#: How often limits are looked at while nothing is reported.
POLL_S = 0.1
#: So many workers in a row that do not come up end a run.
START_FAILURES = 3


@dataclass(frozen=True)
class Overhead:
    """What a cell took beyond its solver and the reference.

    `isolation_s` is spent outside the cell: processes, messages, the reference cell. `model_s` is
    spent in it: posing each slot, recomputing what was claimed, the record.
    """

    isolation_s: float
    model_s: float


@dataclass(frozen=True)
class Finished:
    """A cell that has ended, with its wall-clock time; no overhead where it was cut short."""

    record: CellRecord
    wall_s: float
    worker: int = 0
    overhead: Overhead | None = None


class Pool:
    """Worker processes that serve many cells each; a dead one is replaced.

    Use as a context manager: leaving it ends every process that was started.
    """

    def __init__(self, jobs: int, limits: Limits):
        self.limits = limits
        self._waiting: deque[CellKey] = deque()
        self._start_failures = 0
        self._cores = [take_core() for _ in range(jobs)]
        self._workers = [self._start(index) for index in range(jobs)]

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End every process that was started."""
        for worker in self._workers:
            worker.kill()
        for core in self._cores:
            if core is not None:
                core.give_back()
        self._workers, self._cores = [], []

    @property
    def jobs(self) -> int:
        """Cells run at a time."""
        return len(self._workers)

    @property
    def at_work(self) -> list[tuple[CellKey, float] | None]:
        """The cell of each worker and when it began, None for an idle one."""
        tasks = [worker.task for worker in self._workers]
        return [None if task is None else (task.key, task.started) for task in tasks]

    def run(self, keys: Sequence[CellKey]) -> Iterator[Finished]:
        """Run cells, yielding each as it ends, in no particular order.

        Raises
        ------
        InputError
            Workers do not come up.
        """
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
        return WorkerProcess(index, self.limits.memory_bytes, self._cores[index])

    def _next(self, worker: WorkerProcess) -> None:
        """Hand an idle worker that is up its next cell."""
        if not (worker.ready and worker.task is None and self._waiting):
            return
        if worker.fit_for(self._waiting[0]):
            worker.assign(self._waiting.popleft(), self.limits.timeout_s)
        else:
            self._replace(worker)  # the new one asks for work when it is up

    def _heard(self) -> list[Finished]:
        workers = {worker.channel.fileno(): worker for worker in self._workers}
        ready = wait(list(workers), POLL_S)
        return [done for one in ready for done in self._hear(workers[one])]  # type: ignore[index]

    def _hear(self, worker: WorkerProcess) -> list[Finished]:
        taken: list[Finished | None] = []  # kept even where something odd follows a cell's end
        try:
            for message in worker.channel.arrived():
                taken.append(self._take(worker, message))
        except EOFError:
            taken.append(self._died(worker))
        except (ValueError, KeyError, TypeError) as error:
            taken.append(self._babbles(worker, error))
        return [finished for finished in taken if finished is not None]

    def _take(self, worker: WorkerProcess, message: dict[str, Any]) -> Finished | None:
        task, kind = worker.task, message["kind"]
        if kind == "ready":
            self._start_failures = 0
            worker.is_up(message)
            self._next(worker)
        elif task is None:
            pass  # a thread that a solver left behind is still talking
        elif kind == "slot":
            task.slots.append(message)
            task.incumbent, task.slot_started = None, time.monotonic()
        elif kind == "incumbent":
            task.incumbent = message
        elif kind == "done":
            return self._done(worker, task, message)
        return None

    def _done(self, worker: WorkerProcess, task: Task, message: dict[str, Any]) -> Finished:
        if "record" not in message:  # it was raised, and nobody caught it
            worker.is_done(message)
            return self._ended(worker, task, Status(message["status"]), message["why"])
        wall_s = time.monotonic() - task.started
        record = record_from(message["record"])
        inside_s = message["inside_s"]
        model_s = inside_s - sum(record.solve_s) - message["reference_s"]
        worker.is_done(message)
        return Finished(record, wall_s, worker.index, Overhead(wall_s - inside_s, model_s))

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
        if worker.task is not None:
            return self._kill(worker, Status.ERROR, "the process ended by itself ({died})")
        came_up = worker.ready
        died = self._replace(worker)
        self._start_failures += not came_up
        if self._start_failures >= START_FAILURES:  # no cell is to blame, so no row can say it
            raise InputError(
                f"workers do not start ({died}); expected a larger --memory, or an installation "
                "in which `python -m splitbench` runs"
            )
        return None

    def _babbles(self, worker: WorkerProcess, error: Exception) -> Finished | None:
        if worker.task is None:
            self._replace(worker)
            return None
        why = f"something else was written to the harness's socket ({type(error).__name__})"
        return self._kill(worker, Status.ERROR, why)

    def _kill(self, worker: WorkerProcess, status: Status, why: str) -> Finished:
        task = worker.task
        assert task is not None
        died = self._replace(worker)
        return self._ended(worker, task, status, why.replace("{died}", died))

    def _ended(self, worker: WorkerProcess, task: Task, status: Status, why: str) -> Finished:
        wall_s = time.monotonic() - task.started
        record = record_of_killed(task, status, why, self.limits.timeout_s)
        return Finished(record, wall_s, worker.index)

    def _replace(self, worker: WorkerProcess) -> str:
        died = worker.kill()
        self._workers[worker.index] = self._start(worker.index)
        return died
