"""All backbones, chosen by `model.name`.

Configurations are checked against this table without torch: an encoder is imported when it is
built.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from raysal.models.encoder import Encoder

NetworkName = Literal[
    "deeplabv3plus_mobilenet_v2",
    "deeplabv3plus_drn_d_22",
    "deeplabv3plus_drn_d_38",
    "deeplabv3plus_drn_d_54",
    "deeplabv3plus_resnet18",
    "deeplabv3plus_resnet50",
]


@dataclass(frozen=True)
class Backbone:
    """How a backbone is built and initialised.

    Attributes:
        make: returns the encoder for an output stride.
        strides: output strides it supports, the default first.
        layout: the layout of the weight files it reads, for messages.
        imagenet: name of torchvision's ImageNet weights, which are downloaded; None if torchvision
            has none, so that weights come from a file.
    """

    make: Callable[[int], Encoder]
    strides: tuple[int, ...]
    layout: str
    imagenet: str | None


def _mobilenet_v2(stride: int) -> Encoder:
    from raysal.models.mobilenet import MobileNetV2Encoder

    return MobileNetV2Encoder(stride)


def _drn(depth: int) -> Backbone:
    def make(stride: int) -> Encoder:
        from raysal.models.drn import DRNEncoder

        return DRNEncoder(depth)

    return Backbone(make, (8,), f"the authors' drn_d_{depth}", None)


def _resnet(depth: int, imagenet: str) -> Backbone:
    def make(stride: int) -> Encoder:
        from raysal.models.resnet import ResNetEncoder

        return ResNetEncoder(depth, stride)

    return Backbone(make, (16, 8), f"torchvision ResNet-{depth}", imagenet)


BACKBONES: dict[str, Backbone] = {
    "deeplabv3plus_mobilenet_v2": Backbone(
        _mobilenet_v2, (16, 8), "torchvision MobileNetV2", "MobileNet_V2_Weights.IMAGENET1K_V1"
    ),
    "deeplabv3plus_drn_d_22": _drn(22),
    "deeplabv3plus_drn_d_38": _drn(38),
    "deeplabv3plus_drn_d_54": _drn(54),
    "deeplabv3plus_resnet18": _resnet(18, "ResNet18_Weights.IMAGENET1K_V1"),
    "deeplabv3plus_resnet50": _resnet(50, "ResNet50_Weights.IMAGENET1K_V2"),
}
