"""Solver `ilp-cbc`: the slot ILP by CBC, through PuLP."""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from splitbench.solvers.ilp.ilp import BLOCK, Answer, Model, SlotIlp, chosen_of, seconds_left

_MODEL, _SOLUTION, _LOG = "slot.mps", "slot.sol", "cbc.log"
_BOUND = re.compile(r"^Lower bound:\s+(\S+)", re.MULTILINE)

#: CBC prints its bound with three decimals.
_BOUND_ROUNDING = 1e-3

_TOLERANCE = "1e-9"
_EXACT = {
    "ratio": "0",
    "allow": "0",
    "timeMode": "elapsed",
    "preprocess": "off",
    "increment": _TOLERANCE,
    "primalTolerance": _TOLERANCE,
    "dualTolerance": _TOLERANCE,
    "integerTolerance": _TOLERANCE,
}


class IlpCbc(SlotIlp):
    """The slot ILP modelled in PuLP and solved by the CBC that PuLP brings.

    Gaps and increment are zero and the tolerances 1e-9, against costs of up to 1e4, which PuLP
    writes with 13 digits.
    """

    name = "ilp-cbc"
    requires = ("pulp",)
    library = "pulp"
    accuracy = 1e-8

    def minimise(self, model: Model, ends: float) -> Answer:
        """Run CBC once, as a process of its own that is ended when time is up; see `SlotIlp`."""
        import pulp

        began = time.monotonic()
        problem = _modelled(pulp, model, ends)
        built_s = time.monotonic() - began
        # Writing the model to a file takes about as long as building it, and CBC has to read it.
        if problem is None or seconds_left(ends) <= 2.0 * built_s:
            return Answer("stopped")
        with tempfile.TemporaryDirectory() as folder:
            names = problem.writeMPS(str(Path(folder, _MODEL)), rename=1)
            if not _ran(pulp, folder, ends):
                return Answer("stopped", bound=_printed_bound(Path(folder, _LOG)))
            read = pulp.COIN_CMD().readsol_MPS(str(Path(folder, _SOLUTION)), problem, *names[:3])
            bound = _printed_bound(Path(folder, _LOG))
        values, status = read[1], read[-1]
        # CBC can call a model infeasible because its time was up: that is no proof.
        if status == pulp.LpSolutionInfeasible and time.monotonic() < ends:
            return Answer("infeasible")
        if status not in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible):
            return Answer("stopped", bound=bound)
        order = range(len(model.cost))
        chosen = chosen_of(model, np.array([values[_name(index)] for index in order]))
        if status == pulp.LpSolutionOptimal:
            return Answer("optimal", chosen, float(model.cost[chosen].sum()))
        return Answer("stopped", chosen, bound)


def _modelled(pulp: Any, model: Model, ends: float) -> Any:
    """Return the model as a PuLP problem; None where the time is up before it is complete."""
    problem = pulp.LpProblem("slot", pulp.LpMinimize)
    x: list[Any] = []
    for start in range(0, len(model.cost), BLOCK):
        if time.monotonic() >= ends:
            return None
        block = range(start, min(start + BLOCK, len(model.cost)))
        x += [problem.add_variable(_name(index), cat=pulp.LpBinary) for index in block]
    problem += pulp.LpAffineExpression(zip(x, model.cost.tolist(), strict=True))
    for start, end in zip(model.starts, [*model.starts[1:], len(x)], strict=True):
        problem += pulp.LpAffineExpression((choice, 1) for choice in x[start:end]) == 1
    threads = zip(x, model.threads.tolist(), strict=True)
    problem += pulp.LpAffineExpression(threads) == model.total
    return problem


def _name(index: int) -> str:
    return f"x{index}"


def _ran(pulp: Any, folder: str, ends: float) -> bool:
    """Run CBC on the model in a folder; False where it had to be killed at the end of its time.

    It runs in that folder and is given plain file names: CBC splits paths at spaces, and so does
    PuLP's own call of it. The time limit alone would not do, since CBC looks at it between steps.
    """
    limit_s = seconds_left(ends)
    limit = [] if np.isinf(limit_s) else ["-sec", str(max(limit_s, 0.0))]
    options = [word for name, value in _EXACT.items() for word in (f"-{name}", value)]
    command = [pulp.PULP_CBC_CMD.pulp_cbc_path, _MODEL, *limit, *options, "-solve"]
    command += ["-printingOptions", "all", "-solution", _SOLUTION]
    with Path(folder, _LOG).open("w", encoding="utf-8") as log:
        left_s = None if np.isinf(ends) else max(ends - time.monotonic(), 0.0)
        try:
            subprocess.run(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                timeout=left_s,
                check=True,
            )
        except subprocess.TimeoutExpired:
            return False
    return True


def _printed_bound(log: Path) -> float:
    """Read the dual bound of a search that was stopped; −inf where there is none."""
    found = _BOUND.search(log.read_text(encoding="utf-8", errors="replace"))
    return float(found[1]) - _BOUND_ROUNDING if found else -np.inf
