"""The table of g_n(k), with more counts where they may matter.

Few devices of a large server can use more than some multiple of the average number of threads. So a
table begins narrow, and a price on threads says of each device whether a count that is not tabled
could be part of an optimum (`solvers.exact.thread_price`).
"""

from __future__ import annotations

import numpy as np

from splitbench.problems import SlotProblem
from splitbench.problems.arrays import Floats, Ints
from splitbench.problems.fleet import UNCAPPED
from splitbench.solvers.exact.cut_front import Front, run_table, thread_table
from splitbench.solvers.exact.division import Division

#: Counts that are tabled at first: the larger of a number and some times the average number of
#: threads beyond the minimum. The second pair is for tables that would have more than `_SMALL`
#: entries (cuts × counts) by the first.
_WIDE, _WIDE_AVERAGES = 64, 8
_NARROW, _NARROW_AVERAGES = 16, 4
_SMALL = 15_000
#: How many times longer a row becomes that was too short.
WIDER = 4
#: Counts beyond are bounded in runs: each begins so many times as far out as the one before.
_RUN = 1.25


class CountTable:
    """What each device earns at each thread count, over a front's cuts.

    Attributes
    ----------
    value
        g, shape (N, C): at k_min + j threads; −inf where no decision is feasible or not tabled.
    tabled
        How many counts are tabled of each device, shape (N,).
    """

    def __init__(self, problem: SlotProblem, front: Front, asleep: Floats | None):
        self._problem, self._front, self._asleep = problem, front, asleep
        total = problem.spare_threads
        self._caps = problem.thread_caps - problem.min_threads
        self._counts = np.minimum(self._caps, total) + 1
        average = -(-total // len(problem))
        # Runs before this count are bounded by their least D(k), the rest by D = 0.
        self._bounded_by_curve = min(total + 1, max(_WIDE, _WIDE_AVERAGES * average))
        columns = self._bounded_by_curve
        if len(front.device) * columns > _SMALL:
            columns = min(total + 1, max(_NARROW, _NARROW_AVERAGES * average))
        self.value = thread_table(problem, front, columns)
        self.tabled = np.full(len(problem), columns)
        self._or_asleep(slice(None), columns)
        self._runs: tuple[Ints, Ints, Floats] | None = None

    def partly_tabled(self) -> Ints:
        """Return the devices that could have counts that are not tabled."""
        open_: Ints = (self.tabled < self._counts).nonzero()[0]
        return open_

    def gains_beyond(self, division: Division, devices: Ints) -> Floats:
        """Bound what counts that are not tabled could add to `division.bound`, shape (n,).

        At a price μ > 0 a device that holds j threads more is worth at most its best utility there
        less μ·j, beside what it is worth now. Infinite without a positive price.
        """
        if len(devices) == 0:
            return np.zeros(0)
        price, extra = division.price, division.extra
        if price is None or price <= 0.0 or extra is None:
            return np.full(len(devices), np.inf)
        held = self.value[devices, extra[devices]] - price * extra[devices]
        return self._worth_beyond(price, devices) - held

    def has_no_division(self) -> bool:
        """Whether it is plain that no counts sum to R, given that none in the table do."""
        feasible = self.value > -np.inf
        unserved = np.flatnonzero(~feasible.any(axis=1))
        if len(unserved) == 0:
            return int(feasible.argmax(axis=1).sum()) > self._problem.spare_threads
        every_count = self.tabled[unserved] >= self._counts[unserved]
        return bool((every_count | ~np.isin(unserved, self._front.device)).any())

    def widen(self, devices: Ints) -> None:
        """Table more counts of some devices; of those without a feasible one, where there are."""
        unserved = (self.value[devices] == -np.inf).all(axis=1)
        if unserved.any():
            devices = devices[unserved]
        columns = min(self._problem.spare_threads + 1, WIDER * int(self.tabled[devices].max()))
        before = self.value
        if columns > before.shape[1]:
            self.value = np.full((len(before), columns), -np.inf)
            self.value[:, : before.shape[1]] = before
        columns = self.value.shape[1]
        front = self._front.of(devices)
        run_table(self._problem, front, np.arange(columns), columns, into=self.value)
        self._or_asleep(devices, columns)
        self.tabled[devices] = columns

    def _or_asleep(self, devices: Ints | slice, columns: int) -> None:
        if self._asleep is None:
            return
        within = np.arange(columns) <= self._caps[devices, None]
        rests = np.where(within, self._asleep[devices, None], -np.inf)
        self.value[devices] = np.maximum(self.value[devices], rests)

    def _worth_beyond(self, price: float, devices: Ints) -> Floats:
        """Bound what counts that are not tabled are worth at a price μ > 0, shape (n,)."""
        if self._runs is None:
            self._runs = self._bounded_runs()
        starts, ends, of_runs = self._runs
        tabled, counts = self.tabled[devices, None], self._counts[devices, None]
        worth = of_runs[devices] - price * np.maximum(starts, tabled)
        worth[(ends <= tabled) | (starts >= counts)] = -np.inf
        most: Floats = worth.max(axis=1)
        return most

    def _bounded_runs(self) -> tuple[Ints, Ints, Floats]:
        """Bound g over runs of counts behind the first table; their starts, ends and bounds.

        The last run has no end, and is bounded by a server that takes no time.
        """
        starts, start = [], int(self.tabled.min())
        while start < self._bounded_by_curve:
            starts.append(start)
            start = max(start + 1, int(_RUN * start))
        edges = np.array([*starts, self._bounded_by_curve, UNCAPPED])
        front, of_runs = self._front, np.full((len(self.value), len(edges) - 1), -np.inf)
        begins = front.begins()
        if len(begins):
            if starts:
                run_table(
                    self._problem, front, edges[:-2], self._bounded_by_curve, into=of_runs[:, :-1]
                )
            of_runs[front.device[begins], -1] = np.maximum.reduceat(front.without_server, begins)
        if self._asleep is not None:
            np.maximum(of_runs, self._asleep[:, None], out=of_runs)
        return edges[:-1], edges[1:], of_runs
