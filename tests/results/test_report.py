"""The report: one page, complete, harmless, and working in a browser."""

from __future__ import annotations

import html.parser
import re
from pathlib import Path

import pytest

from splitbench.benchmark.cli import main
from tests.results.chromium import CHROMIUM, Page
from tests.results.records import bound, failed, record, write_store
from tests.results.test_safety import NASTY

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
TRACE = "Traceback (most recent call last):\n  File 'mine.py', line 7\nValueError: <b>no</b>"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of two suites, with a failure, a bound, and every nasty name."""
    folder = tmp_path_factory.mktemp("report")
    solvers = (("exact", 3.0), ("greedy", 2.0), ("random", -1.0), ("dads+ta", 2.5))
    cells = [
        record(name, seed, utility=utility, solve_s=(0.001 * (4 - place),) * 3, slots_asked=3)
        for place, (name, utility) in enumerate(solvers)
        for seed in range(4)
    ]
    cells += [bound(3.5, seed) for seed in range(4)]
    cells += [
        failed("mine", seed, status="error", note="ValueError: <b>no</b>", traceback=TRACE)
        for seed in range(4)
    ]
    cells += [
        record(text, seed, suite="nasty <i>suite</i>", instance=0, note=text, claims=[text])
        for text in NASTY
        if "\udcff" not in text
        for seed in (0, 1)
    ]
    store = write_store(folder / "s.sqlite", *cells)
    assert main(["report", "--store", str(store), "--out", str(folder / "report.html")]) == 0
    return folder / "report.html"


class Reader(html.parser.HTMLParser):
    """Collects tags, addresses and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def read(page: Path) -> Reader:
    """The page as a parser reads it."""
    reader = Reader()
    reader.feed(page.read_text("utf-8"))
    return reader


def test_says_everything(read: Reader) -> None:
    """Summary, suites, failures with tracebacks, references, versions and machine are there."""
    text = " ".join(read.text)
    for expected in (
        "hetero[devices=2]", "3 slots × 4 seeds", "dads+ta", "† mine", "3.5000", "optimum",
        "line 7", "ValueError: <b>no</b>", "bound: no policy can earn more", "2.4.6", "x86_64",
        "splitbench 0.1.0", "energy_term",
    ):  # fmt: skip
        assert expected in text, expected
    assert read.tags.count("table") == 2
    assert read.tags.count("img") >= 8  # gaps, quality, convergence, day; utility, profile, …


def test_needs_no_network(read: Reader) -> None:
    """Every address is inside the page."""
    assert read.addresses
    assert all(address.startswith(("data:", "#")) for address in read.addresses)
    assert read.tags.count("script") == 1


def test_names_are_text(read: Reader, page: Path) -> None:
    """No tag, script or terminal sequence of a name, a note or an error is one of the page's."""
    assert not {"b", "i"} & set(read.tags)
    assert "".join(read.text).count("alert(1)") > 0
    assert not set(page.read_text("utf-8")) & {chr(code) for code in range(32) if code != 10}
    assert "default-src 'none'" in page.read_text("utf-8")


def test_impossible_numbers_are_said_first(tmp_path: Path) -> None:
    """A gap below zero is in the summary, in red, and in the exit status."""
    store = write_store(tmp_path / "s.sqlite", record(slot_gap_min=-1.0))
    out = tmp_path / "x.html"
    assert main(["report", "--store", str(store), "--out", str(out)]) == 1
    assert re.search(r'class="bad">[^<]*slot gap -1', out.read_text("utf-8"))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(["--out", "x.txt"], "ends in .html"), (["--suite", "nope"], "nope"), ([], "has no cells")],
)
def test_bad_arguments(
    tmp_path: Path, arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line on stderr, exit status 2, no file."""
    cells = [record()] if arguments else []
    store = write_store(tmp_path / "s.sqlite", *cells)
    out = [] if "--out" in arguments else ["--out", str(tmp_path / "x.html")]
    assert main(["report", "--store", str(store), *out, *arguments]) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert said.count("\n") == 1
    assert not (tmp_path / "x.html").exists()


@needs_chromium
def test_in_a_browser(page: Path, tmp_path: Path) -> None:
    """A heading sorts its table both ways, nothing is fetched, the console stays empty."""
    with Page(page.as_uri(), tmp_path / "profile") as shown:
        rows = "[...document.querySelectorAll('table')[0].tBodies[0].rows]"
        names = f"{rows}.map(r => r.cells[0].innerText)"
        heads = "[...document.querySelectorAll('table')[0].querySelectorAll('th button')]"
        press = f"{heads}.find(b => b.innerText == 'utility').click()"
        assert shown.run(names) == ["bound", "exact", "dads+ta", "greedy", "random", "† mine"]
        shown.run(press)
        assert shown.run(names) == ["bound", "exact", "dads+ta", "greedy", "random", "† mine"]
        shown.run(press)
        assert shown.run(names) == ["random", "greedy", "dads+ta", "exact", "bound", "† mine"]
        shown.run(f"{heads}.find(b => b.innerText == 'time').click()")
        assert shown.run(names)[:2] == ["random", "dads+ta"][::-1]
        assert shown.run("document.querySelectorAll('img').length") >= 8
        broken = "[...document.images].filter(i => !i.naturalWidth).length"
        assert shown.run(broken) == 0
        assert shown.problems == []
        assert [url for url in shown.requests if not url.startswith(("file:", "data:"))] == []


@needs_chromium
def test_on_a_phone(page: Path, tmp_path: Path) -> None:
    """At 380 pixels the page itself does not scroll sideways; only tables do."""
    with Page(page.as_uri(), tmp_path / "profile", width=380, height=800) as shown:
        assert shown.run("document.documentElement.scrollWidth") <= 380
        assert shown.run("document.querySelector('.scroll').clientWidth") <= 380
