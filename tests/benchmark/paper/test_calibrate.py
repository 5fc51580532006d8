"""The search for the paper's constants: fast simulation, repeatability, shipped constants."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from splitbench.benchmark.paper.calibration.many_settings import (
    SCHEMES,
    best_division,
    simulate,
)
from splitbench.benchmark.paper.calibration.search import (
    FILE,
    QUICK,
    SHIPPED_MERGES,
    SHIPPED_NUMBERS,
    Point,
    calibrate,
    horizons_of,
    search,
    settings_of,
)
from splitbench.benchmark.paper.items import PaperRequest
from splitbench.benchmark.referee.rollout import play
from splitbench.problems.horizon.scenario import Scenario
from splitbench.problems.package_paths import DATA
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers import make

SHIPPED = Point(SHIPPED_NUMBERS, SHIPPED_MERGES)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_fast_simulation_is_the_harness(scheme: str) -> None:
    """On the shipped constants every scheme earns what it earns played slot by slot.

    The suite rounds D(1) of two DNNs to five digits.
    """
    for net in ("wifi", "5g"):
        horizons = [make_suite(f"paper-calibrated-{net}").horizon(seed, 12) for seed in (0, 1)]
        fast = simulate(settings_of([SHIPPED]), horizons, scheme).utility[0]
        slow = [play(horizon, make(scheme)).utility for horizon in horizons]
        assert fast == pytest.approx(slow, rel=2e-5)


def test_best_division_tries_all() -> None:
    """The best of all divisions of the threads, by enumeration."""
    rng = np.random.default_rng(5)
    value, threads = rng.normal(size=(6, 3, 9)), np.array([3, 5, 7, 8, 9, 10])
    for row, divided in enumerate(best_division(value, threads)):
        assert divided.sum() == threads[row]
        best = max(
            value[row, 0, a - 1] + value[row, 1, b - 1] + value[row, 2, threads[row] - a - b - 1]
            for a in range(1, 10)
            for b in range(1, 10)
            if 1 <= threads[row] - a - b <= 9
        )
        assert value[row, np.arange(3), divided - 1].sum() == pytest.approx(best)


def test_the_search_is_repeatable() -> None:
    """The same seed finds the same constants."""
    horizons = horizons_of(range(1), 4)
    small = QUICK.__class__(drawn=20, slots=4, kept=2, rounds=2, around=3)
    first, second = (search(horizons, small, np.random.default_rng(7)) for _ in range(2))
    assert first == second


def point_of(scenario: Scenario) -> Point:
    """Return the setting of a calibrated suite."""
    own = [kind.calibration for kind in scenario.kinds]
    numbers = [one.device_s or 0.0 for one in own]
    numbers += [own[0].server_s or 0.0, own[0].serial_share or 0.0]
    return Point(tuple(numbers), tuple(one.merged_layers or "" for one in own))


def test_suite_search_and_file_hold_the_same_constants() -> None:
    """The suites' constants are those that the search calls shipped, and those of the file."""
    scenario = make_suite("paper-calibrated-wifi").scenario
    assert isinstance(scenario, Scenario)
    assert point_of(scenario) == SHIPPED
    fleet = scenario.fleet()
    assert fleet.curve_s(20) == pytest.approx(settings_of([SHIPPED]).curve_s[0], rel=2e-3)
    file = json.loads((DATA / "profiles" / FILE).read_text(encoding="utf-8"))
    assert tuple(file["shipped"]["merged layers"].values()) == SHIPPED_MERGES
    assert [one for one in file["shipped"].values() if isinstance(one, float)] == list(
        SHIPPED_NUMBERS
    )


def test_calibrate_writes_its_file(tmp_path: Path) -> None:
    """Claims, shipped and found side by side, and the command that repeats it."""
    request = PaperRequest(tmp_path, seeds=(3,), slots=3, quick=True)
    made = calibrate(request)
    assert len(made.rows) == 10
    file = json.loads((tmp_path / FILE).read_text(encoding="utf-8"))
    assert file["command"].startswith("splitbench paper calibrate")
    assert set(file["found"]) == set(file["shipped"])
