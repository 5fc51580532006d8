"""Decisions of `lookahead`: what it may know, and which devices it may hibernate."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any, Literal

import numpy as np
import pytest

from splitbench.problems import (
    HIBERNATE,
    EpisodeView,
    Formulation,
    InputError,
    Simulation,
    SlotProblem,
)
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers import Context, make, solve_slot
from splitbench.solvers.calling import start_episode
from splitbench.solvers.exact.exact import Exact
from splitbench.solvers.horizon.charge_aware import myopic_decision
from splitbench.solvers.horizon.device_dp import _interpolated, _moved_up, values_after
from splitbench.solvers.horizon.lookahead import Lookahead
from splitbench.solvers.horizon.lp_columns import device_columns
from tests.solvers.horizon.rollouts import CAUSAL, FORCED, ORACLES, Played, played, tiny


def decisions(run: Played) -> list[tuple[list[int], list[int]]]:
    """Partition and threads of each slot."""
    return [(outcome.partition.tolist(), outcome.threads.tolist()) for outcome in run.outcomes]


def check_hibernation(run: Played) -> None:
    """A device hibernates only where the slot's own optimum hibernates it too."""
    for problem, outcome in zip(run.problems, run.outcomes, strict=True):
        myopic = np.asarray(Exact().solve(problem).partition)
        assert (myopic[outcome.partition == HIBERNATE] == HIBERNATE).all()


@pytest.mark.parametrize("name", [*CAUSAL, FORCED, ORACLES[1]])
def test_it_hibernates_nobody_whom_the_slot_would_serve(name: str) -> None:
    """In every state on its way, where charge is short and where it is not."""
    for seed in range(25):
        check_hibernation(played(name, tiny(seed)))
    horizon = make_suite("starved[battery_scale=0.5,devices=4,sun_scale=0]").horizon(1, 45)
    run = played(name, horizon)
    assert any((outcome.partition == HIBERNATE).any() for outcome in run.outcomes)
    check_hibernation(run)


@pytest.mark.parametrize("name", CAUSAL)
def test_it_does_not_know_the_future(name: str) -> None:
    """Two horizons that part at slot 12 are answered alike until then; no mark in the record."""
    horizon = make_suite("often-full").horizon(2, 20)
    later = np.arange(len(horizon)) >= 12
    other = replace(
        horizon,
        threads=np.where(later, horizon.threads + 4, horizon.threads),
        arrival_rate_hz=np.where(later[:, None], 0.5, 1.0) * horizon.arrival_rate_hz,
        uplink_bps=np.where(later[:, None], 0.3, 1.0) * horizon.uplink_bps,
        harvest_j=np.where(later[:, None], 0.0, 1.0) * horizon.harvest_j,
    )
    one, two = played(name, horizon), played(name, other)
    assert decisions(one)[:12] == decisions(two)[:12]
    assert decisions(one)[12:] != decisions(two)[12:]
    assert not one.clairvoyant


@pytest.mark.parametrize("name", ORACLES)
def test_the_oracle_is_marked(name: str) -> None:
    """A policy that asks for the future is recorded as clairvoyant."""
    assert played(name, make_suite("never-full").horizon(2, 6)).clairvoyant


def best_score(problem: SlotProblem, later: Any) -> float:
    """Max of U + Σ worth of the charge left, by enumeration; forced hibernation only."""
    asleep = np.asarray(Exact().solve(problem).partition) == HIBERNATE
    cuts = (
        range(-int(rests), int(most) + 1)
        for rests, most in zip(asleep, problem.layers, strict=True)
    )
    best = -np.inf
    for partition in product(*cuts):
        worth = later[range(len(problem)), partition].sum()
        for threads in product(problem.thread_range.tolist(), repeat=len(problem)):
            outcome = problem.evaluate(np.array(partition), np.array(threads))
            if outcome.feasible:
                best = max(best, outcome.utility + worth)
    return best


@pytest.mark.parametrize("name", [*CAUSAL, FORCED, ORACLES[1]])
def test_decisions_maximise_their_scores(name: str) -> None:
    """At any charges its decision maximises the scores that it reports, by enumeration."""
    for seed in range(12):
        horizon, rng = tiny(seed), np.random.default_rng(seed)
        policy, simulation = make(name), Simulation(horizon)
        start_episode(policy, EpisodeView.of(horizon))
        while not simulation.done:
            problem = simulation.problem
            decision = policy.decide(problem, Context(slot=simulation.index))
            told = problem.evaluate(decision.partition, decision.threads)
            assert told.feasible
            score = told.utility + decision.later[range(len(problem)), decision.partition].sum()
            assert score == pytest.approx(best_score(problem, decision.later))
            assert np.isfinite(decision.price).all()
            simulation.step(rng.integers(0, problem.layers + 1), problem.even_threads())


def test_decide_needs_an_episode() -> None:
    """`decide` without an episode is an error that names `start`."""
    horizon = make_suite("never-full").horizon(4, 1)
    with pytest.raises(InputError, match="start"):
        Lookahead().decide(horizon.slot(0, horizon.battery_start_j), Context())


def test_one_slot_is_exact() -> None:
    """Without a later slot, or an episode at all, charge has no worth beyond the slot's own."""
    horizon = make_suite("never-full").horizon(4, 1)
    problem = horizon.slot(0, horizon.battery_start_j)
    optimum = Exact().solve(problem)
    answer = Lookahead().solve(problem, Context())
    assert np.array_equal(np.asarray(answer.partition), np.asarray(optimum.partition))
    for name in (*CAUSAL, *ORACLES):
        assert played(name, horizon).utility == pytest.approx(optimum.bound)


def test_charge_without_reward_is_exact() -> None:
    """With `energy_term: paper` every plan is the slots' own optima."""
    horizon = make_suite("never-full[energy_term=paper]").horizon(4, 10)
    for name in (*CAUSAL, *ORACLES):
        assert decisions(played(name, horizon)) == decisions(played("exact", horizon))


def test_same_seed_same_decisions() -> None:
    """What it resamples comes from the cell's seed alone."""
    horizon = make_suite("often-full").horizon(5, 30)
    first, second = (decisions(played("lookahead", horizon, seed=7)) for _ in range(2))
    assert first == second


def test_bad_parameters() -> None:
    """Unknown words and counts are refused with what would be accepted."""
    with pytest.raises(InputError, match="whole number"):
        make("lookahead[every=0,plan=lp]")
    with pytest.raises(InputError, match="causal"):
        make("lookahead[forecast=tarot]")
    with pytest.raises(InputError, match="lp"):
        make("lookahead[plan=milp]")
    with pytest.raises(InputError, match="forced"):
        make("lookahead[hibernate=gladly]")


def test_formulation_of_a_task_is_planned_too() -> None:
    """`energy_scope: task` draws less and is looked ahead of in the same way."""
    horizon = replace(
        make_suite("never-full").horizon(6, 12),
        formulation=Formulation("residual", "task", "allowed"),
    )
    assert played("lookahead", horizon).utility >= 0.999 * played("exact", horizon).utility


def test_a_single_slot_is_solved_without_a_context() -> None:
    """From Python `make(…).solve(problem)` is enough: a slot by itself is the exact one."""
    problem = make_suite("small").instances(0, 1)[0]
    assert np.array_equal(make("lookahead").solve(problem).threads, Exact().solve(problem).threads)


@pytest.mark.parametrize("share", [1e6, -1e6, 1e303, -1e303, np.inf])
def test_a_harvest_beyond_all_batteries_fills_them(share: float) -> None:
    """However large a net share of E_max is, a move ends at the grid's end; nothing overflows."""
    worth = np.arange(11.0)
    for moved in (_moved_up, _interpolated):
        found = moved(worth, share, 0)
        assert found.tolist() == ([10.0] * 11 if share > 0 else [-np.inf] * 11)


def test_the_price_of_a_joule_in_the_slot_alone() -> None:
    """V/E_max while the battery is not full at the slot's end, nothing where it is."""
    slot = Simulation(make_suite("paper-wifi").horizon(0, 1)).problem
    slot = replace(slot, battery_j=0.5 * slot.fleet.battery_max_j, harvest_j=np.zeros(len(slot)))
    expected = slot.utility_weight / slot.fleet.battery_max_j
    assert myopic_decision(slot).price == pytest.approx(expected)
    brimming = replace(slot, harvest_j=np.full(len(slot), 1e5))
    assert myopic_decision(brimming).price.tolist() == [0.0] * len(slot)


def test_the_programme_is_solved_anew_as_often_as_asked() -> None:
    """A plan of the first slot for all thirty decides otherwise than one made in each."""
    horizon = make_suite("often-full").horizon(0, 30)
    once, anew = (played(f"lookahead[plan=lp,every={n}]", horizon) for n in (30, 1))
    assert decisions(once) != decisions(anew)


def test_a_limit_too_short_for_the_programme_leaves_the_other_plan() -> None:
    """With no time left it decides as `plan=seen` does, and says so; with time it plans."""
    horizon = make_suite("often-full").horizon(0, 30)

    def prices(plan: Literal["lp", "seen"], deadline: float | None, notes: set[str]) -> list[Any]:
        solver, simulation, found = Lookahead(plan=plan), Simulation(horizon), []
        start_episode(solver, EpisodeView.of(horizon))
        for index in range(6):
            context = Context(slot=index, deadline=deadline)
            solution = solve_slot(solver, simulation.problem, context)
            simulation.step(solution.partition, solution.threads)  # type: ignore[arg-type]
            found.append(solution.energy_price)
            notes.add(solution.note)
        return found

    hurried: set[str] = set()
    seen = prices("seen", 0.0, set())
    np.testing.assert_array_equal(prices("lp", 0.0, hurried), seen)
    assert hurried == {"no time for the linear programme: later draws as with plan=seen"}
    planned: set[str] = set()
    assert not np.array_equal(prices("lp", None, planned), seen)
    assert planned == {""}


def test_a_programme_that_is_kept_for_want_of_time_is_told() -> None:
    """With time in the first slot only, its programme serves the second, and the note says so."""
    horizon = make_suite("often-full").horizon(0, 30)
    solver, simulation, notes = Lookahead(plan="lp", every=1), Simulation(horizon), []
    start_episode(solver, EpisodeView.of(horizon))
    for index, deadline in enumerate((None, 0.0)):
        solution = solve_slot(solver, simulation.problem, Context(slot=index, deadline=deadline))
        simulation.step(solution.partition, solution.threads)  # type: ignore[arg-type]
        notes.append(solution.note)
    assert notes == ["", "no time for a new linear programme: the last one is kept"]


def test_draws_are_sampled_from_the_cells_seed() -> None:
    """The same seed samples the same draws of later slots, another seed others."""
    horizon = make_suite("often-full").horizon(0, 30)
    samples = []
    for seed in (7, 7, 8):
        solver = Lookahead()
        start_episode(solver, EpisodeView.of(horizon))
        simulation = Simulation(horizon)
        for index in range(4):
            decision = solve_slot(solver, simulation.problem, Context(seed=seed, slot=index))
            assert decision.partition is not None
            assert decision.threads is not None
            simulation.step(decision.partition, decision.threads)
        assert solver._ahead is not None
        samples.append(solver._draw_samples(simulation.problem, solver._ahead, Context(seed=seed)))
    assert np.array_equal(samples[0], samples[1])
    assert not np.array_equal(samples[0], samples[2])


def test_hibernating_freely_is_worth_more_somewhere() -> None:
    """A later slot may be worth more than the current one. Free hibernation then never loses, and
    gains in one of forty tiny horizons.
    """
    gained = 0.0
    for seed in range(40):
        horizon = tiny(seed)
        for device in range(len(horizon.fleet)):
            columns = device_columns(horizon, device)
            free, bound = (
                values_after(columns, np.zeros(len(horizon)), freely=freely)
                for freely in (True, False)
            )
            both = np.isfinite(bound) & np.isfinite(free)
            assert np.all(free[both] >= bound[both] - 1e-9)
            gained = max(gained, float((free - bound)[both].max(initial=0.0)))
    assert gained > 0.01
