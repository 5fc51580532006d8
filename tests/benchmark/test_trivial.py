"""Trivial policies: their report, and that the suites discriminate them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from splitbench.baselines.best_fixed import BestFixed
from splitbench.benchmark.referee.rollout import play, play_optimum
from splitbench.benchmark.studies.trivial_policies import (
    EDGE,
    EVEN,
    EXACT,
    FIXED,
    LOCAL,
    TrivialRow,
    trivial_report,
)
from splitbench.benchmark.suite_report import print_suite, suite_object
from splitbench.problems import Horizon, Simulation
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers import Scheme, make
from splitbench.solvers.exact.exact import Exact, ExactThreads

POLICIES = (EXACT, EDGE, LOCAL, FIXED, EVEN)
#: Least loss in percent that the suites are calibrated for, policy by policy.
PAPER = {EDGE: 1.0, LOCAL: 1.0, FIXED: 1.0}
DISCRIMINATING = {EDGE: 3.0, LOCAL: 3.0, FIXED: 3.0, EVEN: 3.0}
WANTED = {
    "paper-wifi": PAPER,
    "paper-5g": PAPER,
    "congested": DISCRIMINATING,
    "starved": DISCRIMINATING,
    "cloudy": DISCRIMINATING,
    "hetero": DISCRIMINATING,
}


def check(suite: str, rows: list[TrivialRow]) -> None:
    """Compare a suite's report with the losses that it is calibrated for."""
    by_policy = {row.policy: row for row in rows}
    assert by_policy[EXACT].utility_per_device >= 0.2
    assert by_policy[EXACT].unserved == 0
    for policy, least in WANTED[suite].items():
        row = by_policy[policy]
        assert row.served_episodes == row.episodes, "every episode counts: nobody hibernates"
        assert row.served_loss_percent is not None
        assert row.served_loss_percent >= least, (suite, policy)


@pytest.mark.parametrize("suite", WANTED)
def test_suites_are_not_trivial(suite: str) -> None:
    """On one seed already, at full length, every trivial policy loses what it should."""
    check(suite, trivial_report(suite, [0]))


@pytest.mark.slow
@pytest.mark.parametrize("suite", WANTED)
def test_suites_are_not_trivial_over_seeds(suite: str) -> None:
    """Over eight seeds, episodes of default length."""
    check(suite, trivial_report(suite, range(8)))


def edge_only_utility(horizon: Horizon) -> float:
    """Return the mean utility of l = 0 with exact threads, played step by step."""
    simulation, utilities = Simulation(horizon), []
    while not simulation.done:
        cuts = np.zeros(len(simulation.problem), dtype=np.int64)
        answer = ExactThreads().allocate(simulation.problem, cuts)
        utilities.append(simulation.step(answer.partition, answer.threads).utility)
    return float(np.mean(utilities))


def exact_utility(horizon: Horizon) -> float:
    """Return the mean utility of each slot's optimum, played step by step."""
    simulation, utilities = Simulation(horizon), []
    while not simulation.done:
        answer = Exact().solve(simulation.problem)
        utilities.append(simulation.step(answer.partition, answer.threads).utility)
    return float(np.mean(utilities))


def test_losses_are_those_of_the_episodes() -> None:
    """Loss and utility follow from playing exact and edge-only through the same horizons."""
    suite = make_suite("hetero[devices=4]")
    row = {row.policy: row for row in trivial_report(suite, [1, 2], slots=6)}[EDGE]
    horizons = [suite.horizon(seed, 6) for seed in (1, 2)]
    best = [exact_utility(horizon) for horizon in horizons]
    earned = [edge_only_utility(horizon) for horizon in horizons]
    assert row.utility_per_device == pytest.approx(np.mean(earned) / 4)
    assert row.loss_percent == pytest.approx(100 * (1 - np.mean(earned) / np.mean(best)))
    assert row.losses_percent == pytest.approx(
        [100 * (1 - own / top) for own, top in zip(earned, best, strict=True)]
    )


def test_exact_row_is_the_reference() -> None:
    """The first row: optimal everywhere, no loss."""
    first = trivial_report("paper-5g", [0], slots=4)[0]
    assert (first.policy, first.optimal_percent, first.loss_percent) == (EXACT, 100.0, 0.0)


def test_one_device_takes_all_threads() -> None:
    """With a single device, even threads are optimal in every slot."""
    rows = {row.policy: row for row in trivial_report("paper-wifi[devices=1]", [0], slots=5)}
    assert rows[EVEN].optimal_percent == 100.0
    assert rows[EVEN].loss_percent == pytest.approx(0.0, abs=1e-9)


def test_edge_only_wins_where_sending_is_free() -> None:
    """A thousandfold uplink and a fast server make edge-only optimal everywhere."""
    rows = trivial_report("paper-5g[uplink_scale=1000,server_scale=0.01]", [0], slots=5)
    edge = next(row for row in rows if row.policy == EDGE)
    assert edge.optimal_percent == 100.0
    assert edge.loss_percent == pytest.approx(0.0, abs=1e-9)


def test_best_fixed_is_the_best_of_all() -> None:
    """On a short episode of two devices no constant partition earns more: all are tried."""
    horizon = make_suite("paper-5g[devices=2,slots=6]").horizon(3)
    found = play(horizon, Scheme(BestFixed(), ExactThreads())).utility

    class Constant:
        name = "constant"

        def __init__(self, cuts: tuple[int, ...]):
            self.cuts = np.array(cuts)

        def partition(self, problem: object) -> np.ndarray:
            return self.cuts

    every = itertools.product(*(range(int(layers) + 1) for layers in horizon.fleet.layers))
    best = max(play(horizon, Scheme(Constant(cuts), ExactThreads())).utility for cuts in every)
    assert found == pytest.approx(best, abs=1e-9)


def test_small_counts_its_feasible_instances() -> None:
    """Independent slots have no fixed partition, and infeasible ones no optimum to lose to."""
    rows = trivial_report("small", [0])
    assert [row.policy for row in rows] == [EXACT, EDGE, LOCAL, EVEN]
    feasible = [p for p in make_suite("small").instances(0) if Exact().solve(p).decided]
    assert {row.episodes for row in rows} == {len(feasible)}
    assert len(feasible) < 40
    for row in rows[1:]:
        assert row.served_loss_percent is not None
        assert row.served_loss_percent >= 0.0
        assert (row.served_episodes == row.episodes) == (row.unserved == 0)


def test_show_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    """A row for each policy, exact first; `even-threads` is a solver like any other."""
    print_suite(suite_object("paper-wifi", [0], 3))
    lines = capsys.readouterr().out.splitlines()
    # The number of columns tells rows from the text below, which names policies, too.
    named = [words[0] for line in lines if len(words := line.split()) == 5 and words[0] in POLICIES]
    assert named == list(POLICIES)
    assert make("even-threads").name == EVEN


@pytest.mark.parametrize("suite", ["hetero", "paper-5g", "hetero[truth=table]", "small"])
def test_the_optimum_of_several_seeds_side_by_side(suite: str) -> None:
    """Utilities and charges are those of one horizon, or instance, after the other, bit for bit."""
    made = make_suite(suite)
    posed: list[Any] = (
        [made.horizon(seed, 15) for seed in range(3)] if made.episodes else made.instances(0, 5)
    )
    for together, one in zip(play_optimum(posed), posed, strict=True):
        alone = play(one, Exact())
        assert np.array_equal(together.utilities, alone.utilities)
        assert together.unserved == alone.unserved
        for slot, same in zip(together.problems, alone.problems, strict=True):
            assert np.array_equal(slot.battery_j, same.battery_j)
