"""Cells on a Dask cluster: the same isolated cells, only elsewhere.

Each thread of a Dask worker keeps one isolated worker process of ours, so that limits bite there
as they do here. Dask runs the cells of a lost worker again on another one; a cell that has lost
several (`distributed.scheduler.allowed-failures`) becomes an error.
"""

from __future__ import annotations

import importlib
import platform
import threading
from asyncio import CancelledError
from collections.abc import Iterator, Sequence
from typing import Any

from benchmark.execute import failed_cell
from benchmark.limits import Limits
from benchmark.messages import key_from, key_object, record_from, record_object
from benchmark.plan import code_of, code_of_world
from benchmark.pool import Finished, Overhead, Pool
from problems import InputError
from problems.suites import make_suite
from results import CellKey
from results.bounds import BOUND
from solvers import Status

_of_thread = threading.local()


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

    Raises
    ------
    InputError
        Dask is not installed, or the scheduler does not answer.
    """

    def __init__(self, address: str | None, jobs: int, limits: Limits):
        try:
            distributed: Any = importlib.import_module("distributed")
        except ImportError:
            raise InputError(
                "--executor dask: dask.distributed is not installed; expected after: "
                "pip install 'dask[distributed]'"
            ) from None
        self.limits = limits
        self._as_completed = distributed.as_completed
        self._killed_worker = distributed.KilledWorker
        self._cluster: Any = None
        if address is None:
            self._cluster = distributed.LocalCluster(
                n_workers=jobs, threads_per_worker=1, dashboard_address=None
            )
        try:
            self._client: Any = distributed.Client(address or self._cluster, timeout=10)
        except (OSError, TimeoutError, ValueError) as error:
            raise InputError(
                f"--scheduler: {address}: {error}; expected a running Dask scheduler"
            ) from None

    def __enter__(self) -> DaskExecutor:
        return self

    def __exit__(self, *error: object) -> None:
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()

    def run(self, keys: Sequence[CellKey]) -> Iterator[Finished]:
        """Run the cells, yielding each as it ends."""
        futures = [
            self._client.submit(
                run_remotely,
                key_object(key),
                self.limits,
                key=f"splitbench-{key.digest}",
                pure=False,
            )
            for key in keys
        ]
        keys_of = dict(zip(futures, keys, strict=True))
        for future in self._as_completed(futures):
            yield self._finished(future, keys_of[future])
            future.release()

    def _finished(self, future: Any, key: CellKey) -> Finished:
        try:
            data, wall_s, overhead = future.result()
        except InputError:
            raise
        except self._killed_worker:
            why = "Dask gave it up: every worker that ran it was lost"
            return Finished(failed_cell(key, Status.ERROR, why, self.limits.timeout_s), 0.0)
        except (Exception, CancelledError) as error:  # no fault of the cell's
            raise InputError(
                f"--executor dask: {type(error).__name__}: {error}; expected a scheduler that "
                "stays and workers with this splitbench"
            ) from None
        return Finished(record_from(data), wall_s, overhead=overhead)


def run_remotely(
    key_data: dict[str, Any], limits: Limits
) -> tuple[dict[str, Any], float, Overhead | None]:
    """Run one cell in an isolated process of this Dask worker's thread.

    Raises
    ------
    InputError
        The code here is not that which the key names: the result would be taken for its.
    """
    key = key_from(key_data)
    here = code_here(key)
    if here != key.code:
        raise InputError(
            f"--executor dask: {platform.node()} has other code for {key.solver} on {key.suite} "
            f"({here}); expected {key.code} on every worker"
        )
    if not hasattr(_of_thread, "pools"):  # a Dask worker may have several threads
        _of_thread.pools = {}
    pools = _of_thread.pools
    if limits not in pools:
        pools[limits] = Pool(1, limits)
    (finished,) = pools[limits].run([key])
    return record_object(finished.record), finished.wall_s, finished.overhead


def code_here(key: CellKey) -> str:
    """Return the digest of what would give the result here, or why there is none."""
    try:
        if key.solver == BOUND:
            return code_of_world(make_suite(key.suite))
        return code_of(make_suite(key.suite), key.solver)
    except (InputError, OSError) as error:
        return str(error)
