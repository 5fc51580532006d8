"""Forcing one device's choice: checked by brute force over everything else."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest

from splitbench.problems import SlotProblem
from splitbench.problems.arrays import Ints
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers.exact.exact import Exact
from splitbench.solvers.exact.forced_choice_optimum import best_with_partition, best_with_threads

PROBLEMS = [p for seed in range(2) for p in make_suite("small").instances(seed) if len(p) <= 3]
PAIRS = [p for p in make_suite("small[devices=2]").instances(0, 16) if p.spare_threads >= 0]


def every_decision(problem: SlotProblem) -> Iterator[tuple[Ints, Ints, float]]:
    """Yield partition, threads and U of every decision that breaks no constraint."""
    lowest = -1 if problem.formulation.hibernation_allowed else 0
    cuts = [range(lowest, int(layers) + 1) for layers in problem.layers]
    counts = range(problem.min_threads, problem.threads + 1)
    for threads in product(counts, repeat=len(problem)):
        if sum(threads) == problem.threads:
            for partition in product(*cuts):
                outcome = problem.evaluate(np.array(partition), np.array(threads))
                if outcome.feasible:
                    yield np.array(partition), np.array(threads), outcome.utility


@pytest.mark.parametrize("problem", PAIRS, ids=lambda problem: problem.name)
def test_forced_choices_by_enumeration(problem: SlotProblem) -> None:
    """For each device alone: the best feasible U among all decisions with its l, or its k."""
    found = list(every_decision(problem))
    partition = problem.layers // 2
    threads = np.maximum(problem.even_threads(), problem.min_threads)
    by_cut, by_count = best_with_partition(problem, partition), best_with_threads(problem, threads)
    for device in range(len(problem)):
        with_cut = [u for cuts, _, u in found if cuts[device] == partition[device]]
        with_count = [u for _, given, u in found if given[device] == threads[device]]
        assert by_cut[device] == pytest.approx(max(with_cut, default=-np.inf), abs=1e-9)
        assert by_count[device] == pytest.approx(max(with_count, default=-np.inf), abs=1e-9)


def test_optimum_survives_its_own_choices() -> None:
    """Forcing what the optimum chose anyway costs nothing; forcing anything gains nothing."""
    checked = 0
    for problem in PROBLEMS:
        solution = Exact().solve(problem)
        if not solution.decided:
            continue
        checked += 1
        assert solution.bound is not None
        for forced in (
            best_with_partition(problem, np.asarray(solution.partition)),
            best_with_threads(problem, np.asarray(solution.threads)),
        ):
            assert np.allclose(forced, solution.bound, rtol=0, atol=1e-9)
        other = best_with_partition(problem, np.zeros_like(problem.layers))
        assert (other <= solution.bound + 1e-9).all()
    assert checked > 20


def test_one_device_alone() -> None:
    """With nobody else, a forced k that is not K has no feasible decision."""
    problem = make_suite("small[devices=1]").instances(0)[0]
    all_of_it = best_with_threads(problem, np.array([problem.threads]))
    assert all_of_it[0] == pytest.approx(Exact().solve(problem).bound)
    assert best_with_threads(problem, np.array([1]))[0] == -np.inf
