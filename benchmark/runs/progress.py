"""Progress of a run: overall, by worker, and the time left, estimated from finished cells."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from splitbench.benchmark.console import verbosity
from splitbench.benchmark.durations import duration
from splitbench.benchmark.runs.estimate import Estimator, Kind, kinds_of
from splitbench.results import CellKey, CellRecord
from splitbench.results.tables import escape

#: Folders in a file's path; its name alone is shown.
_FOLDER = re.compile(r"(?:file:)?/[^\s\[\]]*/")
#: Without a terminal, most seconds between two lines; one is also written at every tenth of the
#: cells.
LINE_EVERY_S = 60.0


class Progress:
    """Cells done and left of a run; stored cells are not counted as work.

    Parameters
    ----------
    left
        Cells to be run.
    known
        Number of cells that the store had.
    jobs
        Workers that share what is left.
    running
        Returns what each worker is running.
    """

    def __init__(
        self,
        left: Sequence[CellKey],
        known: int,
        jobs: int,
        estimator: Estimator,
        running: Callable[[], Sequence[str]],
    ):
        self.total = len(left)
        self.done = self.failed = 0
        self.running = running
        self._known = known
        self._jobs = jobs
        self._estimator = estimator
        self._left: Counter[Kind] = kinds_of(left)
        self._lock = threading.Lock()

    def advance(self, record: CellRecord) -> None:
        """Count a cell that has ended."""
        with self._lock:
            self.done += 1
            self.failed += record.failed
            self._left.subtract(kinds_of([record.key]))
            self._estimator.learn(record)

    def __str__(self) -> str:
        with self._lock:
            left_s = self._estimator.left_s(self._left, self._jobs)
        parts = [f"{self.done}/{self.total} cells"]
        parts += [f"{self._known} known"] * bool(self._known)
        parts += [f"{self.failed} failed"] * bool(self.failed)
        if self.done < self.total:
            parts.append("time left unknown" if left_s is None else f"{duration(left_s)} left")
        return ", ".join(parts)


@contextmanager
def shown(progress: Progress) -> Iterator[Callable[[CellRecord], None]]:
    """Show progress on stderr: a bar and each worker in a terminal, plain lines elsewhere."""
    if not progress.total or verbosity() < 0:
        yield progress.advance
    elif sys.stderr.isatty() and sys.stdout.isatty():
        with _live(progress):
            yield progress.advance
    else:
        with _lines(progress) as advance:
            yield advance


@contextmanager
def _live(progress: Progress) -> Iterator[None]:
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True, highlight=False)
    with Live(
        get_renderable=lambda: _drawn(progress, console.width, console.height),
        console=console,
        refresh_per_second=4,
        transient=True,
    ):
        yield


def _drawn(progress: Progress, width: int, height: int) -> Any:
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    said = str(progress)
    overall = Table.grid(padding=(0, 1))
    bar = ProgressBar(progress.total, progress.done, width=max(8, min(40, width - len(said) - 2)))
    overall.add_row(bar, Text(said, no_wrap=True, overflow="ellipsis"))
    lines = [f"{place:>3}  {what}" for place, what in enumerate(progress.running(), start=1)]
    room = max(1, height - 3)
    if len(lines) > room:
        lines[room - 1 :] = [f"     and {len(lines) - room + 1} workers more"]
    return Group(overall, *(Text(line, no_wrap=True, overflow="ellipsis") for line in lines))


@contextmanager
def _lines(progress: Progress) -> Iterator[Callable[[CellRecord], None]]:
    step = max(1, -(-progress.total // 10))
    written = time.monotonic()

    def write(more: str = "") -> None:
        nonlocal written
        written = time.monotonic()
        sys.stderr.write(f"{progress}{more}\n")
        sys.stderr.flush()

    def advance(record: CellRecord) -> None:
        progress.advance(record)
        late = time.monotonic() - written >= LINE_EVERY_S
        if late or progress.done % step == 0 or progress.done == progress.total:
            write(f" (last: {described(record.key)})")

    def heartbeat() -> None:  # a cell may take hours
        while not ended.wait(max(0.1, LINE_EVERY_S - (time.monotonic() - written))):
            if time.monotonic() - written >= LINE_EVERY_S:
                write(f" (now: {' | '.join(progress.running())})")

    ended = threading.Event()
    beating = threading.Thread(target=heartbeat, daemon=True)
    beating.start()
    try:
        yield advance
    finally:
        ended.set()
        beating.join()


def described(key: CellKey) -> str:
    """Name a cell in one printable line."""
    instance = "" if key.instance is None else f" instance {key.instance}"
    text = f"{key.suite} {key.solver} seed {key.seed}{instance}"
    return escape.printable(_FOLDER.sub("", text))


def at_work(tasks: Iterable[tuple[CellKey, float] | None]) -> list[str]:
    """Describe what each worker runs, from its cell and start time (`time.monotonic()`)."""
    now = time.monotonic()
    return [
        "idle" if task is None else f"{described(task[0])}, {duration(now - task[1])}"
        for task in tasks
    ]
