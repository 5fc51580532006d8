"""The harness's side of one worker: start it, hand it cells, end it and all it started."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmark.messages import key_object, receive, send
from results import CellKey

#: A solver that watches the clock is given this long beyond its limit before it is killed.
GRACE_S = 0.5

_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)


@dataclass
class Task:
    """A cell being run, and what of it would survive a kill."""

    key: CellKey
    started: float
    slots: list[dict[str, Any]] = field(default_factory=list)
    incumbent: dict[str, Any] | None = None


class WorkerProcess:
    """A worker process with its threads pinned.

    Parameters
    ----------
    index
        Number of the worker; it is pinned to the core index modulo the cores.
    memory_bytes
        Memory that the worker and its children may use.
    """

    def __init__(self, index: int, memory_bytes: int | None):
        self.index = index
        self.memory_bytes = memory_bytes
        self.task: Task | None = None
        self.timeout_s: float | None = None
        ours, theirs = socket.socketpair()
        root = str(Path(__file__).resolve().parent.parent)
        path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
        arguments = [str(theirs.fileno())] + ([str(memory_bytes)] if memory_bytes else [])
        with theirs:
            self.process = subprocess.Popen(
                # -P: a folder of the user's named like one of ours must not be imported instead.
                [sys.executable, "-P", "-m", "benchmark.worker", *arguments],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env=os.environ | _ONE_THREAD | {"PYTHONPATH": path},
            )
        self.connection = Connection(ours.detach())
        self.ready = False
        self._family_seen = 0.0
        self._pin()

    def assign(self, key: CellKey, timeout_s: float | None) -> None:
        """Hand the worker a cell."""
        self.task = Task(key, time.monotonic())
        self.timeout_s = timeout_s
        send(self.connection, "cell", key=key_object(key), timeout_s=timeout_s)

    def read(self) -> dict[str, Any]:
        """Read one message; EOFError where the worker has died."""
        try:
            return receive(self.connection)
        except OSError as error:
            raise EOFError from error

    @property
    def overdue(self) -> bool:
        """Whether the cell has had its time."""
        return (
            self.task is not None
            and self.timeout_s is not None
            and time.monotonic() > self.task.started + self.timeout_s + GRACE_S
        )

    def uses_bytes(self) -> int:
        """Resident memory of the worker; of everything it started too, once a second."""
        import psutil

        total = 0
        with contextlib.suppress(psutil.Error):
            worker = psutil.Process(self.process.pid)
            family = [worker]
            # Listing children walks the whole process table, so it is done less often.
            if time.monotonic() - self._family_seen >= 1.0:
                self._family_seen = time.monotonic()
                family += worker.children(recursive=True)
            for process in family:
                with contextlib.suppress(psutil.Error):
                    total += process.memory_info().rss
        return total

    def kill(self) -> str:
        """End the worker and its whole process tree; return how the worker died."""
        self._kill_tree()
        self.connection.close()
        code = self.process.wait()
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"

    def _kill_tree(self) -> None:
        import psutil

        with contextlib.suppress(psutil.Error, ProcessLookupError):
            worker = psutil.Process(self.process.pid)
            worker.suspend()  # so that it starts nothing while its children are listed
            for child in worker.children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    child.kill()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()

    def _pin(self) -> None:
        with contextlib.suppress(AttributeError, OSError):
            cores = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(self.process.pid, {cores[self.index % len(cores)]})
