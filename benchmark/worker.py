"""A worker process: solves one cell after another, apart from the harness.

Started as `python -m benchmark.worker FD`. Whatever a solver does to its process (prints without
end, exits, eats memory, leaves children) it does here. Results go back over the socket FD only;
the standard streams lead nowhere.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmark.messages import (
    key_from,
    receive,
    record_object,
    send,
    solution_object,
)

#: How often the machine's own speed is looked at.
REFERENCE_EVERY_S = 60.0

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def main(arguments: list[str]) -> None:
    """Serve cells until the harness closes the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the harness's business
    connection = Connection(int(arguments[0]))
    _bind_to_harness()
    if len(arguments) > 1:
        limit_memory(int(arguments[1]))
    from benchmark.episode import Observer
    from benchmark.execute import run_cell

    class Reporter(Observer):
        """Tells the harness each decision as it falls: it survives a kill."""

        reference_s = 0.0

        def incumbent(self, slot: int, solution: Any) -> None:
            send(connection, "incumbent", slot=slot, solution=solution_object(solution))

        def slot(self, index: int, run: Any) -> None:
            self.reference_s += run.reference_s
            send(
                connection,
                "slot",
                slot=index,
                solution=solution_object(run.solution),
                seconds=run.seconds,
            )

    send(connection, "ready")
    reference_cell = ReferenceCell()
    while True:
        try:
            message = receive(connection)
        except (EOFError, OSError):
            return
        reporter = Reporter()
        record = run_cell(key_from(message["key"]), reporter, message["timeout_s"])
        record.reference_cell_s = reference_cell.latest_s()
        left = end_children()
        if left:
            record.claims.append(f"left {left} child process(es) behind; they were ended")
        send(connection, "done", record=record_object(record), reference_s=reporter.reference_s)


class ReferenceCell:
    """The time of work that never changes, taken anew once a minute between cells."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._due = 0.0

    def latest_s(self) -> float:
        """Return seconds of the reference cell, at most a minute and a cell old."""
        if time.monotonic() >= self._due:
            from benchmark.drift import reference_cell_seconds

            self._seconds = reference_cell_seconds()
            self._due = time.monotonic() + REFERENCE_EVERY_S
        return self._seconds


def limit_memory(limit_bytes: int) -> None:
    """Let allocations beyond the limit fail in this process (MemoryError in Python)."""
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (limit_bytes, limit_bytes))


def end_children() -> int:
    """Kill and reap whatever processes the solver left behind; return how many."""
    ended = 0
    while children := _children():
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)
            ended += 1
    return ended


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


def _bind_to_harness() -> None:
    """Die with the harness, and become the parent of daemonised grandchildren (Linux)."""
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        library.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
