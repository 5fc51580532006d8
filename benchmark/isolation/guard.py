"""A process between harness and worker that ends all a worker started, however either dies.

Started as `python -m splitbench.benchmark.isolation.guard SOCKET CORE MEMORY`. It forks the worker
and then only
watches: where the worker ends (exits, crashes, is killed) or the harness is gone, it kills every
descendant, those in sessions of their own and the orphaned ones among them, which become its
children. It leaves the way the worker did, so that the harness learns how that was.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def main(arguments: list[str]) -> None:
    """Fork the worker, watch, clean up; CORE and MEMORY may be `-`."""
    connection, core, memory = int(arguments[0]), arguments[1], arguments[2]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the harness's business
    adopt_orphans()
    if core != "-":
        with contextlib.suppress(AttributeError, OSError):
            os.sched_setaffinity(0, {int(core)})
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    guard = os.getpid()
    worker = os.fork()
    if worker == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(woken)
        os.close(wake)
        _be_worker(connection, memory, guard)
        return
    status = _watch(connection, woken, worker)
    end_children()
    _leave(status)


def adopt_orphans() -> None:
    """Become the parent of descendants whose parent ends before them (Linux)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_children() -> int:
    """Kill and reap every descendant; return how many there were."""
    ended = 0
    while children := _children():
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)
            ended += 1
    return ended


def _be_worker(connection: int, memory: str, guard: int) -> None:
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != guard:  # it died before that
        os._exit(1)
    if memory != "-":
        limit_memory(int(memory))
    from splitbench.benchmark.isolation.worker import serve

    serve(connection)


def limit_memory(limit_bytes: int) -> None:
    """Let allocations beyond the limit fail in this process (MemoryError in Python)."""
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (limit_bytes, limit_bytes))


def _watch(connection: int, woken: int, worker: int) -> int | None:
    """Wait until the worker has ended, and return its status, or the harness is gone: None."""
    poll = select.poll()
    poll.register(woken, select.POLLIN)
    poll.register(connection, 0)  # nothing but the other end's closing
    while True:
        for descriptor, _ in poll.poll():
            if descriptor == connection:
                return None
            os.read(woken, 4096)
            status = _reap(worker)
            if status is not None:
                return status


def _reap(worker: int) -> int | None:
    """Reap orphans that have ended; return the worker's status where it is among them."""
    found = None
    with contextlib.suppress(ChildProcessError):
        while True:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child == 0:
                break
            if child == worker:
                found = status
    return found


def _leave(status: int | None) -> None:
    if status is not None and os.WIFSIGNALED(status):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        number = os.WTERMSIG(status)
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(0 if status is None else os.waitstatus_to_exitcode(status))


def _children() -> list[int]:
    tasks = Path("/proc/self/task")
    if not tasks.exists():
        import psutil

        return [child.pid for child in psutil.Process().children()]
    found = []
    for task in tasks.iterdir():
        with contextlib.suppress(OSError):
            found += [int(pid) for pid in (task / "children").read_text().split()]
    return found


def _prctl(option: int, value: int) -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
