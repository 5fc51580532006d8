"""The `splitbench/dag@1` file and DAGs made from networks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbench.problems.errors import InputError
from splitbench.problems.networks.dag import (
    DagLayer,
    LayerDag,
    dag_from_graph,
    dag_text,
    load_dag,
    save_dag,
)
from splitbench.problems.networks.layer_graph import Layer, LayerGraph
from splitbench.problems.networks.network import load_network


def example() -> dict[str, Any]:
    """A diamond: a, then b and c side by side, then d."""
    layers = [
        {"name": n, "device_s": 0.2, "server_s": 0.1, "output_bits": 8e5, "after": after}
        for n, after in (("a", []), ("b", ["a"]), ("c", ["a"]), ("d", ["b", "c"]))
    ]
    return {
        "format": "splitbench/dag@1",
        "name": "diamond",
        "input_bits": 4e6,
        "uplink_bps": 1.5e7,
        "layers": layers,
    }


def write(tmp_path: Path, data: object) -> Path:
    """Write `data` (text as it is, else as JSON) to dag.json."""
    path = tmp_path / "dag.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return path


def test_a_file_loads_as_what_it_says(tmp_path: Path) -> None:
    """Every number and name of the file stands in the LayerDag."""
    dag = load_dag(write(tmp_path, example()))
    assert (dag.name, dag.input_bits, dag.uplink_bps, len(dag)) == ("diamond", 4e6, 1.5e7, 4)
    assert dag.layers[3] == DagLayer("d", 0.2, 0.1, 8e5, ("b", "c"))
    assert dag.reads == ((), (0,), (0,), (1, 2))


def test_layers_may_stand_in_any_order(tmp_path: Path) -> None:
    """A layer may be listed before what it reads; the order is found."""
    data = example()
    data["layers"].reverse()
    dag = load_dag(write(tmp_path, data))
    assert [dag.layers[place].name for place in dag.order] == ["a", "c", "b", "d"]


sizes = st.floats(0, 1e300)


@given(sizes, st.floats(1e-300, 1e300), st.lists(st.tuples(sizes, sizes, sizes), min_size=1))
def test_a_dag_reads_back_as_written(
    tmp_path_factory: pytest.TempPathFactory,
    input_bits: float,
    uplink_bps: float,
    numbers: list[tuple[float, float, float]],
) -> None:
    """Saving and loading keeps every float to the last bit."""
    layers = tuple(
        DagLayer(f"l{place}", *row, (f"l{place - 1}",) if place else ())
        for place, row in enumerate(numbers)
    )
    dag = LayerDag("chain", input_bits, uplink_bps, layers)
    path = tmp_path_factory.mktemp("dag") / "dag.json"
    save_dag(dag, path)
    assert load_dag(path) == dag


BAD = [
    (("input_bits",), None, r"input_bits: got null; expected"),
    (("input_bits",), -1, r"input_bits: got -1\.0; expected a finite number ≥ 0"),
    (("input_bits",), "4e6", r'input_bits: got "4e6"; expected'),
    (("input_bits",), float("nan"), r"input_bits: got NaN; expected a finite number"),
    (("uplink_bps",), 0, r"uplink_bps: got 0\.0; expected a finite number of bit/s > 0"),
    (("uplink_bps",), True, r"uplink_bps: got true; expected"),
    (("uplink_bps",), float("inf"), r"uplink_bps: got Infinity; expected a finite number"),
    (("uplink_bps",), 10**400, r"uplink_bps: got .*; expected"),
    (("format",), "splitbench/dag@2", r'format: got "splitbench/dag@2"; expected'),
    (("name",), "", r'name: got ""; expected'),
    (("uplink",), 1, r"uplink: unknown field; did you mean uplink_bps"),
    (("layers",), [], r"layers: got \[\]; expected at least one layer"),
    (("layers",), {}, r"layers: got \{\}; expected"),
    (("layers", 1, "device_s"), float("-inf"), r"layers\[1\]\.device_s: got -Infinity"),
    (("layers", 1, "server_s"), -0.5, r"layers\[1\]\.server_s: got -0\.5; expected"),
    (("layers", 1, "output_bits"), False, r"layers\[1\]\.output_bits: got false"),
    (("layers", 1, "output_bit"), 1, r"layers\[1\]\.output_bit: unknown field; .*output_bits"),
    (("layers", 1, "name"), "a", r"layers\[1\]\.name: got 'a', as layers\[0\]"),
    (("layers", 1, "name"), 3, r"layers\[1\]\.name: got 3; expected"),
    (("layers", 2, "after"), "a", r'layers\[2\]\.after: got "a"; expected'),
    (("layers", 2, "after"), ["aa"], r"layers\[2\]\.after\[0\]: got 'aa'; expected the name"),
    (("layers", 2, "after"), [None], r"layers\[2\]\.after\[0\]: got null"),
    (("layers", 2, "after"), ["a", "a"], r"layers\[2\]\.after\[1\]: got 'a' again"),
    (("layers", 0, "after"), ["d"], r"layers\[\d\]\.after\[0\]: got '.', a cycle \(.* -> "),
    (("layers", 2, "after"), ["c"], r"layers\[2\]\.after\[0\]: got 'c', a cycle \(c -> c\)"),
]


@pytest.mark.parametrize(("path", "value", "message"), BAD)
def test_a_bad_value_is_refused_in_one_line(
    path: tuple[str | int, ...], value: object, message: str, tmp_path: Path
) -> None:
    """The line names file, place, value and what was expected."""
    data: Any = example()
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(InputError, match=message) as caught:
        load_dag(write(tmp_path, data))
    assert "dag.json: " in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("field", ["format", "name", "input_bits", "uplink_bps", "layers"])
def test_a_missing_field_is_named(field: str, tmp_path: Path) -> None:
    """No field has a default."""
    data = example()
    del data[field]
    with pytest.raises(InputError, match=rf"dag\.json: {field}: missing"):
        load_dag(write(tmp_path, data))


@pytest.mark.parametrize("field", ["name", "device_s", "server_s", "output_bits", "after"])
def test_a_missing_layer_field_is_named(field: str, tmp_path: Path) -> None:
    """Nor has any field of a layer."""
    data = example()
    del data["layers"][2][field]
    with pytest.raises(InputError, match=rf"dag\.json: layers\[2\]\.{field}: missing"):
        load_dag(write(tmp_path, data))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "the document: got"),
        ("{", "line 1, column 2"),
        (json.dumps(example())[:-1] + ', "name": "again"}', "name: the key appears twice"),
        (
            json.dumps(example()).replace('"device_s"', '"after": [], "device_s"', 1),
            r"layers\[0\]\.after: the key appears twice",
        ),
    ],
)
def test_what_is_no_such_document_is_refused(text: str, message: str, tmp_path: Path) -> None:
    """A list, broken JSON and repeated keys."""
    with pytest.raises(InputError, match=rf"dag\.json: {message}") as caught:
        load_dag(write(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """One line, with the path."""
    with pytest.raises(InputError, match=r"nowhere\.json: "):
        load_dag(tmp_path / "nowhere.json")


def test_times_are_spread_by_macs() -> None:
    """Totals stay, layers get time by their MACs, sizes and edges are the network's."""
    graph = load_network("resnet34")
    dag = dag_from_graph(graph, device_s=0.4, server_s=0.05, uplink_bps=1e7)
    assert sum(layer.device_s for layer in dag.layers) == pytest.approx(0.4, rel=1e-12)
    assert sum(layer.server_s for layer in dag.layers) == pytest.approx(0.05, rel=1e-12)
    for layer, timed in zip(graph.layers, dag.layers, strict=True):
        assert timed.device_s == pytest.approx(0.4 * layer.macs / graph.macs, rel=1e-12)
        assert timed.output_bits == 32 * layer.output_values
        assert (timed.name, timed.after) == (layer.name, layer.after)
    assert json.loads(dag_text(dag))["input_bits"] == 4_816_896


def test_the_input_may_have_bits_of_its_own() -> None:
    """An 8-bit image shrinks the input, not the tensors between layers."""
    graph = load_network("alexnet")
    dag = dag_from_graph(
        graph, device_s=1, server_s=1, uplink_bps=1, bits_per_value=16, input_bits_per_value=8
    )
    assert dag.input_bits == 8 * graph.input_values
    assert dag.layers[0].output_bits == 16 * graph.layers[0].output_values


@pytest.mark.parametrize(
    "change",
    [{"device_s": -1}, {"server_s": float("nan")}, {"uplink_bps": 0}, {"bits_per_value": 0}],
)
def test_bad_totals_are_refused(change: dict[str, float]) -> None:
    """Times must be finite and ≥ 0, the uplink and the bits positive."""
    arguments = {"device_s": 1.0, "server_s": 1.0, "uplink_bps": 1.0} | change
    with pytest.raises(InputError, match="expected a"):
        dag_from_graph(load_network("alexnet"), **arguments)


def test_a_network_without_work_is_refused() -> None:
    """There is nothing to spread the time by."""
    idle = LayerGraph("idle", (1,), (Layer("pool", "pool", 0, 0, 1, (1,)),))
    with pytest.raises(InputError, match="got 0 MACs"):
        dag_from_graph(idle, device_s=1, server_s=1, uplink_bps=1)
