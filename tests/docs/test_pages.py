"""The documentation: its examples are valid, its links exist, its commands run."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from splitbench.problems import load_horizon, load_instance
from splitbench.problems.networks.dag import load_dag
from splitbench.problems.suites.named_suites import make_suite
from splitbench.solvers.ddp.training_scenario import scenario_of_suite
from tools import format_page, result_pages

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]
LOADERS = {
    "splitbench/slot@1": load_instance,
    "splitbench/horizon@1": load_horizon,
    "splitbench/dag@1": load_dag,
}


def blocks(page: Path, language: str) -> list[str]:
    """Code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", page.read_text("utf-8"), re.DOTALL)


def test_the_page_of_formats_is_up_to_date() -> None:
    """`python tools/format_page.py` has been run since the schemas were last changed."""
    assert format_page.PAGE.read_text("utf-8") == format_page.page()


def test_the_numbers_of_the_pages_are_those_of_the_reference_results() -> None:
    """`python -m tools.result_pages` has been run since results/reference was last changed."""
    for path, text in result_pages.pages().items():
        assert path.read_text("utf-8") == text, f"{path.name}: run python -m tools.result_pages"


def test_the_distances_of_policies_are_as_documented() -> None:
    """docs/ddp.md states the distances from paper-wifi[devices=6] to two trainings."""
    text = (ROOT / "docs" / "ddp.md").read_text("utf-8")
    found = re.search(r"distance (\d\.\d+)\), not that\s+of `hetero` \((\d\.\d+)\)", text)
    assert found
    six = scenario_of_suite("paper-wifi[devices=6]").description
    for suite, stated in zip(("paper-wifi", "hetero"), found.groups(), strict=True):
        trained = scenario_of_suite(suite).description
        assert f"{six.distance_to(trained, in_order=False):.2f}" == stated


def test_examples_of_formats_load(tmp_path: Path) -> None:
    """Every JSON example is read by its loader."""
    examples = blocks(ROOT / "docs" / "formats.md", "json")
    assert len(examples) == len(LOADERS)
    for text in examples:
        path = tmp_path / "example.json"
        path.write_text(text)
        LOADERS[json.loads(text)["format"]](path)
    (suite,) = blocks(ROOT / "docs" / "formats.md", "toml")
    path = tmp_path / "suite.toml"
    path.write_text(suite)
    assert len(make_suite(str(path)).horizon(0).fleet) == 3


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """A link to a file names one that exists."""
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_readme_is_short() -> None:
    """The README fits on a few screens; the rest is in docs/."""
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 120


def test_the_python_page(tmp_path: Path) -> None:
    """The blocks of the Python page run in their order, in one process."""
    code = "\n".join(blocks(ROOT / "docs" / "python.md", "python"))
    script = tmp_path / "page.py"
    script.write_text(f"import matplotlib\nmatplotlib.use('Agg')\n{code}")
    done = subprocess.run(
        [sys.executable, script.name], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "utility.png").is_file()


def test_the_tutorial(tmp_path: Path) -> None:
    """Every command of the tutorial works, in its order, in an empty folder."""
    for text in blocks(ROOT / "docs" / "tutorial.md", '(?:console|python title="mine.py")'):
        if not text.startswith("$ "):
            (tmp_path / "mine.py").write_text(text)
            continue
        for line in re.findall(r"^\$ (.*(?:\\\n.*)*)", text, re.MULTILINE):
            words = shlex.split(line.replace("\\\n", " "))
            expected = 0
            if words[0] == "!":
                words, expected = words[1:], 1
            assert words[0] in ("splitbench", "pytest"), line
            done = subprocess.run(
                [sys.executable, "-m", *words], cwd=tmp_path, capture_output=True, text=True
            )
            assert done.returncode == expected, f"{line}\n{done.stdout}\n{done.stderr}"
