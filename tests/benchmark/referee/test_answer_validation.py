"""Unusable answers: each is an error with a reason, none makes the referee fail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbench.benchmark.referee.episode import run_episode, solve_reference
from splitbench.benchmark.referee.player import PlugIn
from splitbench.benchmark.referee.verify import judge
from splitbench.problems import SlotProblem
from splitbench.solvers import Solution, Status
from tests.benchmark.referee.judging import verdict
from tests.strategies import problems


class TestUnusable:
    @pytest.mark.parametrize("status", [Status.OPTIMAL, Status.FEASIBLE, Status.INVALID])
    @pytest.mark.parametrize("half", [(None, None), ([0, 0], None), (None, [3, 4])])
    def test_without_numbers(self, problem: SlotProblem, status: Status, half: Any) -> None:
        """A claim without a decision is an error, also where half of one is there."""
        found = judge(problem, Solution(*half, status), solve_reference(problem))
        assert found.status is Status.ERROR
        assert found.note == f"claimed {status} without a decision"

    @pytest.mark.parametrize("status", [Status.TIMEOUT, Status.UNSUPPORTED, Status.ERROR])
    def test_why_there_is_none(self, problem: SlotProblem, status: Status) -> None:
        """Another reason for having no decision is kept, with its note."""
        found = judge(problem, Solution(None, None, status, note="because"), None)
        assert (found.status, found.note) == (status, "because")

    @pytest.mark.parametrize(
        "partition",
        [
            [0],
            [0, 0, 0],
            [[0, 0]],
            0,
            [],
            [0.0, 0.0],
            [0.5, 1.0],
            [float("nan"), 0],
            [True, False],
            ["0", "0"],
            "00",
            [None, None],
            [[0], [0, 1]],
            [2**70, 0],
            {0: 0, 1: 0},
            object(),
            np.array([1 + 2j, 0]),
            np.array(["2026-01-01", "2026-01-02"], dtype="datetime64[D]"),
        ],
        ids=lambda values: repr(values).split(" at ")[0],
    )
    @pytest.mark.parametrize("which", ["partition", "threads"])
    def test_no_integers_of_the_right_shape(
        self, problem: SlotProblem, partition: Any, which: str
    ) -> None:
        """Anything but N integers is an error with a reason, not a crash and not a repair."""
        solution = replace(Solution([0, 0], [3, 4]), **{which: partition})
        found = judge(problem, solution, solve_reference(problem))
        assert found.status is Status.ERROR
        assert found.outcome is None
        assert found.note.startswith("unusable decision: ")

    @pytest.mark.parametrize("kind", [np.int8, np.int32, np.uint16, np.int64, list, tuple])
    def test_any_integers_do(self, problem: SlotProblem, kind: Any) -> None:
        """Integers of any type or container are accepted."""
        made = kind if kind in (list, tuple) else lambda values: np.array(values, dtype=kind)
        found = verdict(problem, (made([0, 0]), made([3, problem.threads - 3])))
        assert found.status is Status.FEASIBLE

    @pytest.mark.parametrize(
        "claims",
        [
            {"bound": float("nan")},
            {"bound": "high"},
            {"bound": [1.0]},
            {"bound": 1j},
            {"energy_price": "dear"},
            {"energy_price": 0.1},
            {"energy_price": [0.1, float("nan")]},
            {"status": "splendid"},
            {"status": None},
            {"note": None},
            {"note": 3},
            {"relaxes": 5},
            {"relaxes": None},
        ],
        ids=repr,
    )
    @pytest.mark.parametrize("decided", [True, False])
    def test_claims_that_are_none(
        self, problem: SlotProblem, claims: dict[str, Any], decided: bool
    ) -> None:
        """A claim of the wrong kind is an error that names it, never taken for the truth."""
        solution = Solution([0, 0], [3, problem.threads - 3])
        if not decided:
            solution = Solution(None, None, Status.TIMEOUT)
        found = judge(problem, replace(solution, **claims), solve_reference(problem))
        assert found.status is Status.ERROR
        assert found.note.startswith(f"unusable answer: {next(iter(claims))}")
        assert isinstance(found.note, str)

    @settings(deadline=None)
    @given(
        st.lists(st.integers(-3, 9), min_size=1, max_size=4),
        st.lists(st.integers(-3, 9), min_size=1, max_size=4),
        st.sampled_from(Status),
        st.none() | st.floats(),
        problems(),
    )
    def test_never_crashes(
        self, partition: list[int], threads: list[int], status: Status, bound: float | None,
        problem: SlotProblem,
    ) -> None:  # fmt: skip
        """Any answer is judged; only a feasible one has a status of success."""
        solution = Solution(partition, threads, status, bound)
        found = judge(problem, solution, solve_reference(problem))
        if found.status in (Status.OPTIMAL, Status.FEASIBLE):
            assert found.outcome is not None
            assert found.outcome.feasible
        if found.status is Status.OPTIMAL:
            assert found.gap == 0.0

    def test_a_solver_that_raises(self, problem: SlotProblem) -> None:
        """An exception becomes the status and the note of that slot."""

        class Broken:
            name = "broken"

            def solve(self, problem: SlotProblem) -> Solution:
                raise RuntimeError("[time_limit=10] gone")

        run = run_episode(PlugIn.of(Broken()), problem).runs[0]
        assert run.verdict.status is Status.ERROR
        assert "RuntimeError: [time_limit=10] gone" in run.verdict.note

    def test_a_solver_that_answers_something_else(self, problem: SlotProblem) -> None:
        """An answer that is no Solution is an error of that slot."""

        class Odd:
            name = "odd"

            def solve(self, problem: SlotProblem) -> Any:
                return [0, 0], [3, 4]

        run = run_episode(PlugIn.of(Odd()), problem).runs[0]
        assert run.verdict.status is Status.ERROR
        assert "expected a Solution" in run.verdict.note
