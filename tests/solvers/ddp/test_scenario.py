"""Scenarios that policies are trained for: descriptions, fingerprints and distances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splitbench.problems import InputError
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers.ddp.training_scenario import scenario_around, scenario_of_suite


def fingerprint(suite: str) -> str:
    """The fingerprint of a suite's scenario."""
    return scenario_of_suite(suite).fingerprint


def test_what_does_not_change_the_task_does_not_change_the_fingerprint() -> None:
    """The number of slots and the world's true D(k), which no policy sees, are left out."""
    assert fingerprint("hetero[slots=10]") == fingerprint("hetero")
    assert fingerprint("hetero[devices=9]") == fingerprint("hetero")
    assert fingerprint("hetero[truth=table]") == fingerprint("hetero")


@pytest.mark.parametrize(
    "other",
    [
        "paper-5g", "paper-wifi[utility_weight=0.3]", "paper-wifi[energy_term=paper]",
        "paper-wifi[arrival_scale=1.1]", "paper-wifi[server_scale=2]", "paper-wifi[devices=4]",
        "paper-wifi[curve=table]", "paper-wifi[min_threads=2]", "paper-wifi[sun_scale=2]",
        "paper-wifi[dnn=resnet50]", "paper-wifi[input_bits_per_value=8]",
    ],
)  # fmt: skip
def test_what_changes_the_task_changes_the_fingerprint(other: str) -> None:
    """Other ranges or other devices give another fingerprint."""
    assert fingerprint(other) != fingerprint("paper-wifi")


@pytest.mark.parametrize("in_order", [True, False])
def test_a_scenario_is_at_no_distance_from_itself_only(in_order: bool) -> None:
    """Distance 0 by any other name, more than 0 where a range is another, None for another V."""
    described = scenario_of_suite("paper-wifi").description
    same = scenario_of_suite("paper-wifi[slots=10]").description
    assert described.distance_to(same, in_order=in_order) == 0.0
    near = described.distance_to(
        scenario_of_suite("paper-wifi[arrival_scale=1.1]").description, in_order=in_order
    )
    far = described.distance_to(scenario_of_suite("paper-5g").description, in_order=in_order)
    assert near is not None
    assert far is not None
    assert 0.0 < near < far
    other = scenario_of_suite("paper-wifi[utility_weight=0.3]").description
    assert described.distance_to(other, in_order=in_order) is None


def test_only_a_policy_for_any_devices_is_at_a_distance_from_other_fleets() -> None:
    """The joint actor has no distance to another N; a shared policy does, by its nearest device."""
    three, six = (scenario_of_suite(f"paper-wifi[devices={n}]").description for n in (3, 6))
    assert six.distance_to(three, in_order=True) is None
    distance = six.distance_to(three, in_order=False)
    assert distance is not None
    # Two of ten range numbers halve (threads a device); all else is the same but for the draws.
    assert distance == pytest.approx(0.2, abs=0.02)


def test_training_happens_in_the_world_that_is_planned_with() -> None:
    """Where the truth is another D(k), horizons to train on have the D(k) that is believed."""
    drawn = scenario_of_suite("hetero[truth=table]").draw(5)
    assert drawn.planning is None
    believed = make_suite("hetero").horizon(5)
    np.testing.assert_allclose(drawn.fleet.curve_s(10), believed.fleet.curve_s(10))


def test_independent_slots_have_nothing_to_train_on() -> None:
    """`small` draws other devices for every slot."""
    with pytest.raises(InputError, match="expected a suite of horizons"):
        scenario_of_suite("small")


def test_horizons_around_a_slot_are_like_it() -> None:
    """Same devices and rules; rates within half and one and a half times, threads a quarter."""
    problem = make_suite("small").instances(0, 1)[0]
    scenario = scenario_around(problem)
    assert not scenario.is_suite
    horizon = scenario.draw(3)
    assert horizon.fleet is problem.fleet
    ratio = horizon.arrival_rate_hz / problem.arrival_rate_hz
    assert ratio.min() >= 0.5
    assert ratio.max() <= 1.5
    assert abs(horizon.threads - problem.threads).max() <= max(0.25 * problem.threads, 1)
    np.testing.assert_array_equal(horizon.uplink_bps, scenario.draw(3).uplink_bps)
    assert scenario_around(replace(problem, threads=problem.threads + 1)).fingerprint != (
        scenario.fingerprint
    )


def test_a_slot_nobody_can_serve_has_no_horizons() -> None:
    """Fewer threads than N·k_min: one line, no endless search."""
    problem = make_suite("small").instances(0, 1)[0]
    short = replace(problem, threads=1, min_threads=2)
    with pytest.raises(InputError, match="expected at least"):
        scenario_around(short)
