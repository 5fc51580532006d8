"""Options that several commands share, with their checks."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from splitbench.benchmark.durations import seconds, size_bytes
from splitbench.benchmark.isolation.limits import Limits
from splitbench.problems.errors import InputError

DEFAULT_STORE = Path("splitbench.sqlite")


class Format(StrEnum):
    """Ways to print a table."""

    RICH = "rich"
    MARKDOWN = "markdown"
    CSV = "csv"
    LATEX = "latex"
    JSON = "json"


class Where(StrEnum):
    """Where cells run."""

    LOCAL = "local"
    DASK = "dask"
    IN_PROCESS = "in-process"


Solvers = Annotated[
    list[str],
    typer.Option("-s", "--solver", help="A solver; repeat for several.", metavar="SOLVER"),
]
Seeds = Annotated[int, typer.Option("--seeds", help="How many seeds.", metavar="N")]
Seed = Annotated[int, typer.Option("--seed", help="The first seed.", metavar="BASE")]
Slots = Annotated[
    int | None,
    typer.Option("--slots", help="Slots (or instances) a seed; default: the suite's.", metavar="T"),
]
StorePath = Annotated[Path, typer.Option("--store", help="Results file (SQLite).", metavar="PATH")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Nothing but JSON on stdout.")]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print the table.")]
Out = Annotated[
    Path | None, typer.Option("--out", help="Write there instead of to stdout.", metavar="PATH")
]
NoReference = Annotated[
    bool, typer.Option("--no-reference", help="Do not compute the optimum beside each decision.")
]
Truth = Annotated[
    str | None,
    typer.Option(
        "--truth",
        help="Let solvers plan with the suite's D(k), but the world answer with this one: table "
        "(measured) or exp2. The gap is then what the model's error costs.",
        metavar="table|exp2",
        show_default=False,
    ),
]
Rerun = Annotated[bool, typer.Option("--rerun", help="Run again what the store has.")]
RerunFailed = Annotated[
    bool, typer.Option("--rerun-failed", help="Run again the cells that failed.")
]
RerunTimeouts = Annotated[
    bool, typer.Option("--rerun-timeouts", help="Run again the cells that ran out of time.")
]
Jobs = Annotated[int, typer.Option("--jobs", "-j", help="Worker processes.", metavar="N")]
ExecutorOption = Annotated[
    Where, typer.Option("--executor", help="Workers here, on a Dask cluster, or no isolation.")
]
Scheduler = Annotated[
    str | None,
    typer.Option("--scheduler", help="Dask scheduler; none: a local cluster.", metavar="ADDRESS"),
]
Timeout = Annotated[
    str, typer.Option("--timeout", help="Wall-clock limit of a cell, or none.", metavar="10s|5m")
]
Memory = Annotated[
    str, typer.Option("--memory", help="Memory limit of a worker, or none.", metavar="4GiB")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be run, as JSON.")]


def seed_range(seeds: int, base: int) -> range:
    """Return seeds base..base + seeds − 1, or say which option is off."""
    positive("--seeds", seeds)
    if base < 0:
        raise InputError(f"--seed: got {base}; expected a whole number ≥ 0")
    return range(base, base + seeds)


def check_out(out: Path | None) -> None:
    """Refuse, before any work, a file in a directory that is not there."""
    if out is not None and not out.resolve().parent.is_dir():
        raise InputError(f"--out: no directory {out.parent}; expected an existing one")


def positive(option: str, value: int | None) -> None:
    """Refuse a count below 1."""
    if value is not None and value < 1:
        raise InputError(f"{option}: got {value}; expected a whole number ≥ 1")


def chosen_format(as_json: bool, wanted: Format) -> Format:
    """`--json` is short for `--format json`.

    Raises
    ------
    InputError
        Both, and they differ.
    """
    if as_json and wanted not in (Format.RICH, Format.JSON):
        raise InputError(f"--json: together with --format {wanted}; expected one of them")
    return Format.JSON if as_json else wanted


def limits_of(timeout: str, memory: str) -> Limits:
    """Return the limits that `--timeout` and `--memory` ask for."""
    return Limits(seconds(timeout, "--timeout"), size_bytes(memory, "--memory"))
