"""Solver `ilp-cp-sat`: the slot ILP by CP-SAT of OR-Tools, in integers."""

from __future__ import annotations

import time

import numpy as np

from splitbench.solvers.ilp.ilp import BLOCK, Answer, Model, SlotIlp, chosen_of, seconds_left


class IlpCpSat(SlotIlp):
    """The slot ILP by CP-SAT: costs are rounded to whole numbers of up to 1e12.

    Its proof is exact for the rounded costs, each at most a half off.
    """

    name = "ilp-cp-sat"
    requires = ("ortools",)
    library = "ortools.sat.python.cp_model"
    accuracy = 1.0  # the optimum and its bound, half a unit each
    largest_cost = 1e12

    def minimise(self, model: Model, ends: float) -> Answer:
        """Run CP-SAT once; see `SlotIlp`."""
        from ortools.sat.python import cp_model

        began = time.monotonic()
        cp = cp_model.CpModel()
        x: list[cp_model.IntVar] = []
        for start in range(0, len(model.cost), BLOCK):
            if time.monotonic() >= ends:
                return Answer("stopped")
            x += [cp.new_bool_var("") for _ in model.cost[start : start + BLOCK]]
        made_s = time.monotonic() - began
        # Constraints and objective take longer than the variables, and presolve nearly as long;
        # none of them looks at the clock.
        if seconds_left(ends) <= 2.0 * made_s:
            return Answer("stopped")
        for start, end in zip(model.starts, [*model.starts[1:], len(x)], strict=True):
            cp.add_exactly_one(x[start:end])
        expression = cp_model.LinearExpr.weighted_sum
        cp.add(expression(x, model.threads.tolist()) == model.total)
        cp.minimize(expression(x, np.rint(model.cost).astype(np.int64).tolist()))

        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.cp_model_probing_level = 0  # takes longer than the rest together
        solver.parameters.relative_gap_limit = 0.0
        solver.parameters.absolute_gap_limit = 0.0
        left_s = seconds_left(ends) - made_s
        if left_s <= 0:
            return Answer("stopped")
        solver.parameters.max_time_in_seconds = left_s
        status = solver.solve(cp)
        if status == cp_model.INFEASIBLE:
            return Answer("infeasible")
        if status == cp_model.UNKNOWN:
            return Answer("stopped", bound=solver.best_objective_bound)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            raise RuntimeError(f"CP-SAT ended with {solver.status_name(status)}")
        chosen = chosen_of(model, np.array([solver.value(choice) for choice in x], dtype=float))
        proved = status == cp_model.OPTIMAL
        return Answer("optimal" if proved else "stopped", chosen, solver.best_objective_bound)
