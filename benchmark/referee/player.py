"""The interface between referee and player, and the plug-in that answers.

The referee uses only the methods of `Player`. `PlugIn` runs a plug-in in this process. The isolated
player (`splitbench.benchmark.isolation`) has the same methods and passes each call to a `PlugIn` in
a separate process.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from splitbench.benchmark.referee.answer_validation import plain_incumbent, plain_or_error
from splitbench.problems import EpisodeView, InputError, SlotProblem
from splitbench.problems.package_paths import PACKAGE
from splitbench.solvers import Context, Solution, Status, make, solve_slot
from splitbench.solvers.calling import start_episode
from splitbench.solvers.contract import no_decision
from splitbench.solvers.registry import NotInstalledError
from splitbench.solvers.user_files import one_line

#: Most characters kept of a traceback, from its beginning and its end.
LONGEST_TRACEBACK = 8_000

#: Files whose frames lie between the player and the code of a plug-in.
_CALLERS = (
    str(PACKAGE / "benchmark"),
    *(str(PACKAGE / "solvers" / f"{name}.py") for name in ("calling", "discovery", "registry")),
    "<frozen importlib",
)


@dataclass(frozen=True)
class Answer:
    """A player's answer to one request.

    Attributes
    ----------
    solution
        The solution in plain types; without a decision it says why.
    seconds
        Time reported by the player; not to be trusted.
    traceback
        Of the exception that the plug-in raised, "" for none.
    clairvoyant
        Of `load`: whether the plug-in declares that it needs the future.
    """

    solution: Solution
    seconds: float = 0.0
    traceback: str = ""
    clairvoyant: bool = False


class PlayerLostError(Exception):
    """The player has ended; carries the reason and the last incumbent published for its slot."""

    def __init__(self, status: Status, why: str, incumbent: Solution | None = None):
        super().__init__(why)
        self.status, self.why, self.incumbent = status, why, incumbent

    @property
    def answer(self) -> Answer:
        """The reason as an answer without a decision."""
        kept = " (the last incumbent is kept)" if self.incumbent is not None else ""
        return Answer(no_decision(self.status, self.why + kept))


class Player(Protocol):
    """Answers the referee's requests about one cell.

    Each method may raise PlayerLostError. An answer is a success if its solution has a decision or
    the status `feasible`; any other says why there is no decision.
    """

    def load(self, solver: str, seed: int, deadline: float | None) -> Answer:
        """Make the solver of a cell; `deadline` is in `time.monotonic()`."""

    def start(self, view: EpisodeView) -> Answer:
        """Begin an episode."""

    def solve(self, problem: SlotProblem, slot: int) -> Answer:
        """Decide a slot."""

    def finish(self) -> str:
        """End the cell; return a remark on threads or processes left running, "" for none."""

    @property
    def empty_round_trip_s(self) -> float | None:
        """Seconds of an empty request and its answer, None where nothing is sent."""

    @property
    def output(self) -> str:
        """The plug-in's output in this cell, shortened; "" if it went to the terminal."""


def succeeded() -> Answer:
    """Return the answer to a request that asks for no decision."""
    return Answer(Solution(None, None, Status.FEASIBLE))


class PlugIn:
    """A plug-in in this process.

    Parameters
    ----------
    publish
        Receives each incumbent with its slot.
    caught
        Exceptions of a plug-in that are caught.
    """

    empty_round_trip_s: float | None = None
    output = ""

    def __init__(
        self,
        publish: Callable[[int, Solution], None] = lambda slot, solution: None,
        caught: tuple[type[BaseException], ...] = (Exception, SystemExit),
    ):
        self._publish, self._caught = publish, caught
        self._solver: Any = None
        self._slot: int | None = None

    @classmethod
    def of(cls, solver: Any) -> PlugIn:
        """Return a player for an existing solver object."""
        player = cls()
        player._begin(0, None)
        player._solver = solver
        return player

    def load(self, solver: str, seed: int, deadline: float | None) -> Answer:
        """Make the solver that the name describes."""
        self._begin(seed, deadline)
        try:
            self._solver = make(solver)
        except NotInstalledError as error:
            return Answer(no_decision(Status.NOT_INSTALLED, str(error)))
        except InputError as error:
            return self._failed(error, str(error), error.__cause__)
        except self._caught as error:
            return self._failed(error, _words(error), error)
        answer = succeeded()
        return Answer(answer.solution, clairvoyant=getattr(self._solver, "clairvoyant", False))

    def start(self, view: EpisodeView) -> Answer:
        """Call the solver's `start`, where it has one."""
        try:
            start_episode(self._solver, view)
        except InputError as error:
            return Answer(no_decision(Status.UNSUPPORTED, str(error)))
        except self._caught as error:
            return self._failed(error, f"start: {_words(error)}", error)
        return succeeded()

    def solve(self, problem: SlotProblem, slot: int) -> Answer:
        """Call the solver's `solve`."""
        context = Context(self._seed, slot, self._deadline, self._publisher(slot, len(problem)))
        self._slot = slot
        begun = time.perf_counter()
        try:
            solution = solve_slot(self._solver, problem, context)
        except self._caught as error:
            return self._failed(error, _words(error), error, time.perf_counter() - begun)
        finally:
            self._slot = None
        seconds = time.perf_counter() - begun
        return Answer(plain_or_error(solution, len(problem)), seconds)

    def finish(self) -> str:
        """Forget the solver; say how many threads it left running."""
        self._solver = None
        left = [one for one in threading.enumerate() if one not in self._threads]
        return f"left {len(left)} thread(s) running" if left else ""

    def _begin(self, seed: int, deadline: float | None) -> None:
        self._seed, self._deadline = seed, deadline
        self._threads = set(threading.enumerate())

    def _publisher(self, slot: int, devices: int) -> Callable[[Solution], None]:
        def publish(solution: Solution) -> None:
            incumbent = plain_incumbent(solution, devices)
            if slot == self._slot:  # ignore incumbents from threads of earlier slots
                self._publish(slot, incumbent)

        return publish

    def _failed(
        self, error: BaseException, why: str, shown: BaseException | None, seconds: float = 0.0
    ) -> Answer:
        if isinstance(error, MemoryError):
            return Answer(no_decision(Status.MEMORY, "out of memory"), seconds)
        return Answer(no_decision(Status.ERROR, why), seconds, traceback_of(shown))


def _words(error: BaseException) -> str:
    """Return the type and the first line of a plug-in's exception."""
    try:
        return one_line(error)
    except Exception as other:  # an exception may define its own text
        return f"{type(error).__name__}, whose text raises {type(other).__name__}"


def traceback_of(error: BaseException | None) -> str:
    """Return the traceback of a plug-in's exception, without the frames of our calling code."""
    if error is None:
        return ""
    frames = error.__traceback__
    while frames is not None and frames.tb_next is not None and _calls(frames):
        frames = frames.tb_next
    try:
        lines = traceback.format_exception(type(error), error, frames)
    except Exception as other:  # an exception may define its own text
        return f"{type(error).__name__} whose traceback raises {type(other).__name__}"
    return shortened("".join(lines), LONGEST_TRACEBACK)


def shortened(text: str, longest: int) -> str:
    """Return the beginning and the end of a text that is too long."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]}\n... {len(text) - 2 * half} characters more ...\n{text[-half:]}"


def _calls(frames: Any) -> bool:
    """Whether a frame is one of those through which plug-ins are called."""
    return str(frames.tb_frame.f_code.co_filename).startswith(_CALLERS)
