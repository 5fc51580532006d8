"""Write the slot ILP as a file for any MIP solver, in free MPS or LP format.

    maximise Σ utility·x   subject to   one_d<n>: Σ_{columns of n} x = 1,   threads: Σ k·x = K

with a binary `x_d<n>_l<l>_k<k>` for each feasible (device, l, k). For hibernation `sleep` stands in
place of `l<l>`. Devices are counted from 0. Utilities carry all digits of a double. Where K <
N·k_min or a device has no column, the variable `never`, fixed at 0, has to be 1, so that the model
is obviously infeasible.

Written here and not by a MIP solver's own writer (HiGHS has one), which needs that solver, rounds
to 15 digits and drops the comments that say which device is which.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from splitbench.problems.ilp.ilp_columns import Columns, ColumnSet, slot_columns
from splitbench.problems.outcome import HIBERNATE
from splitbench.problems.slot import SlotProblem

_NEVER = "never"


def export_mps(problem: SlotProblem, path: str | Path, columns: ColumnSet = "full") -> None:
    """Write the slot ILP in free MPS, as a minimisation of the negated utility.

    MPS has no standard way to ask for a maximum, and readers differ; a minimum is read by all.

    Parameters
    ----------
    columns
        `full`: all (device, l, k), so that the file relies on nothing but the utility table;
        `best`: the best l for each (device, k), some S times smaller, with the same optimum.
    """
    Path(path).write_text("\n".join(_mps_lines(_Model(problem, columns))) + "\n", encoding="utf-8")


def export_lp(problem: SlotProblem, path: str | Path, columns: ColumnSet = "full") -> None:
    """Write the slot ILP in LP format (`Maximize`); `columns` as in `export_mps`."""
    Path(path).write_text("\n".join(_lp_lines(_Model(problem, columns))) + "\n", encoding="utf-8")


class _Model:
    """Names, utilities and rows of the ILP, as text and numbers."""

    def __init__(self, problem: SlotProblem, columns: ColumnSet):
        self.problem = problem
        self.columns: Columns = slot_columns(problem, columns)
        self.names = [
            f"x_d{n}_{'sleep' if partition == HIBERNATE else f'l{partition}'}_k{k}"
            for n, partition, k in zip(*(array.tolist() for array in self.columns[:3]), strict=True)
        ]
        has_column = np.bincount(self.columns.device, minlength=len(problem)) > 0
        self.stranded: list[int] = np.flatnonzero(~has_column).tolist()

    def comments(self) -> Iterator[str]:
        """Say what the file is and which device is which."""
        title = " ".join(self.problem.name.split()) or "unnamed"
        yield f"splitbench slot ILP: {title}"
        yield f"{len(self.problem)} devices, {self.problem.threads} threads"
        for index, name in enumerate(self.problem.fleet.names):
            yield f"d{index} = {' '.join(name.split())}"

    def right_sides(self) -> Iterator[tuple[str, int]]:
        """Rows in order, each an equality, with its right-hand side."""
        for index in range(len(self.problem)):
            yield f"one_d{index}", 1
        yield "threads", self.problem.threads

    def rows(self) -> Iterator[tuple[str, list[str], int]]:
        """Rows in order, each with its terms as text."""
        sides = list(self.right_sides())
        terms: list[list[str]] = [[] for _ in sides]
        device, _, threads, _ = self.columns
        for name, n, k in zip(self.names, device.tolist(), threads.tolist(), strict=True):
            terms[n].append(f"+ {name}")
            terms[-1].append(f"+ {k} {name}")
        for of_row, (row, side) in zip(terms, sides, strict=True):
            yield row, of_row or [f"+ {_NEVER}"], side


def _mps_lines(model: _Model) -> Iterator[str]:
    yield from (f"* {line}" for line in model.comments())
    yield "* Maximised utility is written as a MINIMISATION of minus_utility, the utility negated."
    yield "NAME splitbench FREE"
    yield "ROWS"
    yield " N minus_utility"
    yield from (f" E {row}" for row, _ in model.right_sides())
    yield "COLUMNS"
    yield " MARKER 'MARKER' 'INTORG'"
    device, _, threads, utility = (array.tolist() for array in model.columns)
    for name, n, k, value in zip(model.names, device, threads, utility, strict=True):
        yield f" {name} minus_utility {-value!r}"
        yield f" {name} one_d{n} 1"
        yield f" {name} threads {k}"
    yield " MARKER 'MARKER' 'INTEND'"
    yield from (f" {_NEVER} one_d{n} 1" for n in model.stranded)
    yield "RHS"
    yield from (f" RHS {row} {side}" for row, side in model.right_sides())
    yield "BOUNDS"
    yield from (f" UP BND {name} 1" for name in model.names)
    if model.stranded:
        yield f" FX BND {_NEVER} 0"
    yield "ENDATA"


def _lp_lines(model: _Model) -> Iterator[str]:
    """One term a line: some readers bound the length of a line."""
    yield from (f"\\ {line}" for line in model.comments())
    yield "Maximize"
    yield " utility:"
    for name, value in zip(model.names, model.columns.utility.tolist(), strict=True):
        yield f"  {'-' if value < 0 else '+'} {abs(value)!r} {name}"
    if not model.names:
        yield f"  + 0 {_NEVER}"
    yield "Subject To"
    for row, terms, side in model.rows():
        yield f" {row}:"
        yield from (f"  {term}" for term in terms)
        yield f"  = {side}"
    if model.stranded:
        yield "Bounds"
        yield f" {_NEVER} = 0"
    if model.names:
        yield "Binaries"
        yield from (f" {name}" for name in model.names)
    yield "End"
