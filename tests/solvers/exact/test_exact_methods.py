"""The exact method against brute force and three MIP solvers, over every regime."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbench.problems import Device, Fleet, Formulation, InputError, SlotProblem, TableCurve
from splitbench.problems.ilp.ilp_columns import slot_columns
from splitbench.solvers import Context, Solution, Status, make, solve_slot
from splitbench.solvers.exact.knapsack import best_division
from splitbench.solvers.ilp.highs import IlpHighs
from splitbench.solvers.ilp.ilp import Answer, Model, SlotIlp
from tests.strategies import SEEDS, problems, random_problem

ILPS = ("ilp-highs", "ilp-cp-sat", "ilp-cbc")


def agree(problem: SlotProblem, *names: str) -> Solution:
    """Check that methods end as `exact` does, claim what evaluation gives, and bound it."""
    exact = solve_slot(make("exact"), problem)
    for name in names:
        found = solve_slot(make(name), problem)
        assert found.status == exact.status, f"{name}: {found.note}"
        if exact.status == Status.INFEASIBLE:
            assert not found.decided
            continue
        assert found.partition is not None
        assert found.threads is not None
        assert exact.bound is not None
        assert found.bound is not None
        outcome = problem.evaluate(found.partition, found.threads)
        assert outcome.feasible, f"{name}: {outcome.violations}"
        margin = 1e-9 * abs(exact.bound) + 1e-12
        assert outcome.utility == pytest.approx(exact.bound, rel=0, abs=margin), name
        assert exact.bound - 1e-3 * margin <= found.bound <= exact.bound + margin, name
    return exact


@settings(max_examples=150, deadline=None)
@given(problems())
def test_all_exact_methods_agree(problem: SlotProblem) -> None:
    """The dynamic programme, enumeration, HiGHS and CP-SAT agree to 1e-9, and in status."""
    names = ("exact", "brute-force", "ilp-highs", "ilp-highs[columns=full]", "ilp-cp-sat")
    agree(problem, *names)


@settings(max_examples=25, deadline=None)
@given(problems())
def test_cbc_agrees(problem: SlotProblem) -> None:
    """So does CBC; fewer examples, since each starts a process."""
    agree(problem, "ilp-cbc")


@pytest.mark.parametrize("name", ILPS)
def test_full_columns_agree(name: str) -> None:
    """With every (l, k) and hibernation as columns of their own the optimum is the same."""
    for seed in range(8):
        problem = random_problem(
            np.random.default_rng(seed),
            devices=4,
            spare=6,
            caps=bool(seed % 2),
            formulation=Formulation(hibernation="allowed"),
        )
        agree(problem, f"{name}[columns=full]")


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.sampled_from([0, 3]))
def test_utility_table_is_what_evaluation_says(seed: int, spare: int) -> None:
    """f_n(l, k) is −inf exactly where a device breaks a constraint, else its utility."""
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, spare=spare)
    table, asleep = problem.utility_table(), Formulation(hibernation="allowed")
    hibernates = replace(problem, formulation=asleep).utility_by_threads(np.full(len(problem), -1))
    for _ in range(20):
        extra = rng.multinomial(spare, np.full(len(problem), 1 / len(problem)))
        partition = rng.integers(0, problem.layers + 1)
        outcome = problem.evaluate(partition, problem.min_threads + extra)
        broken = {violation.device for violation in outcome.violations}
        for n, name in enumerate(problem.fleet.names):
            over_cap = problem.min_threads + extra[n] > problem.thread_caps[n]
            if extra[n] >= len(problem.thread_range):  # above every cap
                assert over_cap
                assert name in broken
                continue
            value = table[n, partition[n], extra[n]]
            assert (value == -np.inf) == (name in broken)
            of_threads = any(one.constraint.startswith("threads") for one in outcome.violations)
            if name not in broken and not of_threads:  # else every device scores −10
                assert value == pytest.approx(outcome.device_utility[n], rel=1e-9, abs=1e-12)
            assert hibernates[n, extra[n]] == (-np.inf if over_cap else -10.0)


def test_full_columns_are_the_finite_entries() -> None:
    """Each feasible (device, l, k) is one column; `best` holds the largest for each k."""
    problem = random_problem(np.random.default_rng(1), devices=3, spare=4, battery="full")
    full, best = slot_columns(problem, "full"), slot_columns(problem, "best")
    table = problem.utility_table()
    extra = full.threads - problem.min_threads
    serving = full.partition >= 0
    assert np.isfinite(table).sum() == serving.sum() > 0
    assert np.array_equal(
        table[full.device[serving], full.partition[serving], extra[serving]],
        full.utility[serving],
    )
    for n, k, utility in zip(best.device, best.threads, best.utility, strict=True):
        assert utility == full.utility[(full.device == n) & (full.threads == k)].max()
    with pytest.raises(InputError, match="bset"):
        slot_columns(problem, "bset")  # type: ignore[arg-type]


def saturated(gap: float) -> SlotProblem:
    """Two devices that one thread all but saturates (ρ = 1 − gap), so that f(0, 1) ≈ −1/gap.

    Local execution would empty the batteries. What matters is some millionths of a utility: the
    tables fall and rise by so little.
    """
    seconds = 0.5
    devices = [
        Device(
            name=f"d{n}",
            deadline_s=1.0,
            battery_max_j=100.0,
            compute_power_w=1e6,
            transmit_power_w=1.0,
            cut_bits=(1e5, 0.0),
            local_s=(0.0, 1.0),
            server_share=(1.0, 0.0),
            curve=TableCurve((seconds, *(0.1 + 1e-6 * step for step in steps))),
        )
        for n, steps in enumerate([(5, 2, 4, 1, 3, 0), (3, 9, 1, 4, 2, 6), (7, 1, 8, 2, 8, 1)])
    ]
    return SlotProblem(
        fleet=Fleet(devices),
        threads=12,
        arrival_rate_hz=np.full(3, (1.0 - gap) / seconds),
        uplink_bps=np.full(3, 1e7),
        battery_j=np.full(3, 100.0),
        harvest_j=np.zeros(3),
    )


@pytest.mark.parametrize("name", ILPS)
@pytest.mark.parametrize("gap", [1e-6, 1e-9, 1e-13])
def test_polishing_resolves_what_a_tolerance_hides(name: str, gap: float) -> None:
    """Next to choices worth −1e13 the ILPs still tell millionths apart."""
    problem = saturated(gap)
    lowest = problem.utility_table()[:, 0, 0]
    assert lowest.max() < -0.01 / gap  # the scene is what it claims to be
    agree(problem, name)


def test_polishing_solves_again_only_where_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ordinary slot is one solve; a range of 1e13 is pruned by the incumbent and redone."""
    ranges: list[int] = []
    minimise = IlpHighs.minimise

    def counted(self: IlpHighs, model: Model, ends: float) -> Answer:
        ranges.append(len(model.cost))
        return minimise(self, model, ends)

    monkeypatch.setattr(IlpHighs, "minimise", counted)
    ordinary = random_problem(
        np.random.default_rng(2), devices=3, spare=6, load="light", battery="full", curve="exp2"
    )
    agree(ordinary, "ilp-highs")
    assert len(ranges) == 1
    ranges.clear()
    agree(saturated(1e-13), "ilp-highs")
    assert len(ranges) >= 2
    assert ranges[-1] < ranges[0]


@pytest.mark.parametrize("name", ["exact", "brute-force", *ILPS])
def test_unavoidable_saturation(name: str) -> None:
    """Where every device is held at ρ ≈ 1, U ≈ −1e9 is found to 1e-9 of itself."""
    problem = replace(saturated(1e-9), threads=3)
    solution = agree(problem, name)
    assert solution.bound is not None
    assert solution.bound < -1e7


@pytest.mark.parametrize("name", ["exact", "brute-force", *ILPS])
@pytest.mark.parametrize(
    "overrides",
    [
        {"devices": 2, "spare": -1},
        {"devices": 2, "spare": 3, "battery": "empty", "formulation": Formulation()},
    ],
)
def test_infeasible_says_so(name: str, overrides: dict[str, Any]) -> None:
    """K < N·k_min, or no feasible choice: `infeasible` without a decision, and why."""
    problem = random_problem(np.random.default_rng(7), **overrides)
    solution = solve_slot(make(name), problem)
    assert solution.status == Status.INFEASIBLE
    assert not solution.decided
    assert solution.note


@pytest.mark.parametrize("name", ["exact", "brute-force", *ILPS])
def test_caps_can_leave_threads_over(name: str) -> None:
    """With caps that do not hold K there is no decision, hibernation or not."""
    problem = saturated(1e-3)
    devices = [replace(device, max_threads=3) for device in problem.fleet.devices]
    for hibernation in ("forbidden", "allowed"):
        capped = replace(
            problem,
            fleet=Fleet(devices),
            threads=10,
            formulation=Formulation(hibernation=hibernation),
        )
        assert solve_slot(make(name), capped).status == Status.INFEASIBLE


class Slow(SlotIlp):
    """A back-end that finds one incumbent, or none, and then runs out of time."""

    name = "slow"
    accuracy = 0.0

    def minimise(self, model: Model, ends: float) -> Answer:
        """Stop with `answer`."""
        return self.answer

    answer = Answer("stopped")


def test_a_stopped_solve_is_honest() -> None:
    """Time up: `timeout` without an incumbent, else `feasible`; the bound is in utility."""
    problem = replace(saturated(1e-3), threads=9)
    best = problem.best_by_threads().utility
    ceiling, optimum = best.max(axis=1).sum(), solve_slot(make("exact"), problem).bound
    assert optimum is not None
    stopped = Slow().solve(problem)
    assert (stopped.status, stopped.decided) == (Status.TIMEOUT, False)
    assert stopped.bound == pytest.approx(ceiling, rel=1e-15)

    slow, counts = Slow(), best.shape[1]
    published: list[Solution] = []
    chosen = np.array([1, counts + 2, 2 * counts + 3])  # k = 2, 3, 4 of N rows of C columns
    unit = (best.max(axis=1)[:, None] - best).max() / slow.largest_cost
    halfway = (ceiling - optimum) / 2  # a valid bound on the regret
    slow.answer = Answer("stopped", chosen, bound=halfway / unit)
    solution = slow.solve(problem, Context(publish=published.append))
    assert solution.status == Status.FEASIBLE
    assert np.asarray(solution.threads).tolist() == [2, 3, 4]
    assert solution.bound == pytest.approx(ceiling - halfway, rel=1e-12)
    assert [one.status for one in published] == [Status.FEASIBLE]


@pytest.mark.parametrize("name", ILPS)
def test_time_limits_are_kept(name: str) -> None:
    """A limit that leaves no time gives no false claim; the context's holds as well."""
    problem = saturated(1e-3)
    limited = solve_slot(make(f"{name}[time_limit=1e-9]"), problem)
    assert limited.status == Status.TIMEOUT
    assert limited.bound is not None
    assert limited.bound >= (solve_slot(make("exact"), problem).bound or np.nan)
    over = Context(deadline=time.monotonic() - 1.0)
    assert solve_slot(make(name), problem, over).status == Status.TIMEOUT
    ample = Context(deadline=time.monotonic() + 60.0)
    assert solve_slot(make(name), problem, ample).status == Status.OPTIMAL


def test_bad_parameters_are_refused() -> None:
    """A limit that is no time, or unknown columns, is one line that names it."""
    with pytest.raises(InputError, match="time_limit"):
        make("ilp-highs[time_limit=0]")
    with pytest.raises(InputError, match="columns"):
        make("ilp-highs[columns=all]")


def test_highs_keeps_stdout_clean(capfd: pytest.CaptureFixture[str]) -> None:
    """No banner: stdout may be carrying JSON."""
    for name in ILPS:
        agree(random_problem(np.random.default_rng(1), spare=3), name)
    assert capfd.readouterr().out == ""


@given(
    st.integers(1, 5).flatmap(
        lambda devices: st.integers(1, 90).flatmap(
            lambda columns: st.tuples(st.just(devices), st.just(columns), st.integers(0, 10**6))
        )
    )
)
def test_division_is_the_textbook_programme(shape: tuple[int, int, int]) -> None:
    """The knapsack is that of a plain loop over budgets and counts, ranges and blocks or not."""
    devices, columns, seed = shape
    rng = np.random.default_rng(seed)
    value = rng.integers(-3, 4, (devices, columns)).astype(float)
    value[rng.random(value.shape) < 0.4] = -np.inf
    value[:, rng.integers(1, columns + 1) :] = -np.inf
    best = value[0].copy()
    for row in value[1:]:
        best = np.array([max(best[r - j] + row[j] for j in range(r + 1)) for r in range(columns)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("splitbench.solvers.exact.knapsack._BLOCK", 7)
        found, given_ = best_division(value)
    assert found == best[-1] == best_division(value)[0]
    if found > -np.inf:
        assert given_.sum() == columns - 1
        assert sum(row[j] for row, j in zip(value, given_, strict=True)) == found


def test_a_hundred_thousand_threads_fit_into_memory() -> None:
    """C² numbers would be 80 GB: one device takes all, of three two have caps."""
    columns = 100_000
    one = np.full((1, columns), 1.0)
    assert best_division(one)[1].tolist() == [columns - 1]
    value = np.full((3, columns), -np.inf)
    value[0], value[1, :3], value[2, :4] = 0.0, [0, 1, 0], [0, 1, 2, 3]
    assert best_division(value)[0] == 4.0
    assert best_division(value)[1].tolist() == [columns - 5, 1, 3]


def test_more_threads_than_caps_say_so() -> None:
    """Where K is above what the devices take together, the reason is that and no other."""
    problem = random_problem(np.random.default_rng(1), devices=2, caps=False)
    capped = [replace(device, max_threads=2) for device in problem.fleet.devices]
    posed = replace(problem, fleet=Fleet(capped), threads=5, min_threads=1)
    solution = solve_slot(make("exact"), posed)
    assert solution.note.startswith("5 threads are more than the devices take together, 4")
