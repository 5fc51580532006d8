"""The slot as an integer linear programme: the part that its three MIP solvers share.

Binary x for each feasible choice c of device n (see `splitbench.problems.ilp.ilp_columns`):

    maximise Σ utility_c·x_c   subject to   Σ_{c of n} x_c = 1 for each n,   Σ threads_c·x_c = K.

The exact method needs no ILP; these are its independent checks, by solvers that know nothing of
its dynamic programme.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from importlib import import_module
from typing import Literal, NamedTuple

import numpy as np

from splitbench.problems import InputError, SlotProblem
from splitbench.problems.arrays import Floats, Ints
from splitbench.problems.ilp.ilp_columns import Columns, ColumnSet, slot_columns
from splitbench.problems.status import Status
from splitbench.solvers.contract import Context, Solution, no_decision
from splitbench.solvers.exact.exact import too_few_threads

#: Error of a proved optimum, relative to the utility, at which no polishing is needed.
PRECISION = 1e-10

#: Share of the time left that is kept for reading the answer.
_RESERVE = 0.05

#: Variables of a model that are made between two looks at the clock.
BLOCK = 5_000

#: Entries of the utility table that are made between two looks at the clock.
_BLOCK = 300_000

#: Listing may take this part of the time: joining, pricing and handing over 20 million choices took
#: up to four times as long as listing them, and no step of it looks at the clock.
_LISTING_SHARE = 5.0


class Model(NamedTuple):
    """Minimise Σ cost·x: one choice per device, Σ threads·x = total; 0 ≤ cost ≤ `largest_cost`.

    `device`, `threads` and `cost` have shape (M,), sorted by device; `starts` (N,) is where each
    device's choices begin.
    """

    device: Ints
    threads: Ints
    cost: Floats
    starts: Ints
    total: int


class Answer(NamedTuple):
    """Result of a MIP solver: how it ended, a choice for each device, a lower bound on the cost.

    `chosen` (N,) indexes the model's choices and is None without an incumbent; `bound` may be
    −inf. `optimal` and `infeasible` are proofs, `stopped` is the time limit.
    """

    ended: Literal["optimal", "infeasible", "stopped"]
    chosen: Ints | None = None
    bound: float = -np.inf


class SlotIlp(ABC):
    """A MIP solver on the slot ILP, with gaps of zero and on one thread.

    Costs are regrets: each device's best utility minus the choice's, scaled so that the largest
    is `largest_cost`. Over all optimal decisions this only shifts and scales the objective, and
    it turns the solver's absolute tolerances into known fractions of the range.

    Polishing. A back-end's proof holds to `accuracy` cost units per device, so to
    N·accuracy·range/`largest_cost` in utility. Where ρ comes close to 1 the range can be 1e9 while
    U is about 1, and that is coarser than it should be. Then the incumbent prunes: no choice whose
    own regret exceeds the incumbent's total regret can be in a better decision, since regrets are ≥
    0. Without those choices the range is smaller, costs are scaled up again, and the same ILP is
    solved once more, until the error is below 1e-10·|U| or the range no longer shrinks. Every
    answer is the MIP solver's own.

    Parameters
    ----------
    columns
        `best` (best l for each k) or `full` (every (l, k), hibernation as a column of its own).
    time_limit
        Seconds for the whole solve, building the model included; the context's limit holds too.
        The MIP solver gets what is left. When time is up the answer is the incumbent as
        `feasible`, with the solver's dual bound, or `timeout`. The MIP solver's package is
        imported when this object is made, so that its import takes none of the time.

    Raises
    ------
    InputError
        A time limit that is not positive, or unknown columns.
    """

    name: str
    requires: tuple[str, ...] = ()
    library: str | None = None
    accuracy: float
    largest_cost: float = 1e4

    def __init__(self, columns: ColumnSet = "best", time_limit: float | None = None):
        if time_limit is not None and not time_limit > 0:
            raise InputError(f"{self.name}[time_limit]: got {time_limit}; expected seconds > 0")
        self.columns = columns
        self.time_limit = time_limit
        if self.library is not None:
            import_module(self.library)

    @abstractmethod
    def minimise(self, model: Model, ends: float) -> Answer:
        """Solve the model by `ends`, a time of `time.monotonic()` (infinite: no limit)."""

    def solve(self, problem: SlotProblem, context: Context | None = None) -> Solution:
        """Return the optimum, or what is known of it when the time is up."""
        context = context or Context()
        limit_s = np.inf if self.time_limit is None else self.time_limit
        ends = time.monotonic() + min(limit_s, context.time_left_s())
        if problem.spare_threads < 0:
            return no_decision(Status.INFEASIBLE, too_few_threads(problem))
        columns = self._columns(problem, ends)
        if columns is None:
            return no_decision(Status.TIMEOUT, "no time to build the model")
        choices = np.bincount(columns.device, minlength=len(problem))
        if not choices.all():
            stranded = problem.fleet.names[int(choices.argmin())]
            return no_decision(Status.INFEASIBLE, f"{stranded} has no feasible choice")
        return _Solve(self, problem, columns, context.publish, ends).run()

    def _columns(self, problem: SlotProblem, ends: float) -> Columns | None:
        """List all choices, some devices at a time; None where that leaves no time for the rest."""
        begun = time.monotonic()
        enough = begun + (ends - begun) / _LISTING_SHARE
        entries = problem.fleet.width * len(problem.thread_range)
        step = max(1, _BLOCK // max(1, entries))
        parts = [slot_columns(problem, self.columns, 0, step)]
        for start in range(step, len(problem), step):
            if time.monotonic() >= enough:
                return None
            parts.append(slot_columns(problem, self.columns, start, start + step))
        return Columns(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


class _Solve:
    """One solve: the choices still in play, the incumbent, and the bound so far."""

    def __init__(
        self,
        solver: SlotIlp,
        problem: SlotProblem,
        columns: Columns,
        publish: Callable[[Solution], None],
        ends: float,
    ):
        self.solver, self.problem, self.columns = solver, problem, columns
        self.publish, self.ends = publish, ends
        best = np.maximum.reduceat(columns.utility, _starts(columns.device))
        self.regret = best[columns.device] - columns.utility
        self.ceiling = float(best.sum())
        self.bound = self.ceiling  # with every device at its best
        self.kept = np.arange(len(columns.device))
        self.chosen: Ints | None = None

    def run(self) -> Solution:
        """Solve and polish."""
        while True:
            largest = float(self.regret[self.kept].max())
            unit = largest / self.solver.largest_cost  # of cost, in utility
            answer = self.solver.minimise(self._model(unit), self.ends)
            if answer.ended == "infeasible":
                if self.chosen is not None:
                    raise RuntimeError(f"{self.solver.name}: infeasible after an incumbent")
                return no_decision(Status.INFEASIBLE, "proved infeasible by the MIP solver")
            error = len(self.problem) * self.solver.accuracy * unit
            self._learn(answer, unit, error)
            if answer.ended == "stopped":
                return self._stopped()
            if error <= PRECISION * abs(self.utility) or not self._prune(largest):
                return self._solution(Status.OPTIMAL)

    @property
    def utility(self) -> float:
        """The incumbent's utility, −inf without one."""
        return -np.inf if self.chosen is None else float(self.columns.utility[self.chosen].sum())

    def _model(self, unit: float) -> Model:
        device = self.columns.device[self.kept]
        return Model(
            device,
            self.columns.threads[self.kept],
            self.regret[self.kept] / (unit or 1.0),  # without regrets all costs are 0
            _starts(device),
            self.problem.threads,
        )

    def _learn(self, answer: Answer, unit: float, error: float) -> None:
        """Take the better incumbent and the lower bound; a bound holds to the solver's error."""
        if answer.chosen is not None:
            chosen = self.kept[answer.chosen]
            total = int(self.columns.threads[chosen].sum())
            if total != self.problem.threads:
                raise RuntimeError(
                    f"{self.solver.name}: its solution hands out {total} threads "
                    f"of {self.problem.threads}"
                )
            if self.columns.utility[chosen].sum() > self.utility:
                self.chosen = chosen
                self.publish(self._solution(Status.FEASIBLE))
        # Pruned choices cannot beat the incumbent, so the bound without them is one on all.
        bound = self.ceiling - max(answer.bound, 0.0) * unit + error
        self.bound = max(min(self.bound, bound), self.utility)

    def _prune(self, largest: float) -> bool:
        """Drop choices that cannot be in a better decision; return whether the range shrank."""
        most = float(self.regret[self.chosen].sum())
        slack = 1e-9 * most + 1e-12 * abs(self.ceiling)  # far above rounding
        self.kept = self.kept[self.regret[self.kept] <= most + slack]
        return float(self.regret[self.kept].max()) < largest

    def _stopped(self) -> Solution:
        if self.chosen is None:
            return no_decision(Status.TIMEOUT, "no incumbent in time", bound=self.bound)
        return self._solution(Status.FEASIBLE)

    def _solution(self, status: Status) -> Solution:
        columns, chosen = self.columns, self.chosen
        return Solution(
            columns.partition[chosen],
            columns.threads[chosen],
            status,
            self.bound,
            utility=self.utility,
        )


def _starts(device: Ints) -> Ints:
    """First index of each device; every device has a choice, and they are sorted."""
    return np.flatnonzero(np.diff(device, prepend=-1))


def seconds_left(ends: float) -> float:
    """Seconds that a MIP solver may take from now; not positive when the time is up."""
    return (ends - time.monotonic()) * (1.0 - _RESERVE)


def chosen_of(model: Model, values: Floats) -> Ints:
    """Return the choice of each device that a solver's values of x mark, shape (N,)."""
    marked = np.flatnonzero(values > 0.5)
    if not np.array_equal(model.device[marked], np.arange(len(model.starts))):
        raise RuntimeError("the MIP solver's solution does not have one choice for each device")
    return marked
