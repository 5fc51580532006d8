"""Fig. 2 and Fig. 3: latency over threads, latency ratio over the partition proportion."""

from __future__ import annotations

from splitbench.benchmark.paper.items import PaperRequest, PaperResult
from splitbench.problems.latency.fits.fit import CurveFit
from splitbench.problems.latency.fits.shipped_fits import load_fits, published_exp2
from splitbench.problems.latency.profiles.observation2 import observation2
from splitbench.problems.latency.profiles.profile_file import ProfileFile, load_profile
from splitbench.problems.latency.sweeps import Sweep, published_sweep

#: Points, curve, label, and cores where some points have more threads than that.
Series = tuple[Sweep, CurveFit, str, int | None]
DNNS = ("vgg16_bn", "resnet34", "mobilenet_v2")


def fig2(request: PaperRequest) -> PaperResult:
    """Draw latency over threads with Eq. 7: the published sweeps and the profiled machine."""
    from splitbench.results.figures.latency_figures import draw_fig2

    profile = load_profile(request.profile)
    panels = {dnn: _published(dnn) for dnn in DNNS}
    for dnn in profile.dnns:
        panels.setdefault(dnn, []).append(_own(profile, dnn))
    path = request.out / "fig2.png"
    title = "Fig. 2: latency over threads; lines: Eq. 7; hollow: more threads than cores"
    draw_fig2(panels, path, title)
    rows = [
        _fit_row(dnn, sweep, fit) for dnn, series in panels.items() for sweep, fit, *_ in series
    ]
    claim = "claimed: each added thread saves less (Observation 1); no error is given"
    return PaperResult(
        "fig2", "Fig. 2: latency over threads", rows, [claim, *_notes(profile)], [path]
    )


def fig3(request: PaperRequest) -> PaperResult:
    """Draw the measured latency ratio over l/S beside Observation 2 (Eq. 8)."""
    from splitbench.results.figures.latency_figures import draw_fig3

    profile = load_profile(request.profile)
    seen = [(profile.dnns[dnn], observation2(profile.dnns[dnn])) for dnn in profile.dnns]
    path = request.out / "fig3.png"
    draw_fig3(seen, path, f"Fig. 3: share of the latency left after l layers, {_machine(profile)}")
    rows = [
        {
            "dnn": dnn.dnn, "S": len(dnn.layers), "k": run.threads,
            "largest error of 1 - l/S": each.linear_error, "at l": each.linear_worst,
            "largest error of the MAC share": each.macs_error,
        }
        for dnn, _ in seen for run in dnn.runs for each in [observation2(dnn, run.threads)]
    ]  # fmt: skip
    claim = "claimed: the ratio falls linearly with l/S; no error is given"
    return PaperResult("fig3", "Fig. 3: Observation 2", rows, [claim, *_notes(profile)], [path])


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
