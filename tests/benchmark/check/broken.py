"""Solvers with one fault each; the conformance suite must name the right property."""

from __future__ import annotations

import random
import time

import numpy as np

from splitbench import Solution, make


def _good(problem):
    return make("exact").solve(problem)


class Raises:
    """Fails on a single device."""

    name, fault = "raises", "answers"

    def solve(self, problem):
        spread = problem.uplink_bps[1] - problem.uplink_bps[0]
        return _good(problem) if spread else None


class Floats:
    """Returns thread counts that are no integers."""

    name, fault = "floats", "answers"

    def solve(self, problem):
        return Solution(problem.layers, problem.even_threads() * 1.0)


class WrongLength:
    """Forgets a device."""

    name, fault = "wrong-length", "answers"

    def solve(self, problem):
        return Solution(problem.layers[:-1], problem.even_threads()[:-1])


class OneLayer:
    """Divides by S − 1."""

    name, fault = "one-layer", "answers"

    def solve(self, problem):
        return Solution(problem.layers // int(problem.layers.max() - 1), problem.even_threads())


class TooManyThreads:
    """Gives all threads to every device."""

    name, fault = "too-many-threads", "feasible"

    def solve(self, problem):
        return Solution(problem.layers, np.full(len(problem), problem.threads))


class IgnoresCaps:
    """Gives all spare threads to the first device, whatever its cap."""

    name, fault = "ignores-caps", "feasible"

    def solve(self, problem):
        threads = np.full(len(problem), problem.min_threads)
        threads[0] += problem.threads - threads.sum()
        return Solution(problem.layers, threads)


class OffByOneLayer:
    """Counts layers from 1 to S + 1."""

    name, fault = "off-by-one-layer", "feasible"

    def solve(self, problem):
        return Solution(problem.layers + 1, problem.even_threads())


class WrongUtility:
    """Adds up its own utility and forgets the charge."""

    name, fault = "wrong-utility", "objective"

    def solve(self, problem):
        found = _good(problem)
        if not found.decided:
            return found
        outcome = problem.evaluate(found.partition, found.threads)
        saved = 1.0 - np.nan_to_num(outcome.end_to_end_s) / problem.fleet.deadline_s
        return Solution(found.partition, found.threads, utility=float(saved.sum()))


class FalseOptimum:
    """Claims every decision to be optimal."""

    name, fault = "false-optimum", "claims"

    def solve(self, problem):
        return Solution(problem.layers, problem.even_threads(), status="optimal")


class GivesUp:
    """Claims infeasible where caps bind."""

    name, fault = "gives-up", "feasible"

    def solve(self, problem):
        if (problem.thread_caps < problem.threads).any():
            return Solution(None, None, status="infeasible")
        return _good(problem)


class FalseInfeasible:
    """Claims infeasible where a device would have to hibernate."""

    name, fault = "false-infeasible", "claims"

    def solve(self, problem):
        if (problem.battery_j + problem.harvest_j <= 0.0).any():
            return Solution(None, None, status="infeasible")
        return _good(problem)


class LowBound:
    """States its own utility less a little as the upper bound."""

    name, fault = "low-bound", "bound"

    def solve(self, problem):
        found = _good(problem)
        if not found.decided:
            return found
        utility = problem.evaluate(found.partition, found.threads).utility
        return Solution(found.partition, found.threads, bound=utility - 0.1)


class Changes:
    """Makes the harvest writeable and takes it away."""

    name, fault = "changes", "unchanged"

    def solve(self, problem):
        problem.harvest_j.setflags(write=True)
        problem.harvest_j[:] = 0.0
        return _good(problem)


class Unseeded:
    """Draws from Python's own generator."""

    name, fault = "unseeded", "reproducible"

    def solve(self, problem):
        cut = [random.randint(0, int(most)) for most in problem.layers]
        return Solution(np.array(cut), problem.even_threads())


class SortsDevices:
    """Takes the devices to be sorted by uplink."""

    name, fault = "sorts-devices", "order"

    def solve(self, problem):
        if len(problem) < 2:
            return _good(problem)
        cut = np.zeros(len(problem), dtype=int)
        cut[0] = problem.layers[0]
        return Solution(cut, problem.even_threads())


class Seconds:
    """Compares seconds with a number that only fits one unit."""

    name, fault = "seconds", "units"

    def solve(self, problem):
        fast = problem.fleet.local_s[np.arange(len(problem)), problem.layers] < 10.0
        return Solution(np.where(fast, problem.layers, 0), problem.even_threads())


class Slow:
    """Ignores its time limit on large instances."""

    name, fault = "slow", "time_limit"

    def solve(self, problem):
        if len(problem) > 50:
            time.sleep(2.0)
        return Solution(problem.layers, problem.even_threads())


class Remembers:
    """Decides by the number of slots seen and never forgets an episode."""

    name, fault = "remembers", "episode"

    def __init__(self):
        self.seen = 0

    def solve(self, problem):
        self.seen += 1
        cut = problem.layers if self.seen > 12 else np.zeros_like(problem.layers)
        return Solution(cut, problem.even_threads())


class FailsLater:
    """Works in its first slot only."""

    name, fault = "fails-later", "episode"

    def start(self, horizon):
        self.expected = horizon.battery_start_j

    def solve(self, problem):
        expected = getattr(self, "expected", problem.battery_j)
        if not np.array_equal(problem.battery_j, expected):
            raise RuntimeError("unexpected charge")
        return Solution(problem.layers, problem.even_threads())
