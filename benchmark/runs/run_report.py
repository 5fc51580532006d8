"""The final report of a run: stored cells, and errors of plug-ins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from splitbench.benchmark.console import warn
from splitbench.benchmark.durations import duration
from splitbench.problems.package_paths import PACKAGE
from splitbench.results import CellRecord
from splitbench.results.shown_names import with_shown_names

#: Lines of a solver's output that are shown with its first error.
_PRINTED = 5
_NUMBER = re.compile(r"\d+")
_FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)', re.MULTILINE)


def summary_line(stored: Sequence[CellRecord], cells_run: int, seconds: float) -> str:
    """Say how many cells came from the store, their dates, and how long the rest took."""
    parts = []
    if stored:
        days = sorted({record.written[:10] for record in stored if record.written})
        made = f" (made {' to '.join(dict.fromkeys([days[0], days[-1]]))})" if days else ""
        parts.append(f"{len(stored)} from the store{made}")
    if cells_run or not stored:
        parts.append(f"{cells_run} run in {duration(seconds)}")
    total = len(stored) + cells_run
    return f"{total} cell{'' if total == 1 else 's'}: {', '.join(parts)}"


def error_report(records: Iterable[CellRecord], whole: bool = False) -> list[str]:
    """Describe the first error of a plug-in, and count the others.

    Parameters
    ----------
    whole
        Return every traceback instead; equal ones once, with a count.
    """
    raised = [record for record in records if record.traceback]
    if not raised:
        return []
    if whole:
        return _tracebacks(raised)
    first, more = raised[0], len(raised) - 1
    lines = [f"error: {_place(first)}: {_last_line(first.traceback)}{_frame(first.traceback)}"]
    printed = first.output.strip().splitlines()
    if printed:
        lines += ["it printed (--output prints all):", *_indented("\n".join(printed[-_PRINTED:]))]
    kinds = len({_NUMBER.sub("#", _last_line(record.traceback)) for record in raised})
    if more:
        same = "the same error" if kinds == 1 else f"{kinds} different errors in all"
        lines.append(
            f"{more} more cell{'' if more == 1 else 's'} raised an error ({same}); "
            "--traceback prints them"
        )
    return lines


def output_report(records: Iterable[CellRecord]) -> list[str]:
    """Return the output of solvers, cell by cell; equal text once, with a count."""
    by_text: dict[str, list[CellRecord]] = {}
    for record in records:
        if record.output.strip():
            by_text.setdefault(record.output, []).append(record)
    return [
        line
        for text, cells in by_text.items()
        for line in [f"output of {_place(cells[0])}{_more(cells)}:", *_indented(text)]
    ]


def print_problems(records: Sequence[CellRecord], tracebacks: bool, output: bool) -> None:
    """Report errors of plug-ins on stderr and, on request, their output."""
    shown = with_shown_names(records)
    for line in [*error_report(shown, tracebacks), *(output_report(shown) if output else ())]:
        warn(line)


def _tracebacks(raised: Sequence[CellRecord]) -> list[str]:
    by_text: dict[str, list[CellRecord]] = {}
    for record in raised:
        by_text.setdefault(record.traceback, []).append(record)
    return [
        line
        for text, cells in by_text.items()
        for line in [f"error: {_place(cells[0])}{_more(cells)}:", *_indented(text)]
    ]


def _more(cells: Sequence[CellRecord]) -> str:
    count = len(cells) - 1
    return f" (and in {count} more cell{'' if count == 1 else 's'})" if count else ""


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in text.rstrip().splitlines()]


def _place(record: CellRecord) -> str:
    key = record.key
    failed = [index for index, one in enumerate(record.decisions) if one.get("status") == "error"]
    if key.instance is not None:
        where = f" instance {key.instance}"
    else:
        where = f" slot {failed[0]}" if failed else ""
    return f"{key.solver} on {key.suite} seed {key.seed}{where}"


def _last_line(traceback: str) -> str:
    lines = [line.strip() for line in traceback.strip().splitlines()]
    return lines[-1] if lines else ""


def _frame(traceback: str) -> str:
    """Return file and line of the innermost frame outside our code, or of the innermost."""
    frames = list(_FRAME.finditer(traceback))
    own = [one for one in frames if not _is_ours(Path(one["file"]))]
    if not frames:
        return ""
    chosen = (own or frames)[-1]
    return f" ({chosen['file']} line {chosen['line']})"


def _is_ours(path: Path) -> bool:
    return path.is_relative_to(PACKAGE) or any(
        path.is_relative_to(room.resolve()) for room in PACKAGE.iterdir() if room.is_dir()
    )
