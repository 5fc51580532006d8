"""Summarise a profile: as text, as JSON, and compared with an earlier one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from splitbench.benchmark.profiling.rank_interval import chance_to_meet
from splitbench.problems.errors import InputError
from splitbench.problems.latency.profiles.measured_dnn import MeasuredDnn
from splitbench.problems.latency.profiles.observation2 import observation2
from splitbench.problems.latency.profiles.profile_file import ProfileFile


@dataclass(frozen=True)
class Agreement:
    """Comparison of two profiles of one machine: how many quantities' intervals overlap.

    `whole` and `splits` count (agreeing, compared); `largest` is the largest relative difference
    of two whole-DNN medians. `expected` is the share that overlaps if only chance differs on one
    machine; `same_cpu` says whether it may be one machine.
    """

    whole: tuple[int, int]
    splits: tuple[int, int]
    largest: float
    expected: float
    same_cpu: bool

    def lines(self) -> list[str]:
        """Return the comparison for people."""
        lines = [
            f"against the earlier profile: intervals meet for {self.whole[0]} of {self.whole[1]} "
            f"whole DNNs and {self.splits[0]} of {self.splits[1]} prefixes and suffixes",
            f"  expected where only chance differs: {100 * self.expected:.1f} %; whole medians "
            f"differ by at most {100 * self.largest:.1f} %",
        ]
        return lines + ([] if self.same_cpu else ["  but it is of another CPU"])

    def as_dict(self) -> dict[str, Any]:
        """Return the comparison as a JSON object."""
        return {
            "whole_agree": self.whole[0], "whole_compared": self.whole[1],
            "splits_agree": self.splits[0], "splits_compared": self.splits[1],
            "expected_share": self.expected, "same_cpu": self.same_cpu,
            "whole_largest_difference": self.largest,
        }  # fmt: skip


def agreement(one: ProfileFile, other: ProfileFile) -> Agreement:
    """Compare all quantities that both profiles measured.

    Raises
    ------
    InputError
        Nothing was measured in both.
    """
    whole, splits, differences = [], [], []
    for name in one.dnns.keys() & other.dnns.keys():
        mine, theirs = one.dnns[name], other.dnns[name]
        counts = {run.threads for run in mine.runs} & {run.threads for run in theirs.runs}
        if mine.layers.names != theirs.layers.names:
            continue
        for k in counts:
            a, b = mine.run(k), theirs.run(k)
            whole.append(bool(a.whole.overlaps(b.whole)))
            differences.append(abs(float(a.whole.median_s / b.whole.median_s) - 1.0))
            splits += [
                *a.prefix.overlaps(b.prefix)[1:].tolist(),
                *a.suffix.overlaps(b.suffix)[:-1].tolist(),
            ]
    if not whole:
        raise InputError(
            f"{other.source}: no DNN and thread count in common; expected a profile of the same"
        )
    expected = chance_to_meet(*(int(profile.method["processes"]) for profile in (one, other)))
    return Agreement(
        (sum(whole), len(whole)), (sum(splits), len(splits)), max(differences), expected,
        one.machine["cpu"] == other.machine["cpu"],
    )  # fmt: skip


def check_comparable(earlier: ProfileFile, dnns: Collection[str], threads: Collection[int]) -> None:
    """Refuse, before measuring, an earlier profile that will have nothing in common.

    Raises
    ------
    InputError
        None of the DNNs, or none of their thread counts.
    """
    common = [earlier.dnns[name] for name in dnns if name in earlier.dnns]
    if not any(run.threads in threads for dnn in common for run in dnn.runs):
        raise InputError(
            f"--against {earlier.source}: has none of {', '.join(dnns)} at "
            f"{', '.join(map(str, threads))} threads; expected a profile of the same"
        )


def summary_object(profile: ProfileFile, earlier: ProfileFile | None) -> dict[str, Any]:
    """Return what `profile --json` prints."""
    found: dict[str, Any] = {
        "name": profile.name,
        "machine": profile.machine,
        "method": profile.method,
        "dnns": [_dnn_object(dnn) for dnn in profile.dnns.values()],
        "layers_alone": len(profile.layers),
    }
    if earlier is not None:
        found["agreement"] = agreement(profile, earlier).as_dict()
    return found


def _dnn_object(dnn: MeasuredDnn) -> dict[str, Any]:
    return {
        "dnn": dnn.dnn,
        "layers": len(dnn.layers),
        "curve": _curve_words(dnn),
        "measured": [
            {
                "threads": run.threads,
                "median_s": float(run.whole.median_s),
                "low_s": float(run.whole.low_s),
                "high_s": float(run.whole.high_s),
                "observation2": observation2(dnn, run.threads).as_dict(),
            }
            for run in dnn.runs
        ],
    }


def summary_lines(profile: ProfileFile) -> list[str]:
    """Return the profile as text: the machine, then one line for each DNN and thread count."""
    machine, method = profile.machine, profile.method
    foreign = machine.get("foreign_cores")
    busy = "" if foreign is None else f", {foreign:.2f} cores busy with other work"
    lines = [
        f"{machine['cpu']}, {machine['cores']} cores, torch {machine['torch']}; load "
        f"{_load(machine, 'load_before')} before, {_load(machine, 'load_after')} after{busy}; "
        f"{method['repeats']} rounds in {method['seconds']:.0f} s"
    ]
    for dnn in profile.dnns.values():
        lines.append(f"{dnn.dnn}: {len(dnn.layers)} virtual layers; D(k): {_curve_words(dnn)}")
        for run in dnn.runs:
            whole, seen = run.whole, observation2(dnn, run.threads)
            mark = " (more threads than cores)" if run.threads > dnn.cores else ""
            lines.append(
                f"  k = {run.threads}{mark}: {1e3 * float(whole.median_s):.1f} ms "
                f"[{1e3 * float(whole.low_s):.1f}, {1e3 * float(whole.high_s):.1f}]; "
                f"share left at l: off 1 − l/S by at most {seen.linear_error:.2f} "
                f"(l = {seen.linear_worst}), off the MAC share by {seen.macs_error:.2f}"
            )
    return lines


def _curve_words(dnn: MeasuredDnn) -> str:
    try:
        return dnn.curve()[1]
    except InputError:
        counts = ", ".join(str(run.threads) for run in dnn.runs)
        return f"measured at {counts} threads only: a board's, not a server's"


def _load(machine: dict[str, Any], name: str) -> str:
    value = machine.get(name)
    return "unknown" if value is None else f"{np.round(value, 2)}"
