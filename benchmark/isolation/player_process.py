"""The player's process: runs one plug-in and answers the referee's requests.

Whatever a plug-in does to this process, to our modules in it or to its socket affects only its own
answers. The referee has its own copies, its own clock and its own record.
"""

from __future__ import annotations

import faulthandler
import importlib
import io
import os
import socket
import sys
import threading
import time
from dataclasses import replace
from typing import Any, NamedTuple, NoReturn

import numpy as np

from splitbench.benchmark.isolation.answers import answer_bytes
from splitbench.benchmark.isolation.framing import receive_request
from splitbench.benchmark.isolation.sandbox import confine
from splitbench.benchmark.referee.player import Answer, PlugIn, succeeded
from splitbench.problems import EpisodeView, Fleet, Formulation, SlotProblem
from splitbench.solvers import Solution, Status
from splitbench.solvers.contract import no_decision
from splitbench.solvers.discovery import plugin_modules


class Pose(NamedTuple):
    """The common part of the following slots."""

    fleet: Fleet
    slot_s: float
    min_threads: int
    utility_weight: float
    formulation: Formulation


class SlotNumbers(NamedTuple):
    """The part of a slot that differs from others; `rows` are λ, B, E and H, float64 each (N,)."""

    threads: int
    rows: bytes
    name: str


def load_what_players_need() -> None:
    """Import our plug-ins and what they use, in the guard; no plug-ins of other packages."""
    for name in plugin_modules():
        try:
            importlib.import_module(name)
        except ImportError:  # a missing package; making the solver reports it
            continue


def serve(end: socket.socket) -> None:
    """Answer requests until the referee closes the socket."""
    faulthandler.enable()
    sys.breakpointhook = _no_terminal
    sys.stdin = _NoTerminal()  # for input() and pdb.set_trace()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    service = _Service(end)
    while True:
        try:
            number, method, arguments = receive_request(end)
        except (EOFError, OSError):
            return
        service.answer(number, method, arguments)


def _no_terminal(*_: Any, **__: Any) -> NoReturn:
    raise RuntimeError(
        "breakpoint() or input(): this solver runs in a process of its own, without a terminal; "
        "run with --executor in-process to debug it"
    )


class _NoTerminal(io.TextIOBase):
    """Standard input of a player: reading it raises an error that says why there is none."""

    read = readline = readlines = __next__ = _no_terminal


class _Service:
    """Passes requests to the plug-in and its answers back."""

    def __init__(self, end: socket.socket):
        self._end = end
        self._home = os.getpid()
        self._lock = threading.Lock()
        self._number = 0
        self._pose: dict[str, Any] = {}
        self._plug_in = PlugIn(self._publish, caught=(BaseException,))

    def answer(self, number: int, method: str, arguments: tuple[Any, ...]) -> None:
        """Execute a request and send the answer."""
        self._number = number
        begun = time.perf_counter()
        try:
            answer = getattr(self, f"_{method}")(*arguments)
        except MemoryError:
            answer = Answer(no_decision(Status.MEMORY, "out of memory"))
        if os.getpid() != self._home:  # this is a copy that a plug-in forked
            os._exit(0)
        if not answer.seconds:
            answer = replace(answer, seconds=time.perf_counter() - begun)
        self._send("answer", answer)

    def _ping(self) -> Answer:
        return succeeded()

    def _confine(self, folder: str, files: bool) -> Answer:
        os.environ["TMPDIR"] = folder
        confine([folder, os.devnull, "/dev/shm"] if files else None)
        return succeeded()

    def _load(self, solver: str, seed: int, deadline: float | None) -> Answer:
        return self._plug_in.load(solver, seed, deadline)

    def _set(self, pose: Pose) -> Answer:
        self._pose = pose._asdict()
        return succeeded()

    def _start(self, view: EpisodeView) -> Answer:
        view.fleet = self._pose["fleet"]  # the same object as in the slots
        return self._plug_in.start(view)

    def _solve(self, slot: tuple[int, bytes, str], index: int) -> Answer:
        return self._plug_in.solve(self._problem(SlotNumbers(*slot)), index)

    def _finish(self) -> Answer:
        left = self._plug_in.finish()
        return Answer(Solution(None, None, Status.FEASIBLE, note=left))

    def _problem(self, slot: SlotNumbers) -> SlotProblem:
        """Return the slot without the checks of `SlotProblem`, which the referee's copy has passed.
        The checks would take longer than everything else in a slot. The arrays are read-only.
        """
        rows = np.frombuffer(slot.rows).reshape(4, -1)
        return SlotProblem.of_checked(
            **self._pose,
            threads=slot.threads,
            arrival_rate_hz=rows[0],
            uplink_bps=rows[1],
            battery_j=rows[2],
            harvest_j=rows[3],
            name=slot.name,
            planning=None,
        )

    def _publish(self, slot: int, incumbent: Solution) -> None:
        self._send("incumbent", Answer(incumbent))

    def _send(self, kind: str, answer: Answer) -> None:
        with self._lock:
            if os.getpid() == self._home:
                self._end.sendall(answer_bytes(kind, self._number, answer))
