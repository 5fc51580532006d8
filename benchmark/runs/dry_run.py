"""The text that `--dry-run` prints."""

from __future__ import annotations

from collections.abc import Mapping

from splitbench.benchmark.console import emit
from splitbench.benchmark.durations import duration
from splitbench.benchmark.inventory import print_listing
from splitbench.benchmark.runs.estimate import Forecast


def print_forecast(forecast: Forecast, labels: Mapping[str, str]) -> None:
    """Print a forecast as a table, one line for each solver on each suite.

    Parameters
    ----------
    labels
        Names in tables of suites and solvers whose label differs from their name.
    """
    rows = [
        {
            "suite": labels.get(row.suite) or row.suite,
            "solver": labels.get(row.solver) or row.solver,
            "cells": row.cells,
            "stored": row.cached,
            "to run": row.left,
            "likely": _about(row.likely_s) if row.left else "–",
            "judged by": row.basis or "–",
        }
        for row in forecast.rows
    ]
    most = "no limit" if forecast.worst_case_s is None else duration(forecast.worst_case_s)
    print_listing("cells", rows)
    emit(
        f"{forecast.cells} cells, {forecast.cached} in the store, {forecast.left} to run\n"
        f"likely {_about(forecast.likely_s)}, at most {most} (every cell runs into --timeout)",
        None,
    )


def _about(seconds: float) -> str:
    return "under 1 s" if 0 < seconds < 1 else f"about {duration(seconds)}"
