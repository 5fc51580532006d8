"""Brute force: every partition with every division of the threads, for small instances."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np

from splitbench.problems import HIBERNATE, InputError, SlotProblem
from splitbench.problems.arrays import Floats
from splitbench.problems.status import Status
from splitbench.solvers.contract import Solution, no_decision
from splitbench.solvers.exact.exact import too_few_threads


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
        count = decisions(problem)
        if count > self.most:
            return no_decision(
                Status.UNSUPPORTED,
                f"{count:.1e} decisions; brute force takes at most {self.most:.1e} (`most`)",
            )
        options = _options(problem)
        table = problem.utility_table()
        asleep = problem.utility_by_threads(np.full(len(problem), HIBERNATE))
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


def decisions(problem: SlotProblem) -> int:
    """Count the decisions: Π (S_n + 1, + 1 with hibernation) × divisions of the threads."""
    asleep = int(problem.formulation.hibernation_allowed)
    partitions = 1
    for layers in problem.layers:
        partitions *= int(layers) + 1 + asleep
    return partitions * comb(problem.spare_threads + len(problem) - 1, len(problem) - 1)


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
