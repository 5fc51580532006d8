"""Fig. 2 and Fig. 3: latency over threads, latency ratio over the partition proportion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from splitbench.benchmark.paper.figure import figure_result
from splitbench.benchmark.paper.items import PaperRequest, PaperResult
from splitbench.benchmark.paper.verdicts import Verdict, share_verdict
from splitbench.problems.latency.fits.fit import CurveFit
from splitbench.problems.latency.fits.shipped_fits import load_fits, published_exp2
from splitbench.problems.latency.profiles.observation2 import observation2
from splitbench.problems.latency.profiles.profile_file import ProfileFile, load_profile
from splitbench.problems.latency.sweeps import Sweep, published_sweep
from splitbench.results.figures.latency_figures import draw_fig2, draw_fig3

#: Points, curve, label, and cores where some points have more threads than that.
Series = tuple[Sweep, CurveFit, str, int | None]
DNNS = ("vgg16_bn", "resnet34", "mobilenet_v2")
#: Largest error of the latency share that still counts as linear.
LINEAR_WITHIN = 0.1


def fig2(request: PaperRequest) -> PaperResult:
    """Draw latency over threads with Eq. 7: the published sweeps and the profiled machine."""
    profile = load_profile(request.profile)
    panels = {dnn: _published(dnn) for dnn in DNNS}
    for dnn in profile.dnns:
        panels.setdefault(dnn, []).append(_own(profile, dnn))
    paths = both(request.out / "fig2")
    title = "Fig. 2: latency over threads; lines: Eq. 7; hollow: more threads than cores"
    for path in paths:
        draw_fig2(panels, path, title)
    rows = [
        _fit_row(dnn, sweep, fit) for dnn, series in panels.items() for sweep, fit, *_ in series
    ]
    claim = "claimed: each added thread saves less (Observation 1); no error is given"
    title = "Fig. 2: latency over threads"
    notes = [claim, *_notes(profile)]
    return figure_result(request, "fig2", title, rows, fig2_verdicts(panels), notes, paths)


def fig2_verdicts(panels: Mapping[str, Sequence[Series]]) -> list[Verdict]:
    """Judge Observation 1 on every sweep, as measured: latency falls, and ever more slowly.

    Counts beyond a machine's cores are left out.
    """
    falls, slows = {}, {}
    for dnn, series in panels.items():
        for sweep, _, label, cores in series:
            own = sweep.threads <= (cores or sweep.threads[-1])
            saved = -np.diff(sweep.latency_s[own]) / np.diff(sweep.threads[own])
            where = f"{dnn} on {label}"
            falls[where] = bool((saved > 0).all())
            slows[where] = bool((np.diff(saved) <= 0).all())
    reading = "measured sweeps"
    return [
        share_verdict(reading, "more threads are always faster", falls),
        share_verdict(reading, "each added thread saves less than the one before", slows),
    ]


def fig3(request: PaperRequest) -> PaperResult:
    """Draw the measured latency ratio over l/S beside Observation 2 (Eq. 8)."""
    profile = load_profile(request.profile)
    seen = [(profile.dnns[dnn], observation2(profile.dnns[dnn])) for dnn in profile.dnns]
    paths = both(request.out / "fig3")
    title = f"Fig. 3: share of the latency left after l layers, {_machine(profile)}"
    for path in paths:
        draw_fig3(seen, path, title)
    rows = [
        {
            "dnn": dnn.dnn, "S": len(dnn.layers), "k": run.threads,
            "largest error of 1 - l/S": each.linear_error, "at l": each.linear_worst,
            "largest error of the MAC share": each.macs_error,
        }
        for dnn, _ in seen for run in dnn.runs for each in [observation2(dnn, run.threads)]
    ]  # fmt: skip
    notes = ["claimed: the ratio falls linearly with l/S; no error is given", *_notes(profile)]
    linear = {dnn.dnn: one.linear_error <= LINEAR_WITHIN for dnn, one in seen}
    errors = ", ".join(f"{dnn.dnn} off by {one.linear_error:.2f}" for dnn, one in seen)
    verdict = share_verdict(
        _machine(profile), f"ratio = 1 - l/S within {LINEAR_WITHIN:g} of the whole", linear, errors
    )
    return figure_result(request, "fig3", "Fig. 3: Observation 2", rows, [verdict], notes, paths)


def both(stem: Path) -> list[Path]:
    """Return the names of a figure as PNG and as SVG."""
    return [stem.with_suffix(suffix) for suffix in (".png", ".svg")]


def _published(dnn: str) -> list[Series]:
    machines = dict.fromkeys(machine for machine, _ in load_fits())
    return [
        (published_sweep(machine, dnn), published_exp2(machine, dnn), f"{machine} (ncnn)", None)
        for machine in machines
    ]


def _own(profile: ProfileFile, dnn: str) -> Series:
    measured = profile.dnns[dnn]
    form = "" if measured.fit.form == "exp2" else f", {measured.fit.form}"
    return measured.sweep(), measured.fit, f"{_machine(profile)} (PyTorch){form}", measured.cores


def _fit_row(dnn: str, sweep: Sweep, fit: CurveFit) -> dict[str, object]:
    return {
        "dnn": dnn, "machine": sweep.machine, "counts": len(sweep.threads),
        "least at k": int(sweep.threads[sweep.latency_s.argmin()]), "form": fit.form,
        "RMSE ms": fit.rmse_ms, "RMSE / mean": fit.relative_rmse,
        "left one out ms": fit.loo_rmse_ms, "note": sweep.note,
    }  # fmt: skip


def _notes(profile: ProfileFile) -> list[str]:
    machine = profile.machine
    foreign = machine.get("foreign_cores")
    load = "unknown" if foreign is None else f"{foreign:.2f} cores busy with other work"
    return [
        f"measured: {_machine(profile)}, {machine['cores']} cores, torch {machine['torch']}, "
        f"{load}; {profile.method['command']}"
    ]


def _machine(profile: ProfileFile) -> str:
    return str(profile.machine["cpu"])
