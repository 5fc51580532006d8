"""`splitbench list`, `show`, `sample` and `library`: list things, and write suites as files."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from splitbench.benchmark import inventory, options
from splitbench.benchmark.console import emit, print_json, progress
from splitbench.benchmark.inventory import write_sample
from splitbench.problems.suites.library import library as entries
from splitbench.problems.suites.named_suites import make_suite, toml_of


class Topic(StrEnum):
    """What can be listed."""

    ALL = "all"
    SOLVERS = "solvers"
    SUITES = "suites"
    PROFILES = "profiles"


def list_things(
    topic: Annotated[Topic, typer.Argument(metavar="[solvers|suites|profiles]")] = Topic.ALL,
    as_json: options.JsonFlag = False,
) -> None:
    """List solvers, suites and profiles."""
    makers = {
        Topic.SOLVERS: inventory.solvers,
        Topic.SUITES: inventory.suites,
        Topic.PROFILES: inventory.profiles,
    }
    chosen = [topic] if topic is not Topic.ALL else list(makers)
    listed: dict[str, list[dict[str, Any]]] = {str(one): makers[one]() for one in chosen}
    if as_json:
        print_json(listed if topic is Topic.ALL else listed[str(topic)])
    else:
        for title, rows in listed.items():
            inventory.print_listing(title, rows)


def show(
    suite: Annotated[str, typer.Argument(metavar="SUITE")],
    seeds: options.Seeds = 3,
    seed: options.Seed = 0,
    slots: options.Slots = None,
    as_json: options.JsonFlag = False,
    as_toml: Annotated[
        bool, typer.Option("--toml", help="Write the suite as a file to change and to run.")
    ] = False,
) -> None:
    """Describe a suite, and how far trivial policies are from its optimum.

    With --toml nothing is computed: the text printed is a suite file with the same problems.
    """
    if as_toml:
        emit(toml_of(make_suite(suite)).rstrip(), None)
        return
    # Imported here, because `list` does not need it.
    from splitbench.benchmark.suite_report import print_suite, suite_object

    options.positive("--slots", slots)
    found = suite_object(suite, options.seed_range(seeds, seed), slots)
    if as_json:
        print_json(found)
    else:
        print_suite(found)


def sample(
    suite: Annotated[str, typer.Argument(metavar="SUITE")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Directory to write into.")],
    seeds: options.Seeds = 1,
    seed: options.Seed = 0,
    slots: options.Slots = None,
) -> None:
    """Write a suite's horizons or instances as files, one a seed or one an instance."""
    options.positive("--slots", slots)
    paths = write_sample(suite, options.seed_range(seeds, seed), slots, out)
    for path in paths:
        typer.echo(str(path))


class LibraryAction(StrEnum):
    """What can be done with the instance library."""

    LIST = "list"
    VERIFY = "verify"


def library(
    action: Annotated[LibraryAction, typer.Argument(help="What to do.")] = LibraryAction.LIST,
    as_json: options.JsonFlag = False,
) -> None:
    """List the named instances, or prove their optima and bounds again.

    `verify` ends with exit status 1 if a file differs from the index, or if an optimum or a bound
    computed now does. Run an entry by its name: splitbench run library:NAME
    """
    from dataclasses import asdict

    if action is LibraryAction.LIST:
        rows = [asdict(entry) for entry in entries().values()]
        if as_json:
            print_json(rows)
        else:
            shown = ("name", "kind", "devices", "slots", "status", "best_known", "bound", "about")
            inventory.print_listing("library", [{key: row[key] for key in shown} for row in rows])
        return
    raise typer.Exit(0 if _verified(as_json) else 1)


def _verified(as_json: bool) -> bool:
    # Not at the top, as in `show`.
    from splitbench.benchmark.library_check import verify_library

    found = []
    with progress("library", len(entries())) as advance:
        for one in verify_library():
            found.append(one)
            advance(one.entry.name)
    wrong = [one for one in found if one.problem]
    if as_json:
        print_json([{"name": one.entry.name, "problem": one.problem} for one in found])
    else:
        for one in wrong:
            typer.echo(f"{one.entry.name}: {one.problem}")
        typer.echo(f"{len(found) - len(wrong)} of {len(found)} entries hold")
    return not wrong
