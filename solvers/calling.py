"""Call plug-ins: pass the context to methods that take one, and start those with state."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from splitbench.problems import EpisodeView, SlotProblem
from splitbench.solvers.contract import ALONE, Context, Plugin, Solution, Solver, Starts


def call_with_context(method: Callable[..., Any], *arguments: Any, context: Context) -> Any:
    """Call a plug-in's method, with the context only if the method takes one.

    It does so by a parameter named `context`, or by a further positional one without a default.
    """
    function = getattr(method, "__func__", method)
    how = _takes_context(function, len(arguments) + (function is not method))
    if how == "by name":
        return method(*arguments, context=context)
    return method(*arguments, context) if how == "by position" else method(*arguments)


@lru_cache(maxsize=256)  # reading a signature takes longer than many solvers do
def _takes_context(function: Callable[..., Any], taken: int) -> str:
    """Return "by name", "by position" or "no" for a function given `taken` arguments already."""
    parameters = inspect.signature(function).parameters
    named = parameters.get("context")
    if named is not None and named.kind is not named.POSITIONAL_ONLY:
        return "by name"
    positional = [
        parameter
        for parameter in parameters.values()
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    further = positional[taken : taken + 1]
    return "by position" if any(one.default is one.empty for one in further) else "no"


def solve_slot(solver: Solver, problem: SlotProblem, context: Context | None = None) -> Solution:
    """Solve one slot with any solver, whether or not it takes a context.

    Raises
    ------
    TypeError
        The solver returns something else than a Solution.
    """
    solution = call_with_context(solver.solve, problem, context=context or ALONE)
    if not isinstance(solution, Solution):
        raise TypeError(
            f"{solver.name}.solve returned {type(solution).__name__}; expected a Solution"
        )
    return solution


def start_episode(plugin: Plugin, horizon: EpisodeView) -> None:
    """Begin an episode with a plug-in that has a method `start`."""
    if isinstance(plugin, Starts):
        plugin.start(horizon)
