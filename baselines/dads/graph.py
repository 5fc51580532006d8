"""DADS on a layer DAG: light load by one minimum cut, heavy load by weighted ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite
from typing import Literal, NamedTuple, get_args

import numpy as np

from splitbench.baselines.dads.bottleneck import least_bottleneck
from splitbench.baselines.dads.min_cut import CutNetwork
from splitbench.baselines.dads.weight_search import best_weights
from splitbench.problems.arrays import Floats, Mask
from splitbench.problems.errors import InputError, UnknownNameError
from splitbench.problems.networks.dag import LayerDag

Mode = Literal["light", "heavy", "bottleneck", "auto"]


@dataclass(frozen=True)
class GraphCut:
    """A split of a DAG: the layers on the device, in the DAG's order, and what it takes.

    `mode` is "light", "heavy" or "bottleneck"; `delay_s` is always the sum of the three stages.
    `bottleneck_bound_s` is a proven lower bound on the longest stage of any split, where computed.
    """

    mode: str
    device: tuple[str, ...]
    delay_s: float
    device_s: float
    link_s: float
    server_s: float
    bottleneck_bound_s: float | None = None

    @property
    def bottleneck_s(self) -> float:
        """The longest stage, which bounds the rate of tasks that a pipeline can take."""
        return max(self.device_s, self.link_s, self.server_s)


class _Times(NamedTuple):
    """Seconds of each layer on either side, and of sending each tensor (the input last)."""

    device: Floats
    link: Floats
    server: Floats


def cut_graph(
    dag: LayerDag, mode: Mode = "light", arrival_rate_hz: float | None = None
) -> GraphCut:
    """Split `dag` between device and server as DADS does.

    Parameters
    ----------
    dag
        Layers with their seconds on either side and the bits of their outputs.
    mode
        "light" (DSL) minimises the delay of a task and is exact. "heavy" (DSH) makes the longest
        of the device, link and server stages short; a heuristic, never worse in that than
        "light", and within three times the best. "bottleneck" makes it shortest, proved by a
        mixed-integer programme; DADS has no such mode. "auto" takes "heavy" where the longest
        stage of "light" exceeds the mean time between arrivals.
    arrival_rate_hz
        Tasks per second; needed by "auto" only.

    The result's way back costs nothing; a tensor that several server layers read is sent once.

    Raises
    ------
    InputError
        An unknown mode, "auto" without a positive finite arrival rate, or sums that overflow.
    """
    if mode not in get_args(Mode):
        raise UnknownNameError("mode", str(mode), get_args(Mode))
    if mode == "auto":
        _check_rate(arrival_rate_hz)
    network, times = CutNetwork(dag), _times(dag)
    light = _cut(dag, network, times, network.cheapest(*times), "light")
    if mode == "light":
        return light
    if mode == "bottleneck":
        return shortest_bottleneck(dag)
    if mode == "auto" and light.bottleneck_s * (arrival_rate_hz or 0.0) <= 1.0:
        return light
    return _heavy(dag, network, times)


def shortest_bottleneck(dag: LayerDag) -> GraphCut:
    """Split `dag` so that the longest of the three stages is shortest, with the proved bound."""
    network, times = CutNetwork(dag), _times(dag)
    on_device, bound_s = least_bottleneck(dag, network, *times)
    return replace(_cut(dag, network, times, on_device, "bottleneck"), bottleneck_bound_s=bound_s)


def _heavy(dag: LayerDag, network: CutNetwork, times: _Times) -> GraphCut:
    """Cut under the best weights of the device and server stages; DSL's are among them."""

    def cut_at(alpha: float, gamma: float) -> GraphCut:
        with np.errstate(over="ignore"):  # infinite weighted costs are refused by `cheapest`
            weighted = (times.device * 10.0**alpha, times.link, times.server * 10.0**gamma)
        return _cut(dag, network, times, network.cheapest(*weighted), "heavy")

    def rank_at(points: Floats) -> Floats:
        cuts = [cut_at(*point) for point in points[0]]
        return np.array([[(cut.bottleneck_s, cut.delay_s) for cut in cuts]])

    return cut_at(*best_weights(rank_at)[0])


def _times(dag: LayerDag) -> _Times:
    bits = np.array([*(layer.output_bits for layer in dag.layers), dag.input_bits])
    with np.errstate(over="ignore"):  # an uplink too slow for any use costs infinity
        link = bits / dag.uplink_bps
    device = np.array([layer.device_s for layer in dag.layers], dtype=np.float64)
    server = np.array([layer.server_s for layer in dag.layers], dtype=np.float64)
    device[dag.must_leave] = server[dag.must_stay] = np.inf  # the side that a pin forbids
    return _Times(device, link, server)


def _cut(dag: LayerDag, network: CutNetwork, times: _Times, on_device: Mask, mode: str) -> GraphCut:
    device_s, link_s, server_s = network.stages(on_device, *times)
    names = tuple(layer.name for layer, here in zip(dag.layers, on_device, strict=True) if here)
    delay_s = device_s + link_s + server_s
    return GraphCut(mode, names, delay_s, device_s, link_s, server_s)


def _check_rate(arrival_rate_hz: float | None) -> None:
    rate = 0.0 if arrival_rate_hz is None else arrival_rate_hz
    if not (isfinite(rate) and rate > 0):
        raise InputError(
            f"arrival_rate_hz: got {arrival_rate_hz}; expected a finite number > 0 with mode 'auto'"
        )
