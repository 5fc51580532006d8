"""Networks that are chains: AlexNet and VGG-16 with batch norm."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

_VGG16_STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


def vgg16_bn(classes: int = 1000) -> nn.Module:
    """VGG-16 (Simonyan & Zisserman, 2015), batch norm behind every convolution; input 224×224."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    maps, number = 3, 0
    for stage, widths in enumerate(_VGG16_STAGES, start=1):
        for width in widths:
            number += 1
            layers[f"conv{number}"] = nn.Conv2d(maps, width, 3, padding=1)
            layers[f"norm{number}"] = nn.BatchNorm2d(width)
            layers[f"relu{number}"] = nn.ReLU()
            maps = width
        layers[f"pool{stage}"] = nn.MaxPool2d(2)
    layers["flatten"] = nn.Flatten()
    layers |= _classifier(512 * 7 * 7, classes)
    return nn.Sequential(layers)


def alexnet(classes: int = 1000) -> nn.Module:
    """AlexNet in its single-GPU form (Krizhevsky, 2014); input 224×224."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    maps = 3
    shapes = ((64, 11, 4, 2), (192, 5, 1, 2), (384, 3, 1, 1), (256, 3, 1, 1), (256, 3, 1, 1))
    for number, (width, side, stride, padding) in enumerate(shapes, start=1):
        layers[f"conv{number}"] = nn.Conv2d(maps, width, side, stride, padding)
        layers[f"relu{number}"] = nn.ReLU()
        if number in (1, 2, 5):
            layers[f"pool{number}"] = nn.MaxPool2d(3, 2)
        maps = width
    layers["flatten"] = nn.Flatten()
    layers |= _classifier(256 * 6 * 6, classes)
    return nn.Sequential(layers)


def _classifier(features: int, classes: int) -> OrderedDict[str, nn.Module]:
    return OrderedDict(
        fc6=nn.Linear(features, 4096),
        fc6_relu=nn.ReLU(),
        fc6_drop=nn.Dropout(),
        fc7=nn.Linear(4096, 4096),
        fc7_relu=nn.ReLU(),
        fc7_drop=nn.Dropout(),
        fc8=nn.Linear(4096, classes),
    )
