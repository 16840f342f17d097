"""A user's network, and others that are wrong in one way each."""

from __future__ import annotations

from torch import Tensor, nn

FACTORY = "tests.support.own_network:make"
STAGES = ("encoder.0", "encoder.2")
SETTINGS = {"name": "python", "factory": FACTORY, "stages": STAGES}


class Small(nn.Module):
    """Two convolutions and a classifier."""

    def __init__(self, classes: int, in_channels: int, width: int) -> None:
        super().__init__()
        second = nn.Conv2d(width, 2 * width, 3, 2, 1)
        self.encoder = nn.Sequential(
            nn.Conv2d(in_channels, width, 3, 4, 1), nn.ReLU(inplace=True), second
        )
        self.head = nn.Conv2d(2 * width, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.encoder(x).relu())


def make(classes: int, in_channels: int = 3, width: int = 8) -> nn.Module:
    """Logits at 1/8 of the image's size."""
    return Small(classes, in_channels, width)


def raises(classes: int) -> nn.Module:
    raise KeyError("no such\nthing")


def no_module(classes: int) -> int:
    return classes


def one_class_more(classes: int) -> nn.Module:
    return Small(classes + 1, 3, 4)


def flat(classes: int) -> nn.Module:
    return nn.Sequential(Small(classes, 3, 4), nn.Flatten())


def four_channels(classes: int) -> nn.Module:
    return Small(classes, 4, 4)


class Two(Small):
    """Its encoder returns two tensors, and a part of it is never called."""

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.split(self.encoder(x))[0])


class Split(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, x


def two(classes: int) -> nn.Module:
    network = Two(classes, 3, 4)
    network.split, network.idle = Split(), nn.ReLU()
    return network


class Overflow(Small):
    """Its logits are finite in float32 only: 1 + 1/1000 is 1 in bfloat16."""

    def forward(self, x: Tensor) -> Tensor:
        logits = super().forward(x)
        return logits / ((logits * 0 + 1.001) - 1)


def overflow(classes: int) -> nn.Module:
    return Overflow(classes, 3, 4)


def with_view(classes: int) -> nn.Module:
    """Reads the memory of its input as it would be without channels-last."""

    class View(Small):
        def forward(self, x: Tensor) -> Tensor:
            x = self.encoder(x)
            return self.head(x.view(x.shape[0], x.shape[1], -1).view(x.shape)).view(
                x.shape[0], -1, *x.shape[2:]
            )

    return View(classes, 3, 4)


def plain(classes: int) -> nn.Module:
    """Without a part that is called an encoder."""
    return nn.Sequential(nn.Conv2d(3, classes, 3, 4, 1))
