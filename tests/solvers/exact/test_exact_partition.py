"""Partitioner `exact-partition`: the optimum's partition, followed by any allocator."""

from __future__ import annotations

from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers import make
from splitbench.solvers.calling import solve_slot


def test_with_exact_threads_it_is_the_optimum() -> None:
    """Exact threads for the optimum's partition earn U*; TA and BS never more."""
    for problem in make_suite("small").instances(0, 16):
        best = solve_slot(make("exact"), problem)
        found = solve_slot(make("exact-partition+exact"), problem)
        assert found.decided == best.decided
        if not best.decided:
            continue
        optimum = problem.evaluate(best.partition, best.threads).utility
        assert abs(problem.evaluate(found.partition, found.threads).utility - optimum) < 1e-9
        for allocator in ("ta", "bs"):
            other = solve_slot(make(f"exact-partition+{allocator}"), problem)
            earned = problem.evaluate(other.partition, other.threads).utility
            assert earned <= optimum + 1e-9
