"""Neurosurgeon's predictor: regressions find what made the samples, sums are sums of layers."""

import numpy as np
import pytest

from splitbench.problems.errors import InputError
from splitbench.problems.latency.neurosurgeon_predictor import (
    LayerSample,
    RegressionPredictor,
    filter_work,
    fit_predictor,
)
from splitbench.problems.networks.layer_graph import ConvShape, Layer, LayerGraph
from splitbench.problems.networks.network import load_network, network_names

_KINDS = ("conv", "grouped conv", "linear", "pool", "activation", "norm", "add")
_RATE = {kind: 1e-9 * (at + 1) for at, kind in enumerate(_KINDS)}


def _seconds(kind: str, inputs: int, second: float) -> float:
    """Conv: a product of the features; linear and pool: their sum; the rest: in."""
    if kind.endswith("conv"):
        return 1e-3 * _RATE[kind] * inputs * second
    return 1e-6 + _RATE[kind] * (inputs + (second if kind in ("linear", "pool") else 0.0))


def _samples(threads: int = 1, factor: float = 1.0) -> list[LayerSample]:
    rng = np.random.default_rng(3)
    rows = []
    for kind in _KINDS:
        for _ in range(30):
            inputs, outputs = (int(x) for x in np.exp(rng.uniform(6, 14, size=2)))
            work = float(np.exp(rng.uniform(1, 9))) if kind.endswith("conv") else 0.0
            second = work if kind.endswith("conv") else float(outputs)
            seconds = factor * _seconds(kind, inputs, second)
            rows.append(LayerSample(kind, threads, inputs, outputs, work, seconds))
    return rows


def test_each_kind_finds_the_function_that_made_its_samples() -> None:
    """Products come out as products, sums as sums, with cross-validated error near zero."""
    predictor = fit_predictor(_samples())
    for kind, regression in predictor.regressions.items():
        assert (regression.form != "linear") == kind.endswith("conv")
        assert regression.samples == 30
        assert regression.rmse_s < 1e-9
        count = 1 if kind in ("activation", "norm", "add") else 2
        features = np.array([[1000.0, 50.0]])[:, :count]
        assert regression.seconds(features)[0] == pytest.approx(
            _seconds(kind, 1000, 50.0), rel=1e-6
        )


@pytest.mark.parametrize(("relative", "form"), [(True, "logarithmic"), (False, "power")])
def test_noise_decides_in_what_a_product_is_fitted(relative: bool, form: str) -> None:
    """Noise in proportion asks for logarithms, noise of one size (overheads) for seconds."""
    rng = np.random.default_rng(7)
    rows = []
    for at in range(200):
        inputs, work = (int(value) for value in np.exp(rng.uniform(3, 9, size=2)))
        seconds = 1e-6 * inputs * work
        noise = rng.standard_normal()
        seconds = seconds * np.exp(0.5 * noise) if relative else abs(seconds + 0.5 * noise)
        rows.append(LayerSample("conv", 1, inputs, at, float(work), seconds))
    assert fit_predictor(rows).regressions["conv"].form == form


def test_a_layer_is_predicted_with_what_is_fused_into_it() -> None:
    """Conv + norm + activation: three regressions, the fused ones on the conv's output."""
    conv = Layer(
        "c", "conv", 10, 1, 3 * 8 * 8, (1, 16, 8, 8), fused=("norm", "activation"),
        conv=ConvShape(3, 16, 3.0, 1.0),
    )  # fmt: skip
    expected = (
        _seconds("conv", 3 * 64, 9.0 * 16)
        + _seconds("norm", 16 * 64, 0)
        + _seconds("activation", 16 * 64, 0)
    )
    assert fit_predictor(_samples()).layer_s(conv) == pytest.approx(expected, rel=1e-6)


def test_grouped_convolutions_count_the_filters_of_a_group() -> None:
    """A depthwise layer has a regression of its own and filters/groups in its work."""
    assert filter_work(3.0, 2.0, 32, 32) == pytest.approx(2.25)
    depthwise = Layer(
        "d", "conv", 10, 1, 32 * 64, (1, 32, 8, 8), conv=ConvShape(32, 32, 3.0, 1.0, 32)
    )
    assert fit_predictor(_samples()).layer_s(depthwise) == pytest.approx(
        _seconds("grouped conv", 32 * 64, 9.0), rel=1e-6
    )


@pytest.mark.parametrize("name", network_names())
def test_sums_over_virtual_layers_are_sums_over_layers(name: str) -> None:
    """Every shipped network is predicted; S numbers add up to what remains at l = 0."""
    graph, predictor = load_network(name), fit_predictor(_samples())
    of_layers = sum(predictor.layer_s(layer) for layer in graph.layers)
    of_virtual = predictor.virtual_layers_s(graph)
    left = predictor.remaining_s(graph)
    assert of_virtual.shape == (len(graph.virtual_layers()),)
    assert left[0] == pytest.approx(of_layers)
    assert left[-1] == 0.0
    np.testing.assert_allclose(-np.diff(left), of_virtual, atol=1e-12)
    scaled = predictor.scaled_s(graph, 2.0)
    assert scaled.shape == (len(graph.layers),)
    assert scaled.sum() == pytest.approx(2.0)


def test_regressions_are_of_one_thread_count() -> None:
    """Most threads by default, another on demand; one that was not measured is refused."""
    samples = _samples(1) + _samples(2, factor=0.5)
    graph = load_network("vgg16_bn")
    one, two = fit_predictor(samples, 1), fit_predictor(samples)
    assert (one.threads, two.threads) == (1, 2)
    assert two.remaining_s(graph)[0] == pytest.approx(0.5 * one.remaining_s(graph)[0], rel=1e-6)
    with pytest.raises(InputError, match="expected 1, 2"):
        fit_predictor(samples, 3)


def test_too_little_to_regress_on_is_refused() -> None:
    """No samples, a few samples, an unknown kind of layer: one line each."""
    with pytest.raises(InputError, match="no layers were measured"):
        fit_predictor([])
    with pytest.raises(InputError, match="got 4; expected at least 10"):
        fit_predictor(_samples()[:4])
    predictor: RegressionPredictor = fit_predictor(_samples())
    attention = LayerGraph("a", (1, 4), (Layer("m", "matmul", 8, 0, 4, (1, 4)),))
    with pytest.raises(InputError, match="'matmul'"):
        predictor.remaining_s(attention)
