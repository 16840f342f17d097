"""All backbones, chosen by `model.name`; to add one, write its encoder and list it here.

Settings are checked against this table without loading torch, so it names each encoder's class
instead of importing it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from raysal.models.encoder import Encoder


@dataclass(frozen=True)
class Backbone:
    """How a backbone is made.

    Attributes:
        encoder: "module:class" of the `Encoder`, called with the output stride, and before it with
            `depth` where there is one.
        strides: output strides it supports, the default first.
        layout: the layout of the weight files it reads, for messages.
        imagenet: name of torchvision's ImageNet weights, which are downloaded; None if torchvision
            has none, so that weights come from a file.
        depth: number of layers, for families of encoders.
        stages: names of the encoder's stages, so that a wrong name in a configuration is found
            before torch is loaded. Without them, it is found when the network is built.
    """

    encoder: str
    strides: tuple[int, ...]
    layout: str
    imagenet: str | None = None
    depth: int | None = None
    stages: tuple[str, ...] = ()

    def make(self, stride: int) -> Encoder:
        """The encoder, with random weights."""
        module, _, name = self.encoder.partition(":")
        arguments = (stride,) if self.depth is None else (self.depth, stride)
        encoder: Encoder = getattr(import_module(module), name)(*arguments)
        return encoder


def _drn(depth: int) -> Backbone:
    layout = f"the authors' drn_d_{depth}"
    stages = ("layer3", "layer4", "layer5", "layer6", "layer7", "layer8")
    return Backbone("raysal.models.drn:DRNEncoder", (8,), layout, None, depth, stages)


def _resnet(depth: int, imagenet: str) -> Backbone:
    layout = f"torchvision ResNet-{depth}"
    stages = ("stem", "layer1", "layer2", "layer3", "layer4_first", "layer4")
    return Backbone("raysal.models.resnet:ResNetEncoder", (16, 8), layout, imagenet, depth, stages)


def _mobilenet_v2() -> Backbone:
    layout, imagenet = "torchvision MobileNetV2", "MobileNet_V2_Weights.IMAGENET1K_V1"
    stages = ("c24", "c32", "c64", "c96", "c160", "c320")
    encoder = "raysal.models.mobilenet:MobileNetV2Encoder"
    return Backbone(encoder, (16, 8), layout, imagenet, None, stages)


BACKBONES: dict[str, Backbone] = {
    "deeplabv3plus_mobilenet_v2": _mobilenet_v2(),
    "deeplabv3plus_drn_d_22": _drn(22),
    "deeplabv3plus_drn_d_38": _drn(38),
    "deeplabv3plus_drn_d_54": _drn(54),
    "deeplabv3plus_resnet18": _resnet(18, "ResNet18_Weights.IMAGENET1K_V1"),
    "deeplabv3plus_resnet50": _resnet(50, "ResNet50_Weights.IMAGENET1K_V2"),
}
