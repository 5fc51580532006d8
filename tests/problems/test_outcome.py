"""Outcomes of decisions, against numbers worked out by hand and over random decisions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbench.problems import (
    CONSTRAINTS,
    Formulation,
    InputError,
    SlotProblem,
)
from tests.problems.paper_device import ALLOWED, amounts, paper_slot
from tests.strategies import problems


@pytest.mark.parametrize(
    ("cut", "local", "send", "server", "wait", "energy", "charge", "utility"),
    [
        (0, 0.0, 0.8, 0.4, 0.05, 20.0, 40.0, 0.38125),
        (1, 0.1, 0.2, 0.1, 1 / 380, 9.0, 51.0, 0.1275 + 0.75 * (0.8 - 1 / 760)),
        (2, 0.4, 0.0, 0.0, 0.0, 16.0, 44.0, 0.71),
    ],
)
def test_equations_by_hand(
    cut: int,
    local: float,
    send: float,
    server: float,
    wait: float,
    energy: float,
    charge: float,
    utility: float,
) -> None:
    """Eq. 1-6, 8-10 give the numbers of the module's table, l = S without queue and sending."""
    outcome = paper_slot().evaluate([cut], [1])
    assert outcome.local_s[0] == pytest.approx(local)
    assert outcome.transmit_s[0] == pytest.approx(send)
    assert outcome.server_s[0] == pytest.approx(server)
    assert outcome.queue_s[0] == pytest.approx(wait)
    assert outcome.end_to_end_s[0] == pytest.approx(local + send + server + wait)
    assert outcome.energy_j[0] == pytest.approx(energy)
    assert outcome.battery_next_j[0] == pytest.approx(charge)
    assert outcome.utility == pytest.approx(utility)
    assert outcome.feasible
    assert outcome.served.all()
    if cut == 2:
        assert outcome.queue_s[0] == outcome.transmit_s[0] == 0.0


def test_more_threads_by_hand() -> None:
    """D(2) = 0.2: ρ = 0.1, wait 0.5·0.04/1.8 = 1/90, end to end 1 + 1/90, energy unchanged."""
    outcome = paper_slot(threads=2).evaluate([0], [2])
    assert outcome.server_s[0] == pytest.approx(0.2)
    assert outcome.queue_s[0] == pytest.approx(1 / 90)
    assert outcome.energy_j[0] == pytest.approx(20.0)
    assert outcome.utility == pytest.approx(0.1 + 0.75 * (2 - 1 - 1 / 90) / 2)


@pytest.mark.parametrize(("rate_hz", "amount"), [(2.5, 0.0), (5.0, 1.0)])
def test_unstable_queue_is_a_violation(rate_hz: float, amount: float) -> None:
    """ρ = 2.5·0.4 = 1 and ρ = 2: infeasible, never clipped; the tasks are paid for all the same.

    50 or 100 tasks cost 100 or 200 J of the 50 + 10: the battery is broken as well, by 40, 140 J.
    """
    outcome = paper_slot(arrival_rate_hz=rate_hz).evaluate([0], [1])
    assert amounts(outcome) == pytest.approx(
        {("queue", "md0"): amount, ("battery", "md0"): rate_hz * 40 - 60}
    )
    assert outcome.queue_s[0] == outcome.end_to_end_s[0] == np.inf
    assert outcome.utility == -10.0
    assert not outcome.served.any()
    assert outcome.battery_next_j[0] == 0.0


def test_local_only_has_no_queue_at_any_load() -> None:
    """At l = S nothing is served by the edge: no queue, however many tasks there are."""
    outcome = paper_slot(arrival_rate_hz=100.0, device={"compute_power_w": 0.0}).evaluate([2], [1])
    assert outcome.feasible
    assert outcome.queue_s[0] == outcome.server_s[0] == 0.0


def test_charge_is_capped_at_capacity() -> None:
    """Eq. 4: 100 − 9 + 30 = 121 J into a battery of 100 J is 100 J, worth all of V."""
    outcome = paper_slot(battery_j=100.0, harvest_j=30.0).evaluate([1], [1])
    assert outcome.battery_next_j[0] == 100.0
    assert outcome.utility == pytest.approx(0.25 + 0.75 * (0.8 - 1 / 760))


@pytest.mark.parametrize(("battery_j", "amount"), [(10.0, 0.0), (4.0, 6.0)])
def test_empty_battery_is_a_violation(battery_j: float, amount: float) -> None:
    """Eq. 12 asks E' > 0: 10 − 20 + 10 = 0 J breaks it by 0 J, 4 − 20 + 10 by 6; 0 J is left."""
    outcome = paper_slot(battery_j=battery_j).evaluate([0], [1])
    assert amounts(outcome) == pytest.approx({("battery", "md0"): amount})
    assert outcome.utility == -10.0
    assert outcome.energy_j[0] == pytest.approx(20.0)
    assert outcome.battery_next_j[0] == 0.0


def test_energy_term_as_printed() -> None:
    """`paper`: (100 − 50)/100 whatever is decided: 0.25·0.5 + 0.75·(0.375, …, 0.8)."""
    problem = paper_slot(formulation=Formulation(energy_term="paper"))
    table = problem.utility_table()[0, :, 0]
    assert table == pytest.approx([0.40625, 0.125 + 0.75 * (0.8 - 1 / 760), 0.725])
    assert problem.evaluate([0], [1]).battery_next_j[0] == pytest.approx(40.0)


def test_energy_scope_as_printed() -> None:
    """`task`: Eq. 5 for one task, 2 J instead of 20: 0.25·0.58 + 0.75·0.375."""
    outcome = paper_slot(formulation=Formulation(energy_scope="task")).evaluate([0], [1])
    assert outcome.energy_j[0] == pytest.approx(2.0)
    assert outcome.battery_next_j[0] == pytest.approx(58.0)
    assert outcome.utility == pytest.approx(0.42625)


def test_hibernation_where_it_is_allowed() -> None:
    """Partition −1: −10, nothing drawn, 50 + 10 J kept, no latency, no violation, not served."""
    outcome = paper_slot(formulation=ALLOWED).evaluate([-1], [1])
    assert outcome.utility == -10.0
    assert outcome.feasible
    assert not outcome.served.any()
    assert outcome.energy_j[0] == 0.0
    assert outcome.battery_next_j[0] == 60.0
    assert np.isnan(outcome.end_to_end_s[0])


def test_hibernation_where_it_is_forbidden() -> None:
    """Without the switch −1 is one layer below the range; it draws nothing and scores −10."""
    outcome = paper_slot().evaluate([-1], [1])
    assert amounts(outcome) == {("partition_range", "md0"): 1.0}
    assert (outcome.utility, outcome.battery_next_j[0]) == (-10.0, 60.0)


def test_hibernating_devices_hold_threads_within_their_limits() -> None:
    """A hibernating device needs k_min threads and may not exceed its cap, like any other."""
    problem = paper_slot(2, threads=6, min_threads=2, formulation=ALLOWED)
    assert amounts(problem.evaluate([-1, 2], [1, 5])) == {
        ("threads_min", "md0"): 1.0,
        ("threads_max", "md1"): 2.0,
    }
    assert problem.evaluate([-1, 2], [3, 3]).feasible


def test_a_violation_of_its_own_costs_that_device_only() -> None:
    """Four devices, two breaking a constraint that no threads decide: −10 for those alone."""
    problem = paper_slot(4, threads=4, battery_j=[50, 0, 50, 50], harvest_j=[10, 1, 10, 10])
    outcome = problem.evaluate([5, 0, 0, 2], [1, 1, 1, 1])
    assert amounts(outcome) == pytest.approx(
        {("partition_range", "md0"): 3.0, ("battery", "md1"): 19.0}
    )
    assert outcome.device_utility == pytest.approx([-10, -10, 0.38125, 0.71])
    assert outcome.served.tolist() == [False, False, True, True]
    assert not outcome.feasible


@pytest.mark.parametrize(
    ("threads", "broken"),
    [
        ([1, 0, 3], {("threads_min", "md1"): 1.0}),
        ([4, 1, -1], {("threads_min", "md2"): 2.0, ("threads_max", "md0"): 1.0}),
        ([1, 2, 2], {("threads_sum", None): 1.0}),
    ],
)
def test_a_broken_thread_constraint_costs_every_device(
    threads: list[int], broken: dict[tuple[str, str | None], float]
) -> None:
    """Threads below k_min = 1, above the cap of 3 or with Σ k ≠ K = 4: every device scores −10.

    Its energy is spent all the same.
    """
    outcome = paper_slot(3, threads=4).evaluate([0, 2, 2], threads)
    assert amounts(outcome) == broken
    assert outcome.device_utility.tolist() == [-10.0] * 3
    assert not outcome.served.any()
    assert outcome.battery_next_j == pytest.approx([40.0, 44.0, 44.0])


@pytest.mark.parametrize(("partition", "amount"), [(3, 1.0), (7, 5.0), (-1, 1.0), (-4, 4.0)])
def test_partition_out_of_range_draws_nothing(partition: int, amount: float) -> None:
    """Eq. 15: layers outside 0..2 are the amount; nothing is served or drawn, harvest is kept."""
    outcome = paper_slot().evaluate([partition], [1])
    assert amounts(outcome) == {("partition_range", "md0"): amount}
    assert outcome.energy_j[0] == 0.0
    assert outcome.battery_next_j[0] == 60.0
    assert np.isnan(outcome.end_to_end_s[0])
    assert np.isnan(outcome.local_s[0])


@pytest.mark.parametrize(("threads", "amount"), [([1, 1], 2.0), ([3, 3], 2.0)])
def test_wrong_sum_of_threads_costs_every_device(threads: list[int], amount: float) -> None:
    """Eq. 13: where Σ k ≠ K = 4 every device scores −10; the energy is spent nevertheless."""
    outcome = paper_slot(2, threads=4).evaluate([0, 1], threads)
    assert amounts(outcome) == {("threads_sum", None): amount}
    assert outcome.utility == -20.0
    assert not outcome.served.any()
    assert outcome.battery_next_j == pytest.approx([40.0, 51.0])


def test_idle_threads_can_be_relaxed() -> None:
    """Σ k < K on request: scored as it is, marked as relaxing `threads_sum`, no violation."""
    outcome = paper_slot(2, threads=4).evaluate([0, 2], [1, 1], relax=("threads_sum",))
    assert outcome.utility == pytest.approx(0.38125 + 0.71)
    assert outcome.feasible
    assert [tuple(violation) for violation in outcome.relaxed] == [("threads_sum", None, 2.0)]
    full = paper_slot(2).evaluate([0, 2], [1, 1], relax=("threads_sum",))
    assert full.relaxed == ()


def test_handing_out_more_than_there_is_cannot_be_relaxed() -> None:
    """Σ k > K is no schedule: every device scores −10 whatever was asked."""
    outcome = paper_slot(2, threads=4).evaluate([0, 2], [3, 2], relax=("threads_sum",))
    assert amounts(outcome) == {("threads_sum", None): 1.0}
    assert outcome.utility == -20.0
    assert outcome.relaxed == ()


def test_relaxing_excuses_no_other_constraint() -> None:
    """With idle threads relaxed a device below k_min still costs every device −10."""
    problem = paper_slot(2, threads=6, min_threads=2)
    outcome = problem.evaluate([0, 2], [1, 2], relax=("threads_sum",))
    assert amounts(outcome) == {("threads_min", "md0"): 1.0}
    assert outcome.device_utility.tolist() == [-10.0, -10.0]


@pytest.mark.parametrize(
    ("partition", "threads"),
    [([0, 1], [1]), ([0], [1, 1]), ([[0]], [1]), ([0.0], [1]), ([0], [1.5]), ([True], [1])],
)
def test_decisions_that_are_no_integers_are_refused(partition: Any, threads: Any) -> None:
    """Wrong lengths, floats and booleans raise one line that says what was expected."""
    with pytest.raises(InputError, match=r"expected integers of shape \(1,\)"):
        paper_slot().evaluate(partition, threads)


@given(problems(), st.data())
def test_a_decision_is_feasible_iff_nothing_is_broken(
    problem: SlotProblem, data: st.DataObject
) -> None:
    """U is the sum over devices, −10 exactly where the device or any thread count is at fault."""
    count = len(problem)
    whole = st.integers(-2, 8)
    partition = np.array(data.draw(st.lists(whole, min_size=count, max_size=count)))
    threads = np.array(data.draw(st.lists(whole, min_size=count, max_size=count)))
    outcome = problem.evaluate(partition, threads)
    assert outcome.feasible == (not outcome.violations)
    assert {violation.constraint for violation in outcome.violations} <= set(CONSTRAINTS)
    assert all(violation.amount >= 0 for violation in outcome.violations)
    names = {violation.device for violation in outcome.violations}
    everybody = any(one.constraint.startswith("threads_") for one in outcome.violations)
    asleep = (partition == -1) & problem.formulation.hibernation_allowed
    for index, name in enumerate(problem.fleet.names):
        unserved = bool(asleep[index]) or name in names or everybody
        assert outcome.served[index] == (not unserved)
        if unserved:
            assert outcome.device_utility[index] == -10.0
    assert outcome.utility == pytest.approx(sum(outcome.device_utility.tolist()))
    assert (None in names) == (threads.sum() != problem.threads)
    assert np.all(outcome.battery_next_j >= 0)
    assert np.all(outcome.battery_next_j <= problem.fleet.battery_max_j)


def test_evaluate_leaves_its_arguments_alone() -> None:
    """The outcome keeps copies: changing the arrays afterwards changes nothing."""
    partition, threads = np.array([1]), np.array([1])
    outcome = paper_slot().evaluate(partition, threads)
    partition[0], threads[0] = 0, 5
    assert (outcome.partition[0], outcome.threads[0]) == (1, 1)
