"""The harness's side of one worker: start it, hand it cells, end it and all it started."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from typing import Any

from splitbench.benchmark.isolation.cores import Core
from splitbench.benchmark.isolation.framing import Channel
from splitbench.benchmark.isolation.messages import key_object
from splitbench.benchmark.referee.partial_record import Task
from splitbench.problems.package_paths import module_command
from splitbench.results import CellKey
from splitbench.results.bounds import SOLVER_CODE
from splitbench.solvers.solver_spec import parse_solver

#: A solver that watches the clock is given this long beyond its limit before it is killed.
GRACE_S = 0.5
#: The guard ends a worker within milliseconds; if it does not, the harness does so itself.
GUARD_S = 1.0
#: Share of the memory limit that cells may leave behind before their worker is replaced.
LEFT_BEHIND = 0.25

_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)


class WorkerProcess:
    """A worker process below its guard, with its threads pinned.

    Parameters
    ----------
    index
        Number of the worker in its pool.
    memory_bytes
        Memory that the worker and its children may use.
    core
        The core to pin it to; None leaves it free.
    """

    def __init__(self, index: int, memory_bytes: int | None, core: Core | None):
        self.index = index
        self.memory_bytes = memory_bytes
        self.task: Task | None = None
        self.timeout_s: float | None = None
        self.ready = False
        self._pid: int | None = None
        self._uses_bytes_new = 0
        self._last: CellKey | None = None
        self._spoiled = False
        self._family_seen = 0.0
        ours, theirs = socket.socketpair()
        self.channel = Channel(ours)
        with theirs:
            self.process = _start(theirs, core, memory_bytes)

    def is_up(self, message: dict[str, Any]) -> None:
        """Take note of what a worker says of itself when it has come up."""
        self.ready = True
        self._pid = message["pid"]
        self._uses_bytes_new = message["uses_bytes"]

    def assign(self, key: CellKey, timeout_s: float | None) -> None:
        """Hand the worker a cell; its clock starts now."""
        now = time.monotonic()
        self.task = Task(key, now, now)
        self.timeout_s = timeout_s
        with contextlib.suppress(OSError):  # it has died: reading from it will say so
            self.channel.send("cell", key=key_object(key), timeout_s=timeout_s)

    def is_done(self, message: dict[str, Any]) -> None:
        """Take note of what the cell left behind in the process."""
        assert self.task is not None
        self._last, self.task = self.task.key, None
        grown = message["uses_bytes"] - self._uses_bytes_new
        limit = self.memory_bytes
        leaks = limit is not None and grown > LEFT_BEHIND * limit
        self._spoiled = leaks or message["threads_left"] > 0

    def fit_for(self, key: CellKey) -> bool:
        """Whether nothing that ran in this process can touch the result of `key`.

        Code from a file may have changed anything in its process: no other solver's cell runs
        there after it, nor the same solver's once its code has changed. What grows, or runs on in
        a thread, is a burden for every cell.
        """
        if self._spoiled or self._last is None:
            return not self._spoiled
        last, own = (one.code.partition(SOLVER_CODE)[2] for one in (self._last, key))
        foreign = any(half.path for half in parse_solver(self._last.solver))
        return not foreign or (self._last.solver == key.solver and last == own)

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
            worker = psutil.Process(self._pid)
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
        self.channel.close()  # the guard sees it and ends them all
        code = self._wait(GUARD_S)
        if code is None:
            self._kill_tree()
            code = self._wait(GUARD_S)
        if code is None:
            return "it cannot be killed"
        if code == -signal.SIGKILL:  # the guard itself may have been killed, before it was done
            self._kill_group()
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"

    def _wait(self, patience_s: float) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(patience_s)
        return None

    def _kill_tree(self) -> None:
        """Do the guard's work where somebody has stopped or hampered it."""
        import psutil

        with contextlib.suppress(psutil.Error):
            guard = psutil.Process(self.process.pid)
            guard.suspend()  # orphans still become its children
            give_up = time.monotonic() + GUARD_S
            while (family := _alive(guard)) and time.monotonic() < give_up:
                for child in family:
                    with contextlib.suppress(psutil.Error):
                        child.kill()
        self._kill_group()
        self.process.kill()

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)


def _alive(guard: Any) -> list[Any]:
    """Descendants that have not ended; a stopped guard does not reap those that have."""
    import psutil

    alive = []
    for child in guard.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if child.status() != psutil.STATUS_ZOMBIE:
                alive.append(child)
    return alive


def _start(
    theirs: socket.socket, core: Core | None, memory_bytes: int | None
) -> subprocess.Popen[bytes]:
    arguments = (theirs.fileno(), "-" if core is None else core.number, memory_bytes or "-")
    return subprocess.Popen(
        [*module_command("splitbench.benchmark.isolation.guard"), *map(str, arguments)],
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=module_environment(),
    )


def module_environment() -> dict[str, str]:
    """Return the environment of a process of ours: one thread each."""
    return os.environ | _ONE_THREAD
