"""Drift plus penalty against enumeration, and how the battery's shortfall prices energy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbench.baselines.lyapunov import Lyapunov
from splitbench.problems import Fleet, Formulation, InputError, Outcome, SlotProblem
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers import Status, make, solve_slot
from splitbench.solvers.exact.exact import Exact
from tests.strategies import problems, random_problem


def decisions(problem: SlotProblem) -> Iterator[Outcome]:
    """Every feasible decision of a small slot, evaluated."""
    counts = range(problem.min_threads, problem.threads + 1)
    asleep = -1 if problem.formulation.hibernation_allowed else 0
    for threads in product(counts, repeat=len(problem)):
        if sum(threads) != problem.threads:
            continue
        for cuts in product(*(range(asleep, int(layers) + 1) for layers in problem.layers)):
            outcome = problem.evaluate(np.array(cuts), np.array(threads))
            if outcome.feasible:
                yield outcome


def drift_plus_penalty(problem: SlotProblem, outcome: Outcome, v: float) -> float:
    """Drift plus penalty of the served devices, as in the docstring of `Lyapunov`."""
    fleet = problem.fleet
    shortfall = (fleet.battery_max_j - problem.battery_j) / fleet.battery_max_j
    saved = (fleet.deadline_s - outcome.end_to_end_s) / fleet.deadline_s
    drift = shortfall * (outcome.energy_j - problem.harvest_j) / fleet.battery_max_j
    terms = drift - v * (1.0 - problem.utility_weight) * saved
    return float(terms[outcome.served].sum())


def small(hibernation: str) -> st.SearchStrategy[SlotProblem]:
    """Slots that can be enumerated; no utility far below −10, where hibernating is a choice."""
    return problems(
        devices=st.integers(1, 2),
        layers=3,
        spare=st.integers(0, 3),
        load="light",
        formulation=st.builds(
            Formulation, energy_scope=st.sampled_from(["slot", "task"]),
            hibernation=st.just(hibernation),
        ),
    )  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(small("forbidden"), st.sampled_from([0.001, 0.02, 1.0]))
def test_it_minimises_drift_plus_penalty(problem: SlotProblem, v: float) -> None:
    """It has the least drift plus penalty of all feasible decisions; `infeasible` where none is."""
    solution = Lyapunov(v).solve(problem)
    every = [drift_plus_penalty(problem, outcome, v) for outcome in decisions(problem)]
    assert solution.decided == bool(every)
    if solution.decided:
        outcome = problem.evaluate(solution.partition, solution.threads)
        assert outcome.feasible
        value = drift_plus_penalty(problem, outcome, v)
        assert value == pytest.approx(min(every), rel=1e-9, abs=1e-12)


@settings(max_examples=80, deadline=None)
@given(small("allowed"))
def test_it_hibernates_as_few_as_can_be(problem: SlotProblem) -> None:
    """The fewest hibernate, and among such decisions the sum over the served is least."""
    solution = Lyapunov().solve(problem)
    every = [(int((~o.served).sum()), drift_plus_penalty(problem, o, 0.02))
             for o in decisions(problem)]  # fmt: skip
    assert solution.decided == bool(every)
    if solution.decided:
        outcome = problem.evaluate(solution.partition, solution.threads)
        assert outcome.feasible
        asleep, value = min(every)
        assert int((~outcome.served).sum()) == asleep
        if asleep == 0:
            assert value == pytest.approx(
                drift_plus_penalty(problem, outcome, 0.02), rel=1e-9, abs=1e-12
            )


@settings(max_examples=100, deadline=None)
@given(problems())
def test_feasible_in_every_regime(problem: SlotProblem) -> None:
    """Saturated queues, empty batteries, V = 0 and 1: a decision wherever the optimum has one."""
    solution = Lyapunov().solve(problem)
    assert solution.decided == Exact().solve(problem).decided
    if solution.decided:
        assert problem.evaluate(solution.partition, solution.threads).feasible
    else:
        assert solution.status is Status.INFEASIBLE


@settings(max_examples=40, deadline=None)
@given(problems(devices=st.integers(1, 3), load="light", battery="full"))
def test_with_full_batteries_energy_is_free(problem: SlotProblem) -> None:
    """Without shortfall the policy is the optimum of latency alone (V = 0)."""
    full = replace(problem, battery_j=problem.fleet.battery_max_j)
    by_latency = replace(full, utility_weight=0.0)
    optimum, solution = (
        Exact().solve(by_latency),
        Lyapunov().solve(replace(full, utility_weight=0.4)),
    )
    assert optimum.decided == solution.decided
    if optimum.decided:
        values = [by_latency.evaluate(s.partition, s.threads).utility for s in (optimum, solution)]
        assert values[1] == pytest.approx(values[0], rel=1e-9)


def with_charge(problem: SlotProblem, share: float) -> SlotProblem:
    """The slot at another charge, and no sun."""
    charge = share * problem.fleet.battery_max_j
    return replace(problem, battery_j=charge, harvest_j=np.zeros(len(problem)))


def test_the_emptier_the_battery_the_less_is_drawn() -> None:
    """For one device the energy drawn never rises, and at times falls, as the charge falls."""
    fell = 0
    for seed in range(40):
        problem = random_problem(
            np.random.default_rng(seed), devices=1, layers=5, spare=3, load="light", caps=False,
            formulation=Formulation("residual", "slot", "allowed"), utility_weight=0.5,
        )  # fmt: skip
        drawn = []
        for share in (0.05, 0.2, 0.5, 0.8, 1.0):
            now = with_charge(problem, share)
            solution = Lyapunov().solve(now)
            drawn.append(float(now.evaluate(solution.partition, solution.threads).energy_j[0]))
        assert drawn == sorted(drawn), seed
        fell += drawn[1] < drawn[-1]
    assert fell > 5


def test_v_has_no_scale() -> None:
    """Batteries, harvests and powers 2^10 times as large change no decision."""
    for seed in range(20):
        problem = random_problem(np.random.default_rng(seed), spare=4, battery="full")
        factor = 2.0**10
        larger = [
            replace(
                device,
                battery_max_j=factor * device.battery_max_j,
                compute_power_w=factor * device.compute_power_w,
                transmit_power_w=factor * device.transmit_power_w,
            )
            for device in problem.fleet.devices
        ]
        scaled = replace(
            problem,
            fleet=Fleet(larger),
            battery_j=factor * problem.battery_j,
            harvest_j=factor * problem.harvest_j,
        )
        one, other = Lyapunov().solve(problem), Lyapunov().solve(scaled)
        assert one.decided == other.decided
        if one.decided:
            assert np.array_equal(np.asarray(one.partition), np.asarray(other.partition))
            assert np.array_equal(np.asarray(one.threads), np.asarray(other.threads))


def test_a_smaller_v_keeps_more_charge() -> None:
    """Over 30 slots with little sun, the mean energy drawn falls with v."""
    from splitbench.problems import Simulation

    horizon, drawn = make_suite("starved").horizon(0, 30), []
    for v in (0.0005, 0.02, 10.0):
        simulation, total = Simulation(horizon), 0.0
        while not simulation.done:
            solution = solve_slot(make(f"lyapunov[v={v}]"), simulation.problem)
            outcome = simulation.step(solution.partition, solution.threads)
            total += float(outcome.energy_j.sum())
        drawn.append(total)
    assert drawn[0] < drawn[1] < drawn[2]


@pytest.mark.parametrize("v", ["0", "-1"])
def test_v_must_be_positive(v: str) -> None:
    """The error says what would be accepted."""
    with pytest.raises(InputError, match=r"v: got .*; expected a number > 0"):
        make(f"lyapunov[v={v}]")


def test_the_price_of_a_joule_is_the_shortfall_over_v() -> None:
    """Drift weighs a joule by Q/E_max = (E_max − E)/E_max²; in units of U that is over v."""
    problem = make_suite("small").instances(0, 1)[0]
    capacity = problem.fleet.battery_max_j
    half = replace(problem, battery_j=0.5 * capacity)
    for v in (0.1, 2.0):
        price = Lyapunov(v).solve(half).energy_price
        assert price == pytest.approx(0.5 / capacity / v)


def test_devices_in_blocks_are_devices_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table made for a few devices at a time, up to the largest cap, changes no decision."""
    horizon = make_suite("city[devices=60]").horizon(0)
    slot = horizon.slot(0, horizon.battery_start_j * 0.3)
    few = Lyapunov().solve(slot)
    monkeypatch.setattr("splitbench.baselines.lyapunov._BLOCK", 10**9)
    fleet = replace(slot, fleet=Fleet(slot.fleet.devices))
    whole = Lyapunov().solve(fleet)
    assert np.array_equal(np.asarray(few.partition), np.asarray(whole.partition))
    assert np.array_equal(np.asarray(few.threads), np.asarray(whole.threads))
