"""Neurosurgeon's predictor: one regression per kind of layer, on the layer's configuration.

Kang et al., "Neurosurgeon" (ASPLOS 2017), section 5: linear or logarithmic regressions on layers
that were run alone; a DNN's latency is the sum over its layers. Predictions hold for the thread
count at which the layers were measured; they do not depend on the slot's threads.

Choices that the source leaves open. A convolution's first feature is the number of values in its
input maps ("the number of features in the input feature maps"), the second (filter/stride)² ·
filters. Grouped convolutions are newer than the source: they use filters/groups and have their own
regression. Batch norm and additions cost time in PyTorch and are regressed on `in` as activations
are. For each kind of layer, linear or logarithmic is chosen by cross-validated error in seconds. A
logarithmic regression is fitted in logarithms, where a small layer weighs as much as a large one,
or in seconds. The choice affects sums over layers strongly, so it is cross-validated too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from splitbench.problems.arrays import Floats
from splitbench.problems.errors import InputError
from splitbench.problems.networks.layer_graph import Layer, LayerGraph

#: In order of preference where cross-validation finds them equal.
Form = Literal["linear", "logarithmic", "power"]

FOLDS = 5
#: Kinds of layer without a regression, and the kind whose regression they use.
_TAKEN_AS = {
    "elementwise": "activation", "slice": "activation", "other": "activation",
    "mul": "add", "concat": "add",
}  # fmt: skip
_FEATURES = {
    "conv": 2, "grouped conv": 2, "linear": 2, "pool": 2, "activation": 1, "norm": 1, "add": 1,
}  # fmt: skip


@dataclass(frozen=True)
class LayerSample:
    """A layer that was run alone: its kind, configuration, and median seconds."""

    kind: str
    threads: int
    input_values: int
    output_values: int
    filter_work: float
    median_s: float

    @property
    def features(self) -> tuple[float, ...]:
        """Inputs of the regression for its kind."""
        second = self.filter_work if self.kind.endswith("conv") else self.output_values
        return (float(self.input_values), float(second))[: _FEATURES[self.kind]]


@dataclass(frozen=True, eq=False)
class Regression:
    """Seconds from features: b0 + Σ b_i·x_i where `linear`, else exp(b0)·Π x_i^b_i.

    The second form is a least squares fit in logarithms (`logarithmic`) or seconds (`power`). A
    linear prediction below zero counts as zero. `rmse_s` is the cross-validated error.
    """

    kind: str
    form: Form
    coefficients: Floats
    rmse_s: float
    samples: int

    def seconds(self, features: Floats) -> Floats:
        """Return predictions, shape (M,), for features of shape (M, F)."""
        return _predict(self.coefficients, features, self.form)


@dataclass(frozen=True)
class RegressionPredictor:
    """Neurosurgeon's predictor: regressions by kind of layer, all from `threads` threads."""

    regressions: dict[str, Regression]
    threads: int

    def layer_s(self, layer: Layer) -> float:
        """Return the predicted seconds of a layer with all that is fused into it.

        Raises
        ------
        InputError
            A kind of layer that no regression covers.
        """
        if layer.kind == "input":
            return 0.0
        kind, second = layer.kind, float(layer.output_values)
        if layer.conv is not None:
            conv = layer.conv
            kind = "conv" if conv.groups == 1 else "grouped conv"
            second = filter_work(conv.filter, conv.stride, conv.filters, conv.groups)
        whole = self._predict(kind, (float(layer.input_values), second), layer.name)
        for fused in layer.fused:
            whole += self._predict(fused, (float(layer.output_values),), layer.name)
        return whole

    def virtual_layers_s(self, graph: LayerGraph) -> Floats:
        """Return the predicted seconds of each virtual layer, shape (S,)."""
        seconds = {layer.name: self.layer_s(layer) for layer in graph.layers}
        members = graph.virtual_layers().members
        return np.array([sum(seconds[name] for name in group) for group in members])

    def scaled_s(self, graph: LayerGraph, whole_s: float) -> Floats:
        """Return seconds of each of `graph.layers` on a machine that takes `whole_s` for all.

        The regressions give the layers' shares, `whole_s` the level: shape (layers,).
        """
        seconds = np.array([self.layer_s(layer) for layer in graph.layers])
        share: Floats = seconds / seconds.sum()
        return whole_s * share

    def remaining_s(self, graph: LayerGraph) -> Floats:
        """Return the predicted seconds of layers l+1..S at l = 0..S, shape (S + 1,)."""
        seconds = self.virtual_layers_s(graph)
        return np.append(np.cumsum(seconds[::-1])[::-1], 0.0)

    def _predict(self, kind: str, features: tuple[float, ...], layer: str) -> float:
        kind = _TAKEN_AS.get(kind, kind)
        regression = self.regressions.get(kind)
        if regression is None:
            known = ", ".join(sorted(self.regressions))
            raise InputError(
                f"layer {layer!r}: no layers of kind {kind!r} were measured; expected {known}"
            )
        row = np.array([features[: _FEATURES[kind]]])
        return float(regression.seconds(row)[0])


def filter_work(filter: float, stride: float, filters: int, groups: int = 1) -> float:
    """Return a convolution's second feature, (filter/stride)² · filters / groups."""
    return (filter / stride) ** 2 * filters / groups


def fit_predictor(
    samples: Iterable[LayerSample], threads: int | None = None
) -> RegressionPredictor:
    """Fit one regression per kind of layer to layers run alone on `threads` threads.

    `threads` is by default the most that was measured.

    Raises
    ------
    InputError
        No layers at that thread count, or fewer than `2·FOLDS` of a kind.
    """
    rows = list(samples)
    counts = sorted({row.threads for row in rows})
    if not counts:
        raise InputError("no layers were measured alone; expected splitbench profile --layers")
    wanted = counts[-1] if threads is None else threads
    by_kind: defaultdict[str, list[LayerSample]] = defaultdict(list)
    for row in rows:
        if row.threads == wanted:
            by_kind[row.kind].append(row)
    if not by_kind:
        measured = ", ".join(map(str, counts))
        raise InputError(f"layers at {wanted} threads: not measured; expected {measured}")
    regressions = {kind: _fit_kind(kind, group) for kind, group in by_kind.items()}
    return RegressionPredictor(regressions, wanted)


def _fit_kind(kind: str, samples: Sequence[LayerSample]) -> Regression:
    if len(samples) < 2 * FOLDS:
        raise InputError(
            f"layers of kind {kind!r}: got {len(samples)}; expected at least {2 * FOLDS}"
        )
    x = np.array([sample.features for sample in samples])
    y = np.array([sample.median_s for sample in samples])
    errors = {form: _cross_validated(x, y, form) for form in get_args(Form)}
    best = min(errors, key=lambda form: errors[form])
    return Regression(kind, best, _fit(x, y, best), errors[best], len(samples))


def _cross_validated(x: Floats, y: Floats, form: Form) -> float:
    fold = np.arange(len(y)) % FOLDS
    misses = []
    for held in range(FOLDS):
        coefficients = _fit(x[fold != held], y[fold != held], form)
        misses.append(_predict(coefficients, x[fold == held], form) - y[fold == held])
    return float(np.sqrt(np.mean(np.concatenate(misses) ** 2)))


def _fit(x: Floats, y: Floats, form: Form) -> Floats:
    if form == "power":
        return _fit_power(x, y)
    inputs, target = (x, y) if form == "linear" else (np.log(x), np.log(y))
    # Columns of one size: values in the millions beside ones would spoil the solution.
    scale = np.maximum(np.abs(inputs).max(axis=0), 1e-300)
    columns = np.column_stack([np.ones(len(y)), inputs / scale])
    found = np.linalg.lstsq(columns, target, rcond=None)[0]
    coefficients: Floats = found / np.concatenate([[1.0], scale])
    return coefficients


def _fit_power(x: Floats, y: Floats) -> Floats:
    """Minimise Σ (exp(b0)·Π x_i^b_i − y)², from the best in logarithms."""
    from scipy.optimize import least_squares

    columns = np.column_stack([np.ones(len(y)), np.log(x)])
    start = _fit(x, y, "logarithmic")
    typical = float(y.mean())

    def misses(coefficients: Floats) -> Floats:
        value: Floats = (_exp(columns @ coefficients) - y) / typical
        return value

    found: Floats = least_squares(misses, start, x_scale="jac").x
    return found


def _predict(coefficients: Floats, x: Floats, form: Form) -> Floats:
    inputs = x if form == "linear" else np.log(x)
    value: Floats = coefficients[0] + inputs @ coefficients[1:]
    return np.maximum(value, 0.0) if form == "linear" else _exp(value)


def _exp(value: Floats) -> Floats:
    """Return exp, clipped to avoid overflow: no layer takes e^±300 s."""
    result: Floats = np.exp(np.clip(value, -300.0, 300.0))
    return result
