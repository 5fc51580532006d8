"""Guard: forks players one at a time, and kills a player's whole process tree when told to.

Started as `python -m splitbench.benchmark.isolation.guard SOCKET CORE MEMORY FOLDER`. It imports
what players need once, so that a new player only needs a fork. Orphans of a player become its
children, even from other sessions. When the referee ends, the guard kills them all, removes FOLDER
(the temporary directory of its players), and ends.

Commands on SOCKET are one byte, answers a byte and a number:

    F   with two descriptors, a player's socket and its output: fork it; answer P, its process id
    C   count the descendants besides the player that run; answer C, the count
    K   kill everything; answer K, 0

An S with the wait status is sent unasked when the player has ended and its tree is killed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import shutil
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import NoReturn

from splitbench.benchmark.isolation.sandbox import adopt_orphans, die_with_parent, limit_memory

#: An answer: its letter and a number.
REPLY = struct.Struct("<ci")


class Guard:
    """The loop of the guard.

    Parameters
    ----------
    control
        The referee's socket.
    memory_bytes
        Memory that a player may allocate; None without a limit.
    folder
        Temporary directory of the players.
    """

    def __init__(self, control: socket.socket, memory_bytes: int | None, folder: str):
        self._control, self._memory_bytes, self._folder = control, memory_bytes, folder
        self._player = 0
        self._woken, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def run(self) -> None:
        """Execute commands until the referee ends."""
        self._reply(b"R", 0)
        while True:
            ready, _, _ = select.select([self._control.fileno(), self._woken], [], [])
            if self._woken in ready:
                os.read(self._woken, 4096)
                self._reap()
            if self._control.fileno() in ready and not self._obey():
                break
        kill_descendants()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _obey(self) -> bool:
        """Execute one command; False if the referee has ended."""
        try:
            command, descriptors, _, _ = socket.recv_fds(self._control, 1, 2)
        except OSError:
            return False
        if command == b"F":
            self._fork(*descriptors)
        elif command == b"C":
            self._reply(b"C", sum(pid != self._player for pid in descendants()))
        elif command == b"K":
            kill_descendants()
            self._player = 0
            self._reply(b"K", 0)
        return bool(command)

    def _fork(self, end: int, output: int) -> None:
        guard = os.getpid()
        self._player = os.fork()
        if self._player == 0:
            self._be_player(end, output, guard)
        os.close(end)
        os.close(output)
        self._reply(b"P", self._player)

    def _be_player(self, end: int, output: int, guard: int) -> NoReturn:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        die_with_parent()
        if os.getppid() != guard:  # the guard died before the call
            os._exit(1)
        _keep_only(end, output)
        if self._memory_bytes is not None:
            limit_memory(self._memory_bytes)
        from splitbench.benchmark.isolation.player_process import serve

        try:
            serve(socket.socket(fileno=_PLAYERS_END))
        finally:  # whatever happened: a player must never run the guard's code
            os._exit(1)

    def _reap(self) -> None:
        """Reap ended processes; if the player is among them, kill its descendants and report it."""
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
                pid, status = ended
                if pid == self._player:
                    kill_descendants()
                    self._player = 0
                    self._reply(b"S", status)

    def _reply(self, letter: bytes, number: int) -> None:
        with contextlib.suppress(OSError):
            self._control.sendall(REPLY.pack(letter, number))


#: Number of a player's socket, after its standard streams.
_PLAYERS_END = 3
#: Upper limit of the descriptors that a guard has open.
_MOST_OPEN = 1024


def _keep_only(end: int, output: int) -> None:
    """Close all descriptors but the player's socket and its output (stdout and stderr)."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    kept = [fcntl.fcntl(one, fcntl.F_DUPFD, 100) for one in (nothing, output, output, end)]
    for number, descriptor in enumerate(kept):
        os.dup2(descriptor, number)
    os.closerange(_PLAYERS_END + 1, _MOST_OPEN)


def kill_descendants() -> None:
    """Kill and reap every descendant."""
    while children := _children("self"):
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)


def descendants() -> list[int]:
    """Return the process ids of all descendants that have not ended."""
    found, waiting = list[int](), _children("self")
    while waiting:
        pid = waiting.pop()
        waiting += _children(str(pid))
        if not _has_ended(pid):
            found.append(pid)
    return found


def _children(process: str) -> list[int]:
    tasks = Path(f"/proc/{process}/task")
    if not Path("/proc/self/task").exists():
        import psutil

        parent = psutil.Process(os.getpid() if process == "self" else int(process))
        return [child.pid for child in parent.children()]
    found = []
    with contextlib.suppress(OSError):
        for task in tasks.iterdir():
            with contextlib.suppress(OSError):
                found += [int(pid) for pid in (task / "children").read_text().split()]
    return found


def _has_ended(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return not Path("/proc/self/stat").exists()
    return state in "ZX"


def main(arguments: list[str]) -> None:
    """Prepare and run the guard; CORE and MEMORY may be `-`."""
    end, core, memory, folder = arguments
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # only the harness handles Ctrl-C
    adopt_orphans()
    if core != "-":
        with contextlib.suppress(AttributeError, OSError):
            os.sched_setaffinity(0, {int(core)})
    from splitbench.benchmark.isolation.player_process import load_what_players_need

    load_what_players_need()
    Guard(socket.socket(fileno=int(end)), None if memory == "-" else int(memory), folder).run()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
