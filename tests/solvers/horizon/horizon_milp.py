"""The exact optimum of a whole horizon, for small cases: a mixed-integer programme by HiGHS.

It is there to say how loose `horizon_bound` is. Every device takes one choice a slot; charges e,
as shares of E_max, may spill; hibernation scores −10 without the charge, so what counts is
w ≤ e and w ≤ 1 − h. Unlike the bound's programme it hands out all threads, Σ k = K(t).
"""

from __future__ import annotations

import importlib
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from splitbench.problems import HIBERNATE, UNSERVED_UTILITY, Horizon, InputError, Simulation
from splitbench.problems.arrays import Floats, Ints
from splitbench.problems.status import Status
from splitbench.solvers.horizon.lp_columns import DeviceColumns, device_columns

#: Least charge after a served slot, as a share of E_max (Eq. 12 asks for more than 0), and what
#: HiGHS may be off by.
_LEAST_CHARGE = 1e-7
_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class HorizonOptimum:
    """The best decisions found.

    Attributes
    ----------
    partition, threads
        Shape (T, N); None without an incumbent.
    value
        Σ_t U(t) of the decisions, by simulation; None without any.
    bound
        Upper bound on Σ_t U(t) of all decisions with Σ k = K(t), up to HiGHS' tolerances.
    status
        `optimal`, `feasible` (time is up) or `timeout`.
    """

    partition: Ints | None
    threads: Ints | None
    value: float | None
    bound: float
    status: Status
    seconds: float


def horizon_optimum(
    horizon: Horizon, time_limit: float | None = None, *, relative_gap: float = 1e-9
) -> HorizonOptimum:
    """Solve a horizon to optimality, or as far as the time goes.

    Parameters
    ----------
    time_limit
        Seconds for HiGHS.
    relative_gap
        Distance of value and bound at which HiGHS stops.

    Raises
    ------
    InputError
        `energy_term: paper`, where spilling would pay, or a time limit that is not positive.
    """
    highspy: Any = importlib.import_module("highspy")
    if horizon.formulation.energy_term != "residual":
        raise InputError("energy_term: got paper; expected residual for the horizon optimum")
    if time_limit is not None and not time_limit > 0:
        raise InputError(f"time_limit: got {time_limit}; expected seconds > 0")
    begun = time.monotonic()
    model = _Model(horizon)
    highs = highspy._Highs()  # `highspy.Highs()` prints a banner when made
    options: dict[str, Any] = {
        "output_flag": False, "threads": 1, "mip_rel_gap": relative_gap, "mip_abs_gap": 0.0,
        "time_limit": np.inf if time_limit is None else time_limit,
        "mip_feasibility_tolerance": _TOLERANCE, "primal_feasibility_tolerance": _TOLERANCE,
    }  # fmt: skip
    for option, setting in options.items():
        highs.setOptionValue(option, setting)
    highs.passModel(model.lp(highspy))
    highs.run()
    status, info = highs.getModelStatus(), highs.getInfo()
    if status not in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kTimeLimit):
        raise RuntimeError(f"HiGHS ended with {highs.modelStatusToString(status)}")
    bound = -float(info.mip_dual_bound)
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return HorizonOptimum(None, None, None, bound, Status.TIMEOUT, time.monotonic() - begun)
    partition, threads = model.decisions(np.array(highs.getSolution().col_value))
    proved = status == highspy.HighsModelStatus.kOptimal
    return HorizonOptimum(
        partition,
        threads,
        earned(horizon, partition, threads),
        bound,
        Status.OPTIMAL if proved else Status.FEASIBLE,
        time.monotonic() - begun,
    )


def earned(horizon: Horizon, partition: Ints, threads: Ints) -> float:
    """Return Σ_t U(t) of decisions (T, N), by simulation."""
    simulation, total = Simulation(horizon), 0.0
    for cut, counts in zip(partition, threads, strict=True):
        total += simulation.step(cut, counts).utility
    return total


class _Model:
    """Variables: e, w and spare threads of hibernating devices (n·T + t each), then choices.

    The choices are all (row, k) of a device and slot, and hibernation, which holds k_min plus
    spare threads, last.
    """

    def __init__(self, horizon: Horizon):
        self.horizon = horizon
        self.devices = [device_columns(horizon, n) for n in range(len(horizon.fleet))]
        self.slots, self.size = len(horizon), len(self.devices) * len(horizon)
        parts = [_choices(columns, n) for n, columns in enumerate(self.devices)]
        self.device, self.slot, self.row, self.extra = (
            np.concatenate(arrays) for arrays in zip(*parts, strict=True)
        )
        self.owner = self.device * self.slots + self.slot
        self.asleep = self.row == HIBERNATE

    def lp(self, highspy: Any) -> Any:
        """The programme, by rows of e, choice, w ≤ e, w ≤ 1 − h, charge, spare, threads."""
        from scipy.sparse import coo_array

        size, every = self.size, np.arange(self.size)
        slot, choices = every % self.slots, 3 * size + np.arange(len(self.owner))
        later = every[slot < self.slots - 1]
        energy, threads = self._of_choices("energy"), self._of_choices("threads")
        hold, sleep = choices[self.asleep], self.owner[self.asleep]
        entries = [
            (every, every, 1.0), (later + 1, later, -1.0), (self.owner, choices, energy),
            (size + self.owner, choices, 1.0),
            (2 * size + every, size + every, 1.0), (2 * size + every, every, -1.0),
            (3 * size + every, size + every, 1.0), (3 * size + sleep, hold, 1.0),
            (4 * size + every, every, -1.0), (4 * size + sleep, hold, -_LEAST_CHARGE),
            (5 * size + every, 2 * size + every, 1.0), (5 * size + sleep, hold, -self._spare()),
            (6 * size + slot, 2 * size + every, 1.0), (6 * size + self.slot, choices, threads),
        ]  # fmt: skip
        row, column, value = (
            np.concatenate(arrays)
            for arrays in zip(
                *((r, c, np.broadcast_to(np.asarray(v), r.shape)) for r, c, v in entries),
                strict=True,
            )
        )
        upper = [self._income(), np.ones(size), np.zeros(size), np.ones(size)]
        upper += [np.full(size, -_LEAST_CHARGE), np.zeros(size), self.horizon.threads.astype(float)]
        lower = [np.full(len(part), -highspy.kHighsInf) for part in upper]
        lower[1], lower[6] = upper[1], upper[6]
        shape = (6 * size + self.slots, 3 * size + len(choices))
        return _highs_lp(
            highspy,
            coo_array((value, (row, column)), shape=shape).tocsc(),
            np.concatenate([np.zeros(size), self._weights(), np.zeros(size), self._utility()]),
            (np.concatenate(lower), np.concatenate(upper)),
            size,
        )

    def decisions(self, values: Floats) -> tuple[Ints, Ints]:
        """Read partition and threads, (T, N), from the variables."""
        taken = np.flatnonzero(values[3 * self.size :] > 0.5)
        shape = (self.slots, len(self.devices))
        partition, threads = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        for index in taken:
            n, t, row = self.device[index], self.slot[index], self.row[index]
            columns = self.devices[n]
            partition[t, n] = HIBERNATE if row == HIBERNATE else columns.partition[t, row]
            threads[t, n] = columns.least + self.extra[index]
        for t in range(self.slots):
            self._hand_out_spare(t, partition[t], threads[t])
        return partition, threads

    def _hand_out_spare(self, slot: int, partition: Ints, threads: Ints) -> None:
        left = int(self.horizon.threads[slot] - threads.sum())
        for n in np.flatnonzero(partition == HIBERNATE):
            cap = int(self.horizon.fleet.thread_caps[n])
            more = min(left, cap - int(threads[n]))
            threads[n] += more
            left -= more

    def _of_choices(self, what: str) -> Floats:
        if what == "threads":
            return (self.horizon.min_threads + self.extra).astype(float)
        drawn = np.zeros(len(self.owner))
        for n, columns in enumerate(self.devices):
            own = (self.device == n) & ~self.asleep
            drawn[own] = columns.energy[self.slot[own], self.row[own]]
        return drawn

    def _utility(self) -> Floats:
        utility = np.full(len(self.owner), UNSERVED_UTILITY)
        for n, columns in enumerate(self.devices):
            own = (self.device == n) & ~self.asleep
            utility[own] = columns.utility[self.slot[own], self.row[own], self.extra[own]]
        return utility

    def _spare(self) -> Floats:
        """Most threads beyond k_min that a hibernating device may hold, in order of `owner`."""
        caps = np.minimum(self.horizon.fleet.thread_caps, int(self.horizon.threads.max()))
        spare: Floats = (caps[self.device[self.asleep]] - self.horizon.min_threads).astype(float)
        return spare

    def _income(self) -> Floats:
        income = np.array([columns.harvest for columns in self.devices])
        income[:, 0] += [columns.start for columns in self.devices]
        return income.ravel()

    def _weights(self) -> Floats:
        return np.full(self.size, self.horizon.utility_weight)


def _choices(columns: DeviceColumns, device: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Device, slot, row and index of k of each choice; no row that another beats at equal k."""
    cheaper = columns.energy[:, :, None] <= columns.energy[:, None, :]  # axis 1 beats axis 2
    better = columns.utility[:, :, None, :] >= columns.utility[:, None, :, :]
    beats = better & cheaper[..., None]
    rows = beats.shape[1]
    first = np.triu(np.ones((rows, rows), dtype=bool), k=1)[None, :, :, None]  # of equals
    beaten = (beats & (first | ~beats.transpose(0, 2, 1, 3))).any(axis=1)
    slot, row, extra = np.nonzero((columns.utility > -np.inf) & ~beaten)
    slots = len(columns.utility)
    return (
        np.full(len(slot) + slots, device),
        np.concatenate([slot, np.arange(slots)]),
        np.concatenate([row, np.full(slots, HIBERNATE)]),
        np.concatenate([extra, np.zeros(slots, dtype=np.int64)]),
    )


def _highs_lp(
    highspy: Any, matrix: Any, worth: Floats, limits: tuple[Floats, Floats], size: int
) -> Any:
    """Maximise worth·x: e and w in 0..1 and spare threads ≥ 0, `size` of each, then choices."""
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_ = -worth
    lp.col_lower_ = np.zeros(len(worth))
    lp.col_upper_ = np.where(np.arange(len(worth)) // size == 2, np.inf, 1.0)
    lp.row_lower_, lp.row_upper_ = limits
    kinds = highspy.HighsVarType
    choices = len(worth) - 3 * size
    lp.integrality_ = [kinds.kContinuous] * (3 * size) + [kinds.kInteger] * choices
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = matrix.indptr.astype(np.int32)
    lp.a_matrix_.index_ = matrix.indices.astype(np.int32)
    lp.a_matrix_.value_ = matrix.data
    return lp
