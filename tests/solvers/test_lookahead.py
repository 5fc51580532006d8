"""Lookahead: its gain over `exact`, what it may know, and which devices it may hibernate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pytest

from splitbench.problems import (
    HIBERNATE,
    EpisodeView,
    Formulation,
    Horizon,
    InputError,
    Outcome,
    Simulation,
    SlotProblem,
)
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers import Context, make, solve_slot
from splitbench.solvers.calling import start_episode
from splitbench.solvers.exact.exact import Exact
from splitbench.solvers.horizon.bound import horizon_bound
from splitbench.solvers.horizon.charge_aware import myopic_decision
from splitbench.solvers.horizon.charge_value import charge_value
from splitbench.solvers.horizon.device_dp import _interpolated, _moved_up, values_after
from splitbench.solvers.horizon.forecast import Forecast
from splitbench.solvers.horizon.lookahead import Lookahead
from splitbench.solvers.horizon.lp_columns import device_columns
from tests.horizons import brute_force, tiny_horizon

CAUSAL = ("lookahead", "lookahead[forecast=persistence]", "lookahead[every=3,plan=lp]")
ORACLES = ("lookahead[forecast=oracle]", "lookahead[every=3,forecast=oracle,plan=lp]")
#: Every causal way of planning, as often as the programme is solved by default.
PLANS = (*CAUSAL[:2], "lookahead[plan=lp]", "lookahead[forecast=persistence,plan=lp]")
FORCED = "lookahead[forecast=oracle,hibernate=forced]"
#: Suites whose batteries fill up, or do not, by the least gain over `exact` in percent.
GAINS = {"never-full": 5.0, "often-full": 1.5}
OF_THREE = ("paper-wifi", "paper-5g", *GAINS)
OTHERS = ("paper-wifi", "paper-5g", "congested", "starved", "cloudy", "hetero")


class Played(NamedTuple):
    """An episode: the state and the outcome of each slot, and whether the future was asked for."""

    problems: list[SlotProblem]
    outcomes: list[Outcome]
    clairvoyant: bool

    @property
    def utility(self) -> float:
        """Mean utility of a slot."""
        return float(np.mean([outcome.utility for outcome in self.outcomes]))


def played(name: str, horizon: Horizon, seed: int = 0) -> Played:
    """Run a policy through a horizon; none of its decisions may break a constraint."""
    solver, view, simulation = make(name), EpisodeView.of(horizon), Simulation(horizon)
    start_episode(solver, view)
    problems, outcomes = [], []
    while not simulation.done:
        problems.append(simulation.problem)
        context = Context(seed=seed, slot=simulation.index)
        answer = solve_slot(solver, simulation.problem, context)
        assert answer.partition is not None
        assert answer.threads is not None
        outcomes.append(simulation.step(answer.partition, answer.threads))
        assert outcomes[-1].feasible
    return Played(problems, outcomes, view.clairvoyant)


def tiny(seed: int, **overrides: Any) -> Horizon:
    """The tiny horizon of a seed."""
    return tiny_horizon(np.random.default_rng([16, seed]), **overrides)


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


def test_charge_value_is_the_forecast_followed_slot_by_slot() -> None:
    """By the definition: step, count V per full battery, charge −10 a draw for what is missing."""
    rng = np.random.default_rng(17)
    for _ in range(50):
        later = int(rng.integers(1, 8))
        charge = rng.random((2, 3))
        harvest, draws = rng.random((later, 2)) * 0.6, rng.random((later, 2)) * 0.6 + 0.01
        found = charge_value(charge, harvest, draws, 0.5)
        for n in range(2):
            for at in range(3):
                level, kept, least, full = charge[n, at], 0.0, 0.0, False
                for net in harvest[:, n] - draws[:, n]:
                    level = min(level + net, 1.0)
                    kept += 0.5 * max(level, 0.0)
                    full |= level == 1.0
                    least = least if full else min(least, level)
                expected = kept + 10.0 * least / draws[:, n].mean()
                assert found[n, at] == pytest.approx(expected)


def test_a_forecast_follows_the_clear_sky() -> None:
    """Harvest to come is the clear sky's course in the share seen so far; without one, the mean."""
    horizon = make_suite("cloudy[devices=2]").horizon(0, 6)
    assert horizon.clear_sky_harvest_j is not None
    for course in (horizon.clear_sky_harvest_j, None):
        known = replace(horizon, clear_sky_harvest_j=course)
        ahead = Forecast(EpisodeView.of(known), "causal")
        for slot in range(3):
            ahead.see(known.slot(slot, known.battery_start_j))
        seen = horizon.harvest_j[:3].mean(axis=0)
        expected = np.repeat(seen[None, :], 3, axis=0)
        if course is not None:
            expected = course[3:] * seen / course[:3].mean(axis=0)
        assert np.allclose(ahead.harvest_j(), expected)
        assert ahead.slots_left == 3


def test_the_oracle_forecasts_the_truth() -> None:
    """The rest of the horizon, from the charge of now on."""
    horizon = make_suite("cloudy[devices=2]").horizon(0, 6)
    ahead = Forecast(EpisodeView.of(horizon), "oracle")
    for slot in range(2):
        ahead.see(horizon.slot(slot, horizon.battery_start_j))
    expected = ahead.horizon(horizon.slot(1, horizon.battery_start_j))
    for name in ("threads", "arrival_rate_hz", "uplink_bps", "harvest_j"):
        assert np.array_equal(getattr(expected, name), getattr(horizon, name)[1:])


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
        samples.append(solver._draw_samples(simulation.problem, solver._ahead, seed))
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
