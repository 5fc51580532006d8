"""Table II: RMSE of the latency predictors on runs that neither was fitted on.

Eq. 7 × Eq. 8 is fitted on the whole-DNN medians of one profile; Neurosurgeon's regressions on the
layers that the same profile ran alone. Both are judged on another profile of the machine: the
server's part (layers l+1..S) at every l < S and every thread count.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.paper.items import PaperRequest, PaperResult
from benchmark.paper.latency_figures import DNNS
from problems.errors import InputError
from problems.latency import ThreadCurve
from problems.measured_dnn import MeasuredDnn
from problems.network import load_network
from problems.neurosurgeon_predictor import fit_predictor
from problems.observation2 import observation2
from problems.profile_file import ProfileFile, load_profile

Floats = NDArray[np.float64]
#: Seconds of layers l+1..S at l = 0..S on k threads.
Predict = Callable[[MeasuredDnn, int], Floats]

CLAIMED_MS = {
    "Eq. 7 × Eq. 8": (3.7449, 2.8021, 0.8009),
    "Neurosurgeon": (26.9913, 24.98, 6.6516),
}


@dataclass(frozen=True)
class _Fitted:
    """What was learnt from the fit profile."""

    profile: ProfileFile

    def curve(self, dnn: MeasuredDnn) -> ThreadCurve:
        return self.profile.dnn(dnn.dnn).curve()[0]

    def whole_s(self, dnn: MeasuredDnn, threads: int) -> float:
        return float(self.curve(dnn).seconds(np.array(threads)))

    def linear(self, dnn: MeasuredDnn, threads: int) -> Floats:
        """D(k) × (1 − l/S)."""
        return self.whole_s(dnn, threads) * observation2(dnn).linear

    def macs(self, dnn: MeasuredDnn, threads: int) -> Floats:
        """D(k) × the share of MACs."""
        return self.whole_s(dnn, threads) * observation2(dnn).macs

    def measured(self, dnn: MeasuredDnn, threads: int) -> Floats:
        """D(k) × the share measured at one thread count (`split_run`)."""
        return self.whole_s(dnn, threads) * self.profile.dnn(dnn.dnn).split_run.suffix_share

    def neurosurgeon(self, dnn: MeasuredDnn, threads: int) -> Floats:
        """Sum of per-layer regressions, all from one thread count."""
        return fit_predictor(self.profile.layers, self.blind_threads).remaining_s(
            load_network(dnn.dnn)
        )

    def told(self, dnn: MeasuredDnn, threads: int) -> Floats:
        """The same with regressions of the very thread count, which Neurosurgeon has not."""
        return fit_predictor(self.profile.layers, threads).remaining_s(load_network(dnn.dnn))

    @property
    def blind_threads(self) -> int:
        """The count Neurosurgeon is profiled at: every core, as torch uses unless told."""
        cores = int(self.profile.machine["cores"])
        counts = {sample.threads for sample in self.profile.layers}
        if not counts:
            raise InputError(f"{self.profile.source}: no layers alone; expected profile --layers")
        return max((k for k in counts if k <= cores), default=min(counts))


def table2(request: PaperRequest) -> PaperResult:
    """Judge the predictors on the test profile; RMSE in ms beside the paper's."""
    fitted, test = _Fitted(load_profile(request.profile)), load_profile(request.test_profile)
    dnns = [name for name in DNNS if name in test.dnns and name in fitted.profile.dnns]
    if not dnns:
        raise InputError(f"{test.source}: none of {', '.join(DNNS)}; expected at least one")
    _check(fitted.profile, test)
    blind = fitted.blind_threads
    ours: list[tuple[str, Predict]] = [
        ("Eq. 7 × Eq. 8", fitted.linear),
        ("D(k) × share of MACs", fitted.macs),
        ("D(k) × measured share", fitted.measured),
        (f"Neurosurgeon (k = {blind})", fitted.neurosurgeon),
        ("Neurosurgeon told k", fitted.told),
    ]
    rows: list[dict[str, object]] = [
        {"predictor": name, "source": "paper"} | dict(zip(DNNS, values, strict=True))
        for name, values in CLAIMED_MS.items()
    ]
    cores = int(test.machine["cores"])
    kinds: list[tuple[str, Callable[[int], bool]]] = [("ours, all k", lambda k: True)]
    if any(run.threads > cores for name in dnns for run in test.dnns[name].runs):
        kinds.append((f"ours, k ≤ {cores} cores", lambda k: k <= cores))
    for source, kept in kinds:
        for name, predict in ours:
            row: dict[str, object] = {"predictor": name, "source": source}
            for dnn in dnns:
                row[dnn] = _rmse_ms(test.dnns[dnn], predict, kept)
            rows.append(row)
    title = "Table II: RMSE of predicted latency, ms"
    return PaperResult("table2", title, rows, _notes(fitted, test, dnns))


def _rmse_ms(dnn: MeasuredDnn, predict: Predict, kept: Callable[[int], bool]) -> float | None:
    misses = [
        (predict(dnn, run.threads) - run.suffix.median_s)[:-1]
        for run in dnn.runs
        if kept(run.threads)
    ]
    return float(1e3 * np.sqrt(np.mean(np.concatenate(misses) ** 2))) if misses else None


def _check(fit: ProfileFile, test: ProfileFile) -> None:
    if fit.source == test.source:
        raise InputError(f"{test.source}: fitted and judged on; expected another profile to test")
    if fit.machine["cpu"] != test.machine["cpu"]:
        raise InputError(
            f"{test.source}: measured on {test.machine['cpu']}; expected {fit.machine['cpu']}, "
            "the machine of the profile that is fitted"
        )


def _notes(fitted: _Fitted, test: ProfileFile, dnns: list[str]) -> list[str]:
    lines = [
        "ours: layers l+1..S at every l < S and measured k of the test profile; PyTorch, one image",
        "the paper does not say on which runs, splits or threads its RMSE was taken",
    ]
    for name in dnns:
        mean = np.concatenate([run.suffix.median_s[:-1] for run in test.dnns[name].runs]).mean()
        words = fitted.profile.dnn(name).curve()[1]
        lines.append(f"{name}: mean measured {1e3 * mean:.1f} ms; D(k) is {words}")
    for kind, profile in (("fitted", fitted.profile), ("judged", test)):
        machine = profile.machine
        lines.append(
            f"{kind} on {machine['cpu']}, {machine['cores']} cores, torch {machine['torch']}, "
            f"{machine.get('foreign_cores', 'unknown')} cores busy with other work: "
            f"{profile.method['command']}"
        )
    return lines
