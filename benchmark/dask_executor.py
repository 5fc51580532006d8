"""Cells on a Dask cluster: the same isolated cells, only elsewhere.

Each Dask worker keeps one isolated worker process of ours, so that limits bite there as they do
here. Dask runs the cells of a lost worker again on another one.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from typing import Any

from benchmark.limits import Limits
from benchmark.messages import key_from, key_object, record_from, record_object
from benchmark.pool import Finished, Pool
from problems import InputError
from results import CellKey

#: How many workers a cell may lose before it is given up as an error.
LOST_WORKERS = 5

_pools: dict[Limits, Pool] = {}


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
                retries=LOST_WORKERS,
            )
            for key in keys
        ]
        for future in self._as_completed(futures):
            data, wall_s = future.result()
            yield Finished(record_from(data), wall_s, 0)
            future.release()


def run_remotely(key: dict[str, Any], limits: Limits) -> tuple[dict[str, Any], float]:
    """Run one cell in this Dask worker's own isolated process."""
    if limits not in _pools:
        _pools[limits] = Pool(1, limits)
    (finished,) = _pools[limits].run([key_from(key)])
    return record_object(finished.record), finished.wall_s
