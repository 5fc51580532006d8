"""`splitbench profile`: measure DNNs over threads and splits on this machine."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from splitbench.benchmark import options
from splitbench.benchmark.console import emit, print_json, progress, warn
from splitbench.benchmark.profiling.jobs import check_model, model_name
from splitbench.benchmark.profiling.load import usable_cores
from splitbench.benchmark.profiling.measure import Plan, measure
from splitbench.benchmark.profiling.rank_interval import COVERAGE, coverage
from splitbench.benchmark.profiling.summary import (
    agreement,
    check_comparable,
    summary_lines,
    summary_object,
)
from splitbench.problems.errors import InputError
from splitbench.problems.latency.profiles.profile_file import load_profile, save_profile

if TYPE_CHECKING:
    from splitbench.benchmark.profiling.measure import Plan

#: The paper's three.
DEFAULT_MODELS = ("vgg16_bn", "resnet34", "mobilenet_v2")
#: Cores that other processes may keep busy before the user is warned.
IDLE_CORES = 0.1


def profile(
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            metavar="NAME|PATH.py:MODULE",
            show_default=False,
            help="A network to run, or (network, inputs); repeat for several. Default: the "
            "paper's three.",
        ),
    ] = None,
    threads: Annotated[
        str | None,
        typer.Option(
            "--threads",
            metavar="1,2,4",
            show_default=False,
            help="Thread counts. Default: powers of two up to the cores, and the cores.",
        ),
    ] = None,
    repeats: Annotated[int, typer.Option("--repeats", metavar="R", help="Timed rounds.")] = 6,
    warmup: Annotated[int, typer.Option("--warmup", metavar="W", help="Untimed runs first.")] = 1,
    processes: Annotated[
        int, typer.Option("--processes", metavar="P", help="Fresh processes that share the rounds.")
    ] = 6,
    input_shape: Annotated[
        str, typer.Option("--input-shape", metavar="1,3,224,224", help="Input of a network alone.")
    ] = "1,3,224,224",
    layers: Annotated[
        bool, typer.Option("--layers/--no-layers", help="Run layers alone too, for Neurosurgeon.")
    ] = True,
    seed: options.Seed = 0,
    out: Annotated[Path, typer.Option("--out", metavar="PATH", help="Profile file.")] = Path(
        "profile.json"
    ),
    against: Annotated[
        Path | None,
        typer.Option("--against", metavar="PATH", help="An earlier profile to compare with."),
    ] = None,
    as_json: options.JsonFlag = False,
) -> None:
    """Measure DNNs with PyTorch on this machine, each thread count and each split.

    The file can replace a board's or server's name: 'hetero[server=profile.json]'.
    """
    for option, count in (("--repeats", repeats), ("--processes", processes)):
        options.positive(option, count)
    if warmup < 0:
        raise InputError(f"--warmup: got {warmup}; expected a whole number ≥ 0")
    models = [check_model(text) for text in model or DEFAULT_MODELS]
    names = [model_name(text) for text in models]
    if len(set(names)) < len(names):
        raise InputError(f"--model: got {', '.join(names)}; expected each name once")
    cores = usable_cores()
    plan = Plan(
        models=models,
        threads=counts_of(threads, "--threads") if threads else default_counts(cores),
        repeats=repeats, warmup=warmup, processes=processes, seed=seed, layers=layers,
        input_shape=tuple(whole_numbers(input_shape, "--input-shape", "1,3,224,224")),
    )  # fmt: skip
    earlier = None if against is None else load_profile(against)
    options.check_out(out)
    if earlier is not None:
        check_comparable(earlier, names, plan.threads)
    beyond = [k for k in plan.threads if k > cores]
    if beyond:
        warn(f"more threads than the {cores} cores at {', '.join(map(str, beyond))}")
    held = coverage(plan.used_processes)
    if held < COVERAGE:
        warn(
            f"intervals over {plan.used_processes} process(es) hold the median with "
            f"{100 * held:.0f} % only; --repeats and --processes of 6 or more give 95 %"
        )
    with progress("rounds", plan.rounds) as advance:
        data = measure(plan, out.stem, command_of(plan), lambda text: advance(text))
    measured = save_profile(data, out)
    busy = measured.machine.get("foreign_cores", 0.0)
    if busy > IDLE_CORES:
        warn(f"{busy:.2f} cores were busy with other work; an idle machine measures more truly")
    if as_json:
        print_json(summary_object(measured, earlier))
    else:
        emit("\n".join(summary_lines(measured)), None)
        if earlier is not None:
            emit("\n".join(agreement(measured, earlier).lines()), None)
    warn(f"wrote {out}")


def command_of(plan: Plan) -> str:
    """Return the command that repeats the measurement, without directories, which may name a user.
    It omits --out, which does not affect the content.
    """
    words = ["splitbench", "profile"]
    for model in plan.models:
        path, colon, name = model.rpartition(":")
        words += ["--model", f"{Path(path).name}{colon}{name}"]
    words += ["--threads", ",".join(map(str, plan.threads)), "--repeats", str(plan.repeats)]
    words += ["--warmup", str(plan.warmup), "--processes", str(plan.processes)]
    words += ["--input-shape", ",".join(map(str, plan.input_shape)), "--seed", str(plan.seed)]
    return shlex.join([*words, "--layers" if plan.layers else "--no-layers"])


def default_counts(cores: int) -> list[int]:
    """Return 1, 2, 4, … and the number of cores."""
    return sorted({cores, *(2**power for power in range(cores.bit_length()) if 2**power <= cores)})


def counts_of(text: str, option: str) -> list[int]:
    """Read ascending thread counts from `1,2,4`."""
    counts = whole_numbers(text, option, "1,2,4")
    if len(set(counts)) < len(counts):
        raise InputError(f"{option}: got {text}; expected each count once, as in 1,2,4")
    return sorted(counts)


def whole_numbers(text: str, option: str, example: str) -> list[int]:
    """Read whole numbers ≥ 1, separated by commas."""
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not numbers or min(numbers) < 1 or max(numbers) > 1_000_000:
        raise InputError(f"{option}: got {text!r}; expected whole numbers ≥ 1, as in {example}")
    return numbers
