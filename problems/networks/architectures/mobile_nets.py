"""Networks of inverted residuals: MobileNet-V2 and EfficientNet-B0."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from torch import Tensor, nn

from splitbench.problems.networks.architectures.residual_nets import conv_norm

Activation = Callable[[], nn.Module]

# expansion, filters, blocks, stride of the first block, side of the depthwise filter
_MOBILENET_V2 = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 32, 3, 2, 3),
    (6, 64, 4, 2, 3),
    (6, 96, 3, 1, 3),
    (6, 160, 3, 2, 3),
    (6, 320, 1, 1, 3),
)
_EFFICIENTNET_B0 = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)


class SqueezeExcite(nn.Module):
    """Scale each map by a gate computed from all maps' means (Hu et al., 2018)."""

    def __init__(self, maps: int, squeezed: int):
        super().__init__()
        self.reduce = nn.Conv2d(maps, squeezed, 1)
        self.silu = nn.SiLU()
        self.expand = nn.Conv2d(squeezed, maps, 1)
        self.gate = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        """Return the scaled maps."""
        means = x.mean((2, 3), keepdim=True)
        gate: Tensor = self.gate(self.expand(self.silu(self.reduce(means))))
        return x * gate


class InvertedResidual(nn.Module):
    """Widen by 1×1, filter depthwise, (squeeze and excite,) narrow by 1×1, add the input."""

    def __init__(
        self,
        maps: int,
        filters: int,
        shape: tuple[int, int, int],
        activation: Activation,
        excite: bool,
    ):
        super().__init__()
        expansion, stride, side = shape
        wide = maps * expansion
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        if expansion > 1:
            layers["expand"] = nn.Sequential(conv_norm(maps, wide, 1) | {"act": activation()})
        depthwise = conv_norm(wide, wide, side, stride, groups=wide)
        layers["depthwise"] = nn.Sequential(depthwise | {"act": activation()})
        if excite:
            layers["excite"] = SqueezeExcite(wide, maps // 4)
        layers["project"] = nn.Sequential(conv_norm(wide, filters, 1))
        self.main = nn.Sequential(layers)
        self.adds = maps == filters and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output."""
        result: Tensor = self.main(x)
        return x + result if self.adds else result


def mobilenet_v2(classes: int = 1000) -> nn.Module:
    """MobileNet-V2, width 1.0 (Sandler et al., 2018); input 224×224."""
    return _network(_MOBILENET_V2, nn.ReLU6, excite=False, dropout=0.2, classes=classes)


def efficientnet_b0(classes: int = 1000) -> nn.Module:
    """EfficientNet-B0 (Tan & Le, 2019); input 224×224."""
    return _network(_EFFICIENTNET_B0, nn.SiLU, excite=True, dropout=0.2, classes=classes)


def _network(
    stages: tuple[tuple[int, int, int, int, int], ...],
    activation: Activation,
    *,
    excite: bool,
    dropout: float,
    classes: int,
) -> nn.Module:
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    layers["stem"] = nn.Sequential(conv_norm(3, 32, 3, 2) | {"act": activation()})
    maps = 32
    for stage, (expansion, filters, blocks, stride, side) in enumerate(stages, start=1):
        for number in range(blocks):
            shape = (expansion, stride if number == 0 else 1, side)
            block = InvertedResidual(maps, filters, shape, activation, excite)
            layers[f"stage{stage}_{number + 1}"] = block
            maps = filters
    layers["head"] = nn.Sequential(conv_norm(maps, 1280, 1) | {"act": activation()})
    layers["average"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    layers["dropout"] = nn.Dropout(dropout)
    layers["fc"] = nn.Linear(1280, classes)
    return nn.Sequential(layers)
