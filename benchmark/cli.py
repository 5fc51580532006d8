"""The command line: what every command shares, and how errors reach the user."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from splitbench.benchmark.commands import (
    cut,
    develop,
    fit,
    gap,
    listing,
    merge,
    paper,
    plot,
    profile,
    run,
    single_file,
    table,
    train,
)
from splitbench.problems.errors import InputError, did_you_mean

app = typer.Typer(
    name="splitbench",
    help="Where to cut each DNN, and how many server threads each device gets: the benchmark.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("run")(run.run)
app.command("gap")(gap.gap)
app.command("solve")(single_file.solve)
app.command("simulate")(single_file.simulate)
app.command("new")(develop.new)
app.command("check")(develop.check)
app.command("list")(listing.list_things)
app.command("show")(listing.show)
app.command("sample")(listing.sample)
app.command("library")(listing.library)
app.command("cut")(cut.cut)
app.command("export")(single_file.export)
app.command("table")(table.table)
app.command("plot")(plot.plot)
app.command("merge")(merge.merge)
app.command("profile")(profile.profile)
app.command("fit")(fit.fit)
app.command("train")(train.train)
app.command("paper")(paper.paper)


#: Exit status of a command ended by Ctrl-C, 128 + SIGINT.
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status; never a traceback for bad input."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = app(
            words or ["--help"],
            prog_name="splitbench",
            standalone_mode=False,
        )
    except InputError as error:
        return _complain(str(error))
    except BrokenPipeError:  # the reader of stdout went away, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (KeyboardInterrupt, typer.Abort):
        status = _INTERRUPTED
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        return _complain(_usage(error.format_message()))
    if status == _INTERRUPTED:  # typer turns Ctrl-C into this status without a word
        sys.stderr.write("splitbench: interrupted; what was finished is kept\n")
    return status if isinstance(status, int) else 0


def _complain(message: str) -> int:
    from splitbench.results.tables.escape import printable

    line = printable(" ".join(message.split()))
    sys.stderr.write(f"splitbench: {line}\n")
    return 2


def _usage(message: str) -> str:
    """Say what would be accepted where the argument parser leaves it out."""
    if "No such command" in message and "Did you mean" not in message:
        names = [command.name for command in app.registered_commands if command.name]
        wrong = message.split("'")[1] if "'" in message else ""
        return message.rstrip(".") + did_you_mean(wrong, names)
    return f"{message.rstrip('.')}; see splitbench --help"
