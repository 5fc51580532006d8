"""The environment over a batch, and a learned scheme's slot beside the exact one: `make perf`.

No time is asserted; the machine is noisy, so read the ratios to `exact` of the same run.
"""

from __future__ import annotations

from statistics import median
from typing import Any

import numpy as np
import pytest

from splitbench.problems import EpisodeView, Simulation, SlotProblem
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers import make, solve_slot
from splitbench.solvers.calling import start_episode
from splitbench.solvers.ddp.environment import PartitionVectorEnv

pytestmark = pytest.mark.perf

SCHEMES = ("exact", "ddp+ta", "ddp-shared+ta", "imitation+ta", "imitation+refine")
SIZES = ("paper-wifi", "hetero", "hetero[devices=30]")
#: Seconds a slot by suite and scheme; the table is printed from here.
MEASURED: dict[str, dict[str, float]] = {}


@pytest.mark.parametrize("devices", [3, 9])
@pytest.mark.parametrize("many", [16, 256, 1024])
def test_slots_a_second_of_the_environment(benchmark: Any, devices: int, many: int) -> None:
    """Steps of the vectorised environment with random actions, restarts included."""
    env = PartitionVectorEnv(many, f"hetero[devices={devices}]")
    env.reset(seed=0)
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1.0, 1.0, (20, many, devices)).astype(np.float32)

    def play() -> None:
        for action in actions:
            env.step(action)

    benchmark.group = f"environment, N={devices}"
    benchmark.pedantic(play, rounds=12, warmup_rounds=1)
    seconds = median(benchmark.stats.stats.data)
    print(f"\nN = {devices}, {many} at once: {20 * many / seconds:,.0f} slots a second")


@pytest.mark.parametrize("suite", SIZES)
@pytest.mark.parametrize("name", SCHEMES)
def test_seconds_a_slot(benchmark: Any, suite: str, name: str) -> None:
    """A slot decided by each scheme on the same slots; the policy is taken up beforehand."""
    if name == "ddp+ta" and "30" in suite:
        pytest.skip("a joint actor is for one N, and none is shipped for 30")
    horizon = make_suite(suite).horizon(0, 20)
    solver = make(name)
    start_episode(solver, EpisodeView.of(horizon))
    slots, exact, simulation = [], make("exact"), Simulation(horizon)
    while not simulation.done:
        slots.append(simulation.problem)
        best = solve_slot(exact, simulation.problem)
        simulation.step(best.partition, best.threads)  # type: ignore[arg-type]
    turn = iter(range(10**6))

    def fresh() -> tuple[tuple[Any, SlotProblem], dict[str, Any]]:
        at = next(turn) % len(slots)
        return (solver, horizon.slot(at, slots[at].battery_j)), {}

    benchmark.group = suite
    benchmark.pedantic(solve_slot, setup=fresh, rounds=100, warmup_rounds=2)
    MEASURED.setdefault(suite, {})[name] = median(benchmark.stats.stats.data)


def test_table_of_medians(capsys: pytest.CaptureFixture[str]) -> None:
    """Print medians and their ratios to `exact`; runs last, on whatever was measured."""
    lines = [f"{'suite':<20}" + "".join(f"{name:>24}" for name in SCHEMES)]
    for suite, times in MEASURED.items():
        cells = [
            f"{times[name] * 1e3:.3f} ms {times[name] / times['exact']:5.1f}×"
            if name in times
            else "–"
            for name in SCHEMES
        ]
        lines.append(f"{suite:<20}" + "".join(f"{cell:>24}" for cell in cells))
    with capsys.disabled():
        print("\n\nMedian seconds a slot; × = times `exact`")
        print("\n".join(lines))
    assert len(lines) > 1, "nothing was measured"
