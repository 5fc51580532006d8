"""`splitbench paper calibrate`: search constants that reproduce the paper's nine numbers.

The paper gives neither the devices' latencies, nor how it merges layers, nor the server. About
seven constants are free and nine numbers are claimed, so a good fit proves little. It only shows
constants with which the model gives the claims.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from splitbench.benchmark.paper.calibration.many_settings import SCHEMES, Means, Settings, simulate
from splitbench.benchmark.paper.claims import (
    ENERGY_PERCENT,
    NETWORKS,
    UTILITY_PERCENT,
    VGG_LATENCY_PERCENT,
    suite_of,
)
from splitbench.benchmark.paper.figure import figure_result
from splitbench.benchmark.paper.items import PaperRequest, PaperResult
from splitbench.problems import Horizon
from splitbench.problems.arrays import Floats
from splitbench.problems.latency.profiles.calibration import kept_cuts
from splitbench.problems.latency.profiles.device_builder import server_curve
from splitbench.problems.latency.profiles.shipped_machines import DEADLINE_SHARE
from splitbench.problems.networks.network import load_network
from splitbench.problems.suites.named_suites import make_suite

#: Seeds of the search; the figures' seeds are held out.
SEARCH_SEEDS = range(100, 103)
FILE = "paper-calibration.json"
#: The VGG is the first device.
VGG_DEVICE = 0
MOST_THREADS = 20

DNNS = ("vgg16_bn", "resnet34", "mobilenet_v2")
#: How layers may be merged, by DNN; see `Calibration.merged_layers`.
MERGES = {
    "vgg16_bn": ("pool1:pool2:pool3:pool4:pool5", "4", "6", "8"),
    "resnet34": ("4", "5", "6", "7"),
    "mobilenet_v2": ("4", "6", "8"),
}
#: Ranges of D_loc of each DNN and of D(1) of VGG-16 (s), and of the serial share.
RANGES = np.array([[0.1, 0.6], [0.03, 0.3], [0.02, 0.2], [0.25, 1.2], [0.01, 0.25]])
CONSTANTS = ("D_loc VGG-16, s", "D_loc ResNet-34, s", "D_loc MobileNet-V2, s", "D(1) VGG-16, s",
             "serial share")  # fmt: skip
#: The constants of the suites `paper-calibrated-*`.
SHIPPED_NUMBERS = (0.319, 0.0995, 0.096, 0.60, 0.061)
SHIPPED_MERGES = ("pool1:pool2:pool3:pool4:pool5", "6", "8")
#: D(1) of the other DNNs over that of VGG-16: as on the shipped profile of the server.
SERVER = "i7-12700kf"


@dataclass(frozen=True)
class Effort:
    """Effort of the search: settings drawn, rounds around the best, settings per round."""

    drawn: int = 6000
    slots: int = 40
    kept: int = 12
    rounds: int = 14
    around: int = 20


QUICK = Effort(drawn=300, slots=20, kept=4, rounds=3, around=10)


class Point(NamedTuple):
    """A setting: the five numbers, and how each DNN's layers are merged."""

    numbers: tuple[float, ...]
    merges: tuple[str, ...]


def claimed_numbers() -> dict[str, float]:
    """Return the paper's nine numbers by name, percent."""
    return (
        {f"VGG-16's latency below {rival}": one for rival, one in VGG_LATENCY_PERCENT.items()}
        | {f"energy below {rival}": one for rival, one in ENERGY_PERCENT.items()}
        | {"utility above dads+bs": UTILITY_PERCENT}
    )


def calibrate(request: PaperRequest) -> PaperResult:
    """Search from scratch, and compare the result with the shipped constants on held-out seeds."""
    effort = QUICK if request.quick else Effort()
    searched = horizons_of(SEARCH_SEEDS, effort.slots)
    found = search(searched, effort, np.random.default_rng(request.seeds[0]))
    whole = horizons_of(SEARCH_SEEDS, request.slots)
    held_out = horizons_of(request.seeds, request.slots)
    shipped = Point(SHIPPED_NUMBERS, SHIPPED_MERGES)
    columns = {
        "shipped, search seeds": numbers_of([shipped], whole)[0],
        "shipped, held out": numbers_of([shipped], held_out)[0],
        "found, search seeds": numbers_of([found], whole)[0],
        "found, held out": numbers_of([found], held_out)[0],
    }
    claimed = claimed_numbers()
    rows: list[dict[str, Any]] = [
        {"number, %": name, "claimed": claimed[name]}
        | {column: float(values[index]) for column, values in columns.items()}
        for index, name in enumerate(claimed)
    ]
    rows.append(
        {"number, %": "root mean square error, points", "claimed": 0.0}
        | {column: float(error_of(values[None])[0]) for column, values in columns.items()}
    )
    path = request.out / FILE
    path.write_text(json.dumps(_file(request, effort, shipped, found, rows), indent=1) + "\n")
    constants = [
        {"constant": name, "shipped": own, "found": other}
        for name, own, other in zip(
            (*CONSTANTS, *(f"layers of {dnn} merged to" for dnn in DNNS)),
            (*shipped.numbers, *shipped.merges),
            (*found.numbers, *found.merges),
            strict=True,
        )
    ]
    notes = [
        "exact in the place of the paper's scheme; a number is the larger of WiFi and 5G",
        f"five numbers and three merges are free, nine are claimed; {effort.drawn} settings drawn, "
        f"{effort.rounds * effort.kept * effort.around} tried around the best, search seeds "
        f"{SEARCH_SEEDS[0]}-{SEARCH_SEEDS[-1]}",
        "X+TA and X+BS draw the same energy in the model, so no setting meets both of their claims",
        f"wrote {path.name}",
    ]
    result = figure_result(
        request, "calibrate", "Calibration: the paper's nine numbers", rows, [], notes, []
    )
    result.more = {"Constants": constants}
    return result


def horizons_of(seeds: Sequence[int], slots: int | None) -> dict[str, list[Horizon]]:
    """Return the horizons of the paper's suites by network."""
    return {
        net: [make_suite(suite_of("paper", net)).horizon(seed, slots) for seed in seeds]
        for net in NETWORKS
    }


def search(horizons: dict[str, list[Horizon]], effort: Effort, rng: np.random.Generator) -> Point:
    """Draw settings, then step around the best ones in ever smaller steps; return the best."""
    points = [_drawn(rng) for _ in range(effort.drawn)]
    errors = error_of(numbers_of(points, horizons))
    best = [points[index] for index in np.argsort(errors)[: effort.kept]]
    for size in np.geomspace(0.15, 0.01, effort.rounds):
        tried = best + [_near(point, size, rng) for point in best for _ in range(effort.around)]
        errors = error_of(numbers_of(tried, horizons))
        best = [tried[index] for index in np.argsort(errors)[: effort.kept]]
    rounded = tuple(float(f"{number:.3g}") for number in best[0].numbers)
    return Point(rounded, best[0].merges)


def error_of(numbers: Floats) -> Floats:
    """Return the root mean square difference from the claims, points of percent; shape (P,)."""
    claimed = np.array(list(claimed_numbers().values()))
    error: Floats = np.sqrt(((numbers - claimed) ** 2).mean(axis=1))
    return np.where(np.isnan(error), np.inf, error)


def numbers_of(
    points: Sequence[Point], horizons: dict[str, list[Horizon]], chunk: int = 100
) -> Floats:
    """Return the nine numbers of each setting, shape (P, 9); NaN if it cannot serve all devices."""
    parts = []
    for start in range(0, len(points), chunk):
        settings = settings_of(points[start : start + chunk])
        by_network = []
        for own in horizons.values():
            means = {scheme: simulate(settings, own, scheme) for scheme in SCHEMES}
            by_network.append(_numbers(means))
        parts.append(np.max(by_network, axis=0))
    return np.concatenate(parts)


def _numbers(means: dict[str, Means]) -> Floats:
    best = means[SCHEMES[0]]
    columns = []
    for rival in VGG_LATENCY_PERCENT:
        own, other = (one.latency_s[:, :, VGG_DEVICE].mean(axis=1) for one in (best, means[rival]))
        columns.append(100 * (1 - own / other))
    for rival in ENERGY_PERCENT:
        own, other = (one.energy_j.mean(axis=(1, 2)) for one in (best, means[rival]))
        columns.append(100 * (1 - own / other))
    own, other = (one.utility.mean(axis=1) for one in (best, means["dads+bs"]))
    columns.append(100 * (own - other) / np.abs(other))
    return np.stack(columns, axis=1)


def settings_of(points: Sequence[Point]) -> Settings:
    """Return the arrays of settings: Eq. 8 and 9 over the merged layers, Amdahl's D(k)."""
    level = np.array([float(server_curve(SERVER, dnn).seconds(np.array(1))) for dnn in DNNS])
    cuts = {
        (dnn, merge): _cut_bits(dnn, merge) for dnn in DNNS for merge in MERGES[dnn]
    }  # fmt: skip
    width = max(map(len, cuts.values()))
    shape = (len(points), len(DNNS), width)
    bits, local, share = np.ones(shape), np.full(shape, np.inf), np.zeros(shape)
    for row, point in enumerate(points):
        for device, (dnn, merge) in enumerate(zip(DNNS, point.merges, strict=True)):
            own = cuts[dnn, merge]
            done = np.linspace(0.0, 1.0, len(own))
            bits[row, device, : len(own)] = own
            local[row, device, : len(own)] = point.numbers[device] * done
            share[row, device, : len(own)] = 1.0 - done
    numbers = np.array([point.numbers for point in points])
    one_s = numbers[:, 3, None] * level / level[VGG_DEVICE]
    serial = numbers[:, 4, None, None]
    k = np.arange(1, MOST_THREADS + 1)
    curve = one_s[:, :, None] * (serial + (1.0 - serial) / k)
    return Settings(bits, local, share, curve, DEADLINE_SHARE * numbers[:, :3])


def _cut_bits(dnn: str, merge: str) -> Floats:
    layers = load_network(dnn).virtual_layers()
    kept: Floats = layers.cut_bits()[list(kept_cuts(layers, merge))]
    return kept


def _drawn(rng: np.random.Generator) -> Point:
    low, high = np.log(RANGES).T
    numbers = np.exp(rng.uniform(low, high))
    return Point(tuple(numbers.tolist()), tuple(str(rng.choice(MERGES[dnn])) for dnn in DNNS))


def _near(point: Point, size: float, rng: np.random.Generator) -> Point:
    moved = np.array(point.numbers) * np.exp(size * rng.standard_normal(len(point.numbers)))
    low, high = RANGES.T
    return Point(tuple(np.clip(moved, low, high).tolist()), point.merges)


def _file(
    request: PaperRequest, effort: Effort, shipped: Point, found: Point, rows: list[dict[str, Any]]
) -> dict[str, Any]:
    def constants(point: Point) -> dict[str, Any]:
        return dict(zip(CONSTANTS, point.numbers, strict=True)) | {
            "merged layers": dict(zip(DNNS, point.merges, strict=True))
        }

    return {
        "format": "splitbench/calibration@1",
        "about": "constants of the suites paper-calibrated-*, and what our own search finds",
        "command": request.command("calibrate"),
        "effort": vars(effort),
        "search_seeds": list(SEARCH_SEEDS),
        "held_out_seeds": list(request.seeds),
        "shipped": constants(shipped),
        "shipped_source": "an earlier search over 120,000 settings, not part of this repository",
        "found": constants(found),
        "numbers": rows,
    }
