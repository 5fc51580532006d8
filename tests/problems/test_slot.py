"""One slot against numbers worked out on paper, and the table of all decisions against `evaluate`.

The paper device (`paper_slot`): S = 2 layers, cuts of 8, 2 and 0 Mbit on a 10 Mbit/s uplink, so
0.8, 0.2 and 0 s to send; 0, 0.1 and 0.4 s on the device; shares 1, 1/4 and 0 of D(k) = 0.4, 0.2,
0.16 s on the server. λ = 0.5 /s over τ = 20 s: 10 tasks. E = 50 J of 100 J, H = 10 J, P_loc = 4 W,
P_tran = 2.5 W, D_max = 2 s, V = 1/4. On one thread:

    l   local  send  server  ρ = λ·D  wait = λ·D²/(2(1 − ρ))     end to end
    0   0      0.8   0.4     0.2      0.5·0.16/1.6 = 0.05        1.25
    1   0.1    0.2   0.1     0.05     0.5·0.01/1.9 = 1/380       0.4 + 1/380
    2   0.4    0     0       0        0                          0.4

    l   energy of 10 tasks         next charge      utility
    0   10·(2.5·0.8) = 20 J        50 − 20 + 10     0.25·0.40 + 0.75·0.375 = 0.38125
    1   10·(0.4 + 0.5) = 9 J       50 − 9 + 10      0.25·0.51 + 0.75·(0.8 − 1/760)
    2   10·(4·0.4) = 16 J          50 − 16 + 10     0.25·0.44 + 0.75·0.8 = 0.71
"""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbench.problems import (
    CONSTRAINTS,
    Device,
    Exp2Curve,
    Fleet,
    Formulation,
    InputError,
    Outcome,
    SlotProblem,
    TableCurve,
)
from splitbench.problems.even_split import even_split
from tests.strategies import problems, random_problem

PAPER = Device(
    name="md0",
    dnn="two layers",
    deadline_s=2.0,
    battery_max_j=100.0,
    compute_power_w=4.0,
    transmit_power_w=2.5,
    cut_bits=(8e6, 2e6, 0.0),
    local_s=(0.0, 0.1, 0.4),
    server_share=(1.0, 0.25, 0.0),
    curve=TableCurve((0.4, 0.2, 0.16)),
)
ALLOWED = Formulation(hibernation="allowed")


def paper_slot(devices: int = 1, **changes: Any) -> SlotProblem:
    """N copies of the paper device, K = N threads unless told otherwise."""
    device = replace(PAPER, **changes.pop("device", {}))
    numbers: dict[str, Any] = {
        "threads": devices,
        "arrival_rate_hz": 0.5,
        "uplink_bps": 1e7,
        "battery_j": 50.0,
        "harvest_j": 10.0,
        "slot_s": 20.0,
        "utility_weight": 0.25,
    } | changes
    for name in ("arrival_rate_hz", "uplink_bps", "battery_j", "harvest_j"):
        numbers[name] = np.broadcast_to(numbers[name], devices)
    fleet = Fleet([replace(device, name=f"md{index}") for index in range(devices)])
    return SlotProblem(fleet=fleet, **numbers)


def amounts(outcome: Outcome) -> dict[tuple[str, str | None], float]:
    """Violations as (constraint, device) -> amount."""
    return {(name, device): amount for name, device, amount in outcome.violations}


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


def test_eq7_by_hand() -> None:
    """0.2·exp(−k·ln 2) + 0.05: 0.15 s on one thread, 0.1 s on two, 0.075 s on three."""
    curve = Exp2Curve(0.2, -np.log(2.0), 0.05, 0.0)
    assert curve.seconds(np.array([1, 2, 3])) == pytest.approx([0.15, 0.1, 0.075])
    assert curve.max_threads is None
    problem = paper_slot(threads=2, device={"curve": curve})
    assert problem.evaluate([1], [2]).server_s[0] == pytest.approx(0.025)


def test_table_curve_ends_with_its_table() -> None:
    """A table gives NaN outside 1..its length, which is the device's cap."""
    seconds = TableCurve((0.4, 0.3)).seconds(np.array([0, 1, 2, 3, -1]))
    assert np.array_equal(seconds, [np.nan, 0.4, 0.3, np.nan, np.nan], equal_nan=True)
    assert replace(PAPER, max_threads=2).thread_cap == 2
    assert replace(PAPER, max_threads=9).thread_cap == 3


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


@pytest.mark.parametrize("changes", [{"battery_j": 10.0}, {"arrival_rate_hz": 2.5, "slot_s": 1.0}])
def test_the_tables_stop_where_the_constraints_do(changes: dict[str, float]) -> None:
    """E' = 0 and ρ = 1 exactly are infeasible in every table, as `evaluate` says they are."""
    problem = paper_slot(**changes)
    assert not problem.evaluate([0], [1]).feasible
    assert problem.utility_table()[0, 0, 0] == -np.inf
    assert problem.utility_by_threads([0])[0, 0] == -np.inf
    assert problem.latency_by_threads([0])[0, 0] == np.inf
    assert problem.best_by_threads().partition[0, 0] != 0


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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"arrival_rate_hz": [0.5, np.nan]}, r"arrival_rate_hz\[1\]: got nan; expected"),
        ({"arrival_rate_hz": 0.0}, r"arrival_rate_hz\[0\]: got 0; expected"),
        ({"uplink_bps": [1e7, np.inf]}, r"uplink_bps\[1\]: got inf; expected"),
        ({"battery_j": [50, -1]}, r"battery_j\[1\]: got -1; expected"),
        ({"battery_j": [50, 101]}, r"battery_j\[1\]: got 101; expected at most"),
        ({"harvest_j": -0.5}, r"harvest_j\[0\]: got -0.5; expected"),
        ({"threads": 0}, r"threads: got 0; expected at least 1"),
        ({"min_threads": 0}, r"min_threads: got 0; expected at least 1"),
        ({"slot_s": 0.0}, r"slot_s: got 0; expected"),
        ({"utility_weight": 1.01}, r"utility_weight: got 1.01; expected"),
    ],
)
def test_a_slot_of_impossible_numbers_is_refused(changes: dict[str, Any], message: str) -> None:
    """The constructor says what, where and what would be accepted."""
    with pytest.raises(InputError, match=message):
        paper_slot(2, **changes)


def test_wrong_shapes_are_refused() -> None:
    """Arrays must have one entry for each device; devices must be unique and consistent."""
    problem = paper_slot(2)
    with pytest.raises(InputError, match=r"harvest_j: got shape \(3,\); expected \(2,\)"):
        replace(problem, harvest_j=np.zeros(3))
    with pytest.raises(InputError, match="stands twice"):
        Fleet([PAPER, PAPER])
    with pytest.raises(InputError, match="at least one device"):
        Fleet([])
    with pytest.raises(InputError, match="lengths 3, 2, 3"):
        replace(PAPER, local_s=(0.0, 0.4))
    with pytest.raises(InputError, match=r"energy_term: got 'other'; expected residual or paper"):
        Formulation(energy_term="other")  # type: ignore[arg-type]


def own_utility(problem: SlotProblem, device: int, cut: int, threads: int) -> float:
    """What `evaluate` says that one device alone earns, other threads idle; −inf if it breaks."""
    row = slice(device, device + 1)
    alone = replace(
        problem,
        fleet=Fleet(problem.fleet.devices[row]),
        arrival_rate_hz=problem.arrival_rate_hz[row],
        uplink_bps=problem.uplink_bps[row],
        battery_j=problem.battery_j[row],
        harvest_j=problem.harvest_j[row],
    )
    outcome = alone.evaluate([cut], [threads], relax=("threads_sum",))
    return outcome.utility if outcome.feasible else -np.inf


@given(problems())
def test_table_is_evaluate_elementwise(problem: SlotProblem) -> None:
    """f_n(l, k) is what `evaluate` scores, −inf exactly where it names a broken constraint."""
    table = problem.utility_table()
    assert table.shape == (len(problem), problem.layers.max() + 1, len(problem.thread_range))
    for (device, cut, column), value in np.ndenumerate(table):
        threads = int(problem.thread_range[column])
        if cut > problem.layers[device]:
            assert value == -np.inf
        else:
            expected = own_utility(problem, device, cut, threads)
            assert value == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(problems())
def test_rows_of_the_table(problem: SlotProblem) -> None:
    """`utility_by_threads`, `latency_by_threads` and `best_by_threads` agree with the table."""
    table = problem.utility_table()
    device = np.arange(len(problem))
    asleep = -10.0 if problem.formulation.hibernation_allowed else -np.inf
    within = problem.thread_range <= problem.thread_caps[:, None]
    best = problem.best_by_threads()
    expected = np.maximum(table.max(axis=1), np.where(within, asleep, -np.inf))
    assert np.array_equal(best.utility, expected)
    for column in range(table.shape[2]):
        row = best.partition[:, column]
        awake = row >= 0
        picked = table[device[awake], row[awake], column]
        assert np.array_equal(picked, best.utility[awake, column])
        assert np.all(best.utility[~awake, column] == -10.0)
    for cut in (0, *set(problem.layers.tolist())):
        rows = np.minimum(cut, problem.layers)
        utility = problem.utility_by_threads(rows)
        np.testing.assert_allclose(utility, table[device, rows], rtol=1e-12)
        latency = problem.latency_by_threads(rows)
        assert np.array_equal(np.isfinite(latency), np.isfinite(utility))
    hibernating = problem.utility_by_threads(np.full(len(problem), -1))
    assert np.array_equal(hibernating, np.where(within, asleep, -np.inf))


@given(problems(spare=st.integers(0, 6)), st.data())
def test_latency_rows_are_evaluate(problem: SlotProblem, data: st.DataObject) -> None:
    """`latency_by_threads` is the end-to-end latency that `evaluate` reports for a feasible k."""
    cuts = np.array([data.draw(st.integers(0, int(layers))) for layers in problem.layers])
    latency = problem.latency_by_threads(cuts)
    for column, threads in enumerate(problem.thread_range):
        outcome = problem.evaluate(cuts, np.full(len(problem), threads))
        feasible = np.isfinite(latency[:, column])
        assert latency[feasible, column] == pytest.approx(outcome.end_to_end_s[feasible], rel=1e-12)


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


def test_tables_end_at_the_largest_cap() -> None:
    """No column for counts that no device can hold; what is in play stays as it was."""
    rng = np.random.default_rng(4)
    problem = random_problem(
        rng, devices=3, spare=20, battery="full", min_threads=1, curve="exp2", caps=False
    )
    caps = (2, 5, 3)
    devices = [
        replace(one, max_threads=cap) for one, cap in zip(problem.fleet.devices, caps, strict=True)
    ]
    capped = replace(problem, fleet=Fleet(devices))
    assert capped.thread_range.tolist() == [1, 2, 3, 4, 5]
    assert capped.utility_table().shape[2] == capped.best_by_threads().utility.shape[1] == 5
    whole = problem.utility_table()[:, :, :5]
    within = capped.thread_range <= capped.thread_caps[:, None]
    assert np.array_equal(capped.utility_table(), np.where(within[:, None], whole, -np.inf))
    some = capped.best_by_threads(1, 3)
    assert np.array_equal(some.utility, capped.best_by_threads().utility[1:3])


def test_texts_are_a_few_lines() -> None:
    """`repr` of a slot and of an outcome lists five devices and counts the rest."""
    problem = paper_slot(9, name="demo", threads=10)
    outcome = problem.evaluate([0] * 9, [1] * 9)
    for text in (repr(problem), repr(outcome)):
        assert len(text.splitlines()) == 7
        assert text.endswith("… and 4 more")
    assert "SlotProblem 'demo': 9 devices, 10 threads" in repr(problem)
    assert "breaks threads_sum by 1" in repr(outcome)
    assert "feasible\n  l = 1, k = 1: U = 0.72651" in repr(paper_slot().evaluate([1], [1]))


@pytest.mark.parametrize("number", [1e308, 5e-324])
@pytest.mark.parametrize(
    "field",
    ["arrival_rate_hz", "uplink_bps", "harvest_j", "slot_s", "compute_power_w", "deadline_s"],
)
@pytest.mark.parametrize("power_w", [2.5, 0.0])
def test_extreme_numbers_overflow_quietly(field: str, number: float, power_w: float) -> None:
    """What a file may say and no float can hold is infinite, without a warning, and consistent."""
    device = {"transmit_power_w": power_w}
    device |= {field: number} if field in ("compute_power_w", "deadline_s") else {}
    changes = {} if field in device else {field: number}
    problem = paper_slot(threads=3, device=device, **changes)
    for cut, value in enumerate(problem.utility_table()[0, :, -1]):
        assert value == pytest.approx(own_utility(problem, 0, cut, 3), rel=1e-12)


def test_best_by_threads_in_chunks_is_the_same() -> None:
    """A fleet too large for one table is done in chunks of devices, with the same result."""
    devices = 1000
    rng = np.random.default_rng(7)
    base = random_problem(rng, devices=30, layers=20, min_threads=1, spare=120, caps=True)
    fleet = Fleet([replace(base.fleet.devices[i % 30], name=f"d{i}") for i in range(devices)])
    problem = replace(
        base,
        fleet=fleet,
        threads=devices + 120,
        arrival_rate_hz=np.tile(base.arrival_rate_hz, 34)[:devices],
        uplink_bps=rng.uniform(2e6, 2e7, devices),
        battery_j=np.tile(base.battery_j, 34)[:devices],
        harvest_j=np.tile(base.harvest_j, 34)[:devices],
        formulation=ALLOWED,
    )
    table = problem.utility_table()
    assert table.size > 2_000_000  # else this is one chunk
    asleep = np.where(problem.thread_range <= problem.thread_caps[:, None], -10.0, -np.inf)
    best = problem.best_by_threads()
    assert np.array_equal(best.utility, np.maximum(table.max(axis=1), asleep))
    assert np.array_equal(
        best.partition, np.where(asleep > table.max(axis=1), -1, table.argmax(axis=1))
    )


def test_what_a_solver_is_handed_cannot_be_changed() -> None:
    """Attributes are frozen, arrays are read-only copies of what was passed in."""
    battery = np.array([50.0, 50.0])
    problem = paper_slot(2, battery_j=battery, threads=4)
    battery[0] = 1.0
    assert problem.battery_j[0] == 50.0
    with pytest.raises(FrozenInstanceError):
        problem.threads = 9  # type: ignore[misc]
    fleet = problem.fleet
    for array in (
        *(problem.arrival_rate_hz, problem.uplink_bps, problem.battery_j, problem.harvest_j),
        *(problem.layers, problem.thread_caps, problem.thread_range),
        *(fleet.cut_bits, fleet.local_s, fleet.server_share, fleet.in_range, fleet.curve_s(2)),
        *(fleet.deadline_s, fleet.battery_max_j, fleet.compute_power_w, fleet.transmit_power_w),
    ):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    problem.even_threads()[0] = 99
    assert problem.even_threads().tolist() == [2, 2]


def test_evaluate_leaves_its_arguments_alone() -> None:
    """The outcome keeps copies: changing the arrays afterwards changes nothing."""
    partition, threads = np.array([1]), np.array([1])
    outcome = paper_slot().evaluate(partition, threads)
    partition[0], threads[0] = 0, 5
    assert (outcome.partition[0], outcome.threads[0]) == (1, 1)


def test_two_slots_compare_and_hash_by_identity() -> None:
    """Slots hold arrays; `==` and `in` must work nevertheless."""
    first, second = paper_slot(), paper_slot()
    assert first != second
    assert first in [second, first]
    assert len({first, second}) == 2


@pytest.mark.parametrize(
    ("total", "caps", "expected"),
    [
        (7, [9, 9, 9], [3, 2, 2]),
        (7, [1, 9, 9], [1, 3, 3]),
        (8, [9, 1, 9], [4, 1, 3]),
        (9, [1, 2, 3], [1, 2, 3]),
        (2, [9, 9, 9], [1, 1, 0]),
        (0, [9, 9], [0, 0]),
    ],
)
def test_even_split_by_hand(total: int, caps: list[int], expected: list[int]) -> None:
    """⌊K/N⌋ each, the remainder one by one to the first, passed on where a cap binds."""
    assert even_split(total, np.array(caps)).tolist() == expected


@given(st.integers(0, 60), st.lists(st.integers(0, 12), min_size=1, max_size=6))
def test_even_split_is_even(total: int, caps: list[int]) -> None:
    """All threads are out or all caps bind; who is below the cap has no more than 1 less."""
    threads = even_split(total, np.array(caps))
    assert threads.sum() == min(total, sum(caps))
    for first in range(len(caps)):
        assert 0 <= threads[first] <= caps[first]
        for second in range(len(caps)):
            if threads[second] < caps[second]:
                assert threads[first] <= threads[second] + (first < second)


def test_even_threads_honours_caps_and_tables() -> None:
    """`even_threads` divides K under max_threads and the length of the table."""
    problem = paper_slot(3, threads=8)
    assert problem.even_threads().tolist() == [3, 3, 2]
    capped = Fleet([replace(PAPER, name="a", max_threads=1), replace(PAPER, name="b")])
    problem = replace(paper_slot(2, threads=4), fleet=capped)
    assert problem.even_threads().tolist() == [1, 3]
    assert problem.thread_caps.tolist() == [1, 3]


def test_too_few_threads_leave_no_thread_count() -> None:
    """K < N·k_min is no bad problem but an infeasible one: tables without columns."""
    problem = paper_slot(3, threads=3, min_threads=3)
    assert problem.spare_threads == -6
    assert problem.utility_table().shape == (3, 3, 0)
    assert problem.best_by_threads().utility.shape == (3, 0)
    assert problem.latency_by_threads([0, 0, 0]).shape == (3, 0)
    assert {v.constraint for v in problem.evaluate([2, 2, 2], [1, 1, 1]).violations} == {
        "threads_min"
    }
