"""The command line: common options of all commands, and the reporting of errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from importlib import import_module
from inspect import Parameter, Signature, signature
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from splitbench.benchmark.command_table import COMMANDS, Command

#: Exit status of a command ended by Ctrl-C, 128 + SIGINT.
_INTERRUPTED = 130
_CONTEXT = {"help_option_names": ["-h", "--help"]}

Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Warnings and errors only on stderr.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="More details on stderr.")]


class LazyCommands(TyperGroup):
    """The table of commands as a group that imports a command's module when it is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import and build one command; None where there is none of that name."""
        return _built(cmd_name, COMMANDS[cmd_name]) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.about) for name, command in COMMANDS.items()])


def _built(name: str, command: Command) -> Any:
    function = getattr(
        import_module(f"splitbench.benchmark.commands.{command.module}"), command.function
    )
    # \b keeps the lines of a paragraph as they are.
    examples = "\b\nExamples:\n" + "\n".join(f"  {example}" for example in command.examples)
    alone = typer.Typer(
        add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
    )  # fmt: skip
    alone.command(name, epilog=examples, context_settings=_CONTEXT)(_with_verbosity(function))
    return typer.main.get_command(alone)


def _with_verbosity(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options -q and -v."""

    @wraps(function)
    def called(quiet: bool = False, verbose: bool = False, **given: Any) -> None:
        from splitbench.benchmark.console import set_verbosity
        from splitbench.problems import InputError

        if quiet and verbose:
            raise InputError("--quiet: together with --verbose; expected one of them")
        set_verbosity(verbose - quiet)
        function(**given)

    own = signature(function, eval_str=True).parameters.values()
    more = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=False, annotation=annotation)
        for name, annotation in (("quiet", Quiet), ("verbose", Verbose))
    ]
    every = [*(one.replace(kind=Parameter.KEYWORD_ONLY) for one in own), *more]
    called.__signature__ = Signature(every)  # type: ignore[attr-defined]
    called.__annotations__ = {one.name: one.annotation for one in every}
    return called


app = typer.Typer(
    cls=LazyCommands,
    name="splitbench",
    help="Where to cut each DNN, and how many server threads each device gets: the benchmark.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=_CONTEXT,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"splitbench {version('splitbench')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Where to cut each DNN, and how many server threads each device gets: the benchmark."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status; never a traceback for bad input."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):  # no error in other encodings
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        status = app(words or ["--help"], prog_name="splitbench", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of stdout has closed it, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (KeyboardInterrupt, typer.Abort):
        status = _INTERRUPTED
    except Exception as error:
        from splitbench.problems import InputError  # not before: --help needs no numpy

        if isinstance(error, InputError):
            return _complain(str(error))
        if not hasattr(error, "format_message"):
            raise
        return _complain(_usage(error.format_message()))
    if status == _INTERRUPTED:  # typer turns Ctrl-C into this status without a message
        sys.stderr.write("splitbench: interrupted; what was finished is kept\n")
    return status if isinstance(status, int) else 0


def _complain(message: str) -> int:
    from splitbench.results.tables.escape import printable

    line = printable(" ".join(message.split()))
    sys.stderr.write(f"splitbench: {line}\n")
    return 2


def _usage(message: str) -> str:
    """Add what would be accepted where the argument parser omits it."""
    if "No such command" in message and "Did you mean" not in message:
        from splitbench.problems.errors import did_you_mean

        wrong = message.split("'")[1] if "'" in message else ""
        return message.rstrip(".") + did_you_mean(wrong, COMMANDS)
    return f"{message.rstrip('.')}; see splitbench --help"
