"""Conventions of command lines: help, version, verbosity, encodings, pipes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from inspect import getdoc
from pathlib import Path

import pytest

from splitbench.benchmark.cli import main
from splitbench.benchmark.command_table import COMMANDS
from splitbench.benchmark.console import set_verbosity

RUN = ["run", "small", "-s", "greedy", "--slots", "2", "--seeds", "1"]


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "splitbench", *arguments],
        capture_output=True, timeout=120, check=False, env=os.environ | environment,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def default_verbosity() -> None:
    """Commands run in this process change the verbosity; reset it."""
    set_verbosity(0)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples_and_agrees_with_the_table(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command's help has examples that begin with it; its first line is the table's."""
    assert main([name, "-h"]) == 0
    shown = capsys.readouterr().out
    module = __import__(f"splitbench.benchmark.commands.{COMMANDS[name].module}", fromlist=["_"])
    doc = getdoc(getattr(module, COMMANDS[name].function)) or ""
    assert doc.splitlines()[0] == COMMANDS[name].about
    assert COMMANDS[name].examples
    for example in COMMANDS[name].examples:
        assert example.startswith(f"splitbench {name}")
        assert f"  {example}" in shown
    assert "--quiet" in shown


def test_the_list_of_commands_imports_none(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` and `--version` are answered without loading numpy."""
    code = (
        "import sys; from splitbench.benchmark.cli import main; main(['--help']); "
        "sys.exit('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0
    assert b"Run solvers on suites" in done.stdout
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("splitbench 0.")


def test_commands_explain_themselves_after_a_light_install() -> None:
    """Without torch and the other optional packages every `-h` answers; `train` names the extra."""
    without = "import sys; sys.modules.update(dict.fromkeys({!r}))\n".format(
        ("torch", "ortools", "pulp", "highspy", "matplotlib", "dask", "distributed")
    )
    helps = without + (
        "from splitbench.benchmark.cli import main\n"
        "from splitbench.benchmark.command_table import COMMANDS\n"
        "sys.exit(any([main([name, '-h']) for name in COMMANDS]))"
    )
    trains = without + (
        "from splitbench.benchmark.cli import main\n"
        "sys.exit(main(['train', 'ddp', 'hetero[devices=2]']))"
    )
    told, refused = (
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
        for code in (helps, trains)
    )
    assert (told.returncode, told.stderr) == (0, "")
    assert refused.returncode == 2
    line = "splitbench: train: needs torch; expected after: pip install 'splitbench[learn]'"
    assert refused.stderr.splitlines() == [line]


def test_quiet_and_verbose(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """-q leaves stderr empty, -v adds what the harness itself costs; both at once are refused."""
    store = ["--store", str(tmp_path / "s.sqlite"), "--rerun"]
    assert main([*RUN, *store, "-q"]) == 0
    assert capsys.readouterr().err == ""
    assert main([*RUN, *store]) == 0
    assert "harness:" not in capsys.readouterr().err
    assert main([*RUN, *store, "-v"]) == 0
    assert "harness:" in capsys.readouterr().err
    assert main([*RUN, *store, "-v", "-q"]) == 2


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_other_encodings_get_replacements(tmp_path: Path, encoding: str) -> None:
    """A terminal that cannot show a character shows a replacement, and there is no traceback."""
    store = str(tmp_path / "s.sqlite")
    for arguments in ([*RUN, "--store", store], ["table", "--store", store], ["list"]):
        done = command(*arguments, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
        assert done.returncode == 0, done.stderr
        assert b"Traceback" not in done.stderr
        assert done.stdout


def test_no_color_and_narrow_terminals() -> None:
    """NO_COLOR is honoured, and a narrow terminal wraps."""
    done = command("list", "suites", NO_COLOR="1", FORCE_COLOR="1", COLUMNS="60")
    assert not re.search(rb"\x1b\[(3\d|9\d)", done.stdout)
    assert done.returncode == 0


def test_a_closed_pipe_is_no_error() -> None:
    """`splitbench list | head -1` ends quietly."""
    done = subprocess.run(
        f"{sys.executable} -m splitbench list | head -1", shell=True, capture_output=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert done.stderr == b""


def test_completion_can_be_shown() -> None:
    """The script for the current shell is printed."""
    done = command("--show-completion", "bash")
    assert done.returncode in (0, 2)
    done = command(_SPLITBENCH_COMPLETE="source_bash")
    assert b"splitbench" in done.stdout


@pytest.mark.parametrize(
    ("command", "whole"),
    [("list", {"exact-partition", "kunpeng-920-24", "0.02997"}), ("library", {"hetero-n9-t120"})],
)
def test_listings_fit_a_narrow_terminal(
    command: str, whole: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 80 columns no line is longer, and names and whole numbers stand in one piece."""
    from rich import console

    shown = console.Console(width=80, force_terminal=True, color_system=None, record=True)
    monkeypatch.setattr(console, "Console", lambda **_: shown)
    assert main([command]) == 0
    lines = shown.export_text().splitlines()
    assert max(map(len, lines)) <= 80
    assert whole <= {word for line in lines for word in line.split()}
    assert any("--json also has" in line for line in lines)
