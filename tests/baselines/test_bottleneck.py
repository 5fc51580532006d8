"""The split of the shortest longest stage, and layers that are pinned or read nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from splitbench.baselines.dads.graph import cut_graph, shortest_bottleneck
from splitbench.benchmark.cli import main
from splitbench.problems.errors import InputError
from splitbench.problems.networks.dag import DagLayer, LayerDag, dag_text, load_dag
from tests.baselines.test_dads_graph import all_splits, check_claims, random_dag

#: bert24 inference of the public msr-fiddle/dnn-partitioning, as a layer DAG.
BERT = Path(__file__).parent / "data" / "bert24.json"


def test_a_public_graph_on_which_the_heuristic_is_far_off() -> None:
    """On bert24 DSH ends at 88.11 ms, the proved optimum is 55.65 ms."""
    dag = load_dag(BERT)
    heavy, best = cut_graph(dag, "heavy"), cut_graph(dag, "bottleneck")
    assert 1e3 * heavy.bottleneck_s == pytest.approx(88.11, abs=0.01)
    assert 1e3 * best.bottleneck_s == pytest.approx(55.65, abs=0.01)
    assert best.bottleneck_bound_s == pytest.approx(best.bottleneck_s, rel=1e-5)


def test_the_command_says_how_far_the_heuristic_is(capsys: pytest.CaptureFixture[str]) -> None:
    """`cut --mode heavy` prints its gap to the proven bound, in text and in JSON."""
    assert main(["cut", str(BERT), "--mode", "heavy"]) == 0
    assert "32.46 ms (58%) above the proven bound" in capsys.readouterr().out
    assert main(["cut", str(BERT), "--mode", "heavy", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["bottleneck_s"] / found["bottleneck_bound_s"] == pytest.approx(1.583, abs=0.002)
    assert main(["cut", str(BERT), "--mode", "bottleneck"]) == 0
    assert "proved shortest" in capsys.readouterr().out


@pytest.mark.parametrize("block", range(4))
def test_the_programme_is_the_brute_force_optimum(block: int) -> None:
    """On 120 seeded DAGs the longest stage is the least of all closed sets, the bound below it."""
    for seed in range(30 * block, 30 * (block + 1)):
        dag = random_dag(seed, most=9)
        cut = shortest_bottleneck(dag)
        check_claims(dag, cut)
        best = all_splits(dag).bottleneck_s.min()
        assert cut.bottleneck_s == pytest.approx(best, rel=2e-6, abs=1e-12), seed
        assert cut.bottleneck_bound_s is not None
        assert cut.bottleneck_bound_s <= best * (1 + 1e-9), seed


def pinned_dag(seed: int) -> LayerDag | None:
    """A random DAG with pins and constants; None where the pins contradict each other."""
    dag, rng = random_dag(seed, most=8), np.random.default_rng([seed, 1])
    layers = [
        replace(
            layer,
            pinned=[None, None, "device", "server"][int(rng.integers(4))],
            constant=not layer.after and bool(rng.random() < 0.5),
        )
        for layer in dag.layers
    ]
    try:
        return replace(dag, layers=tuple(layers))
    except InputError:
        return None


def test_pins_and_constants_hold_in_every_mode() -> None:
    """Light and bottleneck are the brute-force optima among the sets that the pins allow."""
    made = [dag for seed in range(150) if (dag := pinned_dag(seed)) is not None]
    assert len(made) >= 50
    for dag in made:
        splits = all_splits(dag)
        light, heavy, best = (cut_graph(dag, mode) for mode in ("light", "heavy", "bottleneck"))
        for cut in (light, heavy, best):
            check_claims(dag, cut)
        assert light.delay_s == pytest.approx(splits.delay_s.min(), rel=1e-9, abs=0)
        least = splits.bottleneck_s.min()
        assert best.bottleneck_s == pytest.approx(least, rel=2e-6, abs=1e-12)
        assert heavy.bottleneck_s >= least * (1 - 1e-12)


def test_contradicting_pins_are_refused() -> None:
    """A layer needed on the device cannot read one that is pinned to the server."""
    first = DagLayer("first", 1.0, 1.0, 8.0, pinned="server")
    second = DagLayer("second", 1.0, 1.0, 8.0, ("first",), pinned="device")
    with pytest.raises(InputError, match=r"layers\[0\]\.pinned.*expected pins without"):
        LayerDag("x", 8.0, 1.0, (first, second))
    with pytest.raises(InputError, match="the layer is constant"):
        LayerDag("x", 8.0, 1.0, (first, replace(second, pinned=None, constant=True)))


def test_a_constant_sends_no_input(tmp_path: Path) -> None:
    """A layer that reads nothing can be on the server without the DNN's input being sent."""
    table = DagLayer("table", 9.0, 0.1, 8.0, constant=True)
    net = DagLayer("net", 0.1, 9.0, 8.0)
    dag = LayerDag("x", 8e9, 1.0, (table, net))
    cut = cut_graph(dag)
    assert cut.device == ("net",)
    assert cut.link_s == 0.0
    path = tmp_path / "dag.json"
    path.write_text(dag_text(dag))
    assert load_dag(path) == dag
    assert "pinned" not in path.read_text()
