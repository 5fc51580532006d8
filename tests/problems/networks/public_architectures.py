"""Small forms of ten public architectures, written as their authors write them in torch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from splitbench.problems.networks.architectures.architectures import build

Case = tuple[nn.Module, tuple[Tensor, ...]]


class _Encoder(nn.Module):
    """A block of ViT (Dosovitskiy et al., 2021): norm first, attention, two dense layers."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.dense = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm1(x)
        y, _ = self.attention(y, y, y, need_weights=False)
        x = x + y
        return x + self.dense(self.norm2(x))


class _Vit(nn.Module):
    """ViT as torchvision writes it: sizes are asserted, a class token goes first."""

    def __init__(self, side: int = 32, patch: int = 8, width: int = 24):
        super().__init__()
        self.side, self.patch = side, patch
        self.stem = nn.Conv2d(3, width, patch, patch)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.place = nn.Parameter(torch.zeros(1, (side // patch) ** 2 + 1, width))
        self.blocks = nn.Sequential(*(_Encoder(width, 3) for _ in range(2)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        count, _, high, wide = x.shape
        torch._assert(high == self.side, "wrong height")
        x = self.stem(x).reshape(count, -1, (high // self.patch) * (wide // self.patch))
        x = torch.cat([self.token.expand(count, -1, -1), x.permute(0, 2, 1)], dim=1)
        return self.head(self.norm(self.blocks(x + self.place))[:, 0])


class _TextEncoder(nn.Module):
    """A transformer encoder for text (Vaswani et al., 2017), of torch's own layers."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(50, 16)
        layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(16, 4)

    def forward(self, words: Tensor) -> Tensor:
        return self.head(self.encoder(self.words(words)).mean(dim=1))


class _Lstm(nn.Module):
    """Two recurrent layers, then the last step (Hochreiter & Schmidhuber, 1997)."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.LSTM(8, 12, batch_first=True, bidirectional=True)
        self.two = nn.LSTM(24, 6, batch_first=True)
        self.head = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x, _ = self.one(x)
        x, _ = self.two(x)
        return self.head(x[:, -1])


def _double(maps: int, filters: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(maps, filters, 3, padding=1), nn.BatchNorm2d(filters), nn.ReLU(inplace=True),
        nn.Conv2d(filters, filters, 3, padding=1), nn.BatchNorm2d(filters), nn.ReLU(inplace=True),
    )  # fmt: skip


class _UNet(nn.Module):
    """Down and up again, with the maps of each size passed across (Ronneberger et al., 2015)."""

    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2, self.bottom = _double(3, 4), _double(4, 8), _double(8, 16)
        self.pool = nn.MaxPool2d(2)
        self.up2, self.up1 = nn.ConvTranspose2d(16, 8, 2, 2), nn.ConvTranspose2d(8, 4, 2, 2)
        self.join2, self.join1 = _double(16, 8), _double(8, 4)
        self.head = nn.Conv2d(4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        one = self.down1(x)
        two = self.down2(self.pool(one))
        x = self.up2(self.bottom(self.pool(two)))
        x = self.join2(torch.cat([two, x], dim=1))
        x = self.join1(torch.cat([one, self.up1(x)], dim=1))
        return self.head(x)


class _ShuffleUnit(nn.Module):
    """Half of the maps pass by; then the maps are shuffled (Ma et al., 2018)."""

    def __init__(self, maps: int):
        super().__init__()
        half = maps // 2
        self.main = nn.Sequential(
            nn.Conv2d(half, half, 1, bias=False), nn.BatchNorm2d(half), nn.ReLU(inplace=True),
            nn.Conv2d(half, half, 3, padding=1, groups=half, bias=False), nn.BatchNorm2d(half),
            nn.Conv2d(half, half, 1, bias=False), nn.BatchNorm2d(half), nn.ReLU(inplace=True),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        left, right = x.chunk(2, dim=1)
        x = torch.cat((left, self.main(right)), dim=1)
        count, maps, high, wide = x.size()
        x = x.view(count, 2, maps // 2, high, wide)
        return torch.transpose(x, 1, 2).contiguous().view(count, -1, high, wide)


class _ShuffleNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.MaxPool2d(3, 2, 1))
        self.units = nn.Sequential(*(_ShuffleUnit(8) for _ in range(3)))
        self.head = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.units(self.stem(x)).mean([2, 3]))


class _TwoInputs(nn.Module):
    """An image, and numbers that join it late (wide and deep: Cheng et al., 2016)."""

    def __init__(self) -> None:
        super().__init__()
        self.image = nn.Sequential(nn.Conv2d(3, 4, 3, 2), nn.ReLU(), nn.Conv2d(4, 6, 3, 2))
        self.numbers = nn.Linear(5, 6)
        self.deep = nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 2))

    def forward(self, image: Tensor, numbers: Tensor) -> Tensor:
        seen = self.image(image).mean(dim=(2, 3))
        return self.deep(torch.cat([seen, self.numbers(numbers)], dim=1))


class _Pyramid(nn.Module):
    """Results at three sizes, the early ones read again (SSD: Liu et al., 2016)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 2, 1)
        self.stages = nn.ModuleList(nn.Conv2d(8, 8, 3, 2, 1) for _ in range(3))
        self.heads = nn.ModuleList(nn.Conv2d(8, 4, 3, padding=1) for _ in range(3))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        x = torch.relu(self.stem(x))
        found = {}
        for number, (stage, head) in enumerate(zip(self.stages, self.heads, strict=True)):
            x = torch.relu(stage(x))
            found[f"boxes{number}"] = head(x)
        return found | {"features": x}


def _image(side: int = 32) -> tuple[Tensor]:
    return (torch.zeros(1, 3, side, side),)


def _large(name: str) -> Case:
    return build(name, device="cpu"), _image(224)


ARCHITECTURES: dict[str, Callable[[], Case]] = {
    "vit": lambda: (_Vit(), _image()),
    "transformer": lambda: (_TextEncoder(), (torch.zeros(1, 9, dtype=torch.int64),)),
    "lstm": lambda: (_Lstm(), (torch.zeros(1, 7, 8),)),
    "unet": lambda: (_UNet(), _image()),
    "densenet": lambda: _large("densenet121"),
    "inception": lambda: _large("googlenet"),
    "efficientnet": lambda: _large("efficientnet_b0"),
    "shufflenet": lambda: (_ShuffleNet(), _image()),
    "two inputs": lambda: (_TwoInputs(), (*_image(), torch.zeros(1, 5))),
    "several results": lambda: (_Pyramid(), _image()),
}
