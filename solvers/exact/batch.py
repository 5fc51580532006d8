"""Many slots of the same devices at once, bit for bit as one at a time.

What numpy spends on a call, not the arithmetic, is most of a small slot's time. So the tables and
the dynamic programme of small slots run over a leading axis of slots: the same additions and the
same maxima in the same order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from splitbench.problems import HIBERNATE, UNSERVED_UTILITY, SlotProblem
from splitbench.problems.arrays import Floats, Ints
from splitbench.problems.batch import Slots
from splitbench.problems.equations import slot_data, slot_terms
from splitbench.problems.status import Status
from splitbench.solvers.contract import Solution, no_decision
from splitbench.solvers.exact.exact import NOTE_DP, Exact, is_small, why_infeasible

#: Entries of utility tables (slots × N × L × C) that are made at a time.
_BLOCK = 30_000


def solve_batch(problems: Sequence[SlotProblem]) -> list[Solution]:
    """Solve independent slots as `Exact` does, those of the same devices together.

    Returns
    -------
    list[Solution]
        In the order of `problems`; each is what `Exact().solve` returns, to the last bit.
    """
    answers: dict[int, Solution] = {}
    together: dict[object, list[int]] = defaultdict(list)
    for index, problem in enumerate(problems):
        if problem.spare_threads >= 0 and is_small(problem):
            together[_devices(problem)].append(index)
        else:
            answers[index] = Exact().solve(problem)
    for indices in together.values():
        for block in _blocks([problems[index] for index in indices]):
            chosen = [indices[position] for position in block]
            for index, answer in zip(chosen, _solve([problems[i] for i in chosen]), strict=True):
                answers[index] = answer
    return [answers[index] for index in range(len(problems))]


def optimal_utilities(problems: Sequence[SlotProblem]) -> list[float | None]:
    """Return the optimum of each slot, None where it is proved to have none."""
    return [answer.bound if answer.decided else None for answer in solve_batch(problems)]


def _devices(problem: SlotProblem) -> object:
    """What slots have to share to be solved together."""
    return (
        id(problem.fleet),
        problem.slot_s,
        problem.min_threads,
        problem.utility_weight,
        problem.formulation,
    )


def _blocks(problems: list[SlotProblem]) -> list[range]:
    """Divide slots into runs whose tables stay in the processor's cache."""
    largest = max(problem.spare_threads for problem in problems) + 1
    one = largest * len(problems[0]) * problems[0].fleet.width
    step = max(1, _BLOCK // one)
    return [
        range(start, min(start + step, len(problems))) for start in range(0, len(problems), step)
    ]


def _solve(problems: list[SlotProblem]) -> list[Solution]:
    spare = np.array([problem.spare_threads for problem in problems])
    value, cuts = _tables(problems, spare)
    utility, extra = _divide(value, spare)
    partition = np.take_along_axis(cuts, extra[:, :, None], axis=2)[:, :, 0]
    threads = extra + problems[0].min_threads
    return [
        Solution(
            partition[index],
            threads[index],
            Status.OPTIMAL,
            bound=total,
            utility=total,
            note=NOTE_DP,
        )
        if total > -np.inf
        else no_decision(Status.INFEASIBLE, why_infeasible(problems[index]))
        for index, total in enumerate(utility.tolist())
    ]


def _tables(problems: list[SlotProblem], spare: Ints) -> tuple[Floats, Ints]:
    """Return g_n(k) and the l that gives it, shape (slots, N, C) each; −inf beyond a slot's K."""
    first = problems[0]
    fleet, least = first.fleet, first.min_threads
    columns = int(spare.max()) + 1
    slots = Slots(
        spare,
        *(
            np.array([getattr(problem, name) for problem in problems])
            for name in ("arrival_rate_hz", "uplink_bps", "battery_j", "harvest_j")
        ),
    )
    cuts = fleet.cuts.at((slice(None), slice(None), None))
    whole = fleet.curve_s(least - 1 + columns)[:, None, least - 1 :]
    terms = slot_terms(first, slot_data(slots, fleet, axes=2), cuts, whole)
    feasible = terms.steady & (terms.powered & fleet.in_range[:, :, None])
    table = np.where(feasible, terms.utility, -np.inf)
    partition, value = table.argmax(axis=2), table.max(axis=2)
    held = np.arange(columns)
    caps = np.minimum(fleet.thread_caps, spare[:, None] + least * len(fleet)) - least
    beyond = held > np.minimum(caps, spare[:, None])[:, :, None]
    value[beyond] = -np.inf
    if first.formulation.hibernation_allowed:
        asleep = np.where(beyond, -np.inf, UNSERVED_UTILITY)
        partition = np.where(asleep > value, HIBERNATE, partition)
        value = np.maximum(asleep, value)
    return value, partition


def _divide(value: Floats, spare: Ints) -> tuple[Floats, Ints]:
    """Run the plain programme of each slot; Σ g (slots,) and j (slots, N).

    The sums are those of `best_division`, in its order; ties go to the largest j of the last
    device, as there.
    """
    slots, devices, columns = value.shape
    slot = np.arange(slots)
    best, choices = value[:, 0], np.zeros((devices, slots, columns), dtype=np.int64)
    choices[0] = np.arange(columns)
    padded = np.full((slots, 2 * columns - 1), -np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(padded, columns, axis=1)
    backwards = value[:, :, ::-1].copy()
    for device in range(1, devices):
        padded[:, columns - 1 :] = best
        totals = windows + backwards[:, device, None, :]
        at = totals.argmax(axis=2)
        best = np.take_along_axis(totals, at[:, :, None], axis=2)[:, :, 0]
        choices[device] = columns - 1 - at
    optimum, left = best[slot, spare], spare.copy()
    extra = np.zeros((slots, devices), dtype=np.int64)
    for device in range(devices - 1, -1, -1):
        extra[:, device] = np.where(optimum > -np.inf, choices[device, slot, left], 0)
        left = left - extra[:, device]
    return optimum, extra
