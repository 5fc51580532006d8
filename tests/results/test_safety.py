"""Names in a store are never executed, and its text is escaped wherever it is shown."""

from __future__ import annotations

import csv as csv_module
import html.parser
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbench.benchmark.cli import main
from splitbench.results.frame import frame_of
from splitbench.results.rows import Row, row_objects, rows_of
from splitbench.results.tables import escape, tables
from splitbench.results.tables.export import write_cells
from splitbench.results.tables.terminal import print_rich
from tests.results.records import failed, record, write_store

ROOT = Path(__file__).resolve().parents[2]

#: Hostile names, notes and errors.
NASTY = [
    "ilp-cbc[time_limit=10]",
    "[bold red]markup[/bold red] [link=file:///etc/passwd]x[/link]",
    "\x1b[2J\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\",
    "\x9b31mC1\x9b0m \x9d0;t\x9c bell\x07 back\x08\x08 del\x7f",
    "two\nlines\r\nand\ttabs\u2028and\u0085more",
    "right\u202eto left\u202c \u2066isolated\u2069 zero\u200bwidth\ufeff",
    "half a character \udcff",
    "<script>alert(1)</script> <img src=x onerror=alert(1)> &amp; \"'",
    "=1+1",
    "@SUM(A1:A9)",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "\t=1+1",
    " =1+1",
    "\r=1+1",
    "\uff1d1+1",
    "a | b || c `code` **bold** [x](javascript:alert(1)) ![y](http://evil) ~~z~~",
    "\\input{/etc/passwd} $x_1$ 100% #1 & {a} ^ ~",
    "$\\frac{1}{0",
    "*starred",
    "_hidden",
    "",
]


def rows(text: str) -> list[Row]:
    """A row whose solver, suite and note are `text`, beside a harmless one."""
    nasty = failed(text, status="error", suite=text, note=f"note {text}")
    return row_objects(rows_of(frame_of([nasty, record("exact", suite=text)])))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose solvers are all that NASTY has and SQLite can keep."""
    cells = [
        record(text, seed, suite="s", note=text, claims=[text])
        for text in NASTY
        if "\udcff" not in text
        for seed in (0, 1)
    ]
    cells.append(failed("broken", status="error", suite="s", note=NASTY[6]))
    return write_store(tmp_path_factory.mktemp("safety") / "s.sqlite", *cells)


class TestNothingIsRun:
    def test_no_command_imports_what_a_store_names(self, tmp_path: Path) -> None:
        """Tabling, exporting, drawing and merging touch neither the file nor its directory."""
        marker = tmp_path / "marker"
        evil = tmp_path / "evil.py"
        evil.write_text(f"open({str(marker)!r}, 'w').close()\nclass Evil:\n    name = 'evil'\n")
        cells = [
            record(solver, seed, suite=suite)
            for solver in (f"{evil}:Evil", "evil.py:Evil", "evil:Evil", "evil")
            for suite in ("evil", f"{evil}:Evil")
            for seed in (0, 1)
        ]
        write_store(tmp_path / "s.sqlite", *cells)
        write_store(tmp_path / "t.sqlite", record("evil.py:Evil", 9))
        script = """
import sys
opened = []
sys.addaudithook(lambda event, arguments: opened.append((event, str(arguments[:1])))
                 if event in ("open", "import", "exec", "compile", "subprocess.Popen") else None)
from splitbench.benchmark.cli import main
def command(*arguments):
    assert main(list(arguments)) == 0, arguments
store = ["--store", "s.sqlite"]
command("table", *store, "--stats", "--compare", "evil.py:Evil")
for format in ("json", "csv", "markdown", "latex"):
    command("table", *store, "--format", format)
command("table", *store, "--cells", "--format", "csv")
command("table", *store, "--cells", "--format", "json")
command("plot", "performance-profile", *store)
command("plot", "gap", *store, "--out", "gap.svg")
command("merge", "all.sqlite", "s.sqlite", "t.sqlite")
bad = [event for event in opened if "evil" in event[1] or event[0] == "subprocess.Popen"]
assert not bad, bad
assert not [name for name in sys.modules if "evil" in name]
from splitbench.solvers.discovery import find
assert find.cache_info().currsize == 0, "plug-ins were looked for"
"""
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert not marker.exists()
        assert (tmp_path / "all.sqlite").exists()

    def test_the_trap_works(self, tmp_path: Path) -> None:
        """Importing the file does leave a marker, so that its absence above means something."""
        marker = tmp_path / "marker"
        (tmp_path / "evil.py").write_text(f"open({str(marker)!r}, 'w').close()\n")
        subprocess.run([sys.executable, "-c", "import evil"], cwd=tmp_path, check=True, timeout=60)
        assert marker.exists()


@settings(deadline=None)
@given(st.text() | st.sampled_from(NASTY))
def test_printable_is_harmless(text: str) -> None:
    """No control, direction or lone half character is left, and cleaning twice is cleaning once."""
    shown = escape.printable(text)
    assert all(ord(character) >= 32 and not 0x7F <= ord(character) < 0xA0 for character in shown)
    assert not set(shown) & set("\u200b\u202a\u202e\u2066\u2069\u2028\u2029\ufeff")
    shown.encode("utf-8")
    assert escape.printable(shown) == shown


def test_printable_takes_whole_sequences() -> None:
    """Of a terminal sequence nothing is left; what is text stays."""
    assert escape.printable(NASTY[2]) == "red  link"
    assert escape.printable(NASTY[3]) == "C1  bell back del"
    assert escape.printable(NASTY[4]) == "two lines and tabs and more"
    assert escape.printable("\x1b]unterminated stays") == "unterminated stays"
    assert escape.printable("naïve — 日本 ×") == "naïve — 日本 ×"


class TestTerminal:
    @pytest.mark.parametrize("text", NASTY)
    def test_table(self, text: str, tmp_path: Path) -> None:
        """Markup is shown as it is; no escape sequence reaches the terminal."""
        print_rich(rows(text), tmp_path / "t.txt", width=300)
        shown = (tmp_path / "t.txt").read_text(encoding="utf-8")
        assert escape.printable(text).strip() in shown
        assert not set(shown) & {chr(code) for code in range(32) if chr(code) != "\n"}

    def test_commands(self, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Neither tables nor charts nor warnings carry control characters."""
        assert main(["table", "--store", str(store), "--stats", "--compare", "=1+1"]) == 0
        assert main(["plot", "performance-profile", "--store", str(store)]) == 0
        assert main(["table", "--store", str(store), "--compare", "\x1b[31mno"]) == 2
        shown = capsys.readouterr()
        assert "ilp-cbc[time_limit=10]" in shown.out
        for character in shown.out + shown.err:
            assert character == "\n" or escape.printable(character) == character


class TestCsv:
    @pytest.mark.parametrize("text", NASTY)
    def test_no_cell_is_a_formula(self, text: str, tmp_path: Path) -> None:
        """No text cell starts as a formula does, for rows and for cells."""
        out = tmp_path / "cells.csv"
        cell = failed(text, status="error", suite=text, note=text, claims=[text])
        write_cells(frame_of([cell]), out)
        for written in (out.read_text("utf-8"), tables.csv(rows(text))):
            for line in csv_module.reader(io.StringIO(written)):
                assert len(line) > 10
                for cell in line:
                    assert not cell.strip().startswith(("=", "+", "@", "\uff1d")), cell
                    assert not cell.startswith("-") or float(cell) <= 0

    def test_negative_numbers_stay_numbers(self) -> None:
        """Only texts are guarded."""
        (line,) = csv_module.DictReader(
            io.StringIO(tables.csv(row_objects(rows_of(frame_of([record(utility=-2.5)])))))
        )
        assert line["utility_mean"] == "-2.5"


class TestMarkdownHtmlLatex:
    @pytest.mark.parametrize("text", NASTY)
    def test_markdown_stays_a_table(self, text: str) -> None:
        """No line gains a cell, a tag or a link."""
        written = tables.markdown(rows(text))
        lines = [line for line in written.splitlines() if line.startswith("|")]
        bars = {line.replace("\\|", "").count("|") for line in lines}
        assert len(lines) == 4
        assert len(bars) == 1
        assert "<" not in written
        assert "](" not in written
        assert "`" not in written.replace("\\`", "")

    @pytest.mark.parametrize("text", NASTY)
    def test_html_is_text(self, text: str) -> None:
        """A browser reads back the text, in an element and in an attribute, and no tag."""
        tags: list[object] = []
        data: list[str] = []
        parser = html.parser.HTMLParser()
        parser.handle_starttag = lambda tag, attributes: tags.append((tag, attributes))  # type: ignore[method-assign]
        parser.handle_data = data.append  # type: ignore[method-assign]
        parser.feed(f'<b title="{escape.html(text)}">{escape.html(text)}</b>')
        parser.close()
        assert tags == [("b", [("title", escape.printable(text))])]
        assert "".join(data) == escape.printable(text)

    @pytest.mark.parametrize("text", NASTY)
    def test_latex_has_no_command_of_theirs(self, text: str) -> None:
        """Every backslash is ours, every special character has one, braces match."""
        import re

        written = escape.latex(text)
        ours = re.compile(
            r"\\text(backslash|less|greater|bar)\{\}|\\symbol\{34\}|\\[{}_%&#$]|\\[\^~]\{\}"
            r"|\\ldots\{\}|\$(-|\\times|\\Delta|\\geq|\\dagger|\\uparrow|\\downarrow)\$"
        )
        assert not set(ours.sub("", written)) & set("\\{}_%&#$^~<>|")

    def test_latex_line_starts(self) -> None:
        """A name in brackets or with an asterisk is no argument of the line end before it."""
        for text in ("[x]", "*starred"):
            row = row_objects(rows_of(frame_of([record(text)])))
            assert f"\n{{}}{text}" in tables.latex(row)


@pytest.mark.parametrize("kind", ["performance-profile", "gap", "utility", "time", "quality"])
@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_figures_take_any_name(kind: str, suffix: str, store: Path, tmp_path: Path) -> None:
    """Formulas, underscores and unknown scripts in names are drawn as they are, without warning."""
    out = tmp_path / f"figure.{suffix}"
    assert main(["plot", kind, "--store", str(store), "--out", str(out)]) == 0
    assert out.stat().st_size > 1000
    if suffix == "svg":
        from xml.etree import ElementTree

        ElementTree.parse(out)
        assert "<script" not in out.read_text(encoding="utf-8")


def test_json_keeps_the_text(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON has every name to the letter, escaped by JSON itself."""
    assert main(["table", "--store", str(store), "--json"]) == 0
    written = capsys.readouterr().out
    assert {one["solver"] for one in json.loads(written)} >= set(NASTY) - {NASTY[6]}
    assert not set(written) & {chr(code) for code in range(32) if chr(code) != "\n"}
