"""Small slots and their verdicts, for the tests of the referee."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from splitbench.benchmark.referee.episode import solve_reference
from splitbench.benchmark.referee.verify import Verdict, judge
from splitbench.problems import Formulation, SlotProblem
from splitbench.solvers import Solution
from tests.strategies import random_problem

Decision = tuple[list[int], list[int]]


def slot(**overrides: Any) -> SlotProblem:
    """Two devices, 7 threads, nothing binding."""
    chosen = {
        "devices": 2,
        "min_threads": 1,
        "spare": 5,
        "caps": False,
        "curve": "exp2",
        "load": "light",
        "battery": "full",
        "formulation": Formulation(),
        "utility_weight": 0.5,
    }
    return random_problem(np.random.default_rng(4), **(chosen | overrides))


def feasible_decisions(problem: SlotProblem) -> list[tuple[float, Decision]]:
    """Every feasible decision with its utility, best first, by plain enumeration."""
    threads = range(problem.min_threads, problem.threads + 1)
    found = []
    for l in product(*(range(layers + 1) for layers in problem.layers)):  # noqa: E741
        for k in product(threads, repeat=len(problem)):
            outcome = problem.evaluate(list(l), list(k))
            if outcome.feasible:
                found.append((outcome.utility, (list(l), list(k))))
    return sorted(found, key=lambda one: -one[0])


def verdict(problem: SlotProblem, decision: Decision, **claims: Any) -> Verdict:
    """Judge a decision with these claims against the exact optimum."""
    return judge(problem, Solution(*decision, **claims), solve_reference(problem))
