"""Figures of measured latency: fits over threads (Fig. 2), ratio over l/S (Fig. 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from splitbench.problems.latency.fits.fit import CurveFit
from splitbench.problems.latency.fits.forms import IDLE_TABLE
from splitbench.problems.latency.profiles.measured_dnn import MeasuredDnn
from splitbench.problems.latency.profiles.observation2 import Observation2
from splitbench.problems.latency.sweeps import Sweep

#: Okabe and Ito's colour-blind safe colours; one per series, with its own marker.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
_FORM_LINES = {"exp2": "-", "amdahl": "--", "table": ":", "inverse": "-.", "constant": ":"}
_FORM_COLOURS = dict(zip(_FORM_LINES, COLOURS[1:], strict=True))
# `table[idle=allowed]` takes the colour of a form that is never drawn with it.
_FORM_LINES[IDLE_TABLE], _FORM_COLOURS[IDLE_TABLE] = "--", _FORM_COLOURS["constant"]
_PANELS_A_ROW = 4
MOST_PANELS = 80

Panel = tuple[Sweep, Sequence[CurveFit], CurveFit]


def draw_fits(panels: Sequence[Panel], path: Path) -> None:
    """Draw a panel for each sweep: points, and every form that was fitted; the preferred bold."""
    panels = panels[:MOST_PANELS]
    figure, axes = _grid(len(panels))
    for axis, (sweep, fits, preferred) in zip(axes, panels, strict=False):
        for fit in fits:
            bold = fit is preferred
            label = f"{fit.form}, RMSE {fit.rmse_ms:.3g} ms" + (" (preferred)" if bold else "")
            k = _dense(sweep)
            axis.plot(
                k, 1e3 * fit.latency_s(k), _FORM_LINES[fit.form], color=_FORM_COLOURS[fit.form],
                linewidth=2.2 if bold else 1.1, label=label,
            )  # fmt: skip
        axis.plot(sweep.threads, 1e3 * sweep.latency_s, "o", color=COLOURS[0], label="measured")
        _threads_axis(axis, sweep.threads)
        axis.set_title(f"{sweep.model} on {sweep.machine}", fontsize=9)
        axis.set_ylabel("latency, ms", fontsize=8)
        axis.set_ylim(bottom=0)
        axis.legend(fontsize=6.5, frameon=False)
    _save(figure, path)


def draw_fig2(
    panels: Mapping[str, Sequence[tuple[Sweep, CurveFit, str, int | None]]], path: Path, title: str
) -> None:
    """Draw Fig. 2: a panel for each DNN, latency over threads with its fitted curve.

    `panels` has (sweep, fit, label, cores or None) of each machine; points of more threads than
    cores are hollow. Both axes are logarithmic, since the machines differ by an order of magnitude.
    """
    figure, axes = _grid(len(panels), width=4.6, height=4.0)
    for axis, (dnn, series) in zip(axes, panels.items(), strict=False):
        for at, (sweep, fit, label, cores) in enumerate(series):
            colour = COLOURS[at % len(COLOURS)]
            k = _dense(sweep)
            style = _FORM_LINES[fit.form]
            axis.plot(k, 1e3 * fit.latency_s(k), style, color=colour, linewidth=1.4)
            beyond = sweep.threads > (cores or sweep.threads[-1])
            for hollow in (False, True):
                axis.plot(
                    sweep.threads[beyond == hollow], 1e3 * sweep.latency_s[beyond == hollow],
                    MARKERS[at % len(MARKERS)], color=colour, markersize=5,
                    fillstyle="none" if hollow else "full", label=None if hollow else label,
                )  # fmt: skip
        counts = np.unique(np.concatenate([sweep.threads for sweep, *_ in series]))
        _threads_axis(axis, counts[np.isin(counts, 2 ** np.arange(12))])
        _log_latency(axis)
        axis.set_title(dnn, fontsize=10)
        axis.set_ylabel("latency, ms", fontsize=8)
        axis.grid(alpha=0.25, which="both")
        axis.legend(fontsize=6.5, frameon=False)
    figure.suptitle(title, fontsize=10)
    _save(figure, path)


def draw_fig3(seen: Sequence[tuple[MeasuredDnn, Observation2]], path: Path, title: str) -> None:
    """Draw Fig. 3: a panel for each DNN, latency left after l layers over l/S, and Eq. 8."""
    figure, axes = _grid(len(seen), width=4.6, height=4.0)
    for axis, (dnn, found) in zip(axes, seen, strict=False):
        x = np.arange(len(found.ratio)) / (len(found.ratio) - 1)
        suffix = dnn.run(found.threads).suffix
        whole = suffix.median_s[0]
        spread = np.stack([suffix.median_s - suffix.low_s, suffix.high_s - suffix.median_s]) / whole
        axis.plot(x, found.linear, "-", color=COLOURS[1],
                  label=f"1 − l/S (Eq. 8), off by ≤ {found.linear_error:.2f}")  # fmt: skip
        axis.plot(x, found.macs, "--", color=COLOURS[2],
                  label=f"share of MACs, off by ≤ {found.macs_error:.2f}")  # fmt: skip
        axis.errorbar(x, found.ratio, yerr=spread, fmt="o", color=COLOURS[0], markersize=4,
                      elinewidth=0.8, label="measured")  # fmt: skip
        axis.set_title(f"{found.dnn}, k = {found.threads}", fontsize=10)
        axis.set_xlabel("l / S", fontsize=8)
        axis.set_ylabel("latency of layers l+1..S over the whole's", fontsize=8)
        axis.set_ylim(0, 1.25)
        axis.tick_params(labelsize=7)
        axis.grid(alpha=0.25)
        axis.legend(fontsize=7, frameon=False)
    figure.suptitle(title, fontsize=10)
    _save(figure, path)


def _grid(panels: int, width: float = 3.6, height: float = 3.0) -> tuple[Any, list[Any]]:
    from matplotlib.figure import Figure  # no pyplot: no window, no global state

    columns = min(panels, _PANELS_A_ROW)
    rows = -(-panels // columns)
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    axes = list(np.atleast_1d(figure.subplots(rows, columns)).ravel())
    for axis in axes[panels:]:
        axis.set_axis_off()
    return figure, axes


def _dense(sweep: Sweep) -> Any:
    return np.geomspace(sweep.threads[0], sweep.threads[-1], 200)


def _threads_axis(axis: Any, counts: Any) -> None:
    axis.set_xscale("log", base=2)
    axis.set_xticks(counts, [str(count) for count in counts])
    axis.minorticks_off()
    axis.set_xlabel("threads k", fontsize=8)
    axis.tick_params(labelsize=7)


def _log_latency(axis: Any) -> None:
    """Make the latency axis logarithmic, with plain numbers at 1, 2 and 5 of each decade."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, place: f"{value:g}"))
    axis.yaxis.set_minor_formatter(NullFormatter())


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=150)
