"""Layer graphs: virtual layers, cut sizes, shipped tables, files of one's own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbench.problems.errors import InputError, UnknownNameError
from splitbench.problems.networks.layer_graph import ConvShape, Layer, LayerGraph
from splitbench.problems.networks.network import (
    load_network,
    network_names,
    network_text,
    read_network,
)

# GMAC and million parameters as published; the pooling and additions that some count make 2 %.
PUBLISHED = {
    "vgg16_bn": (15.5, 138.4),
    "resnet34": (3.68, 21.8),
    "mobilenet_v2": (0.31, 3.5),
    "resnet18": (1.82, 11.7),
    "resnet50": (4.11, 25.6),
    "squeezenet1_1": (0.35, 1.24),
    "densenet121": (2.87, 7.98),
    "efficientnet_b0": (0.39, 5.29),
    "googlenet": (1.58, 7.0),
    "alexnet": (0.72, 61.1),
}


def layer(name: str, *after: str, macs: int = 1, values: int = 1, kind: str = "conv") -> Layer:
    """Return a layer that reads `after`."""
    return Layer(name, kind, macs, 0, 1, (values,), after)


@st.composite
def graphs(draw: st.DrawFn) -> LayerGraph:
    """Random DAGs of 1 to 9 layers, listed in any order."""
    count = draw(st.integers(1, 9))
    layers = []
    for place in range(count):
        earlier = [f"l{other}" for other in range(place)]
        after = draw(st.lists(st.sampled_from(earlier), unique=True, max_size=3)) if earlier else []
        values, macs = draw(st.integers(1, 99)), draw(st.integers(1, 99))
        layers.append(layer(f"l{place}", *after, macs=macs, values=values))
    return LayerGraph("random", (7,), tuple(draw(st.permutations(layers))))


def paths(graph: LayerGraph) -> list[list[str]]:
    """All paths from the input to a result, as lists of layers."""
    readers = {x.name: [y.name for y in graph.layers if x.name in y.after] for x in graph.layers}

    def onward(path: list[str]) -> list[list[str]]:
        following = readers[path[-1]]
        return [path] if not following else [p for name in following for p in onward([*path, name])]

    return [path for x in graph.layers if not x.after for path in onward([x.name])]


@given(graphs())
def test_cut_points_are_the_layers_on_every_path(graph: LayerGraph) -> None:
    """A layer ends a virtual layer iff every path from input to results passes it; plus the end."""
    on_all = set.intersection(*(set(path) for path in paths(graph)))
    cuts = graph.virtual_layers().names
    last = graph.topological_order()[-1].name
    assert set(cuts) == on_all | {last}
    assert cuts[-1] == last


@given(graphs(), st.randoms(use_true_random=False))
def test_the_chain_does_not_depend_on_the_order_of_listing(graph: LayerGraph, random) -> None:  # type: ignore[no-untyped-def]
    """Cut sizes, MACs and the members of each virtual layer stay when the layers are shuffled."""
    shuffled = list(graph.layers)
    random.shuffle(shuffled)
    one = graph.virtual_layers()
    other = LayerGraph("shuffled", (7,), tuple(shuffled)).virtual_layers()
    assert (one.values, one.macs) == (other.values, other.macs)
    assert [set(group) for group in one.members] == [set(group) for group in other.members]


@given(graphs())
def test_virtual_layers_partition_the_network(graph: LayerGraph) -> None:
    """Each layer is in one virtual layer, behind all it reads; MAC shares run from 0 to 1."""
    virtual = graph.virtual_layers()
    names = [name for group in virtual.members for name in group]
    assert sorted(names) == sorted(x.name for x in graph.layers)
    assert all(names.index(a) < names.index(x.name) for x in graph.layers for a in x.after)
    share = virtual.mac_share()
    assert len(virtual.values) == len(share) == len(virtual) + 1
    assert (share[0], share[-1], virtual.values[0], virtual.values[-1]) == (0.0, 1.0, 7, 0)
    assert (np.diff(share) > 0).all()
    assert sum(virtual.macs) == graph.macs


def test_a_residual_block_is_one_virtual_layer() -> None:
    """Inside a branch no single tensor carries everything, at the addition one does."""
    layers = (layer("a", values=5), layer("b", "a"), layer("c", "b"), layer("add", "a", "c"))
    virtual = LayerGraph("block", (3,), (*layers, layer("fc", "add"))).virtual_layers()
    assert virtual.members == (("a",), ("b", "c", "add"), ("fc",))
    assert virtual.values == (3, 5, 1, 0)


def test_input_read_late_forbids_earlier_cuts() -> None:
    """While the DNN's input is still read, it would have to be sent too."""
    relay = layer("input", kind="input", values=3, macs=0)
    layers = (relay, layer("a", "input"), layer("b", "a"), layer("add", "input", "b"))
    virtual = LayerGraph("skip", (3,), layers).virtual_layers()
    assert virtual.members == (("input", "a", "b", "add"),)
    two = LayerGraph("two", (3,), (layer("a"), layer("b", "a"), layer("c"), layer("d", "b", "c")))
    assert two.virtual_layers().names == ("d",)


def test_vgg_has_21_virtual_layers_of_known_sizes() -> None:
    """13 convolutions, 5 poolings, 3 linear layers, with the float32 sizes known of VGG-16."""
    graph = load_network("vgg16_bn")
    virtual = graph.virtual_layers()
    kinds = [graph.layer(name).kind for name in virtual.names]
    assert [kinds.count(kind) for kind in ("conv", "pool", "linear")] == [13, 5, 3]
    bits = dict(zip(("input", *virtual.names), virtual.cut_bits(), strict=True))
    known = {
        "input": 4_816_896,
        "conv1": 102_760_448,
        "pool1": 25_690_112,
        "pool2": 12_845_056,
        "pool3": 6_422_528,
        "pool4": 3_211_264,
        "pool5": 802_816,
        "fc6": 131_072,
        "fc7": 131_072,
        "fc8": 0,
    }
    assert {name: bits[name] for name in known} == known
    assert len(virtual) == 21


@pytest.mark.parametrize("name", PUBLISHED)
def test_work_and_weights_are_the_published_ones(name: str) -> None:
    """MACs within 4 % (MobileNet-V2's 0.31 counts batch norm), parameters within 0.5 %."""
    graph, (gmac, million) = load_network(name), PUBLISHED[name]
    assert graph.macs / 1e9 == pytest.approx(gmac, rel=0.04)
    assert graph.parameters / 1e6 == pytest.approx(million, rel=0.005)


def test_every_shipped_network_loads_with_a_chain() -> None:
    """All tables load, have the name of their file, and at least a handful of virtual layers."""
    assert set(network_names()) == set(PUBLISHED)
    for name in network_names():
        graph = load_network(name)
        assert graph.name == name
        assert graph.input_values == 3 * 224 * 224
        assert len(graph.virtual_layers()) >= 10


def test_bits_per_value_scale_the_cuts_and_the_input_may_differ() -> None:
    """Cut bits are values × bits; an 8-bit image shrinks only the cut at l = 0."""
    virtual = load_network("resnet34").virtual_layers()
    float32, float16 = virtual.cut_bits(), virtual.cut_bits(16)
    assert (float32 == 2 * float16).all()
    image = virtual.cut_bits(32, input_bits_per_value=8)
    assert image[0] == float32[0] / 4
    assert (image[1:] == float32[1:]).all()
    for bad in (0, -1, float("nan"), float("inf")):
        with pytest.raises(InputError, match="bits per value"):
            virtual.cut_bits(bad)


def test_predictor_features_of_vgg() -> None:
    """Each kind of layer has the configuration that Neurosurgeon regresses on."""
    graph = load_network("vgg16_bn")
    assert graph.layer("conv3").conv == ConvShape(64, 128, 3.0, 1.0)
    assert graph.layer("conv3").fused == ("norm", "activation")
    sizes = {one.name: (one.input_values, one.output_values, one.conv) for one in graph.layers}
    assert sizes["pool5"] == (512 * 14 * 14, 512 * 7 * 7, None)
    assert sizes["fc6"] == (25088, 4096, None)
    assert layer("relu", kind="activation").input_values == 1
    assert layer("add", kind="add").conv is None


def test_unknown_names_offer_the_nearest() -> None:
    """A misspelt network or layer is an InputError with what was probably meant."""
    with pytest.raises(UnknownNameError, match=r"unknown network 'vgg16'; did you mean vgg16_bn"):
        load_network("vgg16")
    with pytest.raises(UnknownNameError, match="did you mean conv1"):
        load_network("vgg16_bn").layer("convv1")


def test_a_graph_cannot_be_changed() -> None:
    """Graph and layers are immutable."""
    graph = load_network("alexnet")
    with pytest.raises(FrozenInstanceError):
        graph.name = "other"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        graph.layers[0].macs = 0  # type: ignore[misc]


def test_shares_of_no_work_are_refused() -> None:
    """A network without MACs has no share of them."""
    with pytest.raises(InputError, match="expected a layer with MACs"):
        LayerGraph("idle", (1,), (layer("a", macs=0),)).virtual_layers().mac_share()


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((), "at least one layer"),
        ((layer("a"), layer("a")), r"layers\[1\].name: got 'a', as layers\[0\]"),
        ((layer("conv1"), layer("b", "conv")), r"layers\[1\].after\[0\]: got 'conv'.*conv1"),
        ((layer("a"), layer("b", "a", "a")), r"layers\[1\].after\[1\]: got 'a' again"),
        ((layer("a", "a"),), r"layers\[0\].after\[0\]: got 'a', a cycle \(a -> a\)"),
        ((layer("x"), layer("a", "x", "b"), layer("b", "a")), r"after\[1\]: got 'b', a cycle"),
        ((layer("a", values=0),), r"layers\[0\].output_shape: got \[0\]"),
        ((layer("a", macs=-1),), r"layers\[0\].macs: got -1"),
    ],
)
def test_what_is_no_graph_is_refused(layers: tuple[Layer, ...], message: str) -> None:
    """Names, predecessors, cycles and sizes are checked, and the message says where."""
    with pytest.raises(InputError, match=message) as caught:
        LayerGraph("bad", (1,), layers)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["vgg16_bn", "googlenet"])
def test_a_table_reads_back_as_written(name: str, tmp_path: Path) -> None:
    """Writing and reading a graph gives an equal graph."""
    path = tmp_path / "net.json"
    path.write_text(network_text(load_network(name)), encoding="utf-8")
    assert read_network(path) == load_network(name)


@pytest.mark.parametrize(
    ("field", "value", "place"),
    [
        ("macs", 1.5, "macs"),
        ("macs", "3", "macs"),
        ("parameters", True, "parameters"),
        ("output_shape", [0], r"output_shape\[0\]"),
        ("conv", None, "conv"),
        ("after", ["missing"], r"after\[0\]"),
        ("surprise", 1, "surprise"),
    ],
)
def test_a_bad_table_is_refused_in_one_line(
    field: str, value: object, place: str, tmp_path: Path
) -> None:
    """The line names the file and the place."""
    data = json.loads(network_text(load_network("alexnet")))
    data["layers"][2][field] = value
    path = tmp_path / "net.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(InputError, match=rf"net\.json: layers\[2\]\.{place}: ") as caught:
        read_network(path)
    assert "\n" not in str(caught.value)


def test_loading_needs_no_torch() -> None:
    """A shipped network loads in a process that has not imported torch."""
    code = (
        "import sys; from splitbench.problems.networks.network import load_network; "
        "load_network('resnet34').virtual_layers(); sys.exit('torch' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
