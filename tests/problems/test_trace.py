"""Tracing PyTorch modules into layer graphs."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from splitbench.problems.errors import InputError, UnknownNameError  # noqa: E402
from splitbench.problems.networks.architectures.architectures import ARCHITECTURES, build  # noqa: E402
from splitbench.problems.networks.layer_graph import ConvShape, LayerGraph  # noqa: E402
from splitbench.problems.networks.network import TABLES, load_network, network_text  # noqa: E402
from splitbench.problems.networks.tracing.make_tables import traced, write_tables  # noqa: E402
from splitbench.problems.networks.tracing.trace import trace_module  # noqa: E402

IMAGE = (1, 3, 16, 16)


def trace(module: nn.Module, shape: tuple[int, ...] = IMAGE) -> LayerGraph:
    """Trace on zeros of that shape."""
    return trace_module(module, torch.zeros(shape), "net")


def edges(graph: LayerGraph) -> dict[str, tuple[str, ...]]:
    """What each layer reads."""
    return {layer.name: layer.after for layer in graph.layers}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_shipped_tables_are_what_the_architectures_give(name: str) -> None:
    """Tracing again gives the very file that ships."""
    assert network_text(traced(name)) == (TABLES / f"{name}.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_no_weight_is_lost_or_counted_twice(name: str) -> None:
    """The layers' parameters add up to the module's."""
    total = sum(weight.numel() for weight in build(name).parameters())
    assert load_network(name).parameters == total


def test_tables_are_written_where_asked(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """One file for each name, equal to the shipped one; an unknown name is an InputError."""
    (path,) = write_tables(["squeezenet1_1"], tmp_path)
    assert path.read_text(encoding="utf-8") == (TABLES / path.name).read_text(encoding="utf-8")
    with pytest.raises(UnknownNameError, match="did you mean resnet34"):
        write_tables(["resnet43"], tmp_path)


class _Functional(nn.Module):
    """A residual block and a branch, all in functions and methods."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.two = nn.Conv2d(8, 8, 3, padding=1)
        self.fc = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.one(x))
        y = functional.relu(self.two(x), inplace=True) + x
        z = torch.cat([y, functional.max_pool2d(y, 3, 1, 1)], dim=1)
        z = functional.dropout(z.mean([2, 3]), training=self.training)
        return functional.softmax(self.fc(torch.flatten(z, 1).view(z.size(0), -1)), dim=1)


def test_functional_operations_become_layers() -> None:
    """F.relu, +, torch.cat, mean, flatten and view with sizes give the expected graph."""
    graph = trace(_Functional())
    assert edges(graph) == {
        "one": (),
        "two": ("one",),
        "add": ("two", "one"),
        "max_pool2d": ("add",),
        "cat": ("add", "max_pool2d"),
        "mean": ("cat",),
        "fc": ("mean",),
    }
    kinds = [layer.kind for layer in graph.layers]
    assert kinds == ["conv", "conv", "add", "pool", "concat", "pool", "linear"]
    assert graph.layer("two").fused == graph.layer("fc").fused == ("activation",)
    assert graph.virtual_layers().names == ("one", "add", "cat", "mean", "fc")


def test_sizes_are_those_of_a_real_run() -> None:
    """Each layer's shape is what PyTorch computes with real numbers."""
    module, seen = _Functional().eval(), {}
    for name, part in module.named_children():
        part.register_forward_hook(lambda _, __, out, name=name: seen.update({name: out.shape}))
    module(torch.zeros(IMAGE))
    graph = trace(module)
    assert {name: graph.layer(name).output_shape for name in seen} == {
        name: tuple(shape) for name, shape in seen.items()
    }


class _PreActivation(nn.Module):
    """Batch norm behind a tensor that is still needed as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 1)
        self.norm = nn.BatchNorm2d(4)
        self.conv = nn.Conv2d(4, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        return x + self.conv(torch.relu(self.norm(x)))


def test_nothing_is_fused_into_a_tensor_that_others_read() -> None:
    """The raw tensor may have to be sent, so batch norm stays a layer, with its ReLU."""
    graph = trace(_PreActivation())
    assert edges(graph)["add"] == ("stem", "conv")
    assert edges(graph)["norm"] == ("stem",)
    assert graph.layer("norm").fused == ("activation",)
    assert graph.layer("stem").fused == ()


MACS = [
    (nn.Conv2d(3, 8, 3, stride=2), IMAGE, 8 * 7 * 7 * 3 * 9),
    (nn.Conv2d(4, 8, (3, 1), groups=2, bias=False), (1, 4, 9, 9), 8 * 7 * 9 * 2 * 3),
    (nn.Conv1d(4, 6, 5), (1, 4, 20), 6 * 16 * 4 * 5),
    (nn.Conv3d(1, 2, 2), (1, 1, 4, 4, 4), 2 * 27 * 8),
    (nn.ConvTranspose2d(4, 6, 3, stride=2), (1, 4, 5, 5), 25 * 4 * 6 * 9),
    (nn.Linear(7, 5), (1, 3, 7), 3 * 7 * 5),
]


@pytest.mark.parametrize(("module", "shape", "macs"), MACS, ids=lambda value: str(value)[:20])
def test_macs_are_those_counted_by_hand(
    module: nn.Module, shape: tuple[int, ...], macs: int
) -> None:
    """Output values × inputs of each, for strides, groups, oblong filters and transposition."""
    assert trace(module, shape).macs == macs


class _Products(nn.Module):
    """Attention written out, with a weight that is no module's."""

    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.zeros(6, 4))

    def forward(self, x: Tensor) -> Tensor:
        scores = torch.softmax((x @ self.query) @ self.query.t() @ x.transpose(1, 2), -1)
        return torch.matmul(scores, x)


def test_matrix_products_count_with_their_weights() -> None:
    """@ and matmul on activations and parameters have MACs; a shared weight counts once."""
    graph = trace(_Products(), (1, 5, 6))
    assert graph.macs == 5 * 6 * 4 + 5 * 4 * 6 + 2 * 5 * 5 * 6
    assert graph.parameters == 24
    assert {layer.kind for layer in graph.layers} >= {"matmul"}


def test_convolution_shapes_are_recorded() -> None:
    """Filters, sides, stride and groups; of an oblong filter the geometric mean side."""
    graph = trace(nn.Conv2d(4, 8, (4, 1), stride=(2, 1), groups=2), (1, 4, 9, 9))
    assert graph.layers[0].conv == ConvShape(4, 8, 2.0, 2**0.5, 2)


class _FunctionalConv(nn.Module):
    """A convolution by function, with its stride given by place."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(8, 3, 5, 5))

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv2d(x, self.weight, None, 2)


def test_a_functional_convolution_is_one() -> None:
    """Kind, shape, parameters and MACs are those of the module."""
    (layer,) = trace(_FunctionalConv()).layers
    assert (layer.kind, layer.conv) == ("conv", ConvShape(3, 8, 5.0, 2.0))
    assert (layer.parameters, layer.macs) == (600, 8 * 36 * 75)


class _Shuffle(nn.Module):
    """Half of the maps pass by, as in ShuffleNet."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 1)
        self.conv = nn.Conv2d(4, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        left, right = self.stem(x).chunk(2, dim=1)
        return torch.cat((left, self.conv(right)), 1)


def test_parts_of_a_tensor_have_their_own_size() -> None:
    """A chunk is a layer without work that sends only its part."""
    graph = trace(_Shuffle())
    parts = [layer for layer in graph.layers if layer.kind == "slice"]
    assert [(x.after, x.output_values, x.macs) for x in parts] == 2 * [(("stem",), 4 * 256, 0)]
    assert edges(graph)["conv"] == (parts[1].name,)
    assert graph.virtual_layers().names == ("stem", "cat")


class _InputTwice(nn.Module):
    """Adds its input to what it made of it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x)


def test_an_input_read_beside_other_tensors_gets_a_relay() -> None:
    """An empty `after` is the only way to read the input, so a layer without work relays it."""
    graph = trace(_InputTwice())
    assert edges(graph) == {"input": (), "conv": ("input",), "add": ("input", "conv")}
    assert graph.layers[0].output_values == graph.input_values
    assert graph.virtual_layers().values == (768, 0)


class _Reuse(nn.Module):
    """One convolution twice, in-place operations whose result is dropped, optional arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor, mask: Tensor | None = None, scale: float = 2.0) -> Tensor:
        if mask is not None:
            x = x * mask
        y = self.conv(x)
        z = self.conv(y)
        self.relu(z)
        z.add_(y)
        return z * scale


def test_shared_modules_and_in_place_operations() -> None:
    """A module used twice is two layers with one set of weights; z.add_(y) is an addition."""
    graph = trace(_Reuse())
    assert edges(graph) == {"conv": (), "conv:2": ("conv",), "add_": ("conv:2", "conv")}
    assert [layer.parameters for layer in graph.layers] == [12, 0, 0]
    assert graph.layer("conv:2").fused == ("activation",)
    assert graph.layer("add_").kind == "add"


def test_a_pooling_that_keeps_the_size_vanishes() -> None:
    """Adaptive pooling to the size it has is the identity; to another size it is a pooling."""
    layers = (nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(14), nn.AdaptiveAvgPool2d(7), nn.Flatten())
    graph = trace(nn.Sequential(*layers, nn.Linear(196, 2)))
    assert [layer.kind for layer in graph.layers] == ["conv", "pool", "linear"]
    assert trace(nn.Sequential(nn.Conv2d(3, 4, 3), nn.MaxPool2d(3, 1, 1))).layers[1].kind == "pool"


def test_the_module_is_left_as_it_was() -> None:
    """Training flags, weights and batch-norm statistics do not change."""
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout())
    module.train()
    module[2].eval()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    graph = trace(module)
    assert [part.training for part in module] == [True, True, False]
    assert all((before[name] == value).all() for name, value in module.state_dict().items())
    assert graph.layers[0].fused == ("norm",)


def test_the_meta_device_gives_the_same_graph() -> None:
    """A module without memory is traced as a real one."""
    with torch.device("meta"):
        module = _Functional()
    assert trace_module(module, torch.zeros(IMAGE, device="meta"), "net") == trace(_Functional())


class _Branching(nn.Module):
    """Branches on a value."""

    def forward(self, x: Tensor) -> Tensor:
        return x.relu() if x.sum() > 0 else x


class _TwoInputs(nn.Module):
    """Needs two tensors."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return x + y


class _DataDependent(nn.Module):
    """Makes a tensor as long as the values say."""

    def forward(self, x: Tensor) -> Tensor:
        return x[x > 0].sum()


class _Spectrum(nn.Module):
    """Its work is no matrix product."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.fft.rfft(x).abs()


class _Constant(nn.Module):
    """Ignores its input."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.ones(3)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (_Branching(), r"network 'net': _Branching cannot be traced .*TraceError"),
        (_TwoInputs(), r"TwoInputs cannot be traced .*takes tensors of shape like"),
        (_DataDependent(), r"DataDependent cannot be traced"),
        (nn.Sequential(nn.Conv2d(9, 3, 1)), r"Sequential cannot be traced"),
        (_Spectrum(), r"layer 'fft_rfft': MACs of fft_r2c cannot be counted; expected"),
        (_Constant(), r"does not depend on its input"),
        (nn.Flatten(), r"does not depend on its input"),
        ("conv", r"module: got str; expected a torch.nn.Module"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_traced_is_an_input_error(module: nn.Module, message: str) -> None:
    """One line that names the network, the cause and what would be accepted."""
    with pytest.raises(InputError, match=message) as caught:
        trace(module)
    assert "\n" not in str(caught.value)


def test_the_example_must_be_a_tensor() -> None:
    """A shape is not an example."""
    with pytest.raises(InputError, match=r"example_input\[0\]: got int"):
        trace_module(nn.ReLU(), IMAGE, "net")  # type: ignore[arg-type]
