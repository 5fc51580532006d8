"""Calling plug-ins: which get a context, and what they may return."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from splitbench.problems import SlotProblem
from splitbench.solvers import Context, Solution, solve_slot


class Given:
    """Solvers that ask for a context in various ways, or not at all."""

    name = "given"

    def __init__(self) -> None:
        self.seen: Any = "nothing"

    def keep(self, seen: Any) -> Solution:
        """Remember what was handed over."""
        self.seen = seen
        return Solution(None, None)


class AsSecond(Given):
    """Takes a second argument."""

    def solve(self, problem: SlotProblem, anything: Context) -> Solution:
        """Keep it."""
        return self.keep(anything)


class ByKeyword(Given):
    """Takes `context` by keyword, behind a setting of its own."""

    def solve(self, problem: SlotProblem, quick: bool = False, *, context: Context) -> Solution:
        """Keep it."""
        assert quick is False
        return self.keep(context)


class WithDefault(Given):
    """Takes `context`, and does without."""

    def solve(self, problem: SlotProblem, context: Context | None = None) -> Solution:
        """Keep it."""
        return self.keep(context)


class Without(Given):
    """Takes settings of its own, but no context."""

    def solve(self, problem: SlotProblem, quick: bool = False) -> Solution:
        """Keep the setting."""
        return self.keep(quick)


def test_the_context_is_handed_only_to_who_asks(problem: SlotProblem) -> None:
    """A second argument or one named `context` gets it; a setting with a default stays as it is."""
    context = Context(seed=9, slot=3)
    for solver in (AsSecond(), ByKeyword(), WithDefault()):
        solve_slot(solver, problem, context)
        assert solver.seen is context
    without = Without()
    solve_slot(without, problem, context)
    assert without.seen is False


def test_what_is_no_solution_is_a_type_error(problem: SlotProblem) -> None:
    """A solver that returns its arrays is told what was expected."""
    bare = SimpleNamespace(name="bare", solve=lambda problem: (problem.layers, None))
    with pytest.raises(TypeError, match=r"bare.solve returned tuple; expected a Solution"):
        solve_slot(bare, problem)
