"""Solvers that hang, crash, flood or leak: each affects only its own row."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time

import numpy as np

from splitbench.solvers import Solution


def _good(problem):
    return Solution(problem.layers, problem.even_threads())


class Loop:
    """Never answers."""

    name = "loop"

    def solve(self, problem):
        while True:
            pass


class Sleep:
    """Never answers, while it sleeps."""

    name = "sleep"

    def solve(self, problem):
        time.sleep(3600)


class Incumbent:
    """Publishes a good decision and never returns."""

    name = "incumbent"

    def solve(self, problem, context):
        context.publish(_good(problem))
        time.sleep(3600)


class Exit:
    """Ends its process without a message."""

    name = "exit"

    def solve(self, problem):
        os._exit(7)


class Raise:
    """Raises, with text that is markup, HTML, a formula and an escape sequence."""

    name = "raise"

    def solve(self, problem):
        raise RuntimeError("[bold]=1+1 <script>alert(1)</script> \x1b[31mred\nsecond line")


class Eat:
    """Takes all the memory it can get."""

    name = "eat"

    def solve(self, problem):
        kept = []
        while True:
            kept.append(np.ones(4_000_000))


class Flood:
    """Prints without end, then answers."""

    name = "flood"

    def solve(self, problem):
        line = "x" * 10_000
        for _ in range(5_000):
            print(line)
            sys.stderr.write(line)
        return _good(problem)


class Children:
    """Starts processes, one of them in a session of its own, and leaves them running."""

    name = "children"

    def solve(self, problem):
        code = "import time; time.sleep(3600)"
        for new_session in (False, True):
            subprocess.Popen([sys.executable, "-c", code], start_new_session=new_session)
        return _good(problem)


class ExitLeaving:
    """Starts a process in a session of its own and ends its own without a message."""

    name = "exit-leaving"

    def solve(self, problem):
        code = "import time; time.sleep(3600)"
        subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
        os._exit(7)


class ChildThenHang:
    """Starts a process in a session of its own and hangs."""

    name = "child-then-hang"

    def solve(self, problem):
        code = "import time; time.sleep(3600)"
        subprocess.run([sys.executable, "-c", code], start_new_session=True, check=False)


class ForkExit:
    """Forks a copy that lives on, with all that is open, and ends itself."""

    name = "fork-exit"

    def solve(self, problem):
        if os.fork() == 0:
            time.sleep(3600)
        os._exit(7)


class ForkBoth:
    """Forks, and both copies answer."""

    name = "fork-both"

    def solve(self, problem):
        os.fork()
        return _good(problem)


class ForkStorm:
    """Starts a process that forks on and on, each copy in a session of its own, and hangs."""

    name = "fork-storm"

    def solve(self, problem):
        code = (
            "import os, time\n"
            "while True:\n"
            "    if os.fork():\n        os._exit(0)\n"
            "    os.setsid()\n    time.sleep(0.001)  # time.sleep(3600)\n"
        )
        subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
        time.sleep(3600)


class ChildrenEat:
    """Starts two children, in sessions of their own, that take all the memory."""

    name = "children-eat"

    def solve(self, problem):
        code = "import time; kept = bytearray(b'x') * 300_000_000; time.sleep(3600)"
        for _ in range(2):
            subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
        time.sleep(3600)


class Leak:
    """Keeps memory for good, a little in each cell, and changes the directory."""

    name = "leak"
    kept = []  # noqa: RUF012

    def solve(self, problem):
        Leak.kept.append(np.ones(15_000_000))
        os.chdir("/")
        return _good(problem)


class SystemExit0:
    """Takes the harness for its own program."""

    name = "system-exit"

    def solve(self, problem):
        sys.exit(0)


class Segfault:
    """Crashes the interpreter."""

    name = "segfault"

    def solve(self, problem):
        ctypes.string_at(0)


class CloseAll:
    """Closes every file that is open, as daemons do."""

    name = "close-all"

    def solve(self, problem):
        os.closerange(0, 200)
        return _good(problem)


class Scribble:
    """Writes to every file that is open."""

    name = "scribble"

    def solve(self, problem):
        for descriptor in range(3, 20):
            with contextlib.suppress(OSError):
                os.write(descriptor, b"\x7f\xff\xff\xff scribble\n" * 3)
        return _good(problem)


class StopSelf:
    """Stops its process without ending it."""

    name = "stop-self"

    def solve(self, problem):
        os.kill(os.getpid(), signal.SIGSTOP)


class StopParent:
    """Stops the process above it, starts another one and hangs."""

    name = "stop-parent"

    def solve(self, problem):
        code = "import time; time.sleep(3600)"
        subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
        os.kill(os.getppid(), signal.SIGSTOP)
        time.sleep(3600)


class DeafSleep:
    """Ignores every signal that can be ignored, and hangs."""

    name = "deaf"

    def solve(self, problem):
        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        time.sleep(3600)


class StartHangs:
    """Hangs before its first slot."""

    name = "start-hangs"

    def start(self, horizon):
        time.sleep(3600)

    def solve(self, problem):
        return _good(problem)


class Good:
    """Answers as it should."""

    name = "good"

    def solve(self, problem):
        return _good(problem)


class Stateful:
    """Learns from slot to slot: what it does depends on how many slots it saw since its start."""

    name = "stateful"

    def start(self, horizon):
        self.slots = 0

    def solve(self, problem):
        self.slots += 1
        time.sleep(0.02)
        cut = min(self.slots % 3, int(problem.layers.min()))
        return Solution(problem.layers - cut, problem.even_threads())


class KillsDask:
    """Takes the Dask worker above its guard down, every time."""

    name = "kills-dask"

    def solve(self, problem):
        import psutil

        above = psutil.Process().parent().parent()
        if "multiprocessing.spawn" in " ".join(above.cmdline()):
            above.kill()
        time.sleep(3600)
