"""The horizon's linear programme by HiGHS, with column generation.

Rows: battery (N·T), one choice per device and slot (N·T), threads (T). It starts with the columns
that are good at given prices, a few of millions. Then `dual_value` prices: it finds the best column
of every device and slot at the programme's duals, and proves a bound, until none is missing.
"""

from __future__ import annotations

import importlib
import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from splitbench.problems import HIBERNATE
from splitbench.problems.arrays import Floats, Ints
from splitbench.solvers.horizon.dual import DualValue, Prices, dual_value
from splitbench.solvers.horizon.lp_columns import DeviceColumns

#: Relative gap between bound and programme at which column generation stops.
_PRECISION = 1e-7
_MOST_ROUNDS = 100


@dataclass(frozen=True, eq=False)
class LpSolution:
    """The best bound proved, and the draws of the programme's solution.

    `draws` is what each device draws on average of its choices, as a share of E_max, (N, T); None
    where time was up before the programme was solved once.
    """

    devices: list[DeviceColumns]
    value: DualValue
    draws: Floats | None


class Choices(NamedTuple):
    """Choices of one device, arrays of one length: slot, row (−1: hibernation), index of k."""

    slot: Ints
    row: Ints
    extra: Ints


def solve_lp(
    devices: list[DeviceColumns],
    threads: Ints,
    around: DualValue,
    *,
    idle: bool,
    ends: float = np.inf,
) -> LpSolution:
    """Solve the programme.

    Parameters
    ----------
    threads
        K(t), shape (T,); all are handed out unless they may stay `idle`.
    around
        Prices at which to choose the first columns, with the bound that they prove.
    ends
        `time.monotonic()` at which to stop; the bound proved by then is returned.
    """
    programme = _Programme(devices, threads, idle=idle)
    for device, columns in enumerate(devices):
        if time.monotonic() >= ends:
            break
        for choices in _first_choices(columns, around, device):
            programme.add(device, choices)
    best = around
    for _ in range(_MOST_ROUNDS):
        left_s = ends - time.monotonic()
        if left_s <= 0 or not programme.solve(left_s):
            break
        value = dual_value(devices, threads, programme.prices())
        if value.total < best.total:
            best = value
        slots = np.arange(len(threads))
        added = [
            programme.add(device, Choices(slots, picked.row, picked.extra))
            for device, picked in enumerate(value.picked)
        ]
        close = best.total - programme.objective <= _PRECISION * max(1.0, abs(best.total))
        if close or not any(added):
            break
    return LpSolution(devices, best, programme.draws())


def _first_choices(columns: DeviceColumns, around: DualValue, device: int) -> list[Choices]:
    """Hibernation, each row at its best k, and the best row at each k near the best choice."""
    slots, rows, counts = columns.utility.shape
    every = np.arange(slots)
    hibernate = np.full(slots, HIBERNATE)
    held = columns.most - columns.least
    found = [Choices(every, hibernate, extra) for extra in (np.zeros_like(held), held)]
    _, extra = columns.by_rows(around.prices.thread)
    found += [Choices(every, np.full(slots, row), extra[:, row]) for row in range(rows)]
    worth = columns.utility - (around.prices.energy[device][:, None] * columns.energy)[:, :, None]
    row_of = worth.argmax(axis=1)
    for step in (-3, -2, -1, 1, 2, 3):
        near = np.clip(around.picked[device].extra + step, 0, counts - 1)
        found.append(Choices(every, row_of[every, near], near))
    return found


class _Programme:
    """The restricted programme: the columns generated so far."""

    def __init__(self, devices: list[DeviceColumns], threads: Ints, *, idle: bool):
        highspy: Any = importlib.import_module("highspy")
        self.devices, self.slots, self.idle = devices, len(threads), idle
        self.size = len(devices) * self.slots  # battery variables, and rows of each kind
        self._made: list[set[tuple[int, int, int]]] = [set() for _ in devices]
        self._owner = [np.zeros(0, dtype=np.int64)]  # row n·T + t of each choice
        self._energy = [np.zeros(0)]
        self._solution: Any = None
        self._highs = highspy._Highs()  # `highspy.Highs()` prints a banner when made
        for option, setting in {"output_flag": False, "threads": 1}.items():
            self._highs.setOptionValue(option, setting)
        self._infinity = highspy.kHighsInf
        self._highs.passModel(self._batteries(highspy, threads, idle))

    def _batteries(self, highspy: Any, threads: Ints, idle: bool) -> Any:
        """Columns e(t+1), with 1 in their own battery row and −1 in the next slot's."""
        size, slots = self.size, self.slots
        income = np.array([columns.harvest for columns in self.devices])
        income[:, 0] += [columns.start for columns in self.devices]
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = size, 2 * size + slots
        lp.col_cost_ = -np.repeat([columns.weight for columns in self.devices], slots)
        lp.col_lower_, lp.col_upper_ = np.zeros(size), np.ones(size)
        lp.row_lower_ = np.concatenate(
            [
                np.full(size, -self._infinity),
                np.ones(size),
                np.full(slots, -self._infinity) if idle else threads.astype(float),
            ]
        )
        lp.row_upper_ = np.concatenate([income.ravel(), np.ones(size), threads.astype(float)])
        rows = np.arange(size)
        last = rows % slots == slots - 1
        entries = np.column_stack([rows, rows + 1]).ravel()
        kept = np.column_stack([np.ones(size, dtype=bool), ~last]).ravel()
        matrix = lp.a_matrix_
        matrix.format_ = highspy.MatrixFormat.kColwise
        matrix.start_ = np.append(0, np.cumsum(np.where(last, 1, 2))).astype(np.int32)
        matrix.index_ = entries[kept].astype(np.int32)
        matrix.value_ = np.tile([1.0, -1.0], size)[kept]
        return lp

    def add(self, device: int, choices: Choices) -> int:
        """Add the choices that it does not have yet; return how many."""
        columns, made = self.devices[device], self._made[device]
        slot, row, extra = self._new(columns, made, choices)
        if len(slot) == 0:
            return 0
        asleep = row == HIBERNATE
        utility = np.where(asleep, columns.asleep[slot], columns.utility[slot, row, extra])
        energy = np.where(asleep, 0.0, columns.energy[slot, row])
        owner, count = device * self.slots + slot, len(slot)
        index = np.column_stack([owner, self.size + owner, 2 * self.size + slot])
        value = np.column_stack([energy, np.ones(count), columns.least + extra])
        self._highs.addCols(
            count, -utility, np.zeros(count), np.full(count, self._infinity), 3 * count,
            np.arange(0, 3 * count, 3, dtype=np.int32),
            index.astype(np.int32).ravel(), value.astype(np.float64).ravel(),
        )  # fmt: skip
        self._owner.append(owner)
        self._energy.append(energy)
        return count

    @staticmethod
    def _new(
        columns: DeviceColumns, made: set[tuple[int, int, int]], choices: Choices
    ) -> tuple[Ints, Ints, Ints]:
        fresh = []
        for index, key in enumerate(zip(*(part.tolist() for part in choices), strict=True)):
            known = key in made
            made.add(key)
            if not known and (key[1] == HIBERNATE or columns.utility[key] > -np.inf):
                fresh.append(index)
        slot, row, extra = (part[fresh] for part in choices)
        return slot, row, extra

    def solve(self, limit_s: float) -> bool:
        """Solve the restricted programme; return whether it ended in time."""
        import highspy

        if np.isfinite(limit_s):  # HiGHS counts from when the model was made
            self._highs.setOptionValue("time_limit", self._highs.getRunTime() + limit_s)
        self._highs.run()
        status = self._highs.getModelStatus()
        if status == highspy.HighsModelStatus.kTimeLimit:
            return False
        if status != highspy.HighsModelStatus.kOptimal:
            raise RuntimeError(f"HiGHS ended with {self._highs.modelStatusToString(status)}")
        self._solution = self._highs.getSolution()
        return True

    @property
    def objective(self) -> float:
        """Value of the restricted programme; it is no bound."""
        return -float(self._highs.getObjectiveValue())

    def prices(self) -> Prices:
        """The duals, made ≥ 0 where the row is an inequality."""
        duals = -np.array(self._solution.row_dual)
        energy = np.maximum(duals[: self.size], 0.0).reshape(len(self.devices), self.slots)
        thread = duals[2 * self.size :]
        return Prices(energy, np.maximum(thread, 0.0) if self.idle else thread)

    def draws(self) -> Floats | None:
        """What the last solution draws, as a share of E_max, (N, T); None without a solution."""
        if self._solution is None:
            return None
        taken = np.array(self._solution.col_value)[self.size :]
        owner, energy = np.concatenate(self._owner), np.concatenate(self._energy)
        weights = energy[: len(taken)] * taken
        sums: Floats = np.bincount(owner[: len(taken)], weights, minlength=self.size)  # type: ignore[assignment]
        return sums.reshape(len(self.devices), self.slots)
