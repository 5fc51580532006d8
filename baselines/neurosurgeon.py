"""Partitioner `neurosurgeon`: the cut of least predicted latency (Kang et al., ASPLOS 2017)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from splitbench.problems import Device, EpisodeView, Fleet, InputError, SlotProblem
from splitbench.problems.arrays import Floats, Ints
from splitbench.problems.equations import transmission_s
from splitbench.problems.networks.network import LayerGraph, load_network, network_names
from splitbench.problems.status import Status
from splitbench.solvers.contract import Solution, no_decision

#: From a network and the seconds that a machine takes for all of it to those of each of
#: `LayerGraph.layers`, shape (layers,).
LayerPredictor = Callable[[LayerGraph, float], Floats]


def seconds_by_macs(graph: LayerGraph, whole_s: float) -> Floats:
    """Predict layers from their multiply-accumulates: shares of `whole_s`, shape (layers,).

    Stands in for regressions on measured layers, one for each kind, as Neurosurgeon has them,
    where no profile of a machine is given.
    """
    return whole_s * np.array([layer.macs for layer in graph.layers]) / graph.macs


class Neurosurgeon:
    """Neurosurgeon: cut where predicted device + link + server time is least.

    It ignores threads and the queue: it predicts each layer by itself, once, and of the slot it
    uses only the uplink. The source has neither threads nor a chain of virtual layers, so these
    choices are ours:

    - Predictions give each layer its share of the device's and the server's time for the whole
      DNN: its share of multiply-accumulates (`seconds_by_macs`), or with `profile` what
      regressions on layers that ran alone on a machine say (`RegressionPredictor.scaled_s`).
    - The server was profiled when idle, on `profiled_threads` threads (or as many as the device
      may hold), as one profiles a machine before use. The slot's K and its even share play no part.
      16 is the count at which the shipped server profiles are anchored.
    - Layers between two cut points count together, so that l means what it means in the slot.

    A DNN without a layer table, or one whose virtual layers are not the device's S, is
    `unsupported`.

    Parameters
    ----------
    profiled_threads
        Server threads for which the server's time is predicted, whatever the slot gives.
    profile
        A profile file with layers that ran alone (`splitbench profile`).
    """

    name = "neurosurgeon"

    def __init__(self, profiled_threads: int = 16, profile: str = ""):
        if profiled_threads < 1:
            raise InputError(f"profiled_threads: got {profiled_threads}; expected at least 1")
        self.profiled_threads = profiled_threads
        self.profile = profile
        self.predictor: LayerPredictor = seconds_by_macs
        if profile:  # imported only here: every start of the command line loads this module
            from splitbench.problems.latency.neurosurgeon_predictor import fit_predictor
            from splitbench.problems.latency.profiles.profile_file import load_profile

            measured = load_profile(profile)
            self.predictor = fit_predictor(measured.layers, measured.idle_threads).scaled_s
        self._known: dict[tuple[str, float], Floats] = {}

    def files(self, suite: str) -> list[Path]:
        """Return the profile file; another content of it is another solver."""
        return [Path(self.profile)] if self.profile else []

    def start(self, horizon: EpisodeView) -> None:
        """Refuse, before the first slot, a fleet with a DNN that has no layer profile.

        Raises
        ------
        InputError
            With the device, its DNN and what is accepted; the harness records `unsupported`.
        """
        reason = self._unsupported(horizon.fleet, self._profiled_s(horizon.fleet))
        if reason:
            raise InputError(reason)

    def partition(self, problem: SlotProblem) -> Ints | Solution:
        """Return the cut of least predicted latency, shape (N,), or why there is none."""
        fleet = problem.fleet
        whole_s = self._profiled_s(fleet)
        reason = self._unsupported(fleet, whole_s)
        if reason:
            return no_decision(Status.UNSUPPORTED, reason)
        link = transmission_s(fleet.cut_bits, problem.uplink_bps[:, None])
        cut: Ints = (self._compute_s(fleet, whole_s) + link).argmin(axis=1)
        return cut

    def _profiled_s(self, fleet: Fleet) -> Floats:
        """Seconds of each whole DNN on the idle server, shape (N,)."""
        return fleet.whole_server_s(np.minimum(self.profiled_threads, fleet.thread_caps))

    def _compute_s(self, fleet: Fleet, whole_s: Floats) -> Floats:
        """Predicted device + server seconds at each cut, shape (N, L); infinite beyond S."""
        compute = np.full((len(fleet), fleet.width), np.inf)
        for row, device in enumerate(fleet.devices):
            on_device = self._cumulative_s(device.dnn, device.local_s[-1])
            on_server = self._cumulative_s(device.dnn, float(whole_s[row]))
            compute[row, : device.layers + 1] = on_device + (on_server[-1] - on_server)
        return compute

    def _cumulative_s(self, dnn: str, whole_s: float) -> Floats:
        """Predicted seconds of the first l virtual layers, l = 0..S, shape (S + 1,)."""
        if (dnn, whole_s) not in self._known:
            graph = load_network(dnn)
            names = (layer.name for layer in graph.layers)
            seconds = dict(zip(names, self.predictor(graph, whole_s).tolist(), strict=True))
            groups = graph.virtual_layers().members
            grouped = [sum(seconds[name] for name in group) for group in groups]
            self._known[dnn, whole_s] = np.cumsum([0.0, *grouped])
        return self._known[dnn, whole_s]

    def _unsupported(self, fleet: Fleet, whole_s: Floats) -> str:
        """Say which device cannot be predicted and why; empty where all can be."""
        for device, seconds in zip(fleet.devices, whole_s, strict=True):
            reason = _misfit(device)
            if not 0.0 < seconds < np.inf:  # a curve is checked only up to the slot's K
                reason = reason or (
                    f"got {seconds:g} s on {self.profiled_threads} server threads; "
                    "expected a time > 0: choose profiled_threads within the curve"
                )
            if reason:
                return f"{device.name}: {reason}"
        return ""


def _misfit(device: Device) -> str:
    """Say why a device's DNN has no layer profile that fits it; empty where it has."""
    if device.dnn not in _profiled():
        known = ", ".join(sorted(_profiled()))
        return f"no layer profile of the DNN {device.dnn!r}; expected one of {known}"
    layers = len(load_network(device.dnn).virtual_layers())
    if layers != device.layers:
        return (
            f"got {device.layers} virtual layers of {device.dnn}; "
            f"expected the {layers} of its layer profile"
        )
    return ""


@cache
def _profiled() -> frozenset[str]:
    return frozenset(network_names())
