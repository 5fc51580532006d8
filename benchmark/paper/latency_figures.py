"""Fig. 2 and Fig. 3: latency over threads, latency ratio over the partition proportion."""

from __future__ import annotations

from benchmark.paper.items import PaperRequest, PaperResult
from problems.fit import CurveFit
from problems.fit_tables import load_fits, published_exp2
from problems.observation2 import observation2
from problems.profile_file import ProfileFile, load_profile
from problems.sweeps import Sweep, published_sweep

Series = tuple[Sweep, CurveFit, str]
DNNS = ("vgg16_bn", "resnet34", "mobilenet_v2")


def fig2(request: PaperRequest) -> PaperResult:
    """Draw latency over threads with Eq. 7: the published sweeps and the profiled machine."""
    from results.figures_latency import draw_fig2

    profile = load_profile(request.profile)
    machines = list(dict.fromkeys(machine for machine, _ in load_fits()))
    panels = {}
    for dnn in DNNS:
        series: list[Series] = [
            (published_sweep(machine, dnn), published_exp2(machine, dnn), f"{machine} (ncnn)")
            for machine in machines
        ]
        if dnn in profile.dnns:
            series.append(_own(profile, dnn))
        panels[dnn] = series
    path = request.out / "fig2.png"
    draw_fig2(panels, path, "Fig. 2: latency over threads; lines: Eq. 7 through the points")
    rows = [_fit_row(dnn, sweep, fit) for dnn in DNNS for sweep, fit, _ in panels[dnn]]
    return PaperResult("fig2", "Fig. 2: latency over threads", rows, _notes(profile), [path])


def fig3(request: PaperRequest) -> PaperResult:
    """Draw the measured latency ratio over l/S beside Observation 2 (Eq. 8)."""
    from results.figures_latency import draw_fig3

    profile = load_profile(request.profile)
    seen = [(profile.dnns[dnn], observation2(profile.dnns[dnn])) for dnn in profile.dnns]
    path = request.out / "fig3.png"
    draw_fig3(seen, path, f"Fig. 3: share of the latency left after l layers, {_machine(profile)}")
    rows = [
        {
            "dnn": found.dnn, "S": len(dnn.layers), "threads": found.threads,
            "largest error of 1 - l/S": found.linear_error, "at l": found.linear_worst,
            "largest error of the MAC share": found.macs_error,
        }
        for dnn, found in seen
    ]  # fmt: skip
    claim = "claimed: the ratio falls linearly with l/S; no error is given"
    return PaperResult("fig3", "Fig. 3: Observation 2", rows, [claim, *_notes(profile)], [path])


def _own(profile: ProfileFile, dnn: str) -> Series:
    measured = profile.dnns[dnn]
    return measured.sweep(), measured.fit, f"{_machine(profile)} (PyTorch)"


def _fit_row(dnn: str, sweep: Sweep, fit: CurveFit) -> dict[str, object]:
    return {
        "dnn": dnn, "machine": sweep.machine, "counts": len(sweep.threads), "form": fit.form,
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
