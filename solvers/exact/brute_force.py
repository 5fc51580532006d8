"""Brute force: every partition with every division of the threads, for small instances."""

from __future__ import annotations

from itertools import combinations
from math import lgamma, log, log10

import numpy as np

from splitbench.problems import HIBERNATE, InputError, SlotProblem
from splitbench.problems.arrays import Floats
from splitbench.problems.status import Status
from splitbench.solvers.contract import Solution, no_decision
from splitbench.solvers.exact.exact import too_few_threads
from splitbench.solvers.exact.max_plus import widened


class BruteForce:
    """Enumerate all (l, k) without using that P1 separates: the check on every exact method.

    Parameters
    ----------
    most
        Decisions beyond which the instance is refused as `unsupported`.
    """

    name = "brute-force"

    def __init__(self, most: int = 200_000_000):
        if most < 1:
            raise InputError(f"most: got {most}; expected at least 1")
        self.most = most

    def solve(self, problem: SlotProblem) -> Solution:
        """Return the best of all decisions, or `infeasible` where none is feasible."""
        if problem.spare_threads < 0:
            return no_decision(Status.INFEASIBLE, too_few_threads(problem))
        digits = log10_decisions(problem)
        if digits > log10(self.most):
            return no_decision(
                Status.UNSUPPORTED,
                f"about 10^{digits:.1f} decisions; brute force takes at most {self.most:.1e} "
                "(`most`)",
            )
        options = _options(problem)
        table = widened(problem.utility_table(), problem.spare_threads)
        resting = problem.utility_by_threads(np.full(len(problem), HIBERNATE))
        asleep = widened(resting, problem.spare_threads)
        best, partition, extra = -np.inf, None, None
        for division in _divisions(problem.spare_threads, len(problem)):
            total = np.zeros(1)
            for device, choices in enumerate(options):
                values = _values(table, asleep, device, choices, division[device])
                total = (total[:, None] + values[None, :]).ravel()
            winner = int(total.argmax())
            if total[winner] > best:
                sizes = [len(choices) for choices in options]
                indices = np.unravel_index(winner, sizes)
                best, extra = float(total[winner]), np.array(division)
                partition = np.array(
                    [choices[index] for choices, index in zip(options, indices, strict=True)]
                )
        if partition is None or extra is None:
            return no_decision(Status.INFEASIBLE, "no decision meets every constraint")
        return Solution(
            partition, problem.min_threads + extra, Status.OPTIMAL, bound=best, utility=best
        )


def log10_decisions(problem: SlotProblem) -> float:
    """Count Π (S_n + 1, + 1 with hibernation) × divisions of the threads, as a power of 10."""
    asleep = int(problem.formulation.hibernation_allowed)
    others, spare = len(problem) - 1, problem.spare_threads
    divisions = lgamma(spare + others + 1) - lgamma(others + 1) - lgamma(spare + 1)
    return float(np.log10(problem.layers + 1.0 + asleep).sum()) + divisions / log(10.0)


def _options(problem: SlotProblem) -> list[list[int]]:
    asleep = [HIBERNATE] if problem.formulation.hibernation_allowed else []
    return [[*range(int(layers) + 1), *asleep] for layers in problem.layers]


def _values(table: Floats, asleep: Floats, device: int, choices: list[int], extra: int) -> Floats:
    rows = np.array([choice for choice in choices if choice != HIBERNATE])
    values = table[device, rows, extra]
    return np.append(values, asleep[device, extra]) if HIBERNATE in choices else values


def _divisions(spare: int, devices: int) -> list[tuple[int, ...]]:
    """All ways to divide `spare` threads over the devices (stars and bars)."""
    result = []
    for bars in combinations(range(spare + devices - 1), devices - 1):
        ends = (-1, *bars, spare + devices - 1)
        result.append(tuple(ends[i + 1] - ends[i] - 1 for i in range(devices)))
    return result
