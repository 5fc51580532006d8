"""Select the cells of a store by `--suite`, `-s` and `--seed`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from splitbench.benchmark.planning.sources import sources_of
from splitbench.problems.errors import InputError
from splitbench.results.select_cells import only
from splitbench.solvers.registry import canonical_name

if TYPE_CHECKING:
    from pandas import DataFrame


def chosen(
    frame: DataFrame,
    suites: list[str] | None,
    solvers: list[str] | None,
    seed: int | None = None,
) -> DataFrame:
    """Keep the requested cells; names may have their parameters in any order.

    Raises
    ------
    UnknownNameError
        No cell of the store is of that suite, solver or seed.
    """
    frame = only(frame, "suite", [_suite(text, frame) for text in suites or []])
    frame = only(frame, "solver", [_solver(text, frame) for text in solvers or []])
    return only(frame, "seed", [] if seed is None else [seed])


def _suite(text: str, frame: DataFrame) -> str:
    if (frame["suite"] == text).any():
        return text
    try:
        name = sources_of([text])[0].name
    except InputError:
        return text  # refused with the suites of the store, not with all that exist
    return _shown(name, "suite", frame)


def _solver(text: str, frame: DataFrame) -> str:
    return (
        text if (frame["solver"] == text).any() else _shown(canonical_name(text), "solver", frame)
    )


def _shown(name: str, column: str, frame: DataFrame) -> str:
    """Return the frame's name for a name in the cells' keys, such as a file's path."""
    shown = frame.loc[[getattr(key, column) == name for key in frame["key"]], column]
    return str(shown.iloc[0]) if len(shown) else name
