"""`splitbench train`: learned policies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splitbench.benchmark import options
from splitbench.benchmark.console import print_json
from splitbench.benchmark.training import Training, policy_object, train_policy
from splitbench.problems.errors import InputError


def _next(source: str, scheme: str) -> str:
    if source.endswith(".json"):
        return f"next: splitbench solve (or simulate) {source} -s '{scheme}'"
    return f"next: splitbench run '{source}' -s '{scheme}' -s exact"


def train(
    policy: Annotated[
        str,
        typer.Argument(
            metavar="POLICY", help="ddp, ddp-shared or imitation, with parameters in brackets."
        ),
    ],
    suite: Annotated[
        str,
        typer.Argument(
            metavar="[SUITE|FILE.json]",
            help="The suite whose horizons to train on, or a slot or horizon file.",
        ),
    ] = "paper-wifi",
    parameter: Annotated[
        list[str],
        typer.Option(
            "-p", "--parameter", metavar="NAME=VALUE", help="A parameter; repeat for several."
        ),
    ] = [],  # noqa: B006 — typer reads it, nothing changes it
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="SEED", help="Seed of the training.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="PATH",
            help="Policy file; default: where runs look for it.",
            show_default=False,
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start again, ignoring earlier trainings.")
    ] = False,
    as_json: options.JsonFlag = False,
) -> None:
    """Train a learned partitioner on a suite; the same seed gives the same policy.

    The same command resumes an interrupted training. Without --out every later run of the suite
    uses the policy; a policy file is used by ddp[policy=PATH]+ta. For a slot file, or a horizon's
    first slot, training uses slots like it.
    """
    import importlib.util

    training = Training.asked(policy, suite, parameter, seed, out)
    if importlib.util.find_spec("torch") is None:
        raise InputError("train: needs torch; expected after: pip install 'splitbench[learn]'")
    trained, path = train_policy(training, fresh)
    if as_json:
        print_json(policy_object(trained, path))
        return
    header = trained.header
    name = training.name if out is None else f"{training.kind}[policy={path}]"
    typer.echo(
        f"{header.kind} on {header.scenario}: {header.episodes} episodes, seed {header.seed}, "
        f"{header.seconds:.0f} s; mean utility of a slot {header.curve[0]:.3f} in the first round, "
        f"{header.curve[-1]:.3f} in the last\n"
        f"policy: {path}\n" + _next(header.scenario, f"{name}+ta")
    )
