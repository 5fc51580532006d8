"""The items of `splitbench paper`: by name, each a function of what the command was given.

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


@dataclass(frozen=True)
class PaperRequest:
    """What `splitbench paper` was given.

    Attributes
    ----------
    out
        Directory for figures.
    profile, test_profile
        Profile files that are fitted and that the fits are judged on.
    """

    out: Path
    profile: Path = REFERENCE / "profile-fit.json"
    test_profile: Path = REFERENCE / "profile-test.json"


@dataclass
class PaperResult:
    """One item: rows of one set of columns, notes a line each, figures that were written."""

    item: str
    title: str
    rows: list[dict[str, Any]]
    notes: list[str] = field(default_factory=list)
    figures: list[Path] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the item as a JSON object."""
        return {
            "item": self.item, "title": self.title, "rows": self.rows, "notes": self.notes,
            "figures": [str(path) for path in self.figures],
        }  # fmt: skip


#: Item to "module:function", loaded when asked for.
ITEMS: dict[str, str] = {
    "fig2": "splitbench.benchmark.paper.latency_figures:fig2",
    "fig3": "splitbench.benchmark.paper.latency_figures:fig3",
    "fig5": "splitbench.benchmark.paper.fig5:fig5",
    "table2": "splitbench.benchmark.paper.table2:table2",
}


def chosen_items(names: Sequence[str]) -> list[str]:
    """Return the items asked for, all by default.

    Raises
    ------
    UnknownNameError
        No such item; the message offers the nearest.
    """
    for name in names:
        if name not in ITEMS:
            raise UnknownNameError("item of the paper", name, ITEMS)
    return list(dict.fromkeys(names)) or list(ITEMS)


def make_item(name: str, request: PaperRequest) -> PaperResult:
    """Make one item."""
    module, _, function = ITEMS[name].partition(":")
    maker: Callable[[PaperRequest], PaperResult] = getattr(import_module(module), function)
    return maker(request)
