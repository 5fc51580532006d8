"""The horizon bound is above every plan, and close to the best."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from splitbench.problems import Formulation, Horizon, InputError, Simulation, SlotProblem
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers.exact.exact import Exact
from splitbench.solvers.horizon.bound import Method, horizon_bound, plan
from splitbench.solvers.horizon.device_dp import whole_choices_worth
from splitbench.solvers.horizon.dual import Prices, dual_value
from splitbench.solvers.horizon.lp_columns import device_columns, hibernation_worth
from tests.horizons import brute_force, tiny_horizon

METHODS: tuple[Method, ...] = ("lp", "dual")


def tiny(seed: int, **overrides: Any) -> Horizon:
    """The tiny horizon of a seed."""
    return tiny_horizon(np.random.default_rng([11, seed]), **overrides)


def total(horizon: Horizon, method: Method = "auto", *, idle: bool = True) -> float:
    """The bound, which must exist."""
    found = horizon_bound(horizon, method=method, idle=idle)
    assert found.total is not None
    assert found.per_slot == pytest.approx(found.total / len(horizon))
    return found.total


def check_against_brute_force(seeds: range) -> None:
    """Hold both methods against the best of all decisions, and print how loose they are.

    Horizons of either `energy_scope`, every third one with caps on the devices' threads.
    """
    loose: dict[tuple[str, bool], list[float]] = {}
    size: dict[tuple[str, bool], list[float]] = {}
    scopes = set()
    for seed in seeds:
        horizon = tiny(seed, caps=seed % 3 == 0)
        scopes.add(horizon.formulation.energy_scope)
        best, with_idle = brute_force(horizon), brute_force(horizon, idle=True)
        for method in METHODS:
            assert total(horizon, method) >= with_idle.value - 1e-12, (seed, method)
            assert total(horizon, method, idle=False) >= best.value - 1e-12, (seed, method)
        for name, bound, reference in (
            ("any policy, best of any", total(horizon), with_idle),
            ("any policy, best that hands all threads out", total(horizon), best),
            ("all threads out, best of those", total(horizon, idle=False), best),
        ):
            kind = name, reference.hibernated > 0
            loose.setdefault(kind, []).append(bound - reference.value)
            size.setdefault(kind, []).append(abs(reference.value))
    assert scopes == {"slot", "task"}
    assert len(loose) == 6
    for (name, hibernates), gaps in loose.items():
        share = sum(gaps) / sum(size[name, hibernates])
        print(f"{name}: hibernates={hibernates}: {len(gaps)} horizons, loose by {share:.4%} of |U|")
        assert hibernates or share <= 0.01


def test_bound_is_above_the_best_of_all_decisions() -> None:
    """On 60 random tiny horizons; within 1 % on average where the best hibernates nobody."""
    check_against_brute_force(range(60))


@pytest.mark.slow
def test_bound_is_above_the_best_of_all_decisions_often() -> None:
    """The same on 500 others."""
    check_against_brute_force(range(1000, 1500))


@pytest.mark.parametrize("seed", range(20))
def test_any_prices_prove_a_bound(seed: int) -> None:
    """The bound needs no solver: prices drawn at random are above the best plan as well."""
    horizon, rng = tiny(seed), np.random.default_rng([12, seed])
    devices = [device_columns(horizon, n) for n in range(len(horizon.fleet))]
    best = brute_force(horizon).value
    for _ in range(5):
        energy = rng.exponential(rng.choice([0.1, 2.0, 30.0]), (len(devices), len(horizon)))
        thread = rng.normal(0.0, rng.choice([0.01, 1.0]), len(horizon))
        value = dual_value(devices, horizon.threads, Prices(energy, thread))
        assert value.total >= best - 1e-12
        whole = sum(whole_choices_worth(columns, thread) for columns in devices)
        assert value.threads + whole >= best - 1e-9


def random_decision(problem: SlotProblem, rng: np.random.Generator) -> tuple[Any, Any]:
    """Any partition and any threads, in range or not."""
    partition = rng.integers(-2, problem.layers + 2)
    threads = rng.integers(-1, problem.min_threads + problem.spare_threads + 2, len(problem))
    return partition, threads


@pytest.mark.parametrize("seed", range(40))
def test_no_violation_beats_the_bound(seed: int) -> None:
    """Policies that break constraints, or leave threads idle, stay below it too."""
    horizon, rng = tiny(seed), np.random.default_rng([13, seed])
    bound = total(horizon)
    for _ in range(20):
        simulation, earned = Simulation(horizon), 0.0
        while not simulation.done:
            partition, threads = random_decision(simulation.problem, rng)
            earned += simulation.step(partition, threads, ("threads_sum",)).utility
        assert earned <= bound


def test_idle_threads_may_be_worth_something() -> None:
    """Where D(k) rises, leaving threads idle beats every full hand-out, and the bound covers it."""
    found = 0
    for seed in range(40):
        horizon = tiny(seed, curve="table", devices=1, spare=3)
        full = total(horizon, idle=False)
        idle = brute_force(horizon, idle=True).value
        assert total(horizon) >= idle - 1e-12
        found += idle > full + 1e-6
    assert found > 0


def test_scarce_devices_are_bounded_by_whole_choices() -> None:
    """Where charge runs out the bound is below the programme's, which hibernates by fractions."""
    tighter = 0
    for seed in range(20):
        horizon = tiny(seed, devices=1)
        programme, bound = plan(horizon).value.total, total(horizon, idle=False)
        assert bound <= programme
        tighter += bound < programme - 1e-6
    assert tighter > 0


@pytest.mark.parametrize("suite", ["paper-wifi", "starved", "never-full"])
def test_both_methods_bound_a_suite(suite: str) -> None:
    """The programme is no looser than the prices it starts from; `exact` is below both."""
    horizon = make_suite(suite).horizon(3, 30)
    lp, dual = total(horizon, "lp"), total(horizon, "dual")
    assert lp <= dual + 1e-9 * abs(dual)
    assert dual <= lp + 1e-2 * abs(lp)
    simulation, earned = Simulation(horizon), 0.0
    while not simulation.done:
        answer = Exact().solve(simulation.problem)
        assert answer.partition is not None
        assert answer.threads is not None
        earned += simulation.step(answer.partition, answer.threads).utility
    assert earned <= lp


def test_a_hundred_devices() -> None:
    """At N = 100 there is a bound, and prices alone come close to the programme."""
    horizon = make_suite("scale").horizon(0, 2)
    assert total(horizon, "dual") >= total(horizon, "lp") - 1e-9
    assert total(horizon, "dual") <= 1.001 * total(horizon, "lp")


def test_time_limit_still_gives_a_bound() -> None:
    """However short the time, what is reported is a bound, at worst a looser one."""
    horizon = make_suite("never-full").horizon(1, 20)
    hurried = horizon_bound(horizon, time_limit=1e-6)
    assert hurried.total is not None
    assert hurried.total >= total(horizon) - 1e-9


def test_energy_of_a_task_is_bounded_too() -> None:
    """`energy_scope: task` changes what is drawn, not the proof."""
    for seed in range(10):
        horizon = tiny(seed, formulation=Formulation("residual", "task", "allowed"))
        assert total(horizon) >= brute_force(horizon).value - 1e-12


@pytest.mark.parametrize("suite", ["never-full", "often-full"])
def test_price_is_what_a_joule_adds(suite: str) -> None:
    """A joule more of sun in a slot raises the bound by that slot's price, 0 where it spills."""
    horizon = make_suite(suite).horizon(3, 12)
    found = horizon_bound(horizon)
    assert found.total is not None
    assert found.energy_price is not None
    assert found.energy_price.shape == horizon.harvest_j.shape
    for slot, device in ((2, 0), (7, 1), (11, 2)):
        more = horizon.harvest_j.copy()
        more[slot, device] += 1.0
        added = total(replace(horizon, harvest_j=more)) - found.total
        assert added == pytest.approx(found.energy_price[slot, device], abs=1e-6)
        assert added > 0.0 or suite == "often-full"


def test_no_bound_where_none_is_proved() -> None:
    """With `energy_term: paper` there is no bound, and the reason is given."""
    paper = replace(tiny(0), formulation=Formulation("paper", "slot", "allowed"))
    found = horizon_bound(paper)
    assert (found.total, found.per_slot) == (None, None)
    assert found.energy_price is None
    assert "energy_term" in found.reason


def test_bad_arguments() -> None:
    """Unknown methods and impossible limits are refused."""
    with pytest.raises(InputError, match="auto, lp, dual"):
        horizon_bound(tiny(0), method="simplex")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="time_limit"):
        horizon_bound(tiny(0), time_limit=0.0)


@pytest.mark.parametrize(
    ("harvest", "start", "worth"),
    [
        ([0.1, 0.1], 0.5, [-10.3, -10.05]),  # the charge at the start counts in the first slot
        ([1.7], 0.5, [-10.5]),  # a battery holds no more than E_max
        ([0.0, 0.0], 0.0, [-10.0, -10.0]),
    ],
)
def test_what_hibernation_counts_beside_the_charge(
    harvest: list[float], start: float, worth: list[float]
) -> None:
    """−10 − V·E'/E_max with the least E' that the slot can end with: less would be no bound."""
    found = hibernation_worth(np.array(harvest), start, 0.5)
    assert found.tolist() == pytest.approx(worth)
