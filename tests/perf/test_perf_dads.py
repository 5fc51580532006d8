"""Time of DADS on layer DAGs, beside networkx.minimum_cut on the same construction.

`pytest tests/perf/test_perf_dads.py -m perf -s` prints the ratios; no time is asserted.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
import pytest

from splitbench.baselines.dads.graph import cut_graph
from splitbench.problems.networks.dag import DagLayer, LayerDag, dag_from_graph
from splitbench.problems.networks.network import load_network, network_names

networkx = pytest.importorskip("networkx")
pytestmark = pytest.mark.perf


def branching_dag(layers: int, reach: int, reads: int, seed: int = 0) -> LayerDag:
    """A random DAG whose layers read up to `reads` of the `reach` before; its cut is inside."""
    rng = np.random.default_rng(seed)
    made = []
    for place in range(layers):
        count = int(rng.integers(1, reads + 1))
        read = rng.integers(max(0, place - reach), place, count) if place else []
        bits = float(rng.exponential(1e4 * (layers / (1 + place)) ** 0.7))
        after = tuple(dict.fromkeys(f"l{x}" for x in read))
        times = float(rng.exponential(1e-3)), float(rng.exponential(6e-4))
        made.append(DagLayer(f"l{place}", *times, bits, after))
    return LayerDag(f"branching{layers}", 3e6, 1e7, tuple(made))


def networkx_graph(dag: LayerDag) -> Any:
    """The same flow network for networkx; an arc without capacity is infinite there."""
    graph = networkx.DiGraph([("device", "input")])
    graph.add_edge("input", "sent input", capacity=dag.input_bits / dag.uplink_bps)
    for layer in dag.layers:
        graph.add_edge("device", layer.name, capacity=layer.server_s)
        graph.add_edge(layer.name, "server", capacity=layer.device_s)
        sent = f"sent {layer.name}"
        graph.add_edge(layer.name, sent, capacity=layer.output_bits / dag.uplink_bps)
        graph.add_edges_from((f"sent {name}", layer.name) for name in layer.after or ["input"])
        graph.add_edges_from((layer.name, name) for name in layer.after)
    return graph


@pytest.mark.parametrize(("reach", "reads"), [(6, 3), (30, 3), (300, 2)])
def test_2000_layers_beside_networkx(benchmark: Any, reach: int, reads: int) -> None:
    """Same delay; ours timed with building its network, networkx without building its graph."""
    dag = branching_dag(2000, reach, reads)
    graph = networkx_graph(dag)
    cut = benchmark(cut_graph, dag)
    start = perf_counter()
    value, _ = networkx.minimum_cut(graph, "device", "server")
    theirs_s, ours_s = perf_counter() - start, benchmark.stats.stats.median
    benchmark.extra_info |= {"networkx_s": theirs_s, "ratio": theirs_s / ours_s}
    print(f"\n2000 layers, reach {reach}, reads {reads}: ", end="")
    print(f"{ours_s * 1e3:.1f} ms, networkx {theirs_s * 1e3:.0f} ms, ratio {theirs_s / ours_s:.0f}")
    assert 0 < len(cut.device) < 2000
    assert cut.delay_s == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("mode", ["light", "heavy"])
@pytest.mark.parametrize("name", network_names())
def test_shipped_networks(benchmark: Any, name: str, mode: str) -> None:
    """The shipped networks, with the paper's kind of device, server and WiFi uplink."""
    graph = load_network(name)
    dag = dag_from_graph(graph, device_s=0.3, server_s=0.04, uplink_bps=1.5e7)
    cut = benchmark(cut_graph, dag, mode)
    print(f"\n{name} {mode}: {benchmark.stats.stats.median * 1e3:.2f} ms")
    assert cut.delay_s > 0
