"""Options that several commands share, with their checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

import typer

from splitbench.benchmark.durations import seconds, size_bytes
from splitbench.benchmark.isolation.limits import Limits
from splitbench.problems.errors import InputError

if TYPE_CHECKING:
    from splitbench.results import CellRecord

AnyFormat = TypeVar("AnyFormat", bound=StrEnum)

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


Suites = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SUITE|FILE|FOLDER]...",
        help="Suites (splitbench list suites; paper-* for several), suite files (mine.toml), "
        "instance and horizon files, folders and patterns of them, library:NAME.",
        show_default=False,
    ),
]
Solvers = Annotated[
    list[str],
    typer.Option(
        "-s",
        "--solver",
        help="A solver: a name, FILE.py, FILE.py:CLASS or LABEL=SOLVER; repeat for several.",
        metavar="SOLVER",
        show_default=False,
    ),
]
Seeds = Annotated[int, typer.Option("--seeds", help="How many seeds.", metavar="N")]
SeedCount = Annotated[
    int | None,
    typer.Option("--seeds", help="How many seeds; default: 3, or a suite file's.", metavar="N"),
]
Seed = Annotated[int, typer.Option("--seed", help="The first seed.", metavar="BASE")]
Slots = Annotated[
    int | None,
    typer.Option(
        "--slots", help="Slots (or instances) per seed; default: the suite's.", metavar="T"
    ),
]
StorePath = Annotated[Path, typer.Option("--store", help="Results file (SQLite).", metavar="PATH")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Only JSON on stdout.")]
FormatOption = Annotated[
    Format | None,
    typer.Option("--format", help="How to print; default: by the name of --out, else rich."),
]
OnlySuites = Annotated[
    list[str] | None, typer.Option("--suite", metavar="SUITE", help="Only this; repeatable.")
]
OnlySolvers = Annotated[
    list[str] | None, typer.Option("-s", "--solver", metavar="SOLVER", help="Only these.")
]
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
        help="Solvers plan with the suite's D(k), but outcomes are computed with this one: table "
        "(measured) or exp2. The gap then shows the cost of the model's error.",
        metavar="table|exp2",
        show_default=False,
    ),
]
Rerun = Annotated[bool, typer.Option("--rerun", help="Run stored cells again.")]
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
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be run and how long it would take.")
]


Traceback = Annotated[
    bool, typer.Option("--traceback", help="Print the whole traceback of each error.")
]
Output = Annotated[bool, typer.Option("--output", help="Print what solvers printed.")]


class Again(StrEnum):
    """Which of the stored cells are run again."""

    NOTHING = "nothing"
    ALL = "all"
    FAILED = "failed"
    TIMEOUTS = "timeouts"

    def wants(self, record: CellRecord) -> bool:
        """Whether a stored cell is run again."""
        return (
            self is Again.ALL
            or (self is Again.FAILED and record.failed)
            or (self is Again.TIMEOUTS and record.status == "timeout")
        )


@dataclass(frozen=True)
class RunOptions:
    """How cells are run: the options that `run` and `gap` share."""

    store: StorePath = DEFAULT_STORE
    jobs: Jobs = 1
    executor: ExecutorOption = Where.LOCAL
    scheduler: Scheduler = None
    timeout: Timeout = "10m"
    memory: Memory = "4GiB"
    rerun: Rerun = False
    rerun_failed: RerunFailed = False
    rerun_timeouts: RerunTimeouts = False
    dry_run: DryRun = False
    traceback: Traceback = False
    output: Output = False

    @property
    def limits(self) -> Limits:
        """Limits of a cell."""
        return limits_of(self.timeout, self.memory)

    @property
    def again(self) -> Again:
        """Which stored cells are run again."""
        if self.rerun:
            return Again.ALL
        if self.rerun_failed:
            return Again.FAILED
        return Again.TIMEOUTS if self.rerun_timeouts else Again.NOTHING

    def check(self) -> None:
        """Refuse contradicting options, before any work."""
        positive("--jobs", self.jobs)
        if self.scheduler is not None and self.executor is not Where.DASK:
            raise InputError("--scheduler: is for --executor dask; expected both or neither")
        _ = self.limits


@dataclass(frozen=True)
class TableOptions:
    """How a table is printed: the options that `run` and `gap` share."""

    as_json: JsonFlag = False
    format: FormatOption = None
    out: Out = None

    @property
    def chosen(self) -> Format:
        """The format asked for."""
        return format_of(Format, self.as_json, self.format, self.out, Format.RICH)


def taking(**groups: type[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the fields of dataclasses as options.

    `@taking(how=RunOptions)` hands a command `how`, made of the options that the command line
    gives; each field's annotation and default describe its option.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = {
            name: parameter
            for name, parameter in signature(command, eval_str=True).parameters.items()
            if name not in groups
        }
        taken = {
            name: {
                field.name: Parameter(
                    field.name, Parameter.KEYWORD_ONLY, default=field.default,
                    annotation=hints[field.name],
                )
                for hints in [get_type_hints(group, include_extras=True)]
                for field in fields(group)
            }
            for name, group in groups.items()
        }  # fmt: skip

        @wraps(command)
        def called(**given: Any) -> None:
            made = {
                name: groups[name](**{key: given.pop(key) for key in parameters})
                for name, parameters in taken.items()
            }
            command(**given, **made)

        every = [*own.values(), *(one for of in taken.values() for one in of.values())]
        called.__signature__ = Signature(  # type: ignore[attr-defined]
            [one.replace(kind=Parameter.KEYWORD_ONLY) for one in every]
        )
        called.__annotations__ = {one.name: one.annotation for one in every}
        return called

    return decorate


def seed_range(seeds: int, base: int) -> range:
    """Return seeds base..base + seeds − 1; raise an InputError that names a wrong option."""
    positive("--seeds", seeds)
    if base < 0:
        raise InputError(f"--seed: got {base}; expected a whole number ≥ 0")
    return range(base, base + seeds)


def check_out(out: Path | None) -> None:
    """Refuse, before any work, a file in a missing directory."""
    if out is not None and not out.resolve().parent.is_dir():
        raise InputError(f"--out: no directory {out.parent}; expected an existing one")


def positive(option: str, value: int | None) -> None:
    """Refuse a count below 1."""
    if value is not None and value < 1:
        raise InputError(f"{option}: got {value}; expected a whole number ≥ 1")


#: Formats by a file's suffix.
_FORMAT_OF_SUFFIX = {
    ".csv": "csv",
    ".json": "json",
    ".md": "markdown",
    ".parquet": "parquet",
    ".tex": "latex",
    ".txt": "rich",
}


def format_of(
    kinds: type[AnyFormat],
    as_json: bool,
    wanted: AnyFormat | None,
    out: Path | None,
    default: AnyFormat,
) -> AnyFormat:
    """Return the format that `--json`, `--format` or the name of `--out` asks for.

    Raises
    ------
    InputError
        Two of them contradict each other, or the name asks for an unknown format.
    """
    if as_json and wanted not in (None, "rich", "json"):
        raise InputError(f"--json: together with --format {wanted}; expected one of them")
    said = "json" if as_json else wanted
    named = None if out is None else _FORMAT_OF_SUFFIX.get(out.suffix.lower())
    if named is None:
        return kinds(said or default)
    if said is not None and said != named:
        raise InputError(
            f"--out: {out} together with {'--json' if as_json else f'--format {said}'}; "
            f"expected a name that does not end in {out.suffix if out else ''}, or --format {named}"
        )
    if named not in list(kinds):
        raise InputError(
            f"--out: got {out}; expected a name for {', '.join(kinds)}; cells are written as "
            "Parquet by: splitbench table --cells"
        )
    return kinds(named)


def limits_of(timeout: str, memory: str) -> Limits:
    """Return the limits that `--timeout` and `--memory` ask for."""
    return Limits(seconds(timeout, "--timeout"), size_bytes(memory, "--memory"))
