"""All networks, chosen by `model.name`; to add one, write its `Network` and list it here.

Settings are checked against this table without loading torch, so it names each class instead of
importing it. A backbone of DeepLabv3+ is added in `raysal.models.backbones`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from raysal.models.backbones import BACKBONES


@dataclass(frozen=True)
class NetworkInfo:
    """How a network is made, and which settings it has.

    Attributes:
        network: "module:class" of the `Network`, called as `MakesNetwork` says.
        settings: fields of `ModelConfig` that it has; all networks have `COMMON`.
        needed: those of them that must be given.
        weights: what it starts with if `model.weights` is not given.
        early: whether it has the input of an early difficulty branch.
        trained: whether it can be trained, and not only be used.
        package: the package that it needs, by the name that is imported.
        extra: raysal's extra that installs the package.
    """

    network: str
    settings: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    weights: Literal["imagenet", "none"] = "imagenet"
    early: bool = False
    trained: bool = True
    package: str | None = None
    extra: str | None = None


COMMON = ("name", "weights", "channel_dropout", "difficulty", "rating_stages")

DEEPLAB = NetworkInfo(
    "raysal.models.deeplab:DeepLabV3Plus",
    ("output_stride", "decoder_dropout", "classifier_bias"),
    early=True,
)
NETWORKS: dict[str, NetworkInfo] = {
    **dict.fromkeys(BACKBONES, DEEPLAB),
    "smp": NetworkInfo(
        "raysal.models.smp:SMPNetwork",
        ("arch", "encoder", "arguments"),
        ("arch", "encoder"),
        package="segmentation_models_pytorch",
        extra="smp",
    ),
    "python": NetworkInfo(
        "raysal.models.own:OwnNetwork",
        ("factory", "stages", "arguments"),
        ("factory",),
        weights="none",
    ),
    "exported": NetworkInfo(
        "raysal.models.exported:Exported",
        ("exported",),
        ("exported",),
        weights="none",
        trained=False,
    ),
}
