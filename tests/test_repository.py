"""Files beside the code, which no other test would miss."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_ci_runs_linters_and_tests() -> None:
    """Continuous integration calls both and stops at the first that fails."""
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert {"make lint", "make test", "set -euo pipefail"} <= set(lines)


def test_the_table_needs_no_torch() -> None:
    """`make bench` installs the package alone; the rest comes with `make test`."""
    rules = dict(re.findall(r"^(\S+):(.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert rules["bench"].strip() == "$(LIGHT)"
    assert rules["test"].strip() == "$(STAMP)"


def test_the_citation_file() -> None:
    """It names the software and the paper's problem, as citation tools read it."""
    text = (ROOT / "CITATION.cff").read_text("utf-8")
    assert {"cff-version", "title", "authors", "references"} <= set(
        re.findall(r"^[\w-]+", text, re.M)
    )
