"""The exact optimum of tiny horizons against enumeration and the bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splitbench.problems import Formulation, InputError, Simulation
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers import Status
from splitbench.solvers.horizon.bound import horizon_bound
from tests.horizons import brute_force, tiny_horizon
from tests.solvers.horizon.horizon_milp import earned, horizon_optimum


def check_against_brute_force(seeds: range) -> int:
    """Hold optimum, decisions and bound against enumeration; return how many hibernate."""
    hibernating = 0
    for seed in seeds:
        horizon = tiny_horizon(np.random.default_rng([14, seed]))
        best, found = brute_force(horizon), horizon_optimum(horizon)
        assert found.status == Status.OPTIMAL
        assert found.value == pytest.approx(best.value, abs=1e-6), seed
        assert found.bound >= best.value - 1e-6
        hibernating += best.hibernated > 0
    return hibernating


def test_optimum_is_the_best_of_all_decisions() -> None:
    """On 25 random tiny horizons, some of which have to hibernate."""
    assert check_against_brute_force(range(25)) > 0


@pytest.mark.slow
def test_optimum_is_the_best_of_all_decisions_often() -> None:
    """The same on 300 others."""
    assert check_against_brute_force(range(1000, 1300)) > 0


def test_decisions_break_no_constraint() -> None:
    """They replay without a violation, hibernating devices holding the threads left over."""
    for seed in range(10):
        horizon = tiny_horizon(np.random.default_rng([15, seed]))
        found, simulation = horizon_optimum(horizon), Simulation(horizon)
        assert found.partition is not None
        assert found.threads is not None
        for cuts, threads in zip(found.partition, found.threads, strict=True):
            assert simulation.step(cuts, threads).feasible
        assert found.value == earned(horizon, found.partition, found.threads)


def check_looseness(suite: str, seed: int, slots: int) -> None:
    """Print and check how far the bound is above the optimum, which may be 1e-6 short of it."""
    horizon = make_suite(suite).horizon(seed, slots)
    best, bound = horizon_optimum(horizon, 300.0, relative_gap=1e-6), horizon_bound(horizon)
    assert best.status == Status.OPTIMAL
    assert best.value is not None
    assert bound.total is not None
    loose = 100 * (bound.total - best.value) / abs(best.value)
    print(f"{suite}, {slots} slots, seed {seed}: the bound is {loose:.4f} % above the optimum")
    assert best.value - 1e-5 <= bound.total
    assert loose <= 1.0


@pytest.mark.parametrize("suite", ["paper-wifi", "never-full", "often-full"])
def test_bound_is_close_to_the_optimum_of_a_suite(suite: str) -> None:
    """Twelve slots of three devices: bound above optimum, by at most 1 %."""
    check_looseness(suite, 5, 12)


@pytest.mark.slow
@pytest.mark.parametrize("suite", ["paper-wifi", "paper-5g", "never-full", "often-full"])
def test_bound_is_close_to_the_optimum_at_full_length(suite: str) -> None:
    """The same of 120 slots, five seeds."""
    for seed in range(1000, 1005):
        check_looseness(suite, seed, 120)


def test_time_limit_keeps_the_incumbent_or_none() -> None:
    """Out of time: whatever decisions there are, and a bound above them."""
    found = horizon_optimum(make_suite("never-full").horizon(0, 20), 0.3)
    assert found.status in (Status.FEASIBLE, Status.TIMEOUT, Status.OPTIMAL)
    assert (found.value is None) == (found.status == Status.TIMEOUT)
    assert found.value is None or found.bound >= found.value - 1e-6


def test_bad_arguments() -> None:
    """`energy_term: paper`, where spilling would pay, and a limit of 0 s are refused."""
    horizon = tiny_horizon(np.random.default_rng(0))
    with pytest.raises(InputError, match="time_limit"):
        horizon_optimum(horizon, 0.0)
    with pytest.raises(InputError, match="energy_term"):
        horizon_optimum(replace(horizon, formulation=Formulation("paper", "slot", "allowed")))
