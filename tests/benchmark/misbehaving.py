"""Solvers that hang, die, flood, grow and lie: each must become its own row, and only that."""

import os
import subprocess
import sys
import time

import numpy as np

from solvers import Solution, Status


def _good(problem):
    return Solution(problem.layers, problem.even_threads())


class Loop:
    """Never answers."""

    name = "loop"

    def solve(self, problem):
        while True:
            pass


class Sleep:
    """Never answers, and lets the interpreter rest."""

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
    """Ends its process without a word."""

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


class Liar:
    """Claims its mediocre decision optimal, with a bound below what can be had."""

    name = "liar"

    def solve(self, problem):
        return Solution(
            np.zeros(len(problem), dtype=int), problem.even_threads(), Status.OPTIMAL, bound=-100.0
        )


class Overspend:
    """Hands out twice the threads there are and calls it relaxed."""

    name = "overspend"

    def solve(self, problem):
        return Solution(problem.layers, 2 * problem.even_threads(), relaxes=("threads_sum",))


class Words:
    """Answers with something that is no Solution."""

    name = "words"

    def solve(self, problem):
        return "local, please"


class Tamper:
    """Tries to change the problem it was given."""

    name = "tamper"

    def solve(self, problem):
        problem.battery_j[:] = 1e9
        return _good(problem)


class Good:
    """Answers as it should."""

    name = "good"

    def solve(self, problem):
        return _good(problem)
