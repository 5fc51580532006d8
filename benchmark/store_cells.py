"""The cells of a store that `--suite`, `-s` and `--seed` ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from splitbench.results.select_cells import only

if TYPE_CHECKING:
    from pandas import DataFrame


def chosen(
    frame: DataFrame,
    suites: list[str] | None,
    solvers: list[str] | None,
    seed: int | None = None,
) -> DataFrame:
    """Keep the cells asked for; names may have their parameters in any order.

    Raises
    ------
    UnknownNameError
        No cell of the store is of that suite, solver or seed.
    """
    frame = only(frame, "suite", [_suite(text, frame) for text in suites or []])
    frame = only(frame, "solver", [_solver(text, frame) for text in solvers or []])
    return only(frame, "seed", [] if seed is None else [seed])


def _suite(text: str, frame: DataFrame) -> str:
    from splitbench.problems.suites.named_suites import make_suite

    return text if (frame["suite"] == text).any() else make_suite(text).name


def _solver(text: str, frame: DataFrame) -> str:
    from splitbench.solvers.registry import canonical_name

    return text if (frame["solver"] == text).any() else canonical_name(text)
