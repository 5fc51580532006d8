"""Solver `ilp-highs`: the slot ILP by HiGHS."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from splitbench.solvers.ilp.ilp import Answer, Model, SlotIlp, chosen_of, seconds_left

_TOLERANCE = 1e-9

_OPTIONS = {
    "output_flag": False,
    "threads": 1,
    "presolve": "off",  # up to 100 times slower with it, on models of this form
    # On these models it finds nothing and takes most of the time, without a look at the clock.
    "mip_heuristic_run_feasibility_jump": False,
    "mip_rel_gap": 0.0,
    "mip_abs_gap": 0.0,
    "mip_feasibility_tolerance": _TOLERANCE,
    "primal_feasibility_tolerance": _TOLERANCE,
    "dual_feasibility_tolerance": _TOLERANCE,
}


#: Columns that are handed over first, to learn how long all of them would take.
_SAMPLE = 20_000
#: Time of handing a large model over and setting it up, in times of handing it over: 1.5 million
#: columns took HiGHS 1.16 up to 4 s to set up.
_SET_UP = 8.0


class IlpHighs(SlotIlp):
    """The slot ILP through highspy, the model handed over as arrays.

    Gaps are zero and the tolerances 1e-9, against costs of up to 1e4.
    """

    name = "ilp-highs"
    requires = ("highspy",)
    library = "highspy"
    accuracy = _TOLERANCE

    def minimise(self, model: Model, ends: float) -> Answer:
        """Run HiGHS once; see `SlotIlp`."""
        import highspy

        if _takes_too_long(highspy, model, ends):
            return Answer("stopped")
        began = time.monotonic()
        highs = _quiet(highspy)
        for option, value in _OPTIONS.items():
            highs.setOptionValue(option, value)
        highs.passModel(_lp(highspy, model))
        built_s = time.monotonic() - began
        # HiGHS looks at the clock only once it is set up, which takes about twice as long.
        left_s = seconds_left(ends) - 2.0 * built_s
        if left_s <= 0:
            return Answer("stopped")
        highs.setOptionValue("time_limit", left_s)
        if highs.run() == highspy.HighsStatus.kError:  # HiGHS ran here with more threads before
            highspy.Highs.resetGlobalScheduler(True)
            highs.run()
        status, info = highs.getModelStatus(), highs.getInfo()
        if status == highspy.HighsModelStatus.kInfeasible:
            return Answer("infeasible")
        if status not in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kTimeLimit):
            raise RuntimeError(f"HiGHS ended with {highs.modelStatusToString(status)}")
        chosen = None
        if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
            chosen = chosen_of(model, np.array(highs.getSolution().col_value))
        proved = status == highspy.HighsModelStatus.kOptimal
        return Answer("optimal" if proved else "stopped", chosen, float(info.mip_dual_bound))


def _takes_too_long(highspy: Any, model: Model, ends: float) -> bool:
    """Whether handing over a large model would take all the time, by that of a small part of it.

    HiGHS does not look at the clock meanwhile, nor while it sets the model up.
    """
    large = len(model.cost) / _SAMPLE
    if large <= 1.0 or np.isinf(ends):
        return False
    part = slice(_SAMPLE)
    starts = model.starts[model.starts < _SAMPLE]
    sample = Model(model.device[part], model.threads[part], model.cost[part], starts, model.total)
    highs = _quiet(highspy)
    highs.setOptionValue("output_flag", False)
    began = time.monotonic()
    highs.passModel(_lp(highspy, sample))
    return seconds_left(ends) <= _SET_UP * large * (time.monotonic() - began)


def _quiet(highspy: Any) -> Any:
    """Return a HiGHS that keeps stdout clean: `highspy.Highs()` prints a banner when made."""
    return highspy._Highs()


def _lp(highspy: Any, model: Model) -> Any:
    """Rows: one choice per device, then the threads; columns have two entries each."""
    columns, devices = len(model.cost), len(model.starts)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = columns, devices + 1
    lp.col_cost_ = model.cost
    lp.col_lower_, lp.col_upper_ = np.zeros(columns), np.ones(columns)
    lp.row_lower_ = lp.row_upper_ = np.append(np.ones(devices), float(model.total))
    lp.integrality_ = [highspy.HighsVarType.kInteger] * columns
    matrix = lp.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kColwise
    matrix.start_ = np.arange(0, 2 * columns + 1, 2, dtype=np.int32)
    matrix.index_ = np.column_stack([model.device, np.full(columns, devices)]).ravel()
    matrix.value_ = np.column_stack([np.ones(columns), model.threads]).ravel()
    return lp
