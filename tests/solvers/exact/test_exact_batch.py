"""Many slots at once against one at a time, and fleets of arrays against fleets of objects."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from splitbench.benchmark.planning.code import content_digest
from splitbench.benchmark.referee.cell import run_cell
from splitbench.benchmark.runs.plan import Request, cells_of
from splitbench.problems import Fleet, SlotProblem
from splitbench.problems.suites.array_fleet import ArrayFleet
from splitbench.problems.suites.named_suites import Suite, make_suite
from splitbench.solvers.contract import Solution
from splitbench.solvers.exact.batch import optimal_utilities, solve_batch
from splitbench.solvers.exact.exact import Exact
from tests.strategies import random_problem


def same(one: Solution, other: Solution) -> None:
    """Two solutions are equal to the last bit, notes included."""
    assert (one.status, one.bound, one.utility, one.note) == (
        other.status,
        other.bound,
        other.utility,
        other.note,
    )
    if one.decided or other.decided:
        assert np.array_equal(one.partition, other.partition)  # type: ignore[arg-type]
        assert np.array_equal(one.threads, other.threads)  # type: ignore[arg-type]


def slots_like(problem: SlotProblem, rng: np.random.Generator, many: int) -> list[SlotProblem]:
    """Draw slots of the same devices: other K, arrivals, uplinks, charges and harvests."""
    fewest = len(problem) * problem.min_threads
    charge = problem.fleet.battery_max_j

    def drawn() -> dict[str, Any]:
        return {
            "threads": int(rng.integers(max(fewest - 1, 1), fewest + 8)),
            "arrival_rate_hz": problem.arrival_rate_hz * rng.uniform(0.5, 1.5, len(problem)),
            "uplink_bps": problem.uplink_bps * rng.uniform(0.5, 1.5, len(problem)),
            "battery_j": np.minimum(problem.battery_j * rng.uniform(0, 2, len(problem)), charge),
        }

    return [replace(problem, **drawn()) for _ in range(many)]


def test_batches_are_one_at_a_time_to_the_last_bit() -> None:
    """Slots of every regime, several fleets mixed, K below N·k_min among them."""
    rng = np.random.default_rng(0)
    problems = [
        slot
        for seed in range(60)
        for slot in slots_like(
            random_problem(np.random.default_rng([seed, 3]), devices=int(rng.integers(1, 6))),
            rng,
            8,
        )
    ]
    order = rng.permutation(len(problems))
    mixed = [problems[index] for index in order]
    for problem, answer in zip(mixed, solve_batch(mixed), strict=True):
        same(answer, Exact().solve(problem))
    assert optimal_utilities(mixed) == [answer.bound for answer in map(Exact().solve, mixed)]
    assert solve_batch([]) == []


@pytest.mark.parametrize("suite", ["paper-wifi", "hetero", "congested", "starved"])
def test_a_horizon_in_one_batch(suite: str) -> None:
    """120 slots of a suite at the charges of the start."""
    horizon = make_suite(suite).horizon(0)
    slots = [horizon.slot(index, horizon.battery_start_j) for index in range(len(horizon))]
    for slot, answer in zip(slots, solve_batch(slots), strict=True):
        same(answer, Exact().solve(slot))


def test_arrays_are_the_objects_they_stand_for() -> None:
    """A city's arrays, and the `Device` objects that it builds, are one model."""
    horizon = make_suite("city[devices=40]").horizon(3)
    arrays = horizon.fleet
    assert isinstance(arrays, ArrayFleet)
    objects = Fleet(arrays.devices)
    for name in ("cut_bits", "local_s", "server_share", "deadline_s", "thread_caps", "in_range"):
        assert np.array_equal(getattr(arrays, name), getattr(objects, name)), name
    assert arrays.shares_fall == objects.shares_fall
    assert arrays.curve_s(64) == pytest.approx(objects.curve_s(64), rel=1e-14)
    slot = horizon.slot(0, horizon.battery_start_j)
    plain = replace(slot, fleet=objects)
    found, again = Exact().solve(slot), Exact("dp").solve(plain)
    assert found.utility == pytest.approx(again.utility, rel=1e-12)
    one = slot.evaluate(found.partition, found.threads)  # type: ignore[arg-type]
    other = plain.evaluate(found.partition, found.threads)  # type: ignore[arg-type]
    assert one.feasible
    assert one.utility == pytest.approx(other.utility, rel=1e-12)
    assert one.utility == pytest.approx(found.utility, rel=1e-12)


def test_a_larger_city_continues_the_smaller() -> None:
    """More devices leave the devices and draws of fewer as they were."""
    small, large = (make_suite(f"city[devices={count}]").horizon(1) for count in (30, 50))
    for name in ("arrival_rate_hz", "uplink_bps", "harvest_j"):
        assert np.array_equal(getattr(small, name), getattr(large, name)[:, :30])
    assert np.array_equal(small.fleet.curve_s(9), large.fleet.curve_s(9)[:30])


def test_fifty_thousand_devices() -> None:
    """A city of 50,000 is proved optimal, and its decision is feasible and worth what it says."""
    horizon = make_suite("city[devices=50000]").horizon(0)
    slot = horizon.slot(0, horizon.battery_start_j)
    found = Exact().solve(slot)
    assert found.status == "optimal"
    outcome = slot.evaluate(found.partition, found.threads)  # type: ignore[arg-type]
    assert outcome.feasible
    assert outcome.utility == pytest.approx(found.bound, rel=1e-12)


def test_a_run_of_a_city_builds_no_device_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Digest, what a player is sent, the decision and the record of a cell take arrays alone."""
    horizon = make_suite("city[devices=500]").horizon(0)
    fleet = horizon.fleet
    assert isinstance(fleet, ArrayFleet)
    assert list(fleet.dnns) == [device.dnn for device in fleet.devices]
    fleet.curve_s(64)
    sent = pickle.loads(pickle.dumps(fleet.bare()))
    assert len(pickle.dumps(fleet.bare())) < 60_000
    assert np.array_equal(sent.curve_s(64), fleet.curve_s(64))
    assert np.array_equal(sent.local_s, fleet.local_s)
    slower = ArrayFleet(
        fleet._templates.devices,
        fleet.kind,
        deadline_s=fleet.deadline_s,
        battery_max_j=fleet.battery_max_j,
        local_scale=fleet.local_scale,
        server_scale=fleet.server_scale * np.where(np.arange(500) == 77, 1.01, 1.0),
        most_threads=64,
    )
    same_again = make_suite("city[devices=500]").horizon(0)
    assert content_digest(horizon) == content_digest(same_again)
    assert content_digest(horizon) != content_digest(replace(horizon, fleet=slower))

    def refuse(self: ArrayFleet) -> Any:
        raise AssertionError("devices were built")

    monkeypatch.setattr(ArrayFleet, "devices", property(refuse))
    monkeypatch.setattr(Suite, "horizon", lambda self, seed, slots=None: same_again)
    (key,) = cells_of(Request(["city[devices=500]"], ["exact"], [0], reference=False))
    record = run_cell(key)
    assert record.status == "optimal"
    assert record.per_device[499]["name"] == "md499"
