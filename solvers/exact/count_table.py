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

#: Counts, and averages of threads beyond the minimum, tabled at first: where the whole is small,
#: and where it is not.
_FULL, _FULL_AVERAGES = 64, 8
_NARROW, _NARROW_AVERAGES = 16, 4
#: Entries (cuts × counts) of a small table.
_SMALL = 15_000
#: How much longer a table is made where it was too short.
_TIMES = 4
#: Growth of the runs of counts whose bound stands for each of them.
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
        self._known = min(total + 1, max(_FULL, _FULL_AVERAGES * average))
        columns = self._known
        if len(front.device) * columns > _SMALL:
            columns = min(total + 1, max(_NARROW, _NARROW_AVERAGES * average))
        self.value = thread_table(problem, front, columns)
        self.tabled = np.full(len(problem), columns)
        self._or_asleep(slice(None), columns)
        self._runs: tuple[Ints, Ints, Floats] | None = None

    def narrow(self) -> Ints:
        """Return the devices of which not all counts are tabled."""
        open_: Ints = (self.tabled < self._counts).nonzero()[0]
        return open_

    def gains_beyond(self, division: Division, devices: Ints) -> Floats:
        """Bound what counts that are not tabled could add to `division.bound`, shape (n,).

        At a price μ > 0 a device that holds j threads more is worth at most its best utility there
        less μ·j, beside what it is worth now.
        """
        price, extra = division.price, division.extra
        if price is None or price <= 0.0 or extra is None:
            return np.full(len(devices), np.inf)
        held = self.value[devices, extra[devices]] - price * extra[devices]
        return self._worth_beyond(price, devices) - held

    def widen(self, devices: Ints) -> None:
        """Table more counts of some devices."""
        columns = min(self._problem.spare_threads + 1, _TIMES * int(self.tabled[devices].max()))
        narrow = self.value
        if columns > narrow.shape[1]:
            self.value = np.full((len(narrow), columns), -np.inf)
            self.value[:, : narrow.shape[1]] = narrow
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
        if isinstance(devices, slice):
            np.maximum(self.value, rests, out=self.value)
        else:
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
        while start < self._known:
            starts.append(start)
            start = max(start + 1, int(_RUN * start))
        edges = np.array([*starts, self._known, UNCAPPED])
        front, of_runs = self._front, np.full((len(self.value), len(edges) - 1), -np.inf)
        begins = front.begins()
        if len(begins):
            if starts:
                run_table(self._problem, front, edges[:-2], self._known, into=of_runs[:, :-1])
            of_runs[front.device[begins], -1] = np.maximum.reduceat(front.without_server, begins)
        if self._asleep is not None:
            np.maximum(of_runs, self._asleep[:, None], out=of_runs)
        return edges[:-1], edges[1:], of_runs
