"""Gain of `lookahead` over `exact`, on suites and against optimal plans."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from splitbench.problems import (
    HIBERNATE,
)
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers.horizon.bound import horizon_bound
from tests.horizons import brute_force
from tests.solvers.horizon.rollouts import FORCED, ORACLES, PLANS, played, tiny

#: Suites whose batteries fill up, or do not, by the least gain over `exact` in percent.
GAINS = {"never-full": 5.0, "often-full": 1.5}
OF_THREE = ("paper-wifi", "paper-5g", *GAINS)
OTHERS = ("paper-wifi", "paper-5g", "congested", "starved", "cloudy", "hetero")


def check_oracle(seeds: Iterable[int], name: str, *, served: bool = False, **rule: bool) -> None:
    """Print and check the share that an oracle recovers of what `exact` loses.

    It is held against the best of all plans under a `rule` of `brute_force`; `served`: only where
    the best of all plans hibernates nobody.
    """
    lost, recovered, count = 0.0, 0.0, 0
    for seed in seeds:
        horizon = tiny(seed)
        best, slots = brute_force(horizon, **rule), len(horizon)
        if served and best.hibernated:
            continue
        exact = slots * played("exact", horizon).utility
        oracle = slots * played(name, horizon).utility
        assert exact - 1e-9 <= oracle <= best.value + 1e-9
        lost, recovered, count = lost + best.value - exact, recovered + oracle - exact, count + 1
    print(f"{name} {rule}: {count} horizons, lost {lost:.3f}, recovered {recovered / lost:.2%}")
    assert recovered >= 0.95 * lost > 0.0


#: (solver, what it is held against): all plans there are; all plans where the best hibernates
#: nobody; all plans that hibernate only whom the slot would, which is all that `forced` may do.
REFERENCES: list[tuple[str, dict[str, bool]]] = [
    (ORACLES[0], {}),
    (FORCED, {"served": True}),
    (FORCED, {"forced": True}),
]


@pytest.mark.parametrize(("name", "against"), REFERENCES)
def test_the_oracle_recovers_what_exact_loses(name: str, against: dict[str, bool]) -> None:
    """On tiny horizons at least 95 % of it, and it is never worse than `exact`."""
    check_oracle(range(40), name, **against)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "against"), REFERENCES)
def test_the_oracle_recovers_what_exact_loses_often(name: str, against: dict[str, bool]) -> None:
    """The same on 300 others."""
    check_oracle(range(1000, 1300), name, **against)


class Gains(NamedTuple):
    """Over seeds: gain over `exact` in %, mean and least; gap in % of the bound, mean and most."""

    mean: float
    least: float
    gap: float
    widest: float
    hibernated: bool


def gains(
    suite: str, seeds: Iterable[int], name: str = "lookahead", *, file: bool = False
) -> Gains:
    """Play a policy beside `exact` and print what it gains; `file`: no clear sky is known."""
    found, gaps, hibernated = [], [], False
    for seed in seeds:
        horizon = make_suite(suite).horizon(seed)
        horizon = replace(horizon, clear_sky_harvest_j=None) if file else horizon
        run, bound = played(name, horizon, seed), horizon_bound(horizon).per_slot
        assert bound is not None
        exact = played("exact", horizon, seed).utility
        found.append(100 * (run.utility - exact) / abs(exact))
        gaps.append(100 * (bound - run.utility) / abs(bound))
        hibernated |= any((outcome.partition == HIBERNATE).any() for outcome in run.outcomes)
    told = Gains(float(np.mean(found)), min(found), float(np.mean(gaps)), max(gaps), hibernated)
    print(
        f"{suite}{' as files' * file}, {name}: gain {told.mean:.4f} %, worst of {len(found)} seeds "
        f"{told.least:.4f} %; gap {told.gap:.4f} %, worst {told.widest:.4f} % of the bound"
    )
    return told


@pytest.mark.parametrize("suite", GAINS)
def test_it_gains_where_charge_matters(suite: str) -> None:
    """Two seeds, episodes of full length; nobody hibernates and the bound is near."""
    told = gains(suite, (200, 201))
    assert told.mean >= GAINS[suite]
    assert told.gap <= 1.0
    assert told.widest <= 1.0 or suite not in OF_THREE
    assert not told.hibernated


@pytest.mark.parametrize("suite", OTHERS)
def test_it_is_nowhere_worse(suite: str) -> None:
    """A seed of every other suite: never more than 0.1 % below `exact`."""
    told = gains(suite, (200,))
    assert told.least >= -0.1
    assert told.gap <= 1.0
    assert told.widest <= 1.0 or suite not in OF_THREE


@pytest.mark.slow
@pytest.mark.parametrize("suite", [*OTHERS, *GAINS, "scale"])
def test_it_is_nowhere_worse_over_seeds(suite: str) -> None:
    """Twenty seeds that nothing was tuned on, each by itself; gains where charge matters."""
    told = gains(suite, range(1000, 1020))
    assert told.least >= -0.1
    assert told.mean >= GAINS.get(suite, -0.1)
    assert told.gap <= 1.0
    assert told.widest <= 1.0 or suite not in OF_THREE


@pytest.mark.slow
@pytest.mark.parametrize("suite", [*OTHERS, *GAINS])
@pytest.mark.parametrize("name", PLANS)
def test_no_forecast_is_worse_over_seeds(name: str, suite: str) -> None:
    """Five seeds as files, where the sun's course is not known, and with every kind of plan."""
    told = gains(suite, range(1100, 1105), name, file=True)
    assert told.least >= -0.1
    assert told.mean >= GAINS.get(suite, -0.1)
    assert told.gap <= 1.0
    assert told.widest <= 1.0 or suite not in OF_THREE
