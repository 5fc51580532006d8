"""Solvers that attack processes, files or the terminal. See `test_hostile`."""

import atexit
import os
import signal
import socket
import sys
import threading
import time

from splitbench import Solution

#: The player's socket.
SOCKET = 3
TARGET = os.environ.get("SPLITBENCH_TEST_TARGET", "")


def good(problem, **claims):
    """Return a feasible decision."""
    return Solution(problem.layers, problem.even_threads(), **claims)


class Daemon:
    """Leaves a daemon in a session of its own, with everything closed."""

    name = "daemon"

    def solve(self, problem):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.closerange(0, 100)
                os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(3600)"])
            os._exit(0)
        time.sleep(0.2)
        return good(problem)


class EndlessOutput:
    """Prints without end."""

    name = "endless-output"

    def solve(self, problem):
        while True:
            os.write(1, b"x" * 65536)


class PrintsAndFails:
    """Prints something, and raises."""

    name = "prints-and-fails"

    def solve(self, problem):
        print("on the way to failure")
        os.write(2, b"from below Python\n")
        raise ValueError("as announced")


class Breakpoint:
    """Starts a debugger where there is no terminal."""

    name = "breakpoint"

    def solve(self, problem):
        breakpoint()
        return good(problem)


class AsksForInput:
    """Reads from a terminal that is not there."""

    name = "asks-for-input"

    def solve(self, problem):
        input("how many threads? ")
        return good(problem)


class SetsTrace:
    """Starts a debugger in the old way."""

    name = "sets-trace"

    def solve(self, problem):
        import pdb

        pdb.set_trace()
        return good(problem)


class WritesTarget:
    """Overwrites a file of the user's, such as the store."""

    name = "writes-target"

    def solve(self, problem):
        with open(TARGET, "r+b") as file:
            file.write(b"spoiled" * 1000)
        return good(problem)


class DeletesTarget:
    """Changes the directory and deletes what is there."""

    name = "deletes-target"

    def solve(self, problem):
        os.chdir(os.path.dirname(TARGET))
        for name in os.listdir("."):
            os.remove(name)
        return good(problem)


class MovesTarget:
    """Moves a file of the user's into its temporary directory."""

    name = "moves-target"

    def solve(self, problem):
        os.rename(TARGET, os.path.join(os.environ["TMPDIR"], "mine"))
        return good(problem)


class UsesTemporary:
    """Writes where it may: in its temporary directory, and leaves it full."""

    name = "uses-temporary"

    def solve(self, problem):
        import tempfile

        with tempfile.NamedTemporaryFile("w", delete=False) as file:
            file.write("x" * 1000)
        return good(problem)


class ChangesDirectory:
    """Goes elsewhere and stays there."""

    name = "changes-directory"

    def solve(self, problem):
        os.chdir("/")
        return good(problem)


class AtExit:
    """Would hang, or print, when its process ends."""

    name = "at-exit"

    def solve(self, problem):
        atexit.register(lambda: time.sleep(3600))
        return good(problem)


class LeavesThreads:
    """Leaves threads that never end."""

    name = "leaves-threads"

    def solve(self, problem):
        for _ in range(3):
            threading.Thread(target=time.sleep, args=(3600,)).start()
        return good(problem)


class KillsItself:
    """Ends by the signal that cannot be caught."""

    name = "kills-itself"

    def solve(self, problem):
        os.kill(os.getpid(), signal.SIGKILL)


class KillsGuard:
    """Kills the process above it."""

    name = "kills-guard"

    def solve(self, problem):
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(1.0)
        return good(problem)


class KillsReferee:
    """Kills the referee above its guard."""

    name = "kills-referee"

    def solve(self, problem):
        with open(f"/proc/{os.getppid()}/stat") as stat:
            referee = int(stat.read().rpartition(")")[2].split()[1])
        os.kill(referee, signal.SIGKILL)
        return good(problem)


class WritesMemory:
    """Opens the memory of the process above it."""

    name = "writes-memory"

    def solve(self, problem):
        with open(f"/proc/{os.getppid()}/mem", "r+b"):
            pass
        return good(problem)


class ClosesSocket:
    """Shuts its connection down and lives on."""

    name = "closes-socket"

    def solve(self, problem):
        socket.socket(fileno=os.dup(SOCKET)).shutdown(socket.SHUT_RDWR)
        time.sleep(3600)


class StopsItself:
    """Stops, without ending."""

    name = "stops-itself"

    def solve(self, problem):
        os.kill(os.getpid(), signal.SIGSTOP)


class EatsMemory:
    """Takes all the memory it can get, in a child."""

    name = "eats-memory"

    def solve(self, problem):
        if os.fork() == 0:
            kept = []
            while True:
                try:
                    kept.append(bytearray(b"x") * 2**24)
                except MemoryError:
                    time.sleep(3600)
        time.sleep(3600)


class Interrupts:
    """Raises what Ctrl-C raises."""

    name = "interrupts"

    def solve(self, problem):
        raise KeyboardInterrupt


class HidesTraceback:
    """Raises an exception whose text raises."""

    name = "hides-traceback"

    def solve(self, problem):
        class HiddenError(Exception):
            def __str__(self):
                raise RuntimeError("no text")

        raise HiddenError


class Recurses:
    """Calls itself without end."""

    name = "recurses"

    def solve(self, problem):
        return self.solve(problem)
