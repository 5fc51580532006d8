"""`export`: what it writes and where, and that it overwrites nothing without --force."""

from __future__ import annotations

from pathlib import Path

import pytest

from splitbench.benchmark.cli import main
from splitbench.problems import save_instance
from splitbench.problems.suites.named_suites import make_suite


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    """A small instance as a file."""
    path = tmp_path / "slot.json"
    save_instance(make_suite("small").instances(0, 1)[0], path)
    return path


def test_nothing_is_replaced_without_force(
    instance: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that exists stays as it is; --force replaces it."""
    target = instance.with_suffix(".lp")
    assert main(["export", str(instance), "--format", "lp"]) == 0
    written = target.read_text(encoding="utf-8")
    target.write_text("mine", encoding="utf-8")
    assert main(["export", str(instance), "--format", "lp"]) == 2
    assert "--force" in capsys.readouterr().err
    assert target.read_text(encoding="utf-8") == "mine"
    assert main(["export", str(instance), "--format", "lp", "--force"]) == 0
    assert target.read_text(encoding="utf-8") == written
    assert main(["export", str(instance), "--format", "lp", "--force", "--out", str(instance)]) == 2


def test_a_dash_is_stdout(instance: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--out - prints the model and leaves no file."""
    assert main(["export", str(instance), "--format", "mps", "--out", "-"]) == 0
    assert "ENDATA" in capsys.readouterr().out
    assert sorted(path.name for path in instance.parent.iterdir()) == ["slot.json"]
