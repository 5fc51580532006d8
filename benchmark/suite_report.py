"""The output of `splitbench show SUITE`: its data, and the loss of trivial policies on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from splitbench.benchmark.inventory import print_listing
from splitbench.benchmark.studies.trivial_policies import trivial_report
from splitbench.problems.suites.named_suites import make_suite


def suite_object(name: str, seeds: Sequence[int], slots: int | None) -> dict[str, Any]:
    """Return the object that `show --json` prints."""
    suite = make_suite(name)
    return {
        "suite": suite.name,
        "about": suite.description,
        "cells": "episodes" if suite.episodes else "instances",
        "slots": slots or suite.slots,
        "seeds": list(seeds),
        "scenario": asdict(suite.scenario),
        "trivial_policies": [asdict(row) for row in trivial_report(suite, seeds, slots)],
    }


def print_suite(found: dict[str, Any]) -> None:
    """Print the suite for people."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(f"{found['suite']}: {found['about']}"))
    for name, value in found["scenario"].items():
        console.print(Text(f"  {name}: {_shown(value)}"))
    rows = [
        {
            "policy": row["policy"],
            "U/N": row["utility_per_device"],
            "optimal % of device-slots": f"{row['optimal_percent']:.1f}",
            "utility lost %": f"{row['loss_percent']:.2f}",
            "lost % where none hibernates": _percent(row["served_loss_percent"]),
            "such episodes": f"{row['served_episodes']} of {row['episodes']}",
            "device-slots unserved": row["unserved"],
        }
        for row in found["trivial_policies"]
    ]
    title = f"trivial policies, {found['slots']} slots, seeds {_seeds(found['seeds'])}"
    print_listing(title, rows)
    console.print(
        Text(
            "edge-only, local-only, best-fixed (one l per device, chosen in hindsight) with the "
            "best threads; even-threads with the best partition. optimal %: U* is still reached "
            "with the policy's choice forced on the device. lost: against solving each slot "
            "exactly."
        )
    )


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        known = {name: inner for name, inner in value.items() if inner not in (None, "")}
        return ", ".join(f"{name}={_shown(inner)}" for name, inner in known.items())
    if isinstance(value, list | tuple):
        if value and isinstance(value[0], dict):
            return "; ".join(
                "/".join(filter(None, map(_shown_part, one.values()))) for one in value
            )
        return " – ".join(map(_shown, value)) if len(value) == 2 else ", ".join(map(_shown, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _shown_part(value: Any) -> str:
    """Return a part of a device kind, such as its calibration; empty where there is none."""
    if isinstance(value, dict):
        return f"({_shown(value)})" if any(value.values()) else ""
    return "" if value is None else _shown(value)


def _seeds(seeds: list[int]) -> str:
    return str(seeds[0]) if len(seeds) == 1 else f"{seeds[0]}–{seeds[-1]}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
