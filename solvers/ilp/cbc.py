"""Solver `ilp-cbc`: the slot ILP by CBC, through PuLP."""

from __future__ import annotations

import re
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from splitbench.solvers.ilp.ilp import Answer, Model, SlotIlp, chosen_of, seconds_left

_BOUND = re.compile(r"^Lower bound:\s+(\S+)", re.MULTILINE)

#: CBC prints its bound with three decimals.
_BOUND_ROUNDING = 1e-3


class IlpCbc(SlotIlp):
    """The slot ILP modelled in PuLP and solved by the CBC that PuLP brings.

    Gaps and increment are zero and the tolerances 1e-9, against costs of up to 1e4, which PuLP
    writes with 13 digits.
    """

    name = "ilp-cbc"
    requires = ("pulp",)
    accuracy = 1e-8

    def minimise(self, model: Model, ends: float) -> Answer:
        """Run CBC once, as a process of its own; see `SlotIlp`."""
        import pulp

        began = time.monotonic()
        problem = pulp.LpProblem("slot", pulp.LpMinimize)
        x = _variables(pulp, problem, len(model.cost))
        problem += pulp.LpAffineExpression(zip(x, model.cost.tolist(), strict=True))
        for start, end in zip(model.starts, [*model.starts[1:], len(x)], strict=True):
            problem += pulp.LpAffineExpression((choice, 1) for choice in x[start:end]) == 1
        threads = zip(x, model.threads.tolist(), strict=True)
        problem += pulp.LpAffineExpression(threads) == model.total

        built_s = time.monotonic() - began
        left_s = seconds_left(ends) - built_s  # writing the model's file takes about as long
        if left_s <= 0:
            return Answer("stopped")
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder, "cbc.log")
            solver = _cbc(pulp, left_s, log)
            solver.tmpDir = folder
            problem.solve(solver)
            bound = _printed_bound(log)
        status = problem.sol_status
        # CBC can call a model infeasible because its time was up: that is no proof.
        if status == pulp.LpSolutionInfeasible and time.monotonic() < ends:
            return Answer("infeasible")
        if status not in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible):
            return Answer("stopped", bound=bound)
        chosen = chosen_of(model, np.array([choice.value() for choice in x]))
        if status == pulp.LpSolutionOptimal:
            return Answer("optimal", chosen, float(model.cost[chosen].sum()))
        return Answer("stopped", chosen, bound)


def _variables(pulp: Any, problem: Any, count: int) -> list[Any]:
    return [problem.add_variable(f"x{index}", cat=pulp.LpBinary) for index in range(count)]


def _cbc(pulp: Any, limit_s: float, log: Path) -> Any:
    tolerances = ("primalTolerance", "dualTolerance", "integerTolerance")
    return pulp.COIN_CMD(
        path=pulp.PULP_CBC_CMD.pulp_cbc_path,
        msg=False,
        threads=None,  # no parallel mode at all
        gapRel=0.0,
        gapAbs=0.0,
        timeLimit=limit_s if np.isfinite(limit_s) else None,
        options=["preprocess off", "increment 1e-9", *(f"{name} 1e-9" for name in tolerances)],
        logPath=str(log),
    )


def _printed_bound(log: Path) -> float:
    """Read the dual bound of a search that was stopped; −inf where there is none."""
    found = _BOUND.search(log.read_text(encoding="utf-8", errors="replace"))
    return float(found[1]) - _BOUND_ROUNDING if found else -np.inf
