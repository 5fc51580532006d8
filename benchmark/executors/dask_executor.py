"""Run cells on a Dask cluster: a Dask worker is the referee and starts the players.

Each thread of a Dask worker keeps one guard with its player, so limits apply as on this machine.
Dask runs the cells of a lost worker again on another one; a cell that alone has lost several
(`distributed.scheduler.allowed-failures`) becomes an error.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import platform
import threading
import time
from asyncio import CancelledError
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from splitbench.benchmark.executors.dask_cluster import LocalCluster
from splitbench.benchmark.isolation.cell_runner import CellRunner, Finished
from splitbench.benchmark.isolation.cores import take_core
from splitbench.benchmark.isolation.limits import Limits
from splitbench.benchmark.referee.cell import failed_cell
from splitbench.problems import InputError
from splitbench.problems.status import Status
from splitbench.results import CellKey

#: Returns the digest of all code that decides a cell, as it is on the machine that asks.
CodeOf = Callable[[CellKey], str]

#: Seconds between queries for finished cells.
POLL_S = 0.1
#: Seconds between queries of what the workers run.
LOOK_EVERY_S = 1.0
#: Seconds without a worker after which a local cluster is abandoned.
NO_WORKER_S = 20.0
#: Most local clusters that a run starts; Dask does not restart workers that keep dying.
LOST_CLUSTERS = 3


class _Runners(dict[Limits, CellRunner]):
    """The players of one thread of a Dask worker; they end with the thread."""

    def __del__(self) -> None:
        for runner in self.values():
            runner.close()


_of_thread = threading.local()


class _LostClusterError(Exception):
    """The local cluster has lost all its workers."""


class DaskExecutor:
    """Runs cells on a Dask scheduler, or on a local cluster started for the run.

    Parameters
    ----------
    address
        Address of a running scheduler, `tcp://host:8786`; None starts a local cluster.
    jobs
        Workers of the local cluster.
    limits
        Limits of each cell.
    code_of
        Called on each worker; its code must be the one in the cell's key.

    Raises
    ------
    InputError
        Dask is not installed, or the scheduler does not answer.
    """

    def __init__(self, address: str | None, jobs: int, limits: Limits, code_of: CodeOf):
        try:
            distributed: Any = importlib.import_module("distributed")
        except ImportError:
            raise InputError(
                "--executor dask: dask.distributed is not installed; expected after: "
                "pip install 'dask[distributed]'"
            ) from None
        self.limits, self._code_of = limits, code_of
        self._distributed = distributed
        self._jobs = jobs
        self._cluster: LocalCluster | None = None
        self._client: Any = None
        self._keys: dict[str, CellKey] = {}
        self._at_work: dict[str, float] = {}
        self._looked = 0.0
        # Dask's logs are not needed: rows show what became of a cell, one line what ended the run.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        try:
            if address is None:
                self._cluster = LocalCluster(jobs)
                address = self._cluster.address
            self._client = self._connected(address)
        except BaseException:
            self._close()
            raise

    def _connected(self, address: str) -> Any:
        try:
            return self._distributed.Client(address, timeout=10)
        except (OSError, TimeoutError, ValueError) as error:
            raise InputError(
                f"--scheduler: {address}: {error}; expected a running Dask scheduler"
            ) from None

    def _close(self) -> None:
        with contextlib.suppress(Exception):  # it is no longer needed
            if self._client is not None:
                self._client.close(timeout=2)
        if self._cluster is not None:
            self._cluster.close()

    def __enter__(self) -> DaskExecutor:
        return self

    def __exit__(self, *error: object) -> None:
        self._close()

    @property
    def jobs(self) -> int:
        """Cells that the cluster currently runs at a time."""
        threads: dict[str, int] = self._client.nthreads()
        return max(1, sum(threads.values()))

    @property
    def at_work(self) -> list[tuple[CellKey, float] | None]:
        """The first cell of each Dask worker and when it was first seen there, None if idle."""
        now = time.monotonic()
        if now - self._looked >= LOOK_EVERY_S:
            self._looked = now
            with contextlib.suppress(Exception):  # the scheduler does not answer now
                names = [next(iter(of), "") for of in self._client.processing().values()]
                self._at_work = {name: self._at_work.get(name, now) for name in names}
        return [
            (self._keys[name], since) if name in self._keys else None
            for name, since in self._at_work.items()
        ]

    def run(self, keys: Sequence[CellKey]) -> Iterator[Finished]:
        """Run the cells, yielding each as it ends.

        When a worker is lost too often, Dask gives up every cell assigned to it, including queued
        ones. Each of these cells is run again alone, and is an error only if it is lost again.
        """
        left, suspects, lost = list(keys), list[CellKey](), 0
        while left:
            try:
                yield from self._run_together(left, suspects)
            except _LostClusterError as error:
                lost += 1
                if lost > LOST_CLUSTERS:
                    raise InputError(str(error)) from None
                self._restart()
        for key in suspects:
            yield self._run_alone(key)

    def _run_together(self, left: list[CellKey], suspects: list[CellKey]) -> Iterator[Finished]:
        """Run cells in parallel, removing each from `left`; those given up become `suspects`."""
        cell_of = {self._submit(key): key for key in left}
        for future in self._ended(list(cell_of)):
            key = cell_of.pop(future)
            left.remove(key)
            try:
                yield self._finished(future)
            except self._distributed.KilledWorker:
                suspects.append(key)
            future.release()

    def _run_alone(self, key: CellKey) -> Finished:
        for _ in range(2):  # an earlier cell may have killed the cluster
            try:
                (future,) = self._ended([self._submit(key, "-alone")])
                return self._finished(future)
            except self._distributed.KilledWorker:
                break
            except _LostClusterError:
                self._restart()
        why = "every Dask worker that ran it was lost"
        return Finished(failed_cell(key, Status.ERROR, why, self.limits.timeout_s), 0.0)

    def _restart(self) -> None:
        assert self._cluster is not None
        self._close()
        self._cluster = LocalCluster(self._jobs)
        self._client = self._connected(self._cluster.address)

    def _ended(self, futures: list[Any]) -> Iterator[Any]:
        """Yield futures as they end; stop waiting if a local cluster has no worker left."""
        waiting = self._distributed.as_completed(futures)
        seen = asked = time.monotonic()
        while not waiting.is_empty():
            ended = waiting.next_batch(block=False)
            yield from ended
            now = time.monotonic()
            if now - asked >= LOOK_EVERY_S:
                asked = now
                if self._cluster is None or self._client.nthreads():
                    seen = now
            if now - seen >= NO_WORKER_S:
                raise _LostClusterError(
                    "--executor dask: the local cluster repeatedly loses all its workers; "
                    "expected a machine with enough memory; finished cells are stored"
                )
            if not ended:
                time.sleep(POLL_S)

    def _submit(self, key: CellKey, mark: str = "") -> Any:
        name = f"splitbench-{key.digest}{mark}"
        self._keys[name] = key
        return self._client.submit(
            run_remotely, key, self.limits, self._code_of, key=name, pure=False
        )

    def _finished(self, future: Any) -> Finished:
        try:
            finished: Finished = future.result()
        except (InputError, self._distributed.KilledWorker):
            raise
        except (Exception, CancelledError) as error:  # not caused by the cell
            raise InputError(
                f"--executor dask: {type(error).__name__}: {error}; expected a scheduler that "
                "stays and workers with this splitbench"
            ) from None
        return finished


def run_remotely(key: CellKey, limits: Limits, code_of: CodeOf) -> Finished:
    """Run one cell in this thread of a Dask worker.

    Raises
    ------
    InputError
        The code here differs from the code in the key, so the result would be stored under a wrong
        key.
    """
    here = code_here(key, code_of)
    if here != key.code:
        raise InputError(
            f"--executor dask: {platform.node()} has other code for {key.solver} on {key.suite} "
            f"({here}); expected {key.code} on every worker"
        )
    if not hasattr(_of_thread, "runners"):  # a Dask worker may have several threads
        _of_thread.runners = _Runners()
    runners: _Runners = _of_thread.runners
    if limits not in runners:
        core = take_core()
        runners[limits] = CellRunner(limits, None if core is None else core.number)
    return runners[limits].run(key)


def code_here(key: CellKey, code_of: CodeOf) -> str:
    """Return the digest of the code that would compute the cell here, or why there is none."""
    try:
        return code_of(key)
    except (InputError, OSError) as error:
        return str(error)
