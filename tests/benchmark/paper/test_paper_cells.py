"""Cells behind the figures: means by DNN, names of suites, and the command end to end."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from splitbench.benchmark.paper.cells import run_cells, suite_name
from splitbench.benchmark.paper.items import ITEMS, PaperRequest, chosen_items
from splitbench.problems import InputError, Simulation
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers.exact.exact import Exact


def test_suite_names_are_canonical() -> None:
    """A suite has one name in the store, in whatever order parameters are added."""
    assert suite_name("paper-wifi") == "paper-wifi"
    assert suite_name("paper-wifi[slots=4]", devices=5) == "paper-wifi[devices=5,slots=4]"


def test_means_by_dnn_are_those_of_the_devices(tmp_path: Path) -> None:
    """Five devices of three DNNs: latency over served device-slots, energy over all."""
    request = PaperRequest(tmp_path, store=tmp_path / "s.sqlite", seeds=(3,), slots=4)
    suite = "paper-wifi[devices=5]"
    (cell,) = run_cells(request, [suite], ["exact"]).of(suite, "exact")
    simulation, outcomes = Simulation(make_suite(suite).horizon(3, 4)), []
    while not simulation.done:
        solution = Exact().solve(simulation.problem)
        assert solution.partition is not None
        assert solution.threads is not None
        outcomes.append(simulation.step(solution.partition, solution.threads))
    latency = np.array([outcome.end_to_end_s for outcome in outcomes])
    energy = np.array([outcome.energy_j for outcome in outcomes])
    assert cell.latency_s_of == pytest.approx({
        "vgg16_bn": latency[:, [0, 3]].mean(), "resnet34": latency[:, [1, 4]].mean(),
        "mobilenet_v2": latency[:, 2].mean(),
    })  # fmt: skip
    assert cell.energy_j_of["vgg16_bn"] == pytest.approx(energy[:, [0, 3]].mean())
    assert cell.energy_j == pytest.approx(energy.mean())
    assert cell.utility_per_device == pytest.approx(cell.utility / 5)
    assert cell.horizon_bound is not None
    assert cell.horizon_bound >= cell.utility


def test_items() -> None:
    """Every item of the paper exists; `all` makes all of them except the search."""
    assert {"fig2", "fig3", "fig5", "fig6", "fig7", "fig8", "table2"} <= set(ITEMS)
    assert chosen_items(["all"]) == chosen_items([])
    assert "calibrate" not in chosen_items([])
    with pytest.raises(InputError, match="did you mean fig6"):
        chosen_items(["fig66"])


def test_the_command_is_resumable_and_traces_to_the_store(tmp_path: Path) -> None:
    """A figure as PNG and SVG, a page with verdicts, a CSV of the cells; again nothing is run."""
    store = tmp_path / "s.sqlite"
    command = [
        sys.executable, "-m", "splitbench", "paper", "queue", "--quick", "--slots", "2", "--seeds",
        "1", "--out", str(tmp_path / "out"), "--store", str(store), "--json",
    ]  # fmt: skip
    first = subprocess.run(command, capture_output=True, text=True, check=True)
    (item,) = json.loads(first.stdout)
    assert [Path(path).suffix for path in item["figures"]] == [".png", ".svg"]
    assert {row["verdict"] for row in item["verdicts"]} <= {
        "holds", "holds partly", "does not hold", "not measured",
    }  # fmt: skip
    with (tmp_path / "out" / "queue-cells.csv").open() as stream:
        digests = [row["digest"] for row in csv.DictReader(stream)]
    assert digests == item["cells"]
    assert "--seeds 1" in (tmp_path / "out" / "queue.md").read_text()
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "(last:" in first.stderr
    assert "(last:" not in again.stderr
    assert json.loads(again.stdout)[0]["verdicts"] == item["verdicts"]
