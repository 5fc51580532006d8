"""Eq. 1-10 by hand, equation by equation, and the packing of a slot's numbers.

Whole decisions by hand are in `test_outcome.py`, the table of all decisions is in `test_slot.py`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbench.problems import Formulation, SlotProblem
from splitbench.problems.arrays import Floats
from splitbench.problems.batch import BatchModel, Slots
from splitbench.problems.equations import (
    battery_next_j,
    charge_j,
    charge_share,
    end_to_end_s,
    harvested_j,
    linear_local_s,
    linear_server_share,
    queueing_s,
    server_s,
    slot_data,
    slot_energy_j,
    slot_utility,
    tasks,
    thread_latency_s,
    time_saved,
    transmission_s,
    utilisation,
)
from tests.strategies import problems


def one(number: float) -> Floats:
    """A number as an array."""
    return np.array(number)


def test_latency_by_hand() -> None:
    """Eq. 9, 2, 7, 8 and 1 with small numbers."""
    assert linear_local_s(0.9, 3) == pytest.approx((0.0, 0.3, 0.6, 0.9))
    assert transmission_s(one(8e6), one(1e7)) == pytest.approx(0.8)
    assert thread_latency_s(one(2.0), 0.2, -np.log(2.0), 0.05, 0.0) == pytest.approx(0.1)
    assert linear_server_share(4) == pytest.approx((1.0, 0.75, 0.5, 0.25, 0.0))
    assert server_s(one(0.25), one(0.4)) == pytest.approx(0.1)
    assert end_to_end_s(one(0.1), one(0.2), one(0.3), one(0.4)) == pytest.approx(1.0)


@pytest.mark.parametrize("rate", [0.1, 0.5, 2.0, 2.49])
def test_eq3_is_the_printed_form(rate: float) -> None:
    """λ·D²/(2(1 − λ·D)) is λ/(2μ²(1 − ρ)) with μ = 1/D and ρ = λ/μ."""
    service, mu = 0.4, 2.5
    printed = rate / (2 * mu**2 * (1 - rate / mu))
    assert queueing_s(one(rate), one(service)) == pytest.approx(printed)
    assert utilisation(one(rate), one(service)) == pytest.approx(rate / mu)


def test_eq3_without_a_steady_state() -> None:
    """The wait is infinite from ρ = 1 on, never clipped, and 0 where nothing is served."""
    waits = queueing_s(np.array([2.5, 5.0, 1e9]), np.array([0.4, 0.4, 0.0]))
    assert waits.tolist() == [np.inf, np.inf, 0.0]


def test_energy_by_hand() -> None:
    """Eq. 5 a slot or a task, Eq. 4 with both limits, and Eq. 6."""
    paper = Formulation(energy_scope="task")
    assert tasks(one(0.5), 20.0, Formulation()) == 10.0
    assert tasks(one(0.5), 20.0, paper) == 1.0
    spent = slot_energy_j(one(0.1), one(0.2), one(4.0), one(2.5), 10.0)
    assert spent == pytest.approx(9.0)
    assert charge_j(one(50.0), one(9.0), one(10.0)) == 51.0
    assert battery_next_j(np.array([51.0, 120.0, -3.0]), one(100.0)).tolist() == [51, 100, 0]
    assert harvested_j(one(500.0), 0.04, 30.0) == pytest.approx(600.0)


def test_utility_by_hand() -> None:
    """Eq. 10: V weighs the energy part, which is as printed with `energy_term: paper`."""
    kept = charge_share(one(50.0), one(40.0), one(100.0), Formulation())
    assert kept == 0.4
    assert charge_share(one(50.0), one(40.0), one(100.0), Formulation("paper")) == 0.5
    saved = time_saved(one(1.25), one(2.0))
    assert saved == 0.375
    assert slot_utility(kept, saved, 0.25) == pytest.approx(0.38125)


class Numbers(NamedTuple):
    """Two slots of three devices; every number of a slot differs."""

    arrival_rate_hz: Floats = np.arange(6.0).reshape(2, 3)
    uplink_bps: Floats = np.arange(6.0, 12.0).reshape(2, 3)
    battery_j: Floats = np.arange(12.0, 18.0).reshape(2, 3)
    harvest_j: Floats = np.arange(18.0, 24.0).reshape(2, 3)


class Devices(NamedTuple):
    """Three devices."""

    deadline_s: Floats = np.array([1.0, 2.0, 3.0])
    battery_max_j: Floats = np.array([4.0, 5.0, 6.0])
    compute_power_w: Floats = np.array([7.0, 8.0, 9.0])
    transmit_power_w: Floats = np.array([10.0, 11.0, 12.0])


@pytest.mark.parametrize("axes", [0, 1, 2])
@pytest.mark.parametrize("rows", [slice(None), slice(1, 2)])
def test_packing_keeps_every_number_in_its_field(axes: int, rows: slice) -> None:
    """Each field holds its own array at the devices taken, with the axes of the decision added."""
    numbers, devices = Numbers(), Devices()
    packed = slot_data(numbers, devices, axes=axes, rows=rows)
    for source in (numbers, devices):
        for name in source._fields:
            expected = getattr(source, name)[..., rows]
            found = getattr(packed, name)
            assert found.shape == expected.shape + (1,) * axes
            assert np.array_equal(found.reshape(expected.shape), expected)


@given(problems(formulation=Formulation(hibernation="allowed"), caps=False), st.data())
def test_a_batch_is_its_slots(problem: SlotProblem, data: st.DataObject) -> None:
    """Latency by threads and scores of a batch are those of `SlotProblem`, slot by slot."""
    if problem.spare_threads < 0:
        return
    model, slots = BatchModel.of(problem), Slots.of(problem, 3)
    cuts = [[data.draw(st.integers(0, int(most))) for most in problem.layers] for _ in range(3)]
    latency = model.latency_by_threads(slots, np.array(cuts))
    threads = problem.even_threads()
    scored = model.apply(slots, np.array(cuts), np.tile(threads, (3, 1)))
    for index, cut in enumerate(cuts):
        np.testing.assert_allclose(latency[index], problem.latency_by_threads(cut), rtol=1e-12)
        outcome = problem.evaluate(cut, threads)
        if outcome.feasible:
            assert scored.device_utility[index] == pytest.approx(outcome.device_utility)
            assert scored.energy_j[index] == pytest.approx(outcome.energy_j)
            assert scored.battery_next_j[index] == pytest.approx(outcome.battery_next_j)
