"""Solvers with unusable answers or false claims: each affects only its own row."""

import threading
import time

import numpy as np

from splitbench.solvers import Solution, Status


def _good(problem):
    return Solution(problem.layers, problem.even_threads())


class LateThread:
    """Answers once, and leaves a thread that publishes bad incumbents for ever; then hangs."""

    name = "late-thread"
    context = None

    def solve(self, problem, context):
        if self.context is not None:
            time.sleep(3600)
        self.context = context
        bad = Solution(np.zeros(len(problem), dtype=int), problem.even_threads())

        def go_on():
            while True:
                time.sleep(0.001)
                context.publish(bad)

        threading.Thread(target=go_on, daemon=True).start()
        return _good(problem)


class OddIncumbent:
    """Publishes what is no decision, and would hang."""

    name = "odd-incumbent"

    def solve(self, problem, context):
        context.publish(Solution(problem.layers, problem.even_threads(), status="splendid"))
        time.sleep(3600)


class OddStatus:
    """Answers with a status that is none, then hangs in the second slot."""

    name = "odd-status"
    slots = 0

    def solve(self, problem):
        OddStatus.slots += 1
        if OddStatus.slots > 1:
            time.sleep(3600)
        return Solution(problem.layers, problem.even_threads(), status="splendid")


class NumpyClaims:
    """Claims in numpy's own types."""

    name = "numpy-claims"

    def solve(self, problem):
        return Solution(problem.layers, problem.even_threads(), bound=np.float32(1e3))


class OddDecision:
    """Decides for objects that are no numbers."""

    name = "odd-decision"

    def solve(self, problem):
        return Solution([object()] * len(problem), problem.even_threads())


class Meddle:
    """Changes the model in its process."""

    name = "meddle"

    def solve(self, problem):
        type(problem).evaluate = lambda *arguments: None
        return _good(problem)


class Liar:
    """Claims that its mediocre decision is optimal, with a bound below the optimum."""

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
