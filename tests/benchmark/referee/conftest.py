"""The slot that most answers are about, its decisions and its reference."""

from __future__ import annotations

import pytest

from splitbench.benchmark.referee.episode import solve_reference
from splitbench.benchmark.referee.verify import Reference
from splitbench.problems import SlotProblem
from tests.benchmark.referee.judging import Decision, feasible_decisions, slot


@pytest.fixture(scope="module")
def problem() -> SlotProblem:
    """The slot that most answers are about."""
    return slot()


@pytest.fixture(scope="module")
def decisions(problem: SlotProblem) -> list[tuple[float, Decision]]:
    """All its feasible decisions, best first."""
    return feasible_decisions(problem)


@pytest.fixture(scope="module")
def reference(problem: SlotProblem) -> Reference:
    """What the exact method says of it."""
    return solve_reference(problem)
