"""Time of the horizon bound and of looking ahead, at the sizes they have to reach: `make perf`.

Suites with little sun are there because a battery that runs empty makes the programme harder. No
time is asserted.
"""

from __future__ import annotations

from time import process_time
from typing import Any

import pytest

from splitbench.problems import EpisodeView, Simulation
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers import Context, make, solve_slot
from splitbench.solvers.calling import start_episode
from splitbench.solvers.horizon.bound import Method, horizon_bound

pytestmark = pytest.mark.perf

SLOTS, SEEDS = 120, range(3)
SUITES = (
    "paper-wifi",
    "paper-wifi[sun_scale=0.4]",
    "never-full",
    "hetero",
    "starved[sun_scale=0.3]",
    "scale",
    "scale[sun_scale=0.2]",
)
METHODS: tuple[Method, ...] = ("lp", "dual")
POLICIES = (
    "exact",
    "lookahead",
    "lookahead[plan=lp]",
    "lookahead[every=1,plan=lp]",
    "lookahead[forecast=oracle]",
)

#: (N, CPU seconds, bounds) of each seed by suite and method; CPU seconds a slot by suite, policy.
BOUNDS: dict[str, dict[Method, list[tuple[int, float, float]]]] = {}
POLICY_S: dict[str, dict[str, float]] = {}


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("method", METHODS)
def test_bound(benchmark: Any, suite: str, method: Method) -> None:
    """The whole of `horizon_bound` for 120 slots, a seed a round."""
    horizons = [make_suite(suite).horizon(seed, SLOTS) for seed in SEEDS]
    measured = BOUNDS.setdefault(suite, {}).setdefault(method, [])
    left = iter(horizons)

    def bound() -> None:
        horizon, begun = next(left), process_time()
        found = horizon_bound(horizon, method=method)
        assert found.per_slot is not None
        measured.append((len(horizon.fleet), process_time() - begun, found.per_slot))

    benchmark.group = f"horizon bound, {suite}"
    benchmark.pedantic(bound, rounds=len(horizons))


@pytest.mark.parametrize("suite", ["paper-wifi", "hetero"])
@pytest.mark.parametrize("name", POLICIES)
def test_episode(benchmark: Any, suite: str, name: str) -> None:
    """A whole episode of 120 slots, `start` and the simulation included."""
    horizon = make_suite(suite).horizon(0, SLOTS)

    def play() -> None:
        begun = process_time()
        solver, simulation = make(name), Simulation(horizon)
        start_episode(solver, EpisodeView.of(horizon))
        while not simulation.done:
            answer = solve_slot(solver, simulation.problem, Context(slot=simulation.index))
            assert answer.partition is not None
            assert answer.threads is not None
            simulation.step(answer.partition, answer.threads)
        POLICY_S.setdefault(suite, {})[name] = (process_time() - begun) / len(horizon)

    benchmark.group = f"episode, {suite}"
    benchmark.pedantic(play, rounds=1, warmup_rounds=1)


def test_tables(capsys: pytest.CaptureFixture[str]) -> None:
    """Print what was measured; runs last."""
    lines = [
        f"Horizon bound, T = {SLOTS}: CPU s, least and most of {len(SEEDS)} seeds; by how much",
        "prices alone (dual) are looser than the programme (lp), % of the bound",
    ]
    lines += [f"{'suite':<27}{'N':>5}{'lp s':>14}{'dual s':>14}{'looser %':>10}"]
    for suite, of_method in BOUNDS.items():
        times = {
            method: f"{min(s for _, s, _ in runs):.2f}-{max(s for _, s, _ in runs):.2f}"
            for method, runs in of_method.items()
        }
        totals = {method: sum(value for *_, value in runs) for method, runs in of_method.items()}
        looser = 100 * (totals["dual"] - totals["lp"]) / abs(totals["lp"])
        count = of_method["lp"][0][0]
        lines.append(f"{suite:<27}{count:>5}{times['lp']:>14}{times['dual']:>14}{looser:>10.4f}")
    lines += ["", f"{'CPU ms a slot':<30}" + "".join(f"{suite:>14}" for suite in POLICY_S)]
    lines += [
        f"{name:<30}" + "".join(f"{1e3 * of[name]:>14.2f}" for of in POLICY_S.values())
        for name in POLICIES
    ]
    with capsys.disabled():
        print("\n\n" + "\n".join(lines))
    assert BOUNDS
    assert POLICY_S
