"""Time and memory of one slot over the number of devices, log-log, from the measured points."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from splitbench.problems.errors import InputError
from splitbench.results.figures.panels import MARKERS, Paper, grid, styles_of

#: What `splitbench scaling --out` measured for docs/performance.md.
MEASURED = Path(__file__).resolve().parents[1] / "reference" / "scaling.json"
_POINT = {"method", "devices", "seconds", "memory_mib", "status"}


def load_scaling(path: Path = MEASURED) -> dict[str, Any]:
    """Read what `splitbench scaling --out` wrote: `points`, `growth`, and how they were made.

    Raises
    ------
    InputError
        No such file, or none of points.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; expected measured points") from None
    except ValueError:
        found = None
    points = found.get("points") if isinstance(found, dict) else None
    if not points or any(not isinstance(one, dict) or set(one) != _POINT for one in points):
        raise InputError(f"{path}: expected what `splitbench scaling --out` writes")
    return dict(found)


def draw_scaling(figure: Any, measured: dict[str, Any], paper: Paper) -> None:
    """Draw a line a method, seconds and memory against N; the fitted exponent is in the legend.

    A hollow mark is a slot that was not solved within its time limit.
    """
    time, memory = grid(figure, 2, paper)
    methods = list(dict.fromkeys(point["method"] for point in measured["points"]))
    for index, (method, style) in enumerate(styles_of(methods).items()):
        own = [point for point in measured["points"] if point["method"] == method]
        devices, seconds, mib = (
            [one[name] for one in own] for name in ("devices", "seconds", "memory_mib")
        )
        power = measured["growth"].get(method)
        label = method if power is None else f"{method}, N^{power:.2f}"
        look = style | {"marker": MARKERS[index % len(MARKERS)], "markersize": 3}
        time.loglog(devices, seconds, label=label, **look)
        memory.loglog(devices, mib, **look)
        hollow = look | {"linestyle": "none", "markerfacecolor": "white"}
        for one in (point for point in own if point["status"] == "timeout"):
            time.loglog(one["devices"], one["seconds"], **hollow)
            memory.loglog(one["devices"], one["memory_mib"], **hollow)
    timeouts = any(point["status"] == "timeout" for point in measured["points"])
    hollow_marks = "; hollow: not solved in time" if timeouts else ""
    time.set_ylabel("Time (s)")
    memory.set_ylabel("Peak memory (MiB)")
    for axes in (time, memory):
        axes.set_xlabel(f"Devices N{hollow_marks}")
        axes.grid(alpha=0.3)
    time.legend(frameon=False)
