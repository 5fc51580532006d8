"""Figures from a store, as PNG, SVG or PDF; matplotlib is loaded when one is drawn."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from splitbench.problems.errors import InputError
from splitbench.results.figures import drawings, episode_figure
from splitbench.results.store.record import CellRecord

SUFFIXES = (".png", ".svg", ".pdf")

#: What can be drawn; each takes an empty figure and the records.
KINDS: dict[str, Callable[[Any, Sequence[CellRecord]], None]] = {
    "performance-profile": drawings.performance_profiles,
    "gap": drawings.gap_by_suite,
    "horizon-gap": drawings.horizon_gap_by_suite,
    "day": episode_figure.day_by_suite,
    "utility": drawings.utility_by_suite,
    "time": drawings.time_by_devices,
}

_STYLE: dict[Any, Any] = {
    "font.size": 9,
    "figure.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "svg.hashsalt": "splitbench",  # the same file for the same data
}


def check_suffix(path: Path, option: str) -> None:
    """Refuse a figure's name that says no format we write."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"{option}: got {path}; expected a name that ends in {', '.join(SUFFIXES)}"
        )


def save_figure(kind: str, records: Sequence[CellRecord], path: Path) -> None:
    """Draw `kind` (a key of `KINDS`) and write it to `path`.

    Raises
    ------
    InputError
        Another suffix than .png, .svg or .pdf, a path that cannot be written, matplotlib
        missing, or records without what the figure shows.
    """
    check_suffix(path, "--out")
    if find_spec("matplotlib") is None:
        raise InputError(
            "plot: needs matplotlib, which is not installed; expected after: pip install matplotlib"
        )
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # a name in any script
        figure = Figure(layout="constrained", dpi=150)
        KINDS[kind](figure, records)
        try:
            figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
        except OSError as error:
            raise InputError(f"--out: {path}: {error.strerror}; expected a file") from None
