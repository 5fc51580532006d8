"""Solver `random`: a feasible decision drawn from the seed."""

from __future__ import annotations

import numpy as np

from splitbench.problems import HIBERNATE, SlotProblem
from splitbench.problems.arrays import Floats, Ints, Mask
from splitbench.problems.status import Status
from splitbench.solvers.contract import ALONE, Context, Solution, no_decision
from splitbench.solvers.threads.feasible_counts import can_hold_minimum


class RandomDecision:
    """Draw threads that leave each device something feasible, then a feasible l for each.

    Threads are uniform over the divisions of K at which every device has a feasible l (or may
    hibernate); l is uniform over what is feasible at that k. A device without a feasible l
    hibernates.
    """

    name = "random"

    def solve(self, problem: SlotProblem, context: Context = ALONE) -> Solution:
        """Return a draw, or `infeasible` where there is nothing to draw from."""
        draws = DecisionDraws(problem)
        return draws.draw(context.rng) if draws.possible else draws.nothing()


class DecisionDraws:
    """Random feasible decisions of one slot; see `RandomDecision`."""

    def __init__(self, problem: SlotProblem):
        self.problem = problem
        self.possible = can_hold_minimum(problem)
        if self.possible:
            self.table = problem.utility_table()
            self._usable = np.isfinite(problem.best_by_threads().utility)
            self._ways = _ways(self._usable, problem.spare_threads)
            self.possible = bool(self._ways[0, -1] > 0.0)

    def nothing(self) -> Solution:
        """Say that there is no feasible decision, which the enumeration of divisions proves."""
        return no_decision(Status.INFEASIBLE, "no decision meets every constraint")

    def draw(self, rng: np.random.Generator) -> Solution:
        """Return one decision; ask only where it is `possible`."""
        extra = _draw_division(self._usable, self._ways, rng)
        rows = np.isfinite(self.table[np.arange(len(self.problem)), :, extra])
        partition = [
            int(rng.choice(np.flatnonzero(row))) if row.any() else HIBERNATE for row in rows
        ]
        return Solution(np.array(partition), self.problem.min_threads + extra)


def _ways(usable: Mask, total: int) -> Floats:
    """Relative number of ways to give r = 0..total extra threads to devices n, n + 1, …, by n, r.

    `usable[n, j]` says whether device n can have j. Each row is scaled to a maximum of 1,
    so that large fleets do not overflow, and positive entries stay above 0.
    """
    devices, columns = len(usable), total + 1
    ways = np.zeros((devices + 1, columns))
    ways[devices, 0] = 1.0
    for device in range(devices - 1, -1, -1):
        row = np.convolve(ways[device + 1], usable[device].astype(np.float64))[:columns]
        largest = row.max()
        if largest > 0.0:
            ways[device] = np.where(row > 0.0, np.maximum(row / largest, 1e-300), 0.0)
    return ways


def _draw_division(usable: Mask, ways: Floats, rng: np.random.Generator) -> Ints:
    """Draw extra threads, uniform over the usable divisions; shape (N,)."""
    devices, columns = usable.shape
    extra = np.zeros(devices, dtype=np.int64)
    left = ways.shape[1] - 1
    for device in range(devices):
        counts = min(left + 1, columns)
        rest = ways[device + 1, left - counts + 1 : left + 1][::-1]
        weight = np.where(usable[device, :counts], rest, 0.0)
        weight /= weight.max()  # the scale of a row is arbitrary and may be tiny
        extra[device] = rng.choice(counts, p=weight / weight.sum())
        left -= int(extra[device])
    return extra
