"""Time of one slot over the number of devices, log-log, from the measured points."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from splitbench.problems.errors import InputError
from splitbench.results.figures.panels import Paper, grid

#: Points that were measured with `python -m splitbench.benchmark.studies.scaling`.
MEASURED = Path(__file__).resolve().parents[1] / "reference" / "scaling.json"


def load_points(path: Path = MEASURED) -> list[dict[str, Any]]:
    """Read points: method, devices, seconds, memory_mib, status.

    Raises
    ------
    InputError
        No such file, or none of points.
    """
    try:
        points = json.loads(path.read_text(encoding="utf-8"))
        return sorted(points, key=lambda one: (one["method"], one["devices"]))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; expected measured points") from None
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{path}: expected a list of points with method and devices") from None


def draw_scaling(figure: Any, points: list[dict[str, Any]], paper: Paper) -> None:
    """Draw a line a method: seconds a solve against N on log-log axes."""
    (axes,) = grid(figure, 1, paper)
    for method in dict.fromkeys(point["method"] for point in points):
        own = [point for point in points if point["method"] == method]
        devices, seconds = ([one[name] for one in own] for name in ("devices", "seconds"))
        axes.loglog(devices, seconds, marker="o", markersize=3, label=method)
    axes.set_xlabel("Devices N")
    axes.set_ylabel("Time of one slot (s)")
    axes.legend()
