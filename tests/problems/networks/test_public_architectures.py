"""Networks as people bring them: traced cuts and MACs against dominators of the export graph."""

from __future__ import annotations

from itertools import accumulate

import pytest

torch = pytest.importorskip("torch")

from splitbench.problems.networks.tracing.trace import trace_module  # noqa: E402
from tests.problems.networks.export_dominators import distinct, dominator_cuts  # noqa: E402
from tests.problems.networks.public_architectures import ARCHITECTURES  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:The tensor attributes:UserWarning"),  # torch.export, LSTM
]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_virtual_layers_are_the_dominators(name: str) -> None:
    """Values that cross each cut and MACs before it are those of the dominators of the result."""
    module, inputs = ARCHITECTURES[name]()
    layers = trace_module(module, inputs, name).virtual_layers()
    cuts = list(zip(layers.values, accumulate(layers.macs, initial=0), strict=True))
    assert distinct(cuts) == dominator_cuts(module, inputs)
    assert len(cuts) > 2
