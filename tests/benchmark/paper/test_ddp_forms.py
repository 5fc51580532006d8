"""Trainings in full of the paper's scheme, where no policy ships."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from splitbench.benchmark.paper.cells import run_cells
from splitbench.benchmark.paper.ddp_forms import JOINT_CRITIC, PRINTED, train_in_full
from splitbench.benchmark.paper.items import PaperRequest
from splitbench.problems.bracket_parameters import bind, parse_spec
from splitbench.solvers.ddp.ddp_parameters import DdpParameters

SUITE = "paper-wifi[slots=6]"
#: A very short training.
SMALL = (
    "ddp[batch=8,critic_hidden=4,episodes=4,hidden=4,learning_starts=8,mapping=printed,parallel=2,"
    "updates=1]"
)


def test_a_policy_that_does_not_ship_is_trained_in_full_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing policy is trained, used without a note, and not trained again."""
    pytest.importorskip("torch")
    monkeypatch.setenv("SPLITBENCH_POLICIES", str(tmp_path / "policies"))
    request = PaperRequest(tmp_path, store=tmp_path / "s.sqlite", seeds=(3,), slots=6)
    assert train_in_full(replace(request, quick=True), SMALL, [SUITE]) == []
    (note,) = train_in_full(request, SMALL, [SUITE])
    assert SUITE in note
    assert f"splitbench train '{SMALL}'" in note
    (policy,) = (tmp_path / "policies").glob("*.safetensors")
    made = policy.stat().st_mtime_ns
    (cell,) = run_cells(request, [SUITE], [f"{SMALL}+ta"], reference=False).cells
    assert cell.note == ""
    assert train_in_full(request, SMALL, [SUITE]) == [note]
    assert policy.stat().st_mtime_ns == made


def test_what_ships_is_not_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The paper's suite, by whatever name, has its policy: no training, no note."""
    monkeypatch.setenv("SPLITBENCH_POLICIES", str(tmp_path / "policies"))
    request = PaperRequest(tmp_path)
    assert train_in_full(request, "ddp", ["paper-wifi", "paper-wifi[devices=3]"]) == []
    assert not (tmp_path / "policies").exists()


@pytest.mark.parametrize("form", [PRINTED, JOINT_CRITIC])
def test_forms_are_forms_of_ddp(form: str) -> None:
    """Every parameter of the forms is one of `ddp`, and none is at its default."""
    spec = parse_spec(form)
    made = DdpParameters(**bind(DdpParameters, spec))
    assert set(spec.parameters) <= set(made.differing())
