"""DADS on chains against DADS on graphs, enumeration, and its own switch by load."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from splitbench.baselines.dads import chain as dads
from splitbench.baselines.dads.chain import Dads, balanced_cut, chain_stages
from splitbench.baselines.dads.graph import cut_graph
from splitbench.problems import (
    Device,
    Fleet,
    InputError,
    SlotProblem,
    TableCurve,
    linear_local_s,
    linear_server_share,
)
from splitbench.problems.latency.profiles.device_builder import make_device
from splitbench.problems.networks.dag import DagLayer, LayerDag, dag_from_graph
from splitbench.problems.networks.network import LayerGraph, load_network, network_names
from splitbench.solvers import make, solve_slot
from tests.strategies import problems, random_problem


def as_dag(problem: SlotProblem, n: int) -> LayerDag:
    """The chain of device n at an even share of the threads, as a DAG of S layers."""
    device = problem.fleet.devices[n]
    whole_s = float(device.curve.seconds(problem.even_threads()[n]))
    local_s, server_s = np.diff(device.local_s), -np.diff(device.server_share) * whole_s
    layers = tuple(
        DagLayer(
            f"l{place}",
            float(local_s[place]),
            float(server_s[place]),
            device.cut_bits[place + 1],
            (f"l{place - 1}",) if place else (),
        )
        for place in range(device.layers)
    )
    return LayerDag(device.name, device.cut_bits[0], float(problem.uplink_bps[n]), layers)


@pytest.mark.parametrize(("mode", "slots"), [("light", 200), ("heavy", 40)])
def test_the_chain_is_cut_as_the_graph_is(mode: str, slots: int) -> None:
    """On random slots, either mode cuts each chain where `cut_graph` cuts it as a DAG."""
    balanced = 0
    for seed in range(slots):
        problem = random_problem(np.random.default_rng(seed), spare=3, caps=False)
        chosen = Dads(load=mode).partition(problem)
        light = Dads(load="light").partition(problem)
        for n, layers in enumerate(chosen):
            assert len(cut_graph(as_dag(problem, n), mode).device) == layers, (seed, n)
        balanced += int((chosen != light).sum())
    assert balanced == 0 if mode == "light" else balanced > 5


@settings(max_examples=100, deadline=None)
@given(problems(spare=4))
def test_heavy_against_enumeration(problem: SlotProblem) -> None:
    """Heavy's longest stage is at most light's, and within three times the shortest there is."""
    device, longest = np.arange(len(problem)), chain_stages(problem).max(axis=0)
    light, heavy = (Dads(load=mode).partition(problem) for mode in ("light", "heavy"))
    assert (longest[device, heavy] <= longest[device, light]).all()
    assert (longest[device, heavy] <= 3 * longest.min(axis=1) * (1 + 1e-12)).all()


@settings(max_examples=100, deadline=None)
@given(problems())
def test_light_is_the_cut_of_least_delay(problem: SlotProblem) -> None:
    """By enumeration with the model's own latencies, less the queue; ties: the earliest."""
    threads = np.maximum(problem.even_threads(), 1)
    rows = range(problem.fleet.width)
    terms = [problem.terms_at(np.minimum(cut, problem.layers), threads) for cut in rows]
    delay = np.array([t.transmit_s + t.server_s for t in terms]).T + problem.fleet.local_s
    chosen = Dads(load="light").partition(problem)
    best = np.where(problem.fleet.in_range, delay, np.inf).min(axis=1)
    assert (chosen <= problem.layers).all()
    assert delay[np.arange(len(problem)), chosen] == pytest.approx(best, rel=1e-12)


def two_stage_slot(arrival_rate_hz: tuple[float, ...]) -> SlotProblem:
    """Devices with stages (0, 0.5, 3), (1, 0.75, 0.5) and (2, 0, 0) seconds at l = 0, 1, 2."""
    devices = [
        Device(
            name=f"d{n}",
            deadline_s=1.0,
            battery_max_j=1.0,
            compute_power_w=0.0,
            transmit_power_w=0.0,
            cut_bits=(0.5, 0.75, 0.0),
            local_s=(0.0, 1.0, 2.0),
            server_share=(1.0, 1.0 / 6.0, 0.0),
            curve=TableCurve((3.0,) * 9),
        )
        for n in range(len(arrival_rate_hz))
    ]
    count = len(devices)
    return SlotProblem(
        Fleet(devices), count, np.array(arrival_rate_hz), np.ones(count), np.ones(count),
        np.zeros(count),
    )  # fmt: skip


def test_auto_switches_where_a_stage_is_longer_than_the_time_between_tasks() -> None:
    """Light's longest stage of 2 s allows a task every 2 s; the next larger float as rate is heavy
    load. Each device is judged by its own rate.
    """
    above = float(np.nextafter(0.5, 1.0))
    problem = two_stage_slot((0.1, 0.5, above, 3.0))
    assert Dads().partition(problem).tolist() == [2, 2, 1, 1]
    assert Dads(load="light").partition(problem).tolist() == [2, 2, 2, 2]
    assert Dads(load="heavy").partition(problem).tolist() == [1, 1, 1, 1]
    for rate, mode in ((0.5, "light"), (above, "heavy")):
        assert cut_graph(as_dag(problem, 0), "auto", rate).mode == mode


def test_the_weights_reach_what_no_sum_reaches() -> None:
    """Of (0, 0.5, 3), (1, 0.75, 0.5), (2, 0, 0) the second has the shortest longest stage."""
    stages = chain_stages(two_stage_slot((1.0,)))
    assert stages.sum(axis=0).argmin() == 2
    assert balanced_cut(stages).tolist() == [1]


def test_blocks_of_devices_are_searched_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many devices are searched at once changes no cut."""
    problem = random_problem(np.random.default_rng(3), devices=7, spare=9, caps=False)
    whole = Dads(load="heavy").partition(problem)
    monkeypatch.setattr(dads, "_BLOCK", 2)
    assert (Dads(load="heavy").partition(problem) == whole).all()


def test_auto_is_the_default_and_other_loads_are_refused() -> None:
    """`dads` is `dads[load=auto]`; an unknown load says what is accepted."""
    assert make("dads+ta").partitioner.load == "auto"
    assert make("dads[load=heavy]+ta[start=random]").partitioner.load == "heavy"
    with pytest.raises(InputError, match="got 'havy'; expected light or heavy or auto"):
        make("dads[load=havy]+ta")


def test_fewer_threads_than_devices_is_no_error() -> None:
    """Each chain is cut as at one thread; DADS does not check whether the slot is feasible."""
    starved, fed = (
        random_problem(np.random.default_rng(5), devices=3, min_threads=1, spare=spare, caps=False)
        for spare in (-2, 0)
    )
    assert starved.threads == 1
    assert Dads(load="heavy").partition(starved).shape == (3,)
    assert fed.threads == 3


@pytest.mark.parametrize("seed", range(12))
def test_the_three_schemes(seed: int) -> None:
    """dads+bs, dads+ta and dads+exact decide feasibly; exact threads are worth most.

    Only `bs[leftover=idle]` leaves threads over, and says that it relaxes Eq. 13.
    """
    problem = random_problem(
        np.random.default_rng(seed), devices=3, spare=9, load="light", battery="full", caps=False
    )
    names = ("dads+exact", "dads+ta", "dads+bs", "dads+bs[leftover=idle]")
    solutions = [solve_slot(make(name), problem) for name in names]
    outcomes = [problem.evaluate(s.partition, s.threads, s.relaxes) for s in solutions]
    assert all(outcome.feasible for outcome in outcomes)
    assert all((o.partition == Dads().partition(problem)).all() for o in outcomes)
    assert outcomes[0].utility >= max(o.utility for o in outcomes[1:3]) - 1e-12
    assert all(o.threads.sum() == problem.threads for o in outcomes[:3])
    idle = problem.threads - int(outcomes[3].threads.sum())
    assert solutions[3].relaxes == (("threads_sum",) if idle else ())
    assert [v.constraint for v in outcomes[3].relaxed] == (["threads_sum"] if idle else [])


def slot_of(graph: LayerGraph, device_s: float, server_s: float, uplink_bps: float) -> SlotProblem:
    """One device whose chain is the network's virtual layers, latency shared by MACs."""
    virtual = graph.virtual_layers()
    done = virtual.mac_share()
    device = Device(
        name="md0",
        deadline_s=1.0,
        battery_max_j=1.0,
        compute_power_w=0.0,
        transmit_power_w=0.0,
        cut_bits=tuple(virtual.cut_bits().tolist()),
        local_s=tuple((device_s * done).tolist()),
        server_share=tuple((1.0 - done).tolist()),
        curve=TableCurve((server_s,)),
        dnn=graph.name,
    )
    one = np.ones(1)
    return SlotProblem(Fleet([device]), 1, one, uplink_bps * one, one, one)


def is_chain_cut(graph: LayerGraph, on_device: tuple[str, ...]) -> bool:
    """Whether the device has just the first l virtual layers, for some l."""
    members = graph.virtual_layers().members
    firsts = [{name for group in members[:cut] for name in group} for cut in range(len(members))]
    return set(on_device) in [*firsts, {layer.name for layer in graph.layers}]


@pytest.mark.parametrize("name", network_names())
def test_the_slots_chain_and_the_networks_graph(name: str) -> None:
    """The slot's cut is never better than the graph's, and equally good where the latter cuts
    between blocks.

    With latency by MACs only (D_loc − D_ser)·B matters to light load, so one sweep covers every
    device, server and uplink. Run with -s for the table of what cutting inside a block gains.
    """
    graph, uplink_bps = load_network(name), 1e7
    inner = inside = 0
    gain = 0.0
    for device_s in np.logspace(-4, 2, 25):
        dag = dag_from_graph(graph, device_s=device_s, server_s=0.0, uplink_bps=uplink_bps)
        cut = cut_graph(dag)
        problem = slot_of(graph, device_s, 1e-300, uplink_bps)
        chain_s = float(chain_stages(problem).sum(axis=0)[0, Dads("light").partition(problem)[0]])
        assert cut.delay_s <= chain_s * (1 + 1e-9)
        if is_chain_cut(graph, cut.device):
            assert cut.delay_s == pytest.approx(chain_s, rel=1e-9)
        inner += 0 < len(cut.device) < len(graph)
        if cut.delay_s < chain_s * (1 - 1e-9):
            inside, gain = inside + 1, max(gain, 1 - cut.delay_s / chain_s)
            assert len(graph.virtual_layers()) < len(graph)
    print(f"\n{name}: {len(graph)} layers, S = {len(graph.virtual_layers())}, ", end="")
    print(f"partial cuts {inner} of 25, cheaper inside a block {inside}, at most {gain:.2%}")


@pytest.mark.parametrize("dnn", ["vgg16_bn", "resnet34", "mobilenet_v2"])
@pytest.mark.parametrize("split", ["macs", "linear"])
def test_devices_of_the_profiles(dnn: str, split: str) -> None:
    """A profile's device has its network's virtual layers, and by MACs its graph's best cut."""
    device = make_device("md0", "orin-nano", dnn, battery_max_j=2e3, split=split)
    graph = load_network(dnn)
    assert device.layers == len(graph.virtual_layers())
    one = np.ones(1)
    problem = SlotProblem(Fleet([device]), 16, one, 2e7 * one, 2e3 * one, one)
    cut = Dads(load="light").partition(problem)[0]
    chain_s = chain_stages(problem).sum(axis=0)[0]
    if split == "macs":
        whole_s = float(device.curve.seconds(np.array(16)))
        dag = dag_from_graph(graph, device_s=device.local_s[-1], server_s=whole_s, uplink_bps=2e7)
        assert cut_graph(dag).delay_s == pytest.approx(chain_s[cut], rel=1e-9)
    else:
        assert device.local_s == linear_local_s(device.local_s[-1], device.layers)
        assert device.server_share == linear_server_share(device.layers)
        assert chain_s[cut] == chain_s.min()
