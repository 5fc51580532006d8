"""A local Dask cluster in its own session, so that Ctrl-C does not reach its processes.

Started as `python -m splitbench.benchmark.executors.dask_cluster WORKERS`: writes the scheduler's
address to stdout and ends when stdin is closed, so it also ends with the harness.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys

from splitbench.benchmark.isolation.guard_process import one_thread_each
from splitbench.problems import InputError
from splitbench.problems.package_paths import module_command

#: Seconds that the cluster has to close, before it is killed.
CLOSE_S = 5.0


class LocalCluster:
    """Starts a cluster of single-threaded workers and waits until it has an address.

    Raises
    ------
    InputError
        It does not start.
    """

    def __init__(self, workers: int):
        self._process = subprocess.Popen(
            [*module_command("splitbench.benchmark.executors.dask_cluster"), str(workers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=one_thread_each(),
            text=True,
        )
        assert self._process.stdout is not None
        try:
            self.address = self._process.stdout.readline().strip()
        except BaseException:
            self.close()
            raise
        if not self.address:
            self.close()
            raise InputError(
                "--executor dask: a local cluster does not start; expected a machine on which "
                "`dask.distributed.LocalCluster` does, or --scheduler"
            )

    def close(self) -> None:
        """End the cluster and kill its remaining processes."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(CLOSE_S)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def main(workers: int) -> None:
    """Run a cluster until stdin ends."""
    import distributed

    with distributed.LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=workers,
        threads_per_worker=1,
        dashboard_address=None,
        silence_logs=logging.CRITICAL,
    ) as cluster:
        sys.stdout.write(f"{cluster.scheduler_address}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(int(sys.argv[1]))
