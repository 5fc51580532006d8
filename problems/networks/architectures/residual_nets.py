"""Residual networks with basic and bottleneck blocks (He et al., 2016)."""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn


def conv_norm(
    maps: int, filters: int, side: int, stride: int = 1, groups: int = 1
) -> OrderedDict[str, nn.Module]:
    """A convolution that keeps the size (but for its stride), then batch norm."""
    return OrderedDict(
        conv=nn.Conv2d(maps, filters, side, stride, side // 2, groups=groups, bias=False),
        norm=nn.BatchNorm2d(filters),
    )


def conv_norm_relu(maps: int, filters: int, side: int, stride: int = 1) -> nn.Sequential:
    """A convolution, batch norm and ReLU."""
    layers = conv_norm(maps, filters, side, stride)
    layers["relu"] = nn.ReLU()
    return nn.Sequential(layers)


class Residual(nn.Module):
    """relu(main(x) + shortcut(x)), the shortcut a 1×1 convolution where the shapes differ."""

    def __init__(self, main: nn.Module, maps: int, filters: int, stride: int):
        super().__init__()
        self.main = main
        same = maps == filters and stride == 1
        projection = nn.Identity() if same else nn.Sequential(conv_norm(maps, filters, 1, stride))
        self.shortcut = projection
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output."""
        result: Tensor = self.relu(self.main(x) + self.shortcut(x))
        return result


def basic_block(maps: int, width: int, stride: int) -> Residual:
    """Two 3×3 convolutions."""
    main = nn.Sequential(
        conv_norm_relu(maps, width, 3, stride), nn.Sequential(conv_norm(width, width, 3))
    )
    return Residual(main, maps, width, stride)


def bottleneck_block(maps: int, width: int, stride: int) -> Residual:
    """1×1, 3×3 (which strides) and 1×1 convolutions, four times as wide at the end."""
    main = nn.Sequential(
        conv_norm_relu(maps, width, 1),
        conv_norm_relu(width, width, 3, stride),
        nn.Sequential(conv_norm(width, 4 * width, 1)),
    )
    return Residual(main, maps, 4 * width, stride)


def resnet18(classes: int = 1000) -> nn.Module:
    """ResNet-18; input 224×224."""
    return _resnet((2, 2, 2, 2), bottleneck=False, classes=classes)


def resnet34(classes: int = 1000) -> nn.Module:
    """ResNet-34; input 224×224."""
    return _resnet((3, 4, 6, 3), bottleneck=False, classes=classes)


def resnet50(classes: int = 1000) -> nn.Module:
    """ResNet-50, striding in the 3×3 convolutions; input 224×224."""
    return _resnet((3, 4, 6, 3), bottleneck=True, classes=classes)


def _resnet(depths: tuple[int, ...], *, bottleneck: bool, classes: int) -> nn.Module:
    block, widening = (bottleneck_block, 4) if bottleneck else (basic_block, 1)
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    layers["stem"] = conv_norm_relu(3, 64, 7, 2)
    layers["pool"] = nn.MaxPool2d(3, 2, 1)
    maps = 64
    for stage, depth in enumerate(depths):
        width = 64 * 2**stage
        for number in range(depth):
            stride = 2 if stage > 0 and number == 0 else 1
            layers[f"stage{stage + 1}_{number + 1}"] = block(maps, width, stride)
            maps = widening * width
    layers["average"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    layers["fc"] = nn.Linear(maps, classes)
    return nn.Sequential(layers)
