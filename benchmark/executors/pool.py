"""Run cells on several referee processes of this machine."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import time
from collections import deque
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection, wait

from splitbench.benchmark.isolation.cell_runner import Finished
from splitbench.benchmark.isolation.cores import take_core
from splitbench.benchmark.isolation.guard_process import one_thread_each
from splitbench.benchmark.isolation.limits import Limits
from splitbench.benchmark.referee.cell import failed_cell
from splitbench.problems import InputError
from splitbench.problems.package_paths import module_command
from splitbench.problems.status import Status
from splitbench.results import CellKey

#: Consecutive failed starts of referees after which a run ends.
START_FAILURES = 3
#: Seconds that a referee has to end itself and its player.
CLOSE_S = 3.0


class RefereeProcess:
    """The harness's side of one referee."""

    def __init__(self, limits: Limits, core: int | None):
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [
                    *module_command("splitbench.benchmark.executors.referee_process"),
                    str(theirs.fileno()),
                    "-" if core is None else str(core),
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env=one_thread_each(),
            )
        self.connection = Connection(ours.detach())
        self.ready = False
        self.key: CellKey | None = None
        self.started = 0.0
        self.connection.send(limits)

    def assign(self, key: CellKey) -> None:
        """Send it a cell."""
        self.key, self.started = key, time.monotonic()
        with contextlib.suppress(OSError):  # it has died; reading from it reports this
            self.connection.send(key)

    def close(self) -> None:
        """Ask it to end itself and its player."""
        with contextlib.suppress(OSError):
            self.connection.close()

    def ended(self) -> str:
        """Wait until it has ended; return its exit status in words."""
        try:
            code = self.process.wait(CLOSE_S)
        except subprocess.TimeoutExpired:  # it computes a reference, say; its guard ends the rest
            self.process.kill()
            code = self.process.wait()
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


class Pool:
    """Referees that run many cells each; one that ends is replaced.

    Use as a context manager: leaving it ends every process that was started.
    """

    def __init__(self, jobs: int, limits: Limits):
        self.limits = limits
        self._start_failures = 0
        self._cores = [take_core() for _ in range(jobs)]
        self._referees = [self._start(index) for index in range(jobs)]

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End every process that was started."""
        for referee in self._referees:
            referee.close()
        for referee in self._referees:
            referee.ended()
        for core in self._cores:
            if core is not None:
                core.give_back()
        self._referees, self._cores = [], []

    @property
    def jobs(self) -> int:
        """Cells run at a time."""
        return len(self._referees)

    @property
    def at_work(self) -> list[tuple[CellKey, float] | None]:
        """The cell of each referee and its start time, None for an idle one."""
        return [None if one.key is None else (one.key, one.started) for one in self._referees]

    def run(self, keys: Sequence[CellKey]) -> Iterator[Finished]:
        """Run cells, yielding each as it ends, in no particular order.

        Raises
        ------
        InputError
            Referees or players do not start.
        """
        waiting, left = deque(keys), len(keys)
        while left:
            for referee in self._referees:
                if waiting and referee.ready and referee.key is None:
                    referee.assign(waiting.popleft())
            for connection in wait([one.connection for one in self._referees]):
                index = next(
                    n for n, one in enumerate(self._referees) if one.connection is connection
                )
                finished = self._heard(index)
                if finished is not None:
                    left -= 1
                    yield finished

    def _start(self, index: int) -> RefereeProcess:
        core = self._cores[index]
        return RefereeProcess(self.limits, None if core is None else core.number)

    def _heard(self, index: int) -> Finished | None:
        referee = self._referees[index]
        try:
            heard = referee.connection.recv()
        except (EOFError, OSError):
            return self._died(index)
        if isinstance(heard, Finished):
            referee.key = None
            return heard
        if isinstance(heard, InputError):
            raise heard
        referee.ready, self._start_failures = True, 0
        return None

    def _died(self, index: int) -> Finished | None:
        """Replace a referee that has ended; its cell, if it had one, is an error."""
        referee = self._referees[index]
        referee.close()
        how = referee.ended()
        self._referees[index] = self._start(index)
        self._start_failures += not referee.ready
        if self._start_failures >= START_FAILURES:
            raise InputError(
                f"workers do not start ({how}); expected a larger --memory, or an installation "
                "in which `python -m splitbench` runs"
            )
        if referee.key is None:
            return None
        why = f"the referee's process was ended ({how})"
        record = failed_cell(referee.key, Status.ERROR, why, self.limits.timeout_s)
        return Finished(record, time.monotonic() - referee.started)
