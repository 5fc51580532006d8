"""The referee's side of a guard: start it, let it fork and kill players, end it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from typing import Any

from splitbench.benchmark.isolation.guard import REPLY
from splitbench.problems import InputError
from splitbench.problems.package_paths import module_command

#: Seconds that a guard has to act. It takes milliseconds; otherwise the referee acts itself.
GUARD_S = 1.0
#: Seconds that a guard has to start.
START_S = 60.0

_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)


class GuardLostError(Exception):
    """The guard does not respond: it has been stopped or killed."""


class GuardProcess:
    """A guard of one player at a time.

    Parameters
    ----------
    core
        The core to pin it and its players to; None leaves them free.
    memory_bytes
        Memory that a player may allocate; None without a limit.

    Raises
    ------
    InputError
        It does not start.
    """

    def __init__(self, core: int | None, memory_bytes: int | None):
        self.folder = tempfile.mkdtemp(prefix="splitbench-")
        self.is_lost = False
        ours, theirs = socket.socketpair()
        arguments = (theirs.fileno(), _or_dash(core), _or_dash(memory_bytes), self.folder)
        with theirs:
            self._process = subprocess.Popen(
                [*module_command("splitbench.benchmark.isolation.guard"), *map(str, arguments)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
                env=one_thread_each(),
            )
        self._control = ours
        self._status: int | None = None
        try:
            self._answer(b"R", START_S)
        except GuardLostError:
            words = self._last_words()
            self.close()
            raise InputError(
                f"players do not start ({words}); expected a larger --memory, or an installation "
                "in which `python -m splitbench` runs"
            ) from None

    def fork(self, end: socket.socket, output: int) -> int:
        """Fork a player with its socket and its output; return its process id.

        Raises
        ------
        GuardLostError
            The guard does not answer.
        """
        self._status = None
        try:
            socket.send_fds(self._control, [b"F"], [end.fileno(), output])
        except OSError as error:
            raise GuardLostError from error
        return self._answer(b"P")

    def count(self) -> int:
        """Return how many processes the player has left running."""
        return self._told(b"C")

    def kill(self) -> None:
        """End the player and everything it started."""
        self._told(b"K")

    def how_it_ended(self) -> str:
        """Say how a player whose socket is closed has ended; kill it if it still runs."""
        if self._status is None:
            with contextlib.suppress(GuardLostError):
                self._answer(b"S", GUARD_S)
        if self._status is None:
            return "the player closed its connection to the referee"
        code = os.waitstatus_to_exitcode(self._status)
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        return f"the process ended by itself ({how})"

    def descendants(self) -> list[Any]:
        """Return the processes below the guard, as psutil knows them."""
        import psutil

        with contextlib.suppress(psutil.Error):
            return list(psutil.Process(self._process.pid).children(recursive=True))
        return []

    def close(self) -> None:
        """End the guard and everything below it."""
        self._control.close()  # the guard notices, kills its descendants and ends
        try:
            self._process.wait(GUARD_S)
        except subprocess.TimeoutExpired:
            self._kill_tree()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        assert self._process.stderr is not None
        self._process.stderr.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _told(self, command: bytes) -> int:
        """Send a command and return the answer's number; raise GuardLostError without an answer."""
        try:
            self._control.sendall(command)
            return self._answer(command)
        except (OSError, GuardLostError):
            self.is_lost = True
            self.close()
            return 0

    def _answer(self, letter: bytes, patience_s: float = GUARD_S) -> int:
        """Wait for an answer; record the guard's own messages in between."""
        self._control.settimeout(patience_s)
        try:
            while data := self._control.recv(REPLY.size, socket.MSG_WAITALL):
                found, number = REPLY.unpack(data)
                if found == b"S":
                    self._status = number
                if found == letter:
                    return int(number)
        except (OSError, ValueError) as error:  # no answer, or the guard is closed already
            raise GuardLostError from error
        raise GuardLostError

    def _kill_tree(self) -> None:
        """Kill a guard that does not respond, and all its descendants."""
        import psutil

        with contextlib.suppress(psutil.Error):
            psutil.Process(self._process.pid).suspend()  # orphans still become its children
        give_up = time.monotonic() + GUARD_S
        while (family := _running(self.descendants())) and time.monotonic() < give_up:
            for child in family:
                with contextlib.suppress(psutil.Error):
                    child.kill()
        self._process.kill()

    def _last_words(self) -> str:
        assert self._process.stderr is not None
        self._process.kill()
        lines = self._process.stderr.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else f"exit status {self._process.returncode}"


def _running(processes: list[Any]) -> list[Any]:
    """Return the processes that still run; a stopped guard does not reap the others."""
    import psutil

    running = []
    for process in processes:
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE:
                running.append(process)
    return running


def _or_dash(value: int | None) -> int | str:
    return "-" if value is None else value


def one_thread_each() -> dict[str, str]:
    """Return an environment in which numerical libraries use one thread."""
    return os.environ | _ONE_THREAD
