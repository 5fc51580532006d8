"""Select the cells of a store that a table or a figure is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from splitbench.problems.errors import UnknownNameError
from splitbench.results.bounds import SOLVER_CODE

if TYPE_CHECKING:
    from pandas import DataFrame

#: What cells of one table share: suite, episodes or instances, slots asked for.
GROUP = ("suite", "cells", "slots")


class Latest(NamedTuple):
    """Cells to show, and remarks on cells that are left out or do not match."""

    frame: DataFrame
    remarks: list[str]


def latest(frame: DataFrame) -> Latest:
    """For each solver on each suite, keep the cells of the latest code.

    Cells of two versions of the code are two experiments and are not averaged. Instance files that
    are shown as one suite have a code each. If a cell was run with and without its reference, the
    one with it is kept.
    """
    if frame.empty:
        return Latest(frame, [])
    frame = frame.assign(source=[key.suite for key in frame["key"]])
    solver = [*GROUP, "source", "solver"]
    newest = frame.sort_values("written", kind="stable").groupby(solver, dropna=False)["code"]
    present = frame["code"] == newest.transform("last").sort_index()
    older = int((~present).sum())
    kept = frame[present]
    # A stable sort, so the later of two equal cells wins; then restore the order of writing.
    ordered = kept.sort_values("reference", kind="stable")
    kept = ordered.drop_duplicates([*solver, "seed", "instance"], keep="last").sort_index()
    remarks = [f"{older} cells of older code are left out; --cells has them"] if older else []
    if older == 1:
        remarks = ["1 cell of older code is left out; --cells has it"]
    shown = kept.reset_index(drop=True).drop(columns="source")
    return Latest(shown, remarks + _mixed(kept))


def only(frame: DataFrame, column: str, wanted: list[str] | list[int]) -> DataFrame:
    """Keep the cells with one of the values; all where none is asked for.

    Raises
    ------
    UnknownNameError
        No cell has such a value.
    """
    known = frame[column].drop_duplicates().tolist()
    for value in wanted:
        if value not in known:
            raise UnknownNameError(f"{column} in this store", str(value), map(str, known))
    return frame[frame[column].isin(wanted)].reset_index(drop=True) if wanted else frame


def _mixed(frame: DataFrame) -> list[str]:
    """Name the suites whose solvers were run by different code of the model."""
    lines: dict[str, str] = {}  # one a suite, which may be of many files
    model = frame["code"].str.partition(SOLVER_CODE)[0]
    source = [*GROUP, "source"]
    pairs = frame.assign(model=model).drop_duplicates([*source, "solver"])
    for (suite, *_), of_suite in pairs.groupby(source, sort=False, dropna=False):
        if of_suite["model"].nunique() > 1:
            described = "; ".join(
                f"{code}: {', '.join(names)}"
                for code, names in of_suite.groupby("model", sort=False)["solver"]
            )
            lines.setdefault(
                str(suite), f"{suite}: solvers were run by different code ({described})"
            )
    return list(lines.values())
