"""Solver `greedy`: coordinate ascent over partitions and threads."""

from __future__ import annotations

import numpy as np

from splitbench.problems import HIBERNATE, UNSERVED_UTILITY, InputError, SlotProblem
from splitbench.problems.arrays import Floats, Ints
from splitbench.problems.status import Status
from splitbench.solvers.contract import Solution, no_decision
from splitbench.solvers.threads.feasible_counts import can_hold_minimum
from splitbench.solvers.threads.thread_allocation import improve

#: Stands for −inf in sums, so that fewer infeasible devices always count as better.
_INFEASIBLE = -1e12


class Greedy:
    """Ascend U one coordinate at a time from the best uniform start.

    Starts divide the threads evenly and cut every DNN at the same share q of its layers, for
    q = 0, 1/s, …, 1; the best by U is taken. Then, in turn, each device takes its best l at its
    threads, and single threads move between devices while U rises, until neither helps.

    The result is a local optimum. A device may need an earlier cut and two more threads at the same
    time, and such joint moves are not tried. On curves D(k) that are not convex, exchanges of
    single threads stick too.
    """

    name = "greedy"

    def __init__(self, starts: int = 11):
        if starts < 2:
            raise InputError(f"starts: got {starts}; expected at least 2, edge-only and local-only")
        self.starts = starts

    def solve(self, problem: SlotProblem) -> Solution:
        """Return the local optimum reached; its violations, if any, are named by evaluation."""
        if not can_hold_minimum(problem):
            return no_decision(Status.INFEASIBLE, "K or a cap is below what k_min asks for")
        threads = problem.even_threads()
        if threads.sum() != problem.threads:
            return no_decision(Status.INFEASIBLE, "the caps do not hold all threads")
        table = self._table(problem)
        column = threads - problem.min_threads
        row = self._best_start(table, problem, column)
        device = np.arange(len(problem))
        value = -np.inf
        while (now := float(table[device, row, column].sum())) > value:
            value = now
            row = table[device, :, column].argmax(axis=1)
            column = improve(-table[device, row, :], column, 0)
        return Solution(
            np.where(row == table.shape[1] - 1, HIBERNATE, row), column + problem.min_threads
        )

    def _table(self, problem: SlotProblem) -> Floats:
        """f_n(l, k) with a last row for hibernation, finite everywhere."""
        table = problem.utility_table()
        allowed = problem.formulation.hibernation_allowed
        asleep = np.full_like(table[:, :1, :], UNSERVED_UTILITY if allowed else -np.inf)
        beyond = problem.thread_range > problem.thread_caps[:, None]
        asleep[beyond[:, None, :]] = -np.inf
        full = np.concatenate([table, asleep], axis=1)
        return np.where(np.isfinite(full), full, _INFEASIBLE)

    def _best_start(self, table: Floats, problem: SlotProblem, column: Ints) -> Ints:
        shares = np.linspace(0.0, 1.0, self.starts)
        rows = [np.rint(share * problem.layers).astype(np.int64) for share in shares]
        device = np.arange(len(problem))
        values = [float(table[device, row, column].sum()) for row in rows]
        best: Ints = rows[int(np.argmax(values))]
        return best
