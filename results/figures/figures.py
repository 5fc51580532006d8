"""Figures from a store, as PNG, SVG or PDF; matplotlib is loaded when one is drawn."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splitbench.problems.errors import InputError
from splitbench.results.figures import drawings, episode_figure
from splitbench.results.figures.panels import Paper
from splitbench.results.figures.scaling_figure import MEASURED, draw_scaling, load_scaling
from splitbench.results.store.record import CellRecord

if TYPE_CHECKING:
    from pandas import DataFrame

SUFFIXES = (".png", ".svg", ".pdf")

#: What can be drawn; each takes an empty figure, the cells and the width.
KINDS: dict[str, Callable[[Any, DataFrame, Paper], None]] = {
    "performance-profile": drawings.performance_profiles,
    "gap": drawings.gap_by_suite,
    "horizon-gap": drawings.horizon_gap_by_suite,
    "utility": drawings.utility_by_suite,
    "time": drawings.time_by_devices,
    "quality": drawings.quality_by_time,
    "convergence": drawings.utility_by_seeds,
}

#: Drawn from records with their decisions, and from a file of measured points, not from a frame.
DAY, SCALING = "day", "scaling"
#: Every figure that `splitbench plot` knows.
NAMES = (*KINDS, DAY, SCALING)

_STYLE: dict[Any, Any] = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "svg.hashsalt": "splitbench",  # the same file for the same data
}


def check_suffix(path: Path, option: str) -> None:
    """Refuse a figure's name whose suffix is not a format we write."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"{option}: got {path}; expected a name that ends in {', '.join(SUFFIXES)}"
        )


def save_figure(kind: str, frame: DataFrame, path: str | Path, paper: Paper = Paper.SCREEN) -> None:
    """Draw `kind` (a key of `KINDS`) of the cells in a frame and write it to `path`.

    Raises
    ------
    InputError
        Another suffix than .png, .svg or .pdf, a path that cannot be written, matplotlib
        missing, or cells without what the figure shows.
    """
    path = Path(path)
    check_suffix(path, "--out")
    _write(lambda figure: KINDS[kind](figure, frame, paper), path, paper)


def save_day(records: Sequence[CellRecord], path: Path, paper: Paper = Paper.SCREEN) -> None:
    """Draw episodes slot by slot, from records with decisions; errors as `save_figure`."""
    check_suffix(path, "--out")
    _write(lambda figure: episode_figure.day_by_suite(figure, records, paper), path, paper)


def save_scaling(path: Path, paper: Paper = Paper.SCREEN, points: Path = MEASURED) -> None:
    """Draw how time and memory grow with N, as `splitbench scaling` measured it in `points`.

    Errors as `save_figure`, and of a file that holds no such points.
    """
    check_suffix(path, "--out")
    measured = load_scaling(points)
    _write(lambda figure: draw_scaling(figure, measured, paper), path, paper)


def svg_of(kind: str, frame: DataFrame) -> bytes:
    """Return `kind` (a key of `KINDS`) of the cells in a frame as SVG; errors as `save_figure`."""
    return _svg(lambda figure: KINDS[kind](figure, frame, Paper.SCREEN))


def svg_of_day(records: Sequence[CellRecord]) -> bytes:
    """Return episodes slot by slot as SVG; errors as `save_figure`."""
    return _svg(lambda figure: episode_figure.day_by_suite(figure, records, Paper.SCREEN))


def _svg(draw: Callable[[Any], None]) -> bytes:
    buffer = BytesIO()
    _write(draw, buffer, Paper.SCREEN)
    return buffer.getvalue()


def _write(draw: Callable[[Any], None], target: Path | BytesIO, paper: Paper) -> None:
    if find_spec("matplotlib") is None:
        raise InputError(
            "plot: needs matplotlib, which is not installed; expected after: pip install matplotlib"
        )
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    sizes = {"font.size": paper.font, "figure.labelsize": paper.font, "axes.titlesize": paper.font}
    with rc_context(_STYLE | sizes), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # a name in any script
        figure = Figure(layout="constrained", dpi=150)
        draw(figure)
        suffix = target.suffix.lower() if isinstance(target, Path) else ".svg"
        metadata = {"Date": None} if suffix == ".svg" else None
        try:
            figure.savefig(target, format=suffix[1:], metadata=metadata)
        except OSError as error:
            raise InputError(f"--out: {target}: {error.strerror}; expected a file") from None
