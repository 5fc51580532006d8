"""Neurosurgeon: cuts by its prediction, ignores threads and queue, reports what is missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from splitbench.baselines.dads.chain import Dads
from splitbench.baselines.neurosurgeon import Neurosurgeon, seconds_by_macs
from splitbench.problems import (
    Device,
    EpisodeView,
    Exp2Curve,
    Fleet,
    Horizon,
    InputError,
    SlotProblem,
    TableCurve,
    ThreadCurve,
    linear_local_s,
    linear_server_share,
)
from splitbench.problems.latency.profiles.profile_file import save_profile
from splitbench.problems.networks.network import LayerGraph, load_network, network_names
from splitbench.solvers import Solution, Status, make, solve_slot
from splitbench.solvers.registry import files_of
from tests.profile_data import profile_object

CURVE = TableCurve(tuple(0.4 / k + 0.01 for k in range(1, 33)))


def device(
    dnn: str, *, local_s: float = 0.3, curve: ThreadCurve = CURVE, split: str = "linear"
) -> Device:
    """A device with the virtual layers of a shipped network."""
    virtual = load_network(dnn).virtual_layers()
    done = virtual.mac_share()
    linear = split == "linear"
    return Device(
        name=f"md-{dnn}",
        deadline_s=0.3,
        battery_max_j=2e3,
        compute_power_w=8.6,
        transmit_power_w=6.5,
        cut_bits=tuple(virtual.cut_bits().tolist()),
        local_s=linear_local_s(local_s, len(virtual)) if linear else tuple(local_s * done),
        server_share=linear_server_share(len(virtual)) if linear else tuple(1.0 - done),
        curve=curve,
        dnn=dnn,
    )


def slot(*devices: Device, threads: int = 20, uplink_bps: float = 1.5e7) -> SlotProblem:
    """A slot with full batteries."""
    one = np.ones(len(devices))
    full = 2e3 * one
    return SlotProblem(Fleet(devices), threads, 0.8 * one, uplink_bps * one, full, 0.0 * one)


def partition(problem: SlotProblem, **parameters: int) -> list[int]:
    """What Neurosurgeon chooses; it must have an answer."""
    chosen = Neurosurgeon(**parameters).partition(problem)
    assert isinstance(chosen, np.ndarray)
    return chosen.tolist()


@pytest.mark.parametrize("name", network_names())
@pytest.mark.parametrize("uplink_bps", [5e6, 2e7, 1e8, 1e9])
def test_it_cuts_where_its_prediction_is_least(name: str, uplink_bps: float) -> None:
    """Layer by layer: MACs before the cut on the device, the rest on 16 idle threads."""
    problem = slot(device(name), uplink_bps=uplink_bps)
    graph = load_network(name)
    virtual = graph.virtual_layers()
    predicted = []
    for cut in range(len(virtual) + 1):
        here = {name for group in virtual.members[:cut] for name in group}
        macs = sum(layer.macs for layer in graph.layers if layer.name in here) / graph.macs
        link_s = virtual.cut_bits()[cut] / uplink_bps
        predicted.append(0.3 * macs + link_s + (0.4 / 16 + 0.01) * (1 - macs))
    chosen = partition(problem)[0]
    assert predicted[chosen] == pytest.approx(min(predicted), rel=1e-12)


def test_it_is_blind_to_threads_queue_and_the_others() -> None:
    """The cut depends on the uplink, and not on threads, load, charge or other devices."""
    squeezed = device("squeezenet1_1")
    alone = partition(slot(squeezed))
    crowd = slot(squeezed, device("vgg16_bn"), device("resnet34"), threads=3)
    assert partition(crowd)[:1] == alone
    busy = replace(slot(squeezed, threads=1), arrival_rate_hz=np.full(1, 9.0), battery_j=np.ones(1))
    assert partition(busy) == alone
    cuts = {tuple(partition(slot(squeezed, uplink_bps=bps))) for bps in np.logspace(6, 9, 13)}
    assert len(cuts) > 2


@pytest.mark.parametrize("name", network_names())
def test_where_the_prediction_is_true_it_agrees_with_dads(name: str) -> None:
    """Latency by MACs and a D that no thread changes: both minimise the same sum."""
    one = device(name, curve=TableCurve((0.03,) * 20), split="macs")
    for uplink_bps in np.logspace(6, 9, 7):
        problem = slot(one, uplink_bps=float(uplink_bps))
        assert partition(problem) == Dads(load="light").partition(problem).tolist()


def test_layers_are_predicted_whatever_the_slot_says() -> None:
    """Of the slot's latencies only the whole DNN's count, not how the slot shares them out."""
    for name in network_names():
        assert partition(slot(device(name))) == partition(slot(device(name, split="macs")))


def test_the_servers_profile_is_taken_at_one_thread_count() -> None:
    """`profiled_threads`, or what the device may hold, if that is less."""
    name, slow = "mobilenet_v2", TableCurve((3.0,) * 8 + (0.01,) * 24)
    edge, local = [0], [len(load_network(name).virtual_layers())]
    fast_link = slot(device(name, curve=slow), uplink_bps=1e9)
    assert partition(fast_link, profiled_threads=9) == edge
    assert partition(fast_link, profiled_threads=8) == local
    capped = slot(replace(device(name, curve=slow), max_threads=8), uplink_bps=1e9)
    assert partition(capped, profiled_threads=16) == local
    with pytest.raises(InputError, match=r"profiled_threads: got 0; expected at least 1"):
        make("neurosurgeon[profiled_threads=0]+ta")


def test_another_predictor_can_be_put_in() -> None:
    """The cut follows the predictor: here all the work is in the first layer, or in the last."""
    problem = slot(device("alexnet"), uplink_bps=1e12)

    def all_in(place: int, graph: LayerGraph, whole_s: float) -> np.ndarray:
        seconds = np.zeros(len(graph))
        seconds[place] = whole_s
        return seconds

    cuts = []
    for place in (0, -1):
        partitioner = Neurosurgeon()
        partitioner.predictor = lambda graph, whole_s, place=place: all_in(place, graph, whole_s)
        chosen = partitioner.partition(problem)
        assert isinstance(chosen, np.ndarray)
        cuts.append(int(chosen[0]))
    layers = len(load_network("alexnet").virtual_layers())
    assert cuts[0] == 0  # offload before the first
    assert 0 < cuts[1] < layers  # the smallest tensor before the last


def test_shares_of_macs_add_up() -> None:
    """The prediction of all layers is the whole's time; a layer without MACs takes none."""
    graph = load_network("vgg16_bn")
    seconds = seconds_by_macs(graph, 2.0)
    assert seconds.sum() == pytest.approx(2.0, rel=1e-12)
    assert [layer.macs == 0 for layer in graph.layers] == (seconds == 0).tolist()


def test_a_profile_gives_the_layers_shares(tmp_path: Path) -> None:
    """With `profile` the cut is the best by the regressions' shares, and the file is part of the
    solver's code digest.
    """
    path = tmp_path / "mine.json"
    data = profile_object(("resnet18",), (1, 2), cores=2)
    rng = np.random.default_rng(1)
    for kind in ("conv", "grouped conv", "linear", "pool", "activation", "norm", "add"):
        for _ in range(20):
            inputs, outputs = (int(value) for value in rng.integers(100, 100_000, size=2))
            row = {"kind": kind, "threads": 1, "input_values": inputs, "output_values": outputs}
            if kind.endswith("conv"):
                row["filter_work"] = float(rng.uniform(1, 9))
            data["layers"].append(row | {"median_s": 1e-9 * inputs})
    save_profile(data, path)
    graph = load_network("resnet18")
    read = {
        layer.name: layer.input_values + layer.output_values * len(layer.fused)
        for layer in graph.layers
        if layer.kind != "input"
    }
    groups = graph.virtual_layers().members
    done = np.cumsum([0.0, *(sum(read.get(name, 0) for name in group) for group in groups)])
    done /= done[-1]
    solver = Neurosurgeon(2, str(path))
    for uplink in (2e6, 1.5e7, 6e7, 1e9):
        problem = slot(device("resnet18"), uplink_bps=uplink)
        whole_s = float(CURVE.seconds(np.array(2)))
        send = problem.fleet.cut_bits[0] / uplink
        total = 0.3 * done + whole_s * (1 - done) + send
        cut = solver.partition(problem)
        assert isinstance(cut, np.ndarray)
        assert total[cut[0]] == pytest.approx(total.min(), rel=1e-3)
    name = f"neurosurgeon[profile={path}]+ta"
    assert files_of(name, "hetero") == [path]
    assert files_of("neurosurgeon+ta", "hetero") == []


UNSUPPORTED = {
    "no layer profile of the DNN 'mine'; expected one of alexnet, ": {"dnn": "mine"},
    "got 11 virtual layers of vgg16_bn; expected the 21 of its layer profile": {"dnn": "vgg16_bn"},
    "s on 16 server threads; expected a time > 0": {"curve": Exp2Curve(1.0, 0.0, -0.01, 0.5)},
}


@pytest.mark.parametrize("reason", UNSUPPORTED)
def test_unsupported_says_which_device_and_why(reason: str) -> None:
    """No profile, another number of layers, or a curve that ends before: no decision, no guess.

    An episode is refused before its first slot.
    """
    wrong = replace(device("alexnet"), name="md7", **UNSUPPORTED[reason])  # type: ignore[arg-type]
    problem = slot(device("resnet18"), wrong, threads=4)
    solution = solve_slot(make("neurosurgeon+ta"), problem)
    assert isinstance(solution, Solution)
    assert (solution.status, solution.decided) == (Status.UNSUPPORTED, False)
    assert solution.note.startswith("md7: ")
    assert reason in solution.note
    assert "\n" not in solution.note
    one = np.ones((1, 2))
    horizon = Horizon(problem.fleet, np.array([4]), one, 1e7 * one, one, np.ones(2))
    with pytest.raises(InputError, match="md7: "):
        make("neurosurgeon+ta").start(EpisodeView.of(horizon))
