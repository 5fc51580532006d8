"""Time limits: building the model counts, and time that is up ends a solver without a false claim.

The tests use a fake clock, so they measure no real time.
"""

from __future__ import annotations

import importlib
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splitbench.problems import SlotProblem
from splitbench.problems.ilp.ilp_columns import slot_columns
from splitbench.solvers import Context, Status, make, solve_slot
from splitbench.solvers.ilp import ilp
from splitbench.solvers.ilp.ilp import Answer, Model, SlotIlp
from tests.strategies import random_problem

ILPS = ("ilp-highs", "ilp-cp-sat", "ilp-cbc")


class Clock:
    """A clock that stands still but where something is said to take time."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """The time in seconds."""
        return self.now

    def taking(self, seconds: float, call: Any) -> Any:
        """Return a function that does what `call` does in so many seconds."""

        def slow(*arguments: Any, **named: Any) -> Any:
            self.now += seconds
            return call(*arguments, **named)

        return slow


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that solvers look at."""
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock.monotonic)
    return clock


class Asked(SlotIlp):
    """Counts how often the MIP solver is called and what time it is given."""

    name = "asked"
    accuracy = 0.0

    def __init__(self, time_limit: float) -> None:
        super().__init__(time_limit=time_limit)
        self.left_s: list[float] = []

    def minimise(self, model: Model, ends: float) -> Answer:
        """Note the time left, without the share kept for reading the answer."""
        self.left_s.append(ends - time.monotonic())
        return Answer("stopped")


def many_devices() -> SlotProblem:
    """Forty devices, so that the choices are listed in more than one block."""
    return random_problem(np.random.default_rng(3), devices=40, battery="full", spare=9)


def test_the_mip_solver_gets_what_building_the_model_left(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a limit of 10 s, listing the choices for 4 s leaves 6 s."""
    problem, asked = many_devices(), Asked(10.0)
    monkeypatch.setattr(ilp, "slot_columns", clock.taking(4.0, slot_columns))
    assert asked.solve(problem).status == Status.TIMEOUT
    assert asked.left_s == [6.0]
    assert Asked(np.inf).solve(problem).status == Status.TIMEOUT


def test_building_stops_where_the_time_does(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """No further block is listed once a fifth of the time is up: the model would not be made."""
    problem, asked, listed = many_devices(), Asked(10.0), 0

    def count(*arguments: Any) -> Any:
        nonlocal listed
        listed += 1
        return slot_columns(*arguments)

    monkeypatch.setattr(ilp, "_BLOCK", 1)  # a device at a time
    monkeypatch.setattr(ilp, "slot_columns", clock.taking(4.0, count))
    solution = asked.solve(problem)
    assert (solution.status, solution.decided, solution.bound) == (Status.TIMEOUT, False, None)
    assert (listed, asked.left_s) == (1, [])


@pytest.mark.parametrize("name", ILPS)
def test_a_back_end_without_time_is_not_run(
    name: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the time used up by the choices no MIP solver is started, and nothing is claimed."""
    for target in ("subprocess.run", "highspy._Highs.run", "ortools.sat.python.cp_model.CpSolver"):
        monkeypatch.setattr(target, lambda *_, **__: pytest.fail("started without time"))
    monkeypatch.setattr(ilp, "slot_columns", clock.taking(4.0, slot_columns))
    solution = solve_slot(make(f"{name}[time_limit=3]"), many_devices())
    assert (solution.status, solution.decided) == (Status.TIMEOUT, False)
    assert solution.bound is not None


def test_a_model_too_large_for_its_time_is_not_handed_to_highs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """HiGHS looks at no clock while it sets a model up: a part tells how long the whole takes."""
    highs = importlib.import_module("splitbench.solvers.ilp.highs")
    monkeypatch.setattr(highs, "_SAMPLE", 50)
    monkeypatch.setattr(highs, "_SET_UP", 1e9)
    monkeypatch.setattr("highspy._Highs.run", lambda *_: pytest.fail("started without time"))
    solution = solve_slot(make("ilp-highs[time_limit=100]"), many_devices())
    assert (solution.status, solution.decided) == (Status.TIMEOUT, False)
    monkeypatch.undo()
    monkeypatch.setattr(highs, "_SAMPLE", 50)
    assert solve_slot(make("ilp-highs[time_limit=100]"), many_devices()).status == Status.OPTIMAL


def test_cbc_is_killed_at_the_end_of_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """CBC may overlook its own limit: it is given as long as is left, and then `timeout`."""
    given: list[float] = []

    def overrun(command: list[str], *, timeout: float, **_: Any) -> None:
        given.append(timeout)
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(subprocess, "run", overrun)
    solution = solve_slot(make("ilp-cbc[time_limit=100]"), many_devices())
    assert (solution.status, solution.decided) == (Status.TIMEOUT, False)
    assert 0.0 < given[0] < 100.0
    exact = solve_slot(make("exact"), many_devices()).bound
    assert exact is not None
    assert solution.bound is not None
    assert solution.bound >= exact


@pytest.mark.parametrize(
    "folder", ["a b", "q'u\"o", "ümläut", "%d$HOME", "back\\slash", "new\nline"]
)
def test_cbc_in_any_temporary_folder(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files are named relative to the folder, whose own name may have any character."""
    odd = tmp_path / folder
    odd.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(odd))
    problem = random_problem(np.random.default_rng(1), spare=3)
    assert solve_slot(make("ilp-cbc"), problem).status == Status.OPTIMAL
    assert not list(odd.iterdir())


@pytest.mark.parametrize("name", ["random-search", "eo+refine"])
def test_a_search_without_time_keeps_its_start(name: str, clock: Clock) -> None:
    """A search whose time is up returns the decision it begins with, and claims no optimum."""
    problem = many_devices()
    over = Context(deadline=clock.now - 1.0)
    solution = solve_slot(make(name), problem, over)
    start = {"random-search": "random", "eo+refine": "eo+ta[objective=utility]"}[name]
    first = solve_slot(make(start), problem, over)
    assert solution.status == Status.FEASIBLE
    assert np.array_equal(np.asarray(solution.partition), np.asarray(first.partition))
    assert np.array_equal(np.asarray(solution.threads), np.asarray(first.threads))
