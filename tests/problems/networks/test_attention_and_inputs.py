"""Attention, recurrent layers, several inputs and results, writes into parts of tensors."""

from __future__ import annotations

from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from splitbench.problems.errors import InputError  # noqa: E402
from splitbench.problems.networks.layer_graph import ConvShape, LayerGraph  # noqa: E402
from splitbench.problems.networks.network import network_text, read_network  # noqa: E402
from splitbench.problems.networks.tracing.trace import trace_module  # noqa: E402


def trace(module: nn.Module, *shapes: tuple[int, ...]) -> LayerGraph:
    """Trace on zeros of those shapes."""
    return trace_module(module, [torch.zeros(shape) for shape in shapes], "net")


class _Attention(nn.Module):
    """Multi-head attention by function or written out: 1024 tokens, 2 heads of 8."""

    def __init__(self, *, fused: bool):
        super().__init__()
        self.qkv, self.out, self.fused = nn.Linear(16, 48), nn.Linear(16, 16), fused

    def forward(self, x: Tensor) -> Tensor:
        parts = self.qkv(x).chunk(3, dim=-1)
        q, k, v = (part.reshape(1, 1024, 2, 8).transpose(1, 2) for part in parts)
        if self.fused:
            y = functional.scaled_dot_product_attention(q, k, v)
        else:
            y = ((q @ k.transpose(-2, -1)) / 8**0.5).softmax(-1) @ v
        return self.out(y.transpose(1, 2).reshape(1, 1024, 16))


@pytest.mark.parametrize("fused", [True, False])
def test_attention_counts_its_products(fused: bool) -> None:
    """QKᵀ and its product with V are counted, by function as written out."""
    macs = trace(_Attention(fused=fused), (1, 1024, 16)).macs
    assert macs == 1024 * 16 * 48 + 2 * 1024 * 1024 * 16 + 1024 * 16 * 16


class _SelfAttention(nn.Module):
    """nn.MultiheadAttention of a sequence with itself."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(32, 4, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.attention(x, x, x, need_weights=False)
        return y


@pytest.mark.parametrize("fast", [True, False])
def test_multi_head_attention_is_looked_into(fast: bool) -> None:
    """Projections and products count; torch's fast path is off meanwhile and put back."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(fast)
    try:
        graph = trace(_SelfAttention(), (1, 20, 32))
        assert torch.backends.mha.get_fastpath_enabled() is fast
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
    assert graph.macs == 4 * 20 * 32 * 32 + 2 * 20 * 20 * 32
    assert graph.parameters == sum(w.numel() for w in _SelfAttention().parameters())


def test_a_transformer_encoder_has_its_layers() -> None:
    """An nn.TransformerEncoder is no single layer: a cut lies between its blocks."""
    layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
    graph = trace(nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), (1, 20, 32))
    block = 4 * 20 * 32 * 32 + 2 * 20 * 20 * 32 + 2 * 20 * 32 * 64
    assert graph.macs == 2 * block
    virtual = graph.virtual_layers()
    assert (20 * 32, block) in zip(virtual.values, [0, *_sums(virtual.macs)], strict=True)


def _sums(values: tuple[int, ...]) -> list[int]:
    return [sum(values[: end + 1]) for end in range(len(values))]


@pytest.mark.parametrize(
    ("module", "gates"), [(nn.LSTM(8, 4), 4), (nn.GRU(8, 4), 3), (nn.RNN(8, 4), 1)]
)
def test_recurrent_layers_count_every_step(module: nn.Module, gates: int) -> None:
    """One product with the input and one with the state, a gate and step."""
    assert trace(module, (5, 1, 8)).macs == 5 * gates * 4 * (8 + 4)


class _Two(nn.Module):
    """Applies a function to two tensors."""

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor]):
        super().__init__()
        self.function = function

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.function(x, y)


PRODUCTS: list[tuple[Callable[[Tensor, Tensor], Tensor], tuple[int, ...], tuple[int, ...], int]] = [
    (torch.mv, (4, 8), (8,), 32),
    (torch.dot, (8,), (8,), 8),
    (torch.inner, (8,), (8,), 8),
    (torch.linalg.vecdot, (8,), (8,), 8),
    (torch.cdist, (4, 8), (5, 8), 160),
    (lambda x, y: torch.addbmm(torch.zeros(3, 5), x, y), (2, 3, 4), (2, 4, 5), 120),
    (lambda x, y: torch.addmv(torch.zeros(4), x, y), (4, 8), (8,), 32),
    (lambda x, y: torch.einsum("ij,jk->ik", x, y), (4, 8), (8, 5), 160),
    (lambda x, y: torch.tensordot(x, y, 1), (4, 8), (8, 5), 160),
    (torch.nn.Bilinear(3, 4, 5), (2, 3), (2, 4), 120),
]


@pytest.mark.parametrize(("function", "one", "other", "macs"), PRODUCTS)
def test_every_kind_of_product_counts(
    function: Callable[[Tensor, Tensor], Tensor],
    one: tuple[int, ...],
    other: tuple[int, ...],
    macs: int,
) -> None:
    """Vectors, batches, distances and bilinear forms have the products counted by hand."""
    assert trace(_Two(function), one, other).macs == macs


UNCOUNTED = [
    (torch.fft.rfft, "fft_r2c"),
    (torch.linalg.inv, "linalg_inv_ex"),
    (torch.linalg.svdvals, "linalg_svd"),
]


class _One(_Two):
    """Applies a function to one tensor."""

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        return self.function(x)  # type: ignore[call-arg]


@pytest.mark.parametrize(("function", "name"), UNCOUNTED)
def test_work_that_nobody_counts_is_refused_by_name(
    function: Callable[..., Tensor], name: str
) -> None:
    """A count of 0 would be wrong, so the message names layer and operation."""
    with pytest.raises(InputError, match=rf"layer '\w+': MACs of {name} cannot be counted"):
        trace(_One(function), (4, 4))


class _Join(nn.Module):
    """The second input is read late."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(6, 5), nn.Linear(5, 4)
        self.last = nn.Linear(4, 2)

    def forward(self, x: Tensor, y: Tensor, unused: Tensor | None = None) -> Tensor:
        return self.last(self.two(self.one(x)) + y)


def test_two_inputs_are_sent_together() -> None:
    """At l = 0 both cross; an input read late crosses every cut before it, so none is offered."""
    graph = trace(_Join(), (1, 6), (1, 4))
    assert graph.input_values == 10
    assert graph.virtual_layers().names == ("add", "last")
    assert graph.virtual_layers().values == (10, 4, 0)


class _Feats(nn.Module):
    """Returns a tensor that it also reads."""

    def __init__(self) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(3, 8, 3, 2, 1)
        self.c2 = nn.Conv2d(8, 8, 3, 2, 1)
        self.c3 = nn.Conv2d(8, 8, 3, 2, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        a = self.c1(x)
        return a, self.c3(self.c2(a))


def test_a_result_that_is_read_crosses_every_later_cut(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Behind c2 both a and c2's output cross, so that is no cut; files keep which are results."""
    graph = trace(_Feats(), (1, 3, 32, 32))
    assert graph.virtual_layers().names == ("c1", "c3")
    assert graph.virtual_layers().values == (3 * 32 * 32, 8 * 16 * 16, 0)
    path = tmp_path / "feats.json"
    path.write_text(network_text(graph), encoding="utf-8")
    assert read_network(path) == graph


class _Passed(_Feats):
    """Returns its input as well."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, self.c2(self.c1(x))


def test_an_input_that_is_a_result_crosses_every_cut() -> None:
    """Then the whole network is one virtual layer."""
    assert trace(_Passed(), (1, 3, 32, 32)).virtual_layers().names == ("c2",)


class _WrittenPart(nn.Module):
    """Writes one convolution's maps into another's."""

    def __init__(self, write: Callable[[Tensor, Tensor], object]):
        super().__init__()
        self.one, self.two, self.write = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 1), write

    def forward(self, x: Tensor) -> Tensor:
        y = self.one(x)
        self.write(y, self.two(x))
        return y


def _set_part(y: Tensor, z: Tensor) -> None:
    y[:, 0] = z[:, 1]


WRITES: list[Callable[[Tensor, Tensor], object]] = [
    _set_part,
    lambda y, z: y[:, 0].copy_(z[:, 1]),
    lambda y, z: y.view(-1).add_(z.view(-1)),
]


@pytest.mark.parametrize("write", WRITES)
def test_what_is_written_into_a_part_is_read(write: Callable[[Tensor, Tensor], object]) -> None:
    """The second convolution is part of the result, so its work is counted."""
    graph = trace(_WrittenPart(write), (1, 3, 8, 8))
    assert graph.macs == 2 * 64 * 3 * 4
    assert len(graph.virtual_layers()) == 1


class _FunctionalTransposed(nn.Module):
    """A transposed convolution in groups, by function, with all arguments by place."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(4, 3, 2, 2))

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv_transpose2d(x, self.weight, None, 2, 0, 0, 2)


def test_groups_of_a_functional_transposed_convolution() -> None:
    """Groups stand at the seventh place, before the dilation."""
    (layer,) = trace(_FunctionalTransposed(), (1, 4, 5, 5)).layers
    assert layer.conv == ConvShape(4, 6, 2.0, 2.0, 2)


@pytest.mark.filterwarnings("error")
def test_an_exported_module_is_left_as_it_was() -> None:
    """Training flag, weights and what it computes stay the same; nothing is warned of."""
    module = nn.Sequential(_SelfAttention(), nn.ReLU(inplace=True))
    module.append(nn.LSTM(32, 3, batch_first=True))
    module.eval()
    x = torch.randn(1, 5, 32)
    before = module(x)[0]
    module.train()
    trace(module, (1, 5, 32))
    assert all(part.training for part in module.modules())
    module.eval()
    assert torch.allclose(module(x)[0], before)
    assert all(type(weight) is nn.Parameter for weight in module.parameters())


def test_layers_of_an_exported_module_have_its_paths() -> None:
    """A simple module gives its path, a module of parts its path and the operation."""
    names = {
        layer.name
        for layer in trace(nn.Sequential(_SelfAttention(), nn.Linear(32, 2)), (1, 5, 32)).layers
    }
    assert {"1", "0.attention.scaled_dot_product_attention"} <= names
