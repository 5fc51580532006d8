"""Solver `lyapunov`: drift plus penalty, with the battery's shortfall as the queue."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from splitbench.problems import HIBERNATE, UNSERVED_UTILITY, InputError, SlotProblem
from splitbench.problems.arrays import Floats, Ints
from splitbench.problems.status import Status
from splitbench.solvers.contract import Solution, no_decision
from splitbench.solvers.exact.division import divide
from splitbench.solvers.threads.feasible_counts import can_hold_minimum

#: Entries of the utility table (N × L × C) that are made at a time.
_BLOCK = 100_000


class Lyapunov:
    """Drift plus penalty (Neely, "Stochastic Network Optimization", 2010): an online policy.

    The virtual queue of a device is its battery's shortfall as a share of the capacity,
    Q = (E_max − E)/E_max. Each slot minimises, exactly over (l, k),

        Σ_n v·(−(1 − V)·(D_max − D_e2e)/D_max) + Q_n·(E_con − E_harv)/E_max,

    the penalty (the latency part of Eq. 10, negated) plus the bound on the drift of Σ Q²/2 that
    the decision can change. So energy is free with a full battery, and costs more the emptier it
    is. It needs no forecast and no memory beyond the charge, which is part of the slot.

    Our choice: a device hibernates only where no cut is feasible at its threads, or every cut has a
    latency part below the −10 of hibernation. As few devices hibernate as the threads allow.

    Parameters
    ----------
    v
        Weight of the penalty, > 0. Shortfall and energy are shares of E_max and the penalty is in
        units of U, so v has no scale: 1/v is what the charge of an empty battery is worth, in
        slots. Charge drawn lowers the utility of every slot until it is harvested back, so 1/v
        should be about that many slots. The default is 50: over the paper's 120 slots, charge never
        harvested back lowers 60 slots on average.
    """

    name = "lyapunov"

    def __init__(self, v: float = 0.02):
        if not v > 0.0:
            raise InputError(f"v: got {v}; expected a number > 0")
        self.v = v

    def solve(self, problem: SlotProblem) -> Solution:
        """Return the decision of least drift plus penalty, or `infeasible` where there is none."""
        if not can_hold_minimum(problem):
            return no_decision(Status.INFEASIBLE, "K or a cap is below what k_min asks for")
        score, partition = self._best_cuts(problem)
        extra = divide(score, problem.spare_threads).extra
        if extra is None:
            return no_decision(Status.INFEASIBLE, "no decision meets every constraint")
        chosen = partition[np.arange(len(problem)), extra]
        return Solution(
            chosen,
            problem.min_threads + extra,
            energy_price=self._shortfall_per_j(problem) / self.v,
        )

    def _best_cuts(self, problem: SlotProblem) -> tuple[Floats, Ints]:
        """Best score over l at each thread count and the l that has it, shape (N, C) each."""
        unweighted = replace(problem, utility_weight=0.0)
        step = max(1, _BLOCK // (problem.fleet.width * len(problem.thread_range)))
        starts, drift = range(0, len(problem), step), self._drift(problem)
        parts = [
            self._best_of(
                unweighted.utility_table(start, start + step),
                drift[start : start + step],
                problem,
            )
            for start in starts
        ]
        score, partition = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        if not problem.formulation.hibernation_allowed:
            return score, partition
        unserved = score == -np.inf
        asleep = np.where(problem.thread_range > problem.thread_caps[:, None], -np.inf, 0.0)
        last = _below_all(score) + asleep
        return np.where(unserved, last, score), np.where(unserved, HIBERNATE, partition)

    def _best_of(self, earned: Floats, drift: Floats, problem: SlotProblem) -> tuple[Floats, Ints]:
        """Return `_best_cuts` of some devices, of what their cuts earn at V = 0, (n, L, C)."""
        feasible = np.isfinite(earned)
        latency = (1.0 - problem.utility_weight) * np.where(feasible, earned, 0.0)
        if problem.formulation.hibernation_allowed:
            feasible &= latency >= UNSERVED_UTILITY
        scores = np.where(feasible, self.v * latency - drift[:, :, None], -np.inf)
        partition = scores.argmax(axis=1)
        return np.take_along_axis(scores, partition[:, None, :], axis=1)[:, 0, :], partition

    def _drift(self, problem: SlotProblem) -> Floats:
        """Q·(E_con − E_harv)/E_max of each cut, shape (N, L)."""
        spent_j = problem.energy_by_cut().energy_j - problem.harvest_j[:, None]
        drift: Floats = self._shortfall_per_j(problem)[:, None] * spent_j
        return drift

    @staticmethod
    def _shortfall_per_j(problem: SlotProblem) -> Floats:
        """Q_n/E_max, what a joule adds to the drift, shape (N,)."""
        capacity = problem.fleet.battery_max_j
        price: Floats = (capacity - problem.battery_j) / capacity**2
        return price


def _below_all(score: Floats) -> float:
    """A score so low that one device more served outweighs anything the others could gain."""
    known = score[np.isfinite(score)]
    if len(known) == 0:
        return 0.0
    spread = float(known.max() - known.min())
    return float(known.min()) - (len(score) + 1) * (spread + 1.0)
