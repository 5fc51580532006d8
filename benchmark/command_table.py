"""The commands of the command line: one table; a command's module is imported when it is called."""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """A command: its module in `benchmark.commands`, its function, and its help text.

    `about` is the line in the list of commands, and the first line of the function's docstring.
    """

    module: str
    function: str
    about: str
    examples: tuple[str, ...]


COMMANDS: dict[str, Command] = {
    "run": Command(
        "run", "run", "Run solvers on suites and files, and print the benchmark table.",
        (
            "splitbench run",
            "splitbench run small -s greedy -s mine.py",
            "splitbench run 'paper-*' mine.toml instances/ --seeds 5 --format latex",
            "splitbench run hetero[devices=30] --jobs 4 --dry-run",
        ),
    ),
    "gap": Command(
        "gap", "gap",
        "Measure optimality gaps on small instances; every exact method is cross-checked.",
        ("splitbench gap", "splitbench gap instances/*.json -s mine.py:Mine"),
    ),
    "scaling": Command(
        "gap", "scaling",
        "Measure how time and memory grow with the number of devices, method by method.",
        ("splitbench scaling --quick", "splitbench scaling --out scaling.json"),
    ),
    "solve": Command(
        "single_file", "solve",
        "Solve one slot instance and say how far the decision is from the optimum.",
        ("splitbench solve demo.json -s dads+ta", "splitbench solve demo.json --json"),
    ),
    "simulate": Command(
        "single_file", "simulate",
        "Run solvers through one horizon file, charge carried from slot to slot.",
        ("splitbench simulate day.json -s greedy -s lookahead",),
    ),
    "new": Command(
        "develop", "new",
        "Write a small working solver, partitioner, allocator, policy, suite or instance.",
        ("splitbench new solver mine",),
    ),
    "check": Command(
        "develop", "check",
        "Check that a solver keeps the contract, on small and degenerate instances.",
        ("splitbench check mine.py:Mine", "splitbench check greedy"),
    ),
    "list": Command(
        "listing", "list_things", "List solvers, suites and profiles.",
        ("splitbench list", "splitbench list suites --json"),
    ),
    "show": Command(
        "listing", "show",
        "Describe a suite, and how far trivial policies are from its optimum.",
        ("splitbench show hetero", "splitbench show paper-wifi --toml > mine.toml"),
    ),
    "sample": Command(
        "listing", "sample",
        "Write a suite's horizons or instances as files, one a seed or one an instance.",
        ("splitbench sample small --slots 10 --out instances",),
    ),
    "library": Command(
        "listing", "library", "List the named instances, or prove their optima and bounds again.",
        ("splitbench library list", "splitbench library verify"),
    ),
    "cut": Command(
        "cut", "cut", "Split a layer DAG between device and server as DADS does.",
        ("splitbench cut dag.json --mode heavy",),
    ),
    "export": Command(
        "single_file", "export",
        "Write the slot's integer linear programme for any other MIP solver.",
        (
            "splitbench export demo.json --format mps",
            "splitbench export demo.json --format lp --out - | less",
        ),
    ),
    "table": Command(
        "table", "table", "Print the table of everything a store has; runs nothing.",
        (
            "splitbench table --wide",
            "splitbench table --columns utility,gap,time --sort time --suite hetero",
            "splitbench table --stats --compare dads+ta",
            "splitbench table --out table.tex --caption 'Wi-Fi' --label tab:wifi",
            "splitbench table --cells --out cells.csv --slots-out slots.csv",
        ),
    ),
    "plot": Command(
        "plot", "plot", "Draw what a store has; runs nothing.",
        (
            "splitbench plot performance-profile",
            "splitbench plot quality --suite hetero --width 1 --out quality.pdf",
        ),
    ),
    "report": Command(
        "plot", "report",
        "Write one HTML page about a store: tables, figures, failures; runs nothing.",
        ("splitbench report", "splitbench report --suite hetero --out hetero.html"),
    ),
    "merge": Command(
        "merge", "merge", "Merge stores; runs nothing and leaves the inputs as they are.",
        ("splitbench merge all.sqlite laptop.sqlite server.sqlite",),
    ),
    "profile": Command(
        "profile", "profile",
        "Measure DNNs with PyTorch on this machine, each thread count and each split.",
        (
            "splitbench profile --threads 1,2,4 --out mine.json",
            "splitbench profile --model net.py:net",
        ),
    ),
    "fit": Command(
        "fit", "fit", "Fit D(k) to measured thread sweeps; constants are in seconds.",
        ("splitbench fit sweep.csv",),
    ),
    "train": Command(
        "train", "train",
        "Train a learned partitioner on a suite; the same seed gives the same policy.",
        ("splitbench train ddp paper-wifi",),
    ),
    "paper": Command(
        "paper", "paper",
        "Make figures and tables of the paper (all, or those named), claimed and ours.",
        ("splitbench paper", "splitbench paper fig6 --quick"),
    ),
}  # fmt: skip
