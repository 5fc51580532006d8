"""Of all that a store has: the cells that a table or a figure is made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from splitbench.results.bounds import BOUND, SOLVER_CODE
from splitbench.results.rows import Group, group_of
from splitbench.results.shown_names import with_shown_names
from splitbench.results.store.record import CellRecord


class Latest(NamedTuple):
    """Cells to show, and lines that say what is left out or does not match."""

    records: list[CellRecord]
    remarks: list[str]


def latest(records: Iterable[CellRecord]) -> Latest:
    """Keep, of each solver on each suite, the cells of the code that ran last.

    Cells of two versions of the code are two experiments: their mean would be of neither. Of a
    cell run with and without its reference, the one with it is kept.
    """
    by_solver: dict[tuple[Group, str], list[CellRecord]] = {}
    for record in records:
        by_solver.setdefault((group_of(record.key), record.key.solver), []).append(record)
    kept: list[CellRecord] = []
    older = 0
    codes: dict[Group, dict[str, str]] = {}
    for (group, solver), cells in by_solver.items():
        code = max(cells, key=lambda cell: cell.written).key.code
        present = [cell for cell in cells if cell.key.code == code]
        older += len(cells) - len(present)
        kept += _referenced(present)
        if solver != BOUND:
            codes.setdefault(group, {})[solver] = code.partition(SOLVER_CODE)[0]
    remarks = [f"{older} cells of older code are left out; --cells has them"] if older else []
    return Latest(
        with_shown_names(kept),
        remarks + [_mixed(group, of) for group, of in codes.items() if _mix(of)],
    )


def _referenced(cells: list[CellRecord]) -> list[CellRecord]:
    """Keep one of two cells that differ only in whether the reference was computed."""
    chosen: dict[tuple[int, int | None], CellRecord] = {}
    for cell in cells:
        place = (cell.key.seed, cell.key.instance)
        if place not in chosen or cell.key.reference:
            chosen[place] = cell
    return list(chosen.values())


def _mix(code_of: dict[str, str]) -> bool:
    return len(set(code_of.values())) > 1


def _mixed(group: Group, code_of: dict[str, str]) -> str:
    codes: dict[str, list[str]] = {}
    for solver, code in code_of.items():
        codes.setdefault(code, []).append(solver)
    described = "; ".join(f"{code}: {', '.join(names)}" for code, names in codes.items())
    return f"{group[0]}: solvers were run by different code ({described})"
