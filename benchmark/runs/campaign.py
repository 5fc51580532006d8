"""A whole run: stored cells are not run again, and each new record is stored at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from splitbench.benchmark.isolation.cell_runner import Finished
from splitbench.benchmark.isolation.limits import Limits
from splitbench.benchmark.options import Again
from splitbench.benchmark.referee.cell import run_cell
from splitbench.benchmark.runs.estimate import Estimator, Forecast, forecast_of
from splitbench.benchmark.runs.solver_version import solver_version
from splitbench.results import CellKey, CellRecord, Store
from splitbench.results.bounds import BOUND
from splitbench.results.store.store import now


def _had_less_time(record: CellRecord, timeout_s: float | None) -> bool:
    """Whether a cell timed out with a shorter limit than the present one."""
    if record.status != "timeout" or record.limit_s is None:
        return False
    return timeout_s is None or timeout_s > record.limit_s


class Executor(Protocol):
    """Runs cells somewhere and yields each as it ends, in no particular order."""

    @property
    def jobs(self) -> int:
        """Cells run at a time."""

    @property
    def at_work(self) -> Sequence[tuple[CellKey, float] | None]:
        """The cell of each worker and its start time (`time.monotonic()`), None if idle."""

    def run(self, keys: Sequence[CellKey]) -> Iterator[Finished]:
        """Run the cells."""


class InProcess:
    """Runs cells in this process, one by one, without isolation; for a debugger."""

    jobs = 1
    at_work: Sequence[tuple[CellKey, float] | None] = ()

    def run(self, keys: Sequence[CellKey]) -> Iterator[Finished]:
        """Run the cells in order."""
        for key in keys:
            started = time.monotonic()
            record = run_cell(key)
            yield Finished(record, time.monotonic() - started)


@dataclass
class Campaign:
    """The requested cells, the stored ones, and those left to run.

    Attributes
    ----------
    keys
        All cells, in the order of the table.
    known
        Stored records whose cells are not run again.
    cells_run, seconds
        Number of cells run, and their wall-clock time.
    isolation_s, model_s, reference_s
        Overhead of each cell run, s, except bounds of horizons: isolation per cell; model and
        reference per slot.
    """

    keys: list[CellKey]
    known: dict[CellKey, CellRecord]
    cells_run: int = 0
    seconds: float = 0.0
    isolation_s: list[float] = field(default_factory=list)
    model_s: list[float] = field(default_factory=list)
    reference_s: list[float] = field(default_factory=list)

    @classmethod
    def planned(
        cls, keys: Iterable[CellKey], store: Store, again: Again, timeout_s: float | None = None
    ) -> Campaign:
        """Look up which cells are stored; a timeout is not reused for a longer limit."""
        wanted = list(keys)
        known = {
            key: record
            for key, record in store.get(wanted).items()
            if not (again.wants(record) or _had_less_time(record, timeout_s))
        }
        return cls(wanted, known)

    @property
    def left(self) -> list[CellKey]:
        """Cells that have to be run."""
        return [key for key in self.keys if key not in self.known]

    def run(
        self,
        executor: Executor,
        store: Store,
        on_cell: Callable[[CellRecord], None] = lambda record: None,
    ) -> list[CellRecord]:
        """Run what is left, store each record at once, and return all in the table's order."""
        began = time.monotonic()
        for finished in executor.run(self.left):
            self.cells_run += 1
            self.seconds = time.monotonic() - began
            finished.record.wall_s = finished.wall_s
            finished.record.written = now()
            finished.record.solver_version = solver_version(finished.record.key.solver)
            store.put(finished.record)
            self.known[finished.record.key] = finished.record
            self._note_overhead(finished)
            on_cell(finished.record)
        return [self.known[key] for key in self.keys]

    def _note_overhead(self, finished: Finished) -> None:
        record, slots = finished.record, len(finished.record.solve_s)
        if finished.overhead is not None and slots and record.key.solver != BOUND:
            self.isolation_s.append(finished.overhead.isolation_s)
            self.model_s.append(finished.overhead.model_s / slots)
            self.reference_s.append((record.reference_s or 0.0) / slots)

    def worst_case_s(self, limits: Limits, jobs: int) -> float | None:
        """Upper limit of the time left: every cell runs into its limit; None without a limit."""
        if limits.timeout_s is None:
            return None
        rounds = -(-len(self.left) // jobs)
        return rounds * limits.timeout_s

    def forecast(self, store: Store, limits: Limits, jobs: int) -> Forecast:
        """Return the content of `--dry-run`: cells stored and left, and their estimated time."""
        return forecast_of(
            self.keys, self.left, self.estimator(store), jobs, self.worst_case_s(limits, jobs)
        )

    def estimator(self, store: Store) -> Estimator:
        """Return an estimator fitted to the times of the stored cells."""
        estimator = Estimator()
        for record in store.summaries():
            estimator.learn(record)
        return estimator
