"""The items of `splitbench paper` by name; each is a function of a request.

A new item is a line in `ITEMS` and a module with such a function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from splitbench.problems.errors import UnknownNameError
from splitbench.problems.package_paths import REFERENCE

#: The seeds of every figure; no policy or calibration was fitted on them.
FIRST_SEED = 500
SEEDS = 5
#: Seeds of a quick run.
QUICK_SEEDS = 2
QUICK_SLOTS = 40


@dataclass(frozen=True)
class PaperRequest:
    """The arguments of `splitbench paper`.

    Attributes
    ----------
    out
        Directory for figures.
    profile, test_profile
        Profile files to fit to, and to judge the fits on.
    store
        Results store; stored cells are not run again.
    seeds, slots
        Seeds of every suite, and slots of an episode (None: the suite's own 120).
    quick
        Fewer points, for a result in minutes.
    jobs
        Worker processes.
    """

    out: Path
    profile: Path = REFERENCE / "profile-fit.json"
    test_profile: Path = REFERENCE / "profile-test.json"
    store: Path = Path("splitbench.sqlite")
    seeds: Sequence[int] = tuple(range(FIRST_SEED, FIRST_SEED + SEEDS))
    slots: int | None = None
    quick: bool = False
    jobs: int = 1

    def command(self, item: str) -> str:
        """Return the command that makes an item with these seeds and slots."""
        parts = [f"splitbench paper {item} --seeds {len(self.seeds)} --seed {self.seeds[0]}"]
        parts += [f"--slots {self.slots}"] if self.slots else []
        return " ".join(parts + (["--quick"] if self.quick else []))


@dataclass
class PaperResult:
    """One item: rows with the same columns, one-line notes, and the figures written.

    `verdicts` are rows of claims compared with numbers; `cells` the rows of the store behind the
    numbers; `more` further tables by title.
    """

    item: str
    title: str
    rows: list[dict[str, Any]]
    notes: list[str] = field(default_factory=list)
    figures: list[Path] = field(default_factory=list)
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    cells: list[dict[str, Any]] = field(default_factory=list)
    command: str = ""
    more: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the item as a JSON object."""
        return {
            "item": self.item, "title": self.title, "rows": self.rows, "notes": self.notes,
            "figures": [str(path) for path in self.figures], "verdicts": self.verdicts,
            "cells": [row["digest"] for row in self.cells], "command": self.command,
            "more": self.more,
        }  # fmt: skip


#: Item to "module:function", loaded on demand.
ITEMS: dict[str, str] = {
    "fig2": "splitbench.benchmark.paper.figures.latency_figures:fig2",
    "fig3": "splitbench.benchmark.paper.figures.latency_figures:fig3",
    "fig5": "splitbench.benchmark.paper.figures.fig5:fig5",
    "curves": "splitbench.benchmark.paper.figures.fig5:curves",
    "fig6": "splitbench.benchmark.paper.figures.fig6:fig6",
    "fig7": "splitbench.benchmark.paper.figures.fig7:fig7",
    "fig8": "splitbench.benchmark.paper.figures.fig8:fig8",
    "halves": "splitbench.benchmark.paper.beyond.halves:halves",
    "switches": "splitbench.benchmark.paper.beyond.switches:switches",
    "maps": "splitbench.benchmark.paper.beyond.maps:maps",
    "sensitivity": "splitbench.benchmark.paper.calibration.sensitivity:sensitivity",
    "calibrate": "splitbench.benchmark.paper.calibration.search:calibrate",
    "queue": "splitbench.benchmark.paper.beyond.queue_figure:queue",
    "learned": "splitbench.benchmark.paper.beyond.learned:learned",
    "recipes": "splitbench.benchmark.paper.beyond.learned:recipes",
    "ddp": "splitbench.benchmark.paper.beyond.ddp_cliffs:cliffs",
    "table2": "splitbench.benchmark.paper.figures.table2:table2",
}


#: Made only if named.
ASKED_FOR = ("calibrate", "curves", "learned", "recipes", "ddp")


def chosen_items(names: Sequence[str]) -> list[str]:
    """Return the items asked for, all by default.

    Raises
    ------
    UnknownNameError
        No such item; the message offers the nearest.
    """
    for name in names:
        if name not in (*ITEMS, "all"):
            raise UnknownNameError("item of the paper", name, [*ITEMS, "all"])
    if "all" in names or not names:
        return [name for name in ITEMS if name not in ASKED_FOR]
    return list(dict.fromkeys(names))


def make_item(name: str, request: PaperRequest) -> PaperResult:
    """Make one item."""
    module, _, function = ITEMS[name].partition(":")
    maker: Callable[[PaperRequest], PaperResult] = getattr(import_module(module), function)
    return maker(request)
