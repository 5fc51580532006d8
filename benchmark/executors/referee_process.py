"""A process that runs cells for the harness: the referee, which never imports a plug-in.

Started as `python -m splitbench.benchmark.executors.referee_process SOCKET CORE MEMORY`. Harness
and referee trust each other: they exchange pickled objects.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from multiprocessing.connection import Connection

from splitbench.benchmark.isolation.cell_runner import CellRunner, Finished
from splitbench.benchmark.isolation.limits import Limits
from splitbench.benchmark.isolation.remote_player import AbandonedError
from splitbench.benchmark.isolation.sandbox import limit_memory
from splitbench.benchmark.referee.cell import failed_cell
from splitbench.problems import InputError
from splitbench.problems.status import Status
from splitbench.results import CellKey


def serve(harness: Connection, core: int | None) -> None:
    """Run the cells that the harness sends, until it closes the connection."""
    limits: Limits = harness.recv()
    if limits.memory_bytes is not None:
        limit_memory(limits.memory_bytes)  # a reference that is too large is a MemoryError
    runner = CellRunner(limits, core, harness.fileno())
    try:
        runner.prepare()
        harness.send("ready")
        while True:
            harness.send(run(runner, harness.recv(), limits))
    except (EOFError, OSError, AbandonedError):
        pass  # the harness has ended, or no longer waits for the cell
    except InputError as error:
        harness.send(error)
    finally:
        runner.close()


def run(runner: CellRunner, key: CellKey, limits: Limits) -> Finished:
    """Run a cell; an error of the harness makes the cell fail, but does not end the run."""
    try:
        return runner.run(key)
    except InputError:
        raise
    except Exception as error:
        why = f"error of the harness, please report it: {type(error).__name__}: {error}"
        record = failed_cell(key, Status.ERROR, why, limits.timeout_s)
        record.traceback = traceback.format_exc()
        return Finished(record, 0.0)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # only the harness handles Ctrl-C
    end, pinned = sys.argv[1:]
    number = None if pinned == "-" else int(pinned)
    if number is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {number})
    serve(Connection(int(end)), number)
    os._exit(0)
