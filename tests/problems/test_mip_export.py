"""Outside MIP solvers find the exact method's optimum in the exported files."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splitbench.problems import Formulation, SlotProblem
from splitbench.problems.ilp.ilp_columns import slot_columns
from splitbench.problems.ilp.mip_export import export_lp, export_mps
from splitbench.solvers import Status
from splitbench.solvers.exact.exact import Exact
from tests.strategies import random_problem

WRITERS = {"mps": export_mps, "lp": export_lp}
HIBERNATION = Formulation(hibernation="allowed")


def read_by_highs(path: Path) -> set[str] | None:
    """Names of the variables at 1 in the optimum that HiGHS finds; None if infeasible."""
    import highspy

    core: Any = highspy
    highs = core._Highs()
    highs.setOptionValue("threads", 1)  # as our solvers: HiGHS has one scheduler a process
    highs.setOptionValue("output_flag", False)
    for gap in ("mip_rel_gap", "mip_abs_gap"):
        highs.setOptionValue(gap, 0.0)
    assert highs.readModel(str(path)) == highspy.HighsStatus.kOk
    highs.run()
    if highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
        return None
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    values, lp = highs.getSolution().col_value, highs.getLp()
    return {name for name, value in zip(lp.col_names_, values, strict=True) if value > 0.5}


def read_by_cbc(path: Path) -> set[str] | None:
    """As `read_by_highs`, by the CBC binary that PuLP brings."""
    import pulp

    answer = path.with_suffix(".solution")
    gaps = ["-ratio", "0", "-allow", "0", "-increment", "1e-9"]
    binary = pulp.PULP_CBC_CMD.pulp_cbc_path
    command = [binary, str(path), *gaps, "-solve", "-solution", str(answer)]
    log = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "read with 0 errors" in log or path.suffix == ".lp", log
    first, *lines = answer.read_text(encoding="utf-8").splitlines()
    if "infeasible" in first.lower():
        return None
    assert first.startswith("Optimal"), log
    fields = [line.replace("**", "").split() for line in lines]
    return {name for _, name, value, _ in fields if float(value) > 0.5}


def utility_of(problem: SlotProblem, names: set[str]) -> float:
    """Read a decision off variable names and let the model evaluate it."""
    partition, threads = np.full(len(problem), -9), np.zeros(len(problem), dtype=np.int64)
    for name in names:
        found = re.fullmatch(r"x_d(\d+)_(?:l(\d+)|sleep)_k(\d+)", name)
        assert found, name
        partition[int(found[1])] = -1 if found[2] is None else int(found[2])
        threads[int(found[1])] = int(found[3])
    outcome = problem.evaluate(partition, threads)
    assert outcome.feasible, outcome.violations
    return outcome.utility


@pytest.mark.parametrize("read", [read_by_highs, read_by_cbc])
@pytest.mark.parametrize("form", list(WRITERS))
@pytest.mark.parametrize("columns", ["full", "best"])
@pytest.mark.parametrize("hibernation", ["forbidden", "allowed"])
def test_outside_solvers_find_the_optimum(
    tmp_path: Path,
    read: Callable[[Path], set[str] | None],
    form: str,
    columns: Any,
    hibernation: Any,
) -> None:
    """HiGHS and CBC read both files and reach the optimum to 1e-9, or find it infeasible."""
    ended = set()
    for seed in range(12):
        problem = random_problem(np.random.default_rng(seed), devices=2, load="tight", layers=3)
        formulation = replace(problem.formulation, hibernation=hibernation)
        problem = replace(problem, formulation=formulation)
        path = tmp_path / f"slot.{form}"
        WRITERS[form](problem, path, columns)
        exact, names = Exact().solve(problem), read(path)
        ended.add(exact.status)
        if exact.status == Status.INFEASIBLE:
            assert names is None
        else:
            assert names is not None
            assert utility_of(problem, names) == pytest.approx(exact.bound, rel=1e-9, abs=1e-12)
    assert ended == {Status.OPTIMAL, Status.INFEASIBLE}


@pytest.mark.parametrize("read", [read_by_highs, read_by_cbc])
@pytest.mark.parametrize("form", list(WRITERS))
@pytest.mark.parametrize("overrides", [{"spare": -1}, {"battery": "empty", "spare": 2}])
def test_an_infeasible_slot_is_an_infeasible_file(
    tmp_path: Path,
    read: Callable[[Path], set[str] | None],
    form: str,
    overrides: dict[str, Any],
) -> None:
    """K < N·k_min, or no column for a device: the file holds `never`, and no solution."""
    rng = np.random.default_rng(3)
    problem = random_problem(rng, devices=3, formulation=Formulation(), **overrides)
    path = tmp_path / f"slot.{form}"
    WRITERS[form](problem, path)
    assert "never" in path.read_text(encoding="utf-8")
    assert read(path) is None


@pytest.mark.parametrize("form", list(WRITERS))
def test_every_digit_is_written(tmp_path: Path, form: str) -> None:
    """Each utility is read back bit by bit from its line; MPS has it negated, and says so."""
    problem = random_problem(
        np.random.default_rng(5), spare=4, battery="full", load="light", formulation=HIBERNATION
    )
    path = tmp_path / f"slot.{form}"
    WRITERS[form](problem, path)
    text = path.read_text(encoding="utf-8")
    if form == "mps":
        assert "MINIMISATION" in text
        found = re.findall(r"^ x_\S+ minus_utility (\S+)$", text, re.MULTILINE)
        written = [-float(number) for number in found]
    else:
        found = re.findall(r"^  ([+-]) (\S+) x_\S+$", text.split("Subject To")[0], re.MULTILINE)
        written = [float(sign + number) for sign, number in found]
    assert written == slot_columns(problem, "full").utility.tolist()
    assert written


def test_a_name_cannot_break_the_file(tmp_path: Path) -> None:
    """Line breaks in a problem's name stay inside its comment."""
    problem = replace(random_problem(np.random.default_rng(0), spare=2), name="a\nROWS\r\nEnd")
    for form, write in WRITERS.items():
        write(problem, tmp_path / f"slot.{form}")
        comment = "* " if form == "mps" else "\\ "
        first = (tmp_path / f"slot.{form}").read_text(encoding="utf-8").splitlines()[0]
        assert first == f"{comment}splitbench slot ILP: a ROWS End"
