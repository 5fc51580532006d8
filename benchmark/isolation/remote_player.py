"""The referee's side of a player in another process: requests, limits, and causes of its end."""

from __future__ import annotations

import contextlib
import secrets
import select
import socket
import time
from copy import copy
from dataclasses import replace
from statistics import median
from typing import Any

from splitbench.benchmark.isolation.answers import KINDS, NUMBERS_A_DEVICE, answer_from
from splitbench.benchmark.isolation.framing import FrameError, FrameReader, request_bytes
from splitbench.benchmark.isolation.guard_process import GuardProcess
from splitbench.benchmark.isolation.output import Output
from splitbench.benchmark.isolation.player_process import Pose
from splitbench.benchmark.referee.player import Answer, PlayerLostError
from splitbench.problems import EpisodeView, Fleet, Horizon, SlotProblem
from splitbench.solvers import Solution, Status

#: Seconds beyond its limit before a solver is killed, so that one that watches the clock can
#: answer.
GRACE_S = 0.5
#: Seconds between checks of the memory while waiting for an answer.
POLL_S = 0.1
#: Seconds for requests that take almost no time: confining the process, ending a cell.
PATIENCE_S = 10.0
#: Frames read before the limits are checked again.
_FRAMES_AT_ONCE = 64
#: Empty requests that are timed before a plug-in is loaded.
_PINGS = 7
#: Request numbers that are drawn at a time.
_NUMBERS_DRAWN = 256


class AbandonedError(BaseException):
    """The cell is no longer wanted."""


class RemotePlayer:
    """A player in a child process of a guard.

    Parameters
    ----------
    guard
        The guard that forks and kills the process.
    memory_bytes
        Memory limit of the process and its children.
    files
        Whether to prevent it from writing files outside its temporary directory.
    watched
        A descriptor that becomes readable when the cell is no longer wanted, or None.
    """

    def __init__(
        self, guard: GuardProcess, memory_bytes: int | None, *, files: bool, watched: int | None
    ):
        self._guard, self._memory_bytes, self._watched = guard, memory_bytes, watched
        self._number = 0
        self._numbers: list[int] = []
        self._deadline: float | None = None
        self._limit_s: float | None = None
        self._pose: tuple[Any, ...] | None = None
        self._incumbent: Solution | None = None
        self._devices = 0
        self._listed = time.monotonic()
        self.is_lost = self.left_something = False
        ours, theirs = socket.socketpair()
        self._output = Output()
        with theirs:
            self.pid = guard.fork(theirs, self._output.theirs)
        self._output.started()
        self._end, self._reader = ours, FrameReader(ours)
        self._poll = select.poll()
        for descriptor in (ours.fileno(), self._output.fileno, watched):
            if descriptor is not None:
                self._poll.register(descriptor, select.POLLIN)
        self._begin(PATIENCE_S)
        self._ask("confine", guard.folder, files)
        self.empty_round_trip_s: float | None = self._empty_round_trip()
        self.bytes_new = self.resident_bytes()

    @property
    def output(self) -> str:
        """The output in the current cell, shortened."""
        return self._output.text

    def close(self) -> None:
        """End the process and everything it started."""
        self._guard.kill()
        self._end.close()
        self._output.close()

    def begin_cell(self, timeout_s: float | None) -> None:
        """Start a cell's clock."""
        self._begin(timeout_s)
        self._pose = None
        self._output.clear()

    def load(self, solver: str, seed: int, deadline: float | None) -> Answer:
        """See `Player`."""
        return self._ask("load", solver, seed, deadline)

    def start(self, view: EpisodeView) -> Answer:
        """See `Player`."""
        self._set_pose(view.fleet, view)
        sent = copy(view)
        sent.fleet = None  # type: ignore[assignment]  # the player has it
        if view._future is not None:
            sent._future = _bare(view._future)
        return self._ask("start", sent)

    def solve(self, problem: SlotProblem, slot: int) -> Answer:
        """See `Player`."""
        if self._pose is None or self._pose[0] is not problem.fleet:
            self._set_pose(problem.fleet, problem)
        self._devices = len(problem)
        return self._ask("solve", _numbers_of(problem), slot)

    def finish(self) -> str:
        """See `Player`; also count the processes that the plug-in left running."""
        if self.is_lost:
            return ""
        self._begin(PATIENCE_S)
        left = self._ask("finish").solution.note
        count = self._guard.count()
        self.left_something = bool(left or count)
        if not count:
            return left
        processes = f"left {count} child process(es) behind; they were ended"
        return "; ".join(filter(None, [left, processes]))

    def resident_bytes(self) -> int:
        """Return the resident memory of the process and of everything it started."""
        import psutil

        total = 0
        with contextlib.suppress(psutil.Error):
            player = psutil.Process(self.pid)
            for process in [player, *self._started_by(player)]:
                with contextlib.suppress(psutil.Error):
                    total += process.memory_info().rss
        return total

    def _started_by(self, player: Any) -> list[Any]:
        """Return processes below the player or its guard, listed once a second at most."""
        now = time.monotonic()
        if now - self._listed < 1.0:  # listing scans the whole process table
            return []
        self._listed = now
        others = self._guard.descendants()
        return [one for one in others if one.pid != player.pid]

    def _begin(self, limit_s: float | None) -> None:
        self._limit_s = limit_s
        self._deadline = None if limit_s is None else time.monotonic() + limit_s + GRACE_S

    def _set_pose(self, fleet: Fleet, source: Any) -> None:
        pose = Pose(
            fleet.bare(), source.slot_s, source.min_threads, source.utility_weight,
            source.formulation,
        )  # fmt: skip
        self._ask("set", pose)
        self._pose = (fleet,)

    def _ask(self, method: str, *arguments: Any) -> Answer:
        """Send a request and wait for its answer.

        Raises
        ------
        PlayerLostError
            There is no answer: the process has ended, or was killed for the given reason.
        """
        self._number = self._next_number()
        self._incumbent = None
        self._reader.longest_body = 8 * NUMBERS_A_DEVICE * self._devices
        try:
            if not self._reader.is_clean:  # what is not read yet has another request's number
                raise FrameError("a message without a request")
            self._send(request_bytes((self._number, method, arguments)))
            return self._wait(method)
        except EOFError:
            raise self._lost(Status.ERROR, self._guard.how_it_ended()) from None
        except FrameError as error:
            raise self._lost(Status.ERROR, f"the player sent {error}") from None

    def _next_number(self) -> int:
        """Return a random number, so that no answer can be sent before its request."""
        if not self._numbers:
            drawn = secrets.token_bytes(4 * _NUMBERS_DRAWN)  # drawing one by one takes longer
            self._numbers = list(memoryview(drawn).cast("I"))
        return self._numbers.pop()

    def _wait(self, method: str) -> Answer:
        looked = time.monotonic()
        while True:
            ready = [descriptor for descriptor, _ in self._poll.poll(POLL_S * 1e3)]
            more = self._end.fileno() in ready
            for descriptor in ready:
                if descriptor == self._watched:
                    raise AbandonedError
                if descriptor == self._output.fileno and self._output.read() == 0:
                    self._poll.unregister(descriptor)
            while more:
                answer, more = self._read(method)
                if answer is not None:
                    return answer
                looked = self._enforce(looked)
            looked = self._enforce(looked)

    def _read(self, method: str) -> tuple[Answer | None, bool]:
        """Read frames that have arrived, up to a limit; return the answer, and if there is more."""
        for _ in range(_FRAMES_AT_ONCE):
            frame = self._reader.next_frame()
            if frame is None:
                return None, False
            if frame.request != self._number or frame.kind >= len(KINDS):
                raise FrameError(f"a message of kind {frame.kind} to request {frame.request}")
            answer = answer_from(frame, self._devices)
            if KINDS[frame.kind] == "answer":
                return answer, False
            if method != "solve" or not answer.solution.decided:
                raise FrameError("an incumbent that is none")
            self._incumbent = answer.solution
        return None, True

    def _send(self, request: bytes) -> None:
        """Send a request, within the limits."""
        left, looked = memoryview(request), time.monotonic()
        while left:
            try:
                left = left[self._end.send(left, socket.MSG_DONTWAIT) :]
            except BlockingIOError:
                select.select([], [self._end], [], POLL_S)
                looked = self._enforce(looked)
            except OSError as error:
                raise EOFError from error

    def _enforce(self, looked: float) -> float:
        """Check the limits from time to time; return the time of the last check."""
        now = time.monotonic()
        if now - looked < POLL_S:
            return looked
        if self._deadline is not None and now > self._deadline:
            raise self._lost(Status.TIMEOUT, f"killed after {self._limit_s:g} s")
        memory = self._memory_bytes
        if memory is not None and self.resident_bytes() > memory:
            raise self._lost(Status.MEMORY, f"killed above {memory / 2**30:.3g} GiB")
        return now

    def _lost(self, status: Status, why: str) -> PlayerLostError:
        self._output.read_rest()
        self.close()
        self.is_lost = True
        return PlayerLostError(status, why, self._incumbent)

    def _empty_round_trip(self) -> float:
        seconds = []
        for _ in range(_PINGS):
            begun = time.perf_counter()
            self._ask("ping")
            seconds.append(time.perf_counter() - begun)
        return median(seconds)


def _numbers_of(problem: SlotProblem) -> tuple[int, bytes, str]:
    """Return `SlotNumbers` as a plain tuple, which is faster to send than a named one."""
    columns = (problem.arrival_rate_hz, problem.uplink_bps, problem.battery_j, problem.harvest_j)
    rows = b"".join(column.tobytes() for column in columns)
    return problem.threads, rows, problem.name


def _bare(horizon: Horizon) -> Horizon:
    """Return a horizon without the arrays cached in its fleets."""
    planning = None if horizon.planning is None else horizon.planning.bare()
    return replace(horizon, fleet=horizon.fleet.bare(), planning=planning)
