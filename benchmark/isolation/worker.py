"""A worker process: solves one cell after another, apart from the harness.

Whatever a solver does to its process (prints without end, exits, eats memory, forks, leaves
children and threads) it does here, below a guard (`benchmark.isolation.guard`). Results go back
over the
socket only; the standard streams lead nowhere.
"""

from __future__ import annotations

import os
import resource
import socket
import sys
import threading
import time
from typing import Any

from splitbench.benchmark.isolation.framing import Channel
from splitbench.benchmark.isolation.guard import adopt_orphans, end_children
from splitbench.benchmark.isolation.messages import (
    key_from,
    record_object,
    reference_object,
    solution_object,
)
from splitbench.benchmark.referee.episode import Observer, SlotRun
from splitbench.benchmark.runs.environment import environment
from splitbench.benchmark.runs.execute import run_cell
from splitbench.results import CellRecord
from splitbench.solvers import Solution, Status
from splitbench.solvers.discovery import find

#: How often the machine's own speed is looked at.
REFERENCE_EVERY_S = 60.0


def serve(connection: int) -> None:
    """Serve cells until the harness closes the connection."""
    adopt_orphans()
    channel = Channel(socket.socket(fileno=connection))
    reference_cell, here = ReferenceCell(), os.getcwd()
    _load_what_cells_need(reference_cell)
    channel.send("ready", pid=os.getpid(), uses_bytes=resident_bytes())
    while True:
        try:
            message = channel.receive()
        except (EOFError, OSError):
            return
        _serve_one(channel, message, reference_cell)
        os.chdir(here)  # a solver may have gone elsewhere; names of files are relative to here


def _load_what_cells_need(reference_cell: ReferenceCell) -> None:
    """Load before the first cell's clock starts what it would otherwise be charged for."""
    find()
    environment()
    reference_cell.latest_s()


def _serve_one(channel: Channel, message: dict[str, Any], reference_cell: ReferenceCell) -> None:
    threads = set(threading.enumerate())
    reporter = Reporter(channel)
    started = time.perf_counter()
    answer = _answer(message, reporter)
    inside_s = time.perf_counter() - started
    if not reporter.at_home:  # a solver forked, and this is the copy: it must not answer too
        os._exit(0)
    reporter.close()
    children = end_children()
    if isinstance(answer, CellRecord):
        answer.reference_cell_s = reference_cell.latest_s()
        if children:
            left = f"left {children} child process(es) behind; they were ended"
            answer.note = "; ".join(filter(None, [answer.note, left]))
        content = {
            "record": record_object(answer),
            "inside_s": inside_s,
            "reference_s": reporter.reference_s,
        }
    else:
        content = {"status": answer[0], "why": answer[1]}
    threads_left = len(set(threading.enumerate()) - threads)
    channel.send("done", **content, uses_bytes=resident_bytes(), threads_left=threads_left)


def _answer(message: dict[str, Any], reporter: Reporter) -> CellRecord | tuple[str, str]:
    """Run a cell; where nobody caught what was raised, return the status and why."""
    try:
        return run_cell(key_from(message["key"]), reporter, message["timeout_s"])
    except MemoryError:
        return str(Status.MEMORY), "out of memory"
    except BaseException as error:  # a plug-in may raise SystemExit
        return str(Status.ERROR), f"{type(error).__name__}: {error}".removesuffix(": ")


class Reporter(Observer):
    """Tells the harness each decision as it falls: it survives a kill.

    What threads or copies of this process that a solver left behind still publish is not taken
    for a later slot's.
    """

    def __init__(self, channel: Channel):
        self.reference_s = 0.0
        self._channel = channel
        self._home = os.getpid()
        self._lock = threading.Lock()
        self._slot: int | None = None
        self._closed = False

    @property
    def at_home(self) -> bool:
        """Whether this is the process that was given the cell, no copy of it."""
        return os.getpid() == self._home

    def close(self) -> None:
        """Say nothing any more."""
        with self._lock:
            self._closed = True

    def begins(self, slot: int) -> None:
        """Take incumbents of this slot from now on."""
        self._slot = slot

    def incumbent(self, slot: int, solution: Solution) -> None:
        """Pass an incumbent on."""
        with self._lock:
            if self.at_home and not self._closed and slot == self._slot:
                self._channel.send("incumbent", slot=slot, solution=solution_object(solution))

    def slot(self, index: int, run: SlotRun) -> None:
        """Pass a slot's decision on, with what replaying it would take long to find."""
        if not self.at_home:
            os._exit(0)
        self.reference_s += run.reference_s
        with self._lock:
            self._slot = None
            self._channel.send(
                "slot",
                slot=index,
                solution=solution_object(run.solution),
                seconds=run.seconds,
                reference=reference_object(run.reference),
            )


class ReferenceCell:
    """The time of work that never changes, taken anew once a minute between cells."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._due = 0.0

    def latest_s(self) -> float:
        """Return seconds of the reference cell, at most a minute and a cell old."""
        if time.monotonic() >= self._due:
            from splitbench.benchmark.runs.drift import reference_cell_seconds

            self._seconds = reference_cell_seconds()
            self._due = time.monotonic() + REFERENCE_EVERY_S
        return self._seconds


def resident_bytes() -> int:
    """Return the resident memory of this process (where there is no /proc: its peak so far)."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak * (1 if sys.platform == "darwin" else 1024)
