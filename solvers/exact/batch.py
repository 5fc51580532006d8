"""Many slots of the same devices at once, bit for bit as one at a time.

For a small slot, numpy's overhead per call takes longer than the arithmetic. So the tables and the
dynamic programme of small slots run over a leading axis of slots: the same additions and the same
maxima in the same order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import cast

import numpy as np

from splitbench.problems import HIBERNATE, UNSERVED_UTILITY, SlotProblem
from splitbench.problems.arrays import Floats, Ints, Mask
from splitbench.problems.equations import Cuts
from splitbench.problems.fleet import Fleet
from splitbench.problems.status import Status
from splitbench.solvers.contract import Solution, no_decision
from splitbench.solvers.exact.cut_front import best_cuts, cut_front, thread_table
from splitbench.solvers.exact.division import PROGRAMME
from splitbench.solvers.exact.exact import Exact, why_infeasible
from splitbench.solvers.exact.slot_optimum import is_small

#: Entries of utility tables (slots × N × L × C), front or not, that are made at a time.
_BLOCK = 600_000


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
    """Key of a slot: slots with equal keys can be solved together."""
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
    one = largest * len(problems[0]) * max(largest, problems[0].fleet.width)
    step = max(1, _BLOCK // one)
    return [
        range(start, min(start + step, len(problems))) for start in range(0, len(problems), step)
    ]


def _solve(problems: list[SlotProblem]) -> list[Solution]:
    spare = np.array([problem.spare_threads for problem in problems])
    many, devices = len(problems), len(problems[0])
    least, columns = problems[0].min_threads, int(spare.max()) + 1
    # Fronts and tables treat each pair of slot and device as one row.
    rows = cast(SlotProblem, _Rows(problems))
    front = cut_front(rows)
    value = thread_table(rows, front, columns).reshape(many, devices, columns)
    caps = np.minimum(rows.thread_caps.reshape(many, devices) - least, spare[:, None])
    beyond = np.arange(columns) > caps[:, :, None]
    value[beyond] = -np.inf
    if problems[0].formulation.hibernation_allowed:
        np.maximum(value, np.where(beyond, -np.inf, UNSERVED_UTILITY), out=value)
    utility, extra = _divide(value, spare)
    threads = least + extra
    partition, served = best_cuts(rows, front, threads.ravel())
    if problems[0].formulation.hibernation_allowed:
        partition[served < UNSERVED_UTILITY] = HIBERNATE
    partition = partition.reshape(many, devices)
    return [
        Solution(
            partition[index],
            threads[index],
            Status.OPTIMAL,
            bound=total,
            utility=total,
            note=PROGRAMME,
        )
        if total > -np.inf
        else no_decision(Status.INFEASIBLE, why_infeasible(problems[index]))
        for index, total in enumerate(utility.tolist())
    ]


class _Rows:
    """Slots of the same devices as one slot of slots × N devices; what tables ask of a problem."""

    def __init__(self, problems: list[SlotProblem]):
        first, many = problems[0], len(problems)
        self.fleet = _Copies(first.fleet, many)
        self.min_threads, self.slot_s = first.min_threads, first.slot_s
        self.utility_weight, self.formulation = first.utility_weight, first.formulation
        self.arrival_rate_hz = np.concatenate([one.arrival_rate_hz for one in problems])
        self.uplink_bps = np.concatenate([one.uplink_bps for one in problems])
        self.battery_j = np.concatenate([one.battery_j for one in problems])
        self.harvest_j = np.concatenate([one.harvest_j for one in problems])
        self.thread_caps = np.concatenate([one.thread_caps for one in problems])

    def __len__(self) -> int:
        return len(self.thread_caps)


class _Copies:
    """A fleet's devices, repeated for each slot."""

    def __init__(self, fleet: Fleet, many: int):
        self.fleet, self.of = fleet, np.tile(np.arange(len(fleet)), many)
        self.width, self.shares_fall = fleet.width, fleet.shares_fall
        self.layers, self.deadline_s = fleet.layers[self.of], fleet.deadline_s[self.of]
        self.battery_max_j = fleet.battery_max_j[self.of]
        self.compute_power_w = fleet.compute_power_w[self.of]
        self.transmit_power_w = fleet.transmit_power_w[self.of]

    def cuts_of(self, rows: slice) -> Cuts:
        """See `Fleet`."""
        return self.fleet.cuts.at(self.of[rows])

    def cuts_at(self, device: Ints, partition: Ints) -> Cuts:
        """See `Fleet`."""
        return self.fleet.cuts_at(self.of[device], partition)

    def in_range_of(self, rows: slice) -> Mask:
        """See `Fleet`."""
        return self.fleet.in_range[self.of[rows]]

    def curve_rows(self, rows: slice, most_threads: int) -> Floats:
        """See `Fleet`."""
        return self.fleet.curve_s(most_threads)[self.of[rows]]

    def curve_at(self, device: Ints, threads: Ints) -> Floats:
        """See `Fleet`."""
        return self.fleet.curve_at(self.of[device], threads)


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
