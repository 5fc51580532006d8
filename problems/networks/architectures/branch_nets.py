"""Networks whose layers branch and are concatenated: GoogLeNet, SqueezeNet, DenseNet."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

# 1×1 | 3×3 reduce, 3×3 | 5×5 reduce, 5×5 | behind the pool
_INCEPTION = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def _conv(maps: int, filters: int, side: int, stride: int = 1) -> nn.Sequential:
    layer = nn.Conv2d(maps, filters, side, stride, side // 2)
    return nn.Sequential(OrderedDict(conv=layer, relu=nn.ReLU()))


class Inception(nn.Module):
    """Four branches, concatenated."""

    def __init__(self, maps: int, widths: tuple[int, int, int, int, int, int]):
        super().__init__()
        one, three_in, three, five_in, five, pooled = widths
        self.one = _conv(maps, one, 1)
        self.three = nn.Sequential(_conv(maps, three_in, 1), _conv(three_in, three, 3))
        self.five = nn.Sequential(_conv(maps, five_in, 1), _conv(five_in, five, 5))
        self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), _conv(maps, pooled, 1))
        self.maps = one + three + five + pooled

    def forward(self, x: Tensor) -> Tensor:
        """Return the branches' maps side by side."""
        return torch.cat((self.one(x), self.three(x), self.five(x), self.pool(x)), 1)


def googlenet(classes: int = 1000) -> nn.Module:
    """GoogLeNet without its training heads (Szegedy et al., 2015); input 224×224."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    layers["conv1"] = _conv(3, 64, 7, 2)
    layers["pool1"] = nn.MaxPool2d(3, 2, ceil_mode=True)
    layers["norm1"] = nn.LocalResponseNorm(5)
    layers["conv2_reduce"] = _conv(64, 64, 1)
    layers["conv2"] = _conv(64, 192, 3)
    layers["norm2"] = nn.LocalResponseNorm(5)
    layers["pool2"] = nn.MaxPool2d(3, 2, ceil_mode=True)
    maps = 192
    for name, widths in _INCEPTION.items():
        layers[f"inception{name}"] = block = Inception(maps, widths)
        maps = block.maps
        if name in ("3b", "4e"):
            layers[f"pool{name[0]}"] = nn.MaxPool2d(3, 2, ceil_mode=True)
    layers["average"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    layers["dropout"] = nn.Dropout(0.4)
    layers["fc"] = nn.Linear(maps, classes)
    return nn.Sequential(layers)


class Fire(nn.Module):
    """Narrow by 1×1, then widen by 1×1 and 3×3 side by side."""

    def __init__(self, maps: int, squeezed: int, expanded: int):
        super().__init__()
        self.squeeze = _conv(maps, squeezed, 1)
        self.one = _conv(squeezed, expanded, 1)
        self.three = _conv(squeezed, expanded, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Return both expansions side by side."""
        x = self.squeeze(x)
        return torch.cat((self.one(x), self.three(x)), 1)


def squeezenet1_1(classes: int = 1000) -> nn.Module:
    """SqueezeNet 1.1 (Iandola et al., 2016); input 224×224."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    layers["conv1"] = nn.Sequential(OrderedDict(conv=nn.Conv2d(3, 64, 3, 2), relu=nn.ReLU()))
    layers["pool1"] = nn.MaxPool2d(3, 2, ceil_mode=True)
    maps = 64
    for number, squeezed in enumerate((16, 16, 32, 32, 48, 48, 64, 64), start=2):
        layers[f"fire{number}"] = Fire(maps, squeezed, 4 * squeezed)
        maps = 8 * squeezed
        if number in (3, 5):
            layers[f"pool{number}"] = nn.MaxPool2d(3, 2, ceil_mode=True)
    layers["dropout"] = nn.Dropout()
    layers["conv10"] = _conv(maps, classes, 1)
    layers["average"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    return nn.Sequential(layers)


class DenseLayer(nn.Module):
    """Add `growth` maps, computed from all maps so far (norm, ReLU, conv; twice)."""

    def __init__(self, maps: int, growth: int):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(maps)
        self.conv1 = nn.Conv2d(maps, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return the maps so far with the new ones behind them."""
        narrow = self.conv1(relu(self.norm1(x)))
        return torch.cat((x, self.conv2(relu(self.norm2(narrow)))), 1)


def densenet121(classes: int = 1000) -> nn.Module:
    """DenseNet-121 (Huang et al., 2017); input 224×224."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    layers["conv0"] = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
    layers["norm0"] = nn.BatchNorm2d(64)
    layers["relu0"] = nn.ReLU()
    layers["pool0"] = nn.MaxPool2d(3, 2, 1)
    maps, growth = 64, 32
    for block, depth in enumerate((6, 12, 24, 16), start=1):
        for number in range(depth):
            layers[f"dense{block}_{number + 1}"] = DenseLayer(maps, growth)
            maps += growth
        layers[f"norm{block}"] = nn.BatchNorm2d(maps)
        layers[f"relu{block}"] = nn.ReLU()
        if block < 4:
            layers[f"narrow{block}"] = nn.Conv2d(maps, maps // 2, 1, bias=False)
            layers[f"pool{block}"] = nn.AvgPool2d(2)
            maps //= 2
    layers["average"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    layers["fc"] = nn.Linear(maps, classes)
    return nn.Sequential(layers)
