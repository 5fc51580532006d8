"""splitbench: where to cut each DNN, and how many server threads each device gets.

This is the one importable name. The rooms `problems`, `solvers`, `baselines`, `benchmark` and
`results` are folders at the top of the repository; links beside this file make them importable as
`splitbench.problems` and so on. A name below is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from splitbench.benchmark.api import run
    from splitbench.benchmark.check.api import check
    from splitbench.problems import (
        Horizon,
        InputError,
        Outcome,
        Simulation,
        SlotProblem,
        load_horizon,
        load_instance,
        save_instance,
    )
    from splitbench.problems.suites.named_suites import make_suite
    from splitbench.results import Store
    from splitbench.results.frame import results
    from splitbench.solvers import Context, Solution, Status, make

_ROOM_OF = {
    "Context": "solvers",
    "Horizon": "problems",
    "InputError": "problems",
    "Outcome": "problems",
    "Simulation": "problems",
    "SlotProblem": "problems",
    "Solution": "solvers",
    "Status": "solvers",
    "Store": "results",
    "check": "benchmark.check.api",
    "load_horizon": "problems",
    "load_instance": "problems",
    "make": "solvers",
    "make_suite": "problems.suites.named_suites",
    "run": "benchmark.api",
    "save_instance": "problems",
}

__all__ = [
    "Context",
    "Horizon",
    "InputError",
    "Outcome",
    "Simulation",
    "SlotProblem",
    "Solution",
    "Status",
    "Store",
    "check",
    "load_horizon",
    "load_instance",
    "make",
    "make_suite",
    "results",
    "run",
    "save_instance",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name == "results":  # the room, which can be called: see `splitbench.results`
        return import_module(f"{__name__}.results")
    if name not in _ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOM_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
